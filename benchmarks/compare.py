"""Fits over a grid of K and structures, against scikit-learn's loop and mclust.

    python benchmarks/compare.py [--rounds 3]

(a) K = 1 ... 8 on 10,000 x 5 rows with BIC, ICL and Laplace's evidence, against BIC of
``GaussianMixture(n_init=10)`` for each K. (b) K = 1 ... 9 with all twelve structures on 2,000 x 3
rows with BIC and ICL, against ``Mclust(G = 1:9)`` over its fourteen models, timed inside R with the
package loaded, and scaled to as many cells; where there is no Rscript with mclust, (b) is ours
alone. Wall time and processor time are those of the fastest of some rounds, side by side.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.mixture import GaussianMixture
from tables import simulated

import bayes_gmm as bg

MCLUST = """
suppressMessages(library(mclust))
X <- as.matrix(read.csv("{path}", header = FALSE))
invisible(Mclust(X[1:200, ], G = 1:3, verbose = FALSE))
time <- system.time(found <- Mclust(X, G = 1:9, verbose = FALSE))
cat(time[["elapsed"]], time[["user.self"]] + time[["sys.self"]], sum(!is.na(found$BIC)),
    found$modelName, found$G, -max(found$BIC, na.rm = TRUE), "\\n")
"""


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")
    bg.compare(simulated(300, 2, 2), [1, 2], criteria=("bic", "laplace"), progress=False)
    against_scikit_learn(simulated(10_000, 5, 5), rounds)
    against_mclust(simulated(2_000, 3, 4), rounds)


def against_scikit_learn(X: np.ndarray, rounds: int) -> None:
    """Eight values of K."""
    Ks = range(1, 9)
    ours, our_time, our_cpu = fastest(
        lambda: bg.compare(
            X, Ks, criteria=("bic", "icl", "laplace"), random_state=0, progress=False
        ),
        rounds,
    )
    theirs, their_time, their_cpu = fastest(
        lambda: [GaussianMixture(K, n_init=10, random_state=0).fit(X).bic(X) for K in Ks], rounds
    )
    print(f"K = 1 ... 8 on {len(X)} x {X.shape[1]} rows            wall   processor")
    print(f"  scikit-learn, n_init=10, BIC         {their_time:7.2f} s {their_cpu:7.2f} s")
    print(f"  compare, BIC, ICL, Laplace evidence  {our_time:7.2f} s {our_cpu:7.2f} s")
    print(f"  ratio                                {their_time / our_time:7.1f}x")
    print("  our BIC less theirs, lower is better:", *np.round(ours.table.bic - theirs, 1))
    print(f"  K by evidence: {ours.best['laplace'].n_components}")


def against_mclust(X: np.ndarray, rounds: int) -> None:
    """Nine values of K, all structures."""
    ours, our_time, our_cpu = fastest(
        lambda: bg.compare(
            X, range(1, 10), structures=bg.Structure.all(), criteria=("bic", "icl"),
            random_state=0, progress=False,
        ),
        rounds,
    )  # fmt: skip
    cells, best = len(ours.table), ours.best["bic"]
    chosen = f"{best.structure}, {best.n_components}: BIC {best.values['bic']:.1f}"
    print(f"\nK = 1 ... 9 on {len(X)} x {X.shape[1]} rows             wall   processor")
    print(f"  compare, {cells} cells   {our_time:7.2f} s {our_cpu:7.2f} s   {chosen}")
    runs = [run for _ in range(rounds) if (run := mclust(X)) is not None]
    if not runs:
        print("  mclust: there is no Rscript with it")
        return
    wall, cpu, fitted, name, G, bic = min(runs, key=lambda run: float(run[0]))
    share = cells / int(fitted)
    print(f"  mclust, {fitted} cells    {float(wall):7.2f} s {float(cpu):7.2f} s   {name}, {G}: "
          f"BIC {float(bic):.1f}")  # fmt: skip
    print(f"  ratio for as many cells: {float(wall) * share / our_time:.2f}x in wall time")


def mclust(X: np.ndarray) -> list[str] | None:
    """What R prints, or None where it cannot."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.csv"
        np.savetxt(path, X, delimiter=",")
        script = Path(folder) / "mclust.R"
        script.write_text(MCLUST.format(path=path), encoding="utf-8")
        done = subprocess.run(["Rscript", str(script)], capture_output=True, text=True, check=False)
    return done.stdout.split() if done.returncode == 0 else None


def fastest[T](work: Callable[[], T], rounds: int) -> tuple[T, float, float]:
    """A result with the least wall time of some rounds, and the processor time of that round."""
    times = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        times.append((time.perf_counter() - wall, time.process_time() - cpu))
    return result, *min(times)


if __name__ == "__main__":
    main()
