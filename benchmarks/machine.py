"""What the tables of benchmarks state of the machine and of versions."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("bayes-gmm", "scikit-learn", "numpy", "numba")


def description() -> dict[str, str]:
    """Processor, cores and versions; no names of hosts."""
    cpus = Path("/proc/cpuinfo")
    models = re.findall(r"model name\s*: (.*)", cpus.read_text()) if cpus.exists() else []
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }
