"""Format version and origin of a model file, as attributes of the file."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from typing import Any

import numpy as np

from bayes_gmm._version import __version__

FORMAT = "bayes_gmm"
FORMAT_VERSION = 1


def file_attributes(kind: str) -> dict[str, Any]:
    """Attributes of a file that holds a "MapFit" or a "Posterior"."""
    return {"format": FORMAT, "format_version": FORMAT_VERSION, "kind": kind, **made_now()}


def made_now() -> dict[str, str]:
    """Time of creation and versions, with the attribute names of ArviZ."""
    return {
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "inference_library": "bayes_gmm",
        "inference_library_version": __version__,
        "numpy_version": np.__version__,
        "python_version": platform.python_version(),
    }
