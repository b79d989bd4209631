"""Time per pass, growth with rows, features and components, memory, and start-up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from kernel import compared
from sklearn.mixture import GaussianMixture
from tables import simulated

import bayes_gmm as bg

GROWTH = {
    "rows": [(n, 4, 4) for n in (10_000, 100_000, 1_000_000)],
    "features": [(50_000, d, 4) for d in (2, 5, 10, 20)],
    "components": [(50_000, 4, K) for K in (2, 4, 8, 16)],
}
FITS = {
    "bayes_gmm": "from bayes_gmm import BayesGMM as M; m = M({K}, random_state=0)",
    "scikit-learn": "from sklearn.mixture import GaussianMixture as M; m = M({K}, random_state=0)",
}
PROCESS = """
import re, sys, time, warnings
warnings.simplefilter("ignore")
begin = time.perf_counter()
import numpy as np
{fit}
started = time.perf_counter() - begin
X = np.load({path!r})
small = X[:2_000].copy()
m.fit(small)
memory = lambda name: int(re.findall(name + r":\\s+(\\d+)", open("/proc/self/status").read())[0])
before = memory("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
m.fit(X)
print(started, (memory("VmHWM") - before) / 1024)
"""


def passes(sizes: Iterable[tuple[int, int, int]]) -> list[dict[str, Any]]:
    """Milliseconds of our pass and of an EM iteration of scikit-learn."""
    found = []
    for n, d, K in sizes:
        theirs, ours = compared(simulated(n, d, K), K)
        found.append({"size": [n, d, K], "ours": 1e3 * ours, "scikit-learn": 1e3 * theirs})
    return found


def growth() -> dict[str, list[dict[str, Any]]]:
    """Seconds of our whole fit, of one start of scikit-learn, and of a pass."""
    found: dict[str, list[dict[str, Any]]] = {}
    warnings.simplefilter("ignore")
    for name, sizes in GROWTH.items():
        found[name] = []
        for n, d, K in sizes:
            X = simulated(n, d, K)
            seeds = range(3 if n < 1_000_000 else 1)
            ours = [seconds(bg.BayesGMM(K, random_state=s), X) for s in seeds]
            theirs = [seconds(GaussianMixture(K, random_state=s), X) for s in seeds]
            one_pass = compared(X, K)[1]
            found[name].append({
                "size": [n, d, K], "fit": median(ours), "scikit-learn, one start": median(theirs),
                "pass": one_pass,
            })  # fmt: skip
            print(json.dumps(found[name][-1]), file=sys.stderr, flush=True)
    return found


def seconds(model: Any, X: np.ndarray) -> float:
    begin = time.perf_counter()
    model.fit(X)
    return time.perf_counter() - begin


def processes(folder: Path, sizes: Iterable[tuple[int, int, int]]) -> dict[str, Any]:
    """Median seconds of imports, and memory above the table at the peak of each fit, in MB."""
    found: dict[str, Any] = {name: {"imports": [], "memory": []} for name in FITS}
    path = folder / "X.npy"
    for n, d, K in sizes:
        np.save(path, simulated(n, d, K))
        for name, fit in FITS.items():
            script = PROCESS.format(fit=fit.format(K=K), path=str(path))
            done = subprocess.run(
                [sys.executable, "-c", script], capture_output=True, text=True, check=True
            )
            started, memory = map(float, done.stdout.split())
            found[name]["imports"].append(started)
            found[name]["memory"].append(memory)
    return {name: v | {"imports": median(v["imports"])} for name, v in found.items()}
