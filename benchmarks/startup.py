"""Start-up of the command line against the imports that it cannot avoid, and the first compilation.

    python benchmarks/startup.py [--runs 5] [--cold 2]

Seconds of whole processes on a table of 200 rows, in turn, medians; bytecode and numba's cache are
filled before. A fit is compared with ``import pandas, scipy, matplotlib.pyplot``, NUTS with
``import pymc, arviz``. The last line is the time that the compilation at first use takes with an
empty cache, imports excluded.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

COMMAND = (sys.executable, "-m", "bayes_gmm.cli", "fit")
OPTIONS = ("--features", "a,b", "--components", "2")
COLD = (
    "import time; from bayes_gmm.inference.precompile import compile_at_first_use as f; "
    "start = time.perf_counter(); f(); print(time.perf_counter() - start)"
)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 2)) + np.repeat([[0.0], [5.0]], 100, axis=0)
        table = folder / "t.csv"
        np.savetxt(table, X, delimiter=",", header="a,b", comments="")
        fit, nuts = (*COMMAND, str(table), *OPTIONS), ("--posterior", "nuts")
        commands = {
            "import pandas, scipy, matplotlib.pyplot":
                (sys.executable, "-c", "import pandas, scipy, matplotlib.pyplot"),
            "fit": fit,
            "fit --out": (*fit, "--out", str(folder / "out")),
            "import pymc, arviz": (sys.executable, "-c", "import pymc, arviz"),
            "fit --posterior nuts": (*fit, *nuts),
            "fit --posterior nuts --out": (*fit, *nuts, "--out", str(folder / "out")),
        }  # fmt: skip
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for run in range(options.runs + 1):
            for what, command in commands.items():
                taken = seconds_of(command)[0]
                if run:  # the first fills the caches
                    seconds[what].append(taken)
        reference = 0.0
        for what, times in seconds.items():
            middle = median(times)
            reference = middle if what.startswith("import") else reference
            print(f"{what:42} {middle:6.2f} s {middle / reference:6.2f}")
        for run in range(options.cold):
            cache = {"NUMBA_CACHE_DIR": str(folder / f"cold-{run}")}
            taken = float(seconds_of((sys.executable, "-c", COLD), cache)[1])
            print(f"{'compilation at first use':42} {taken:6.2f} s")


def seconds_of(command: tuple[str, ...], more: dict[str, str] | None = None) -> tuple[float, str]:
    """Wall seconds of a process, and its output."""
    environment = {**os.environ, **(more or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return time.perf_counter() - start, done.stdout


if __name__ == "__main__":
    main()
