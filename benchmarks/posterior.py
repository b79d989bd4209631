"""Posteriors against the best hand-written PyMC model, Stan and numpyro, as a table.

    python benchmarks/posterior.py [--runs 1] [--sizes 2] [--stan PYTHON] [--numpyro PYTHON]
        [--laplace]

1000 draws of four chains, of the same tables and priors, in three kinds of figures:

* process to summary: wall time of a fresh process, imports and compiling included, once with the
  caches of numba and PyTensor empty and once with what the first run left there. Ours finds the
  MAP itself; the PyMC model is given it. CPU time stands beside it, as it is what a busy machine
  does not change.
* effective draws a second: the least bulk ESS of weights, means, scales and correlations, over the
  seconds of sampling with warm-up, nothing compiled in them. All start at the MAP, and are
  renumbered to it by our alignment afterwards; curvature at the mode is in our time.
* microseconds of a gradient: C functions called as nutpie calls them; for Stan and numpyro, which
  have none that could be called, their sampling time on the cores they use over their steps.

`--stan` names a Python that has pystan, `--numpyro` one that has numpyro, which is left out at the
larger size, where 20 draws took 4 minutes. `--laplace` adds Laplace's approximation at
N=100,000, d=4, K=6: its time against the MAP's, k-hat, and interval widths against NUTS.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from tables import simulated

HERE = Path(__file__).parent
IMPORTS = (
    "import arviz, h5netcdf, nutpie, pandas, pymc, pytensor.link.numba.dispatch, xarray; "
    "import scipy.optimize, sklearn.cluster, pkgutil, importlib, bayes_gmm; "
    "[importlib.import_module(m.name) for m in pkgutil.walk_packages(bayes_gmm.__path__, "
    "'bayes_gmm.') if '__main__' not in m.name]"
)
"""One run of these leaves bytecode for all that follow."""
CORES = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class Size:
    """A table, and how many draws Stan and numpyro can afford on it; 0 leaves them out."""

    n_rows: int
    n_features: int
    n_components: int
    seed: int
    spread: float
    stan_draws: int
    numpyro_draws: int

    @property
    def table(self) -> np.ndarray:
        """The rows."""
        return simulated(
            self.n_rows, self.n_features, self.n_components, self.seed, spread=self.spread
        )

    def __str__(self) -> str:
        return f"N={self.n_rows:,}, d={self.n_features}, K={self.n_components}"


# Of 200 rows most tables have several modes, between which chains from one start do not travel in
# the time; the first of these has one.
SIZES = (Size(200, 2, 5, 3, 5.0, 1000, 1000), Size(10_000, 5, 5, 0, 2.0, 40, 0))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="cold and warm processes of each")
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many, small first")
    parser.add_argument("--first", type=int, default=0, help="sizes to leave out, small first")
    parser.add_argument("--stan", help="a Python that has pystan")
    parser.add_argument("--numpyro", help="a Python that has numpyro")
    parser.add_argument("--laplace", action="store_true", help="Laplace's approximation as well")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _run([sys.executable, "-c", IMPORTS], folder / "imports")
        print("| posterior, 4 x 1000 draws | | PyMC by hand | Stan | numpyro | bayes_gmm | ratio |")
        print("|---|---|---|---|---|---|---|", flush=True)
        for size in SIZES[options.first : options.sizes]:
            problem = folder / f"{size.n_rows}.npz"
            np.savez(problem, **_at_the_map(size.table, size.n_components))
            _print_processes(size, problem, options.runs)
            others = {
                "Stan": (options.stan, "stan_chains.py", size.stan_draws),
                "numpyro": (options.numpyro, "numpyro_chains.py", size.numpyro_draws),
            }
            _print_rates(size, problem, others)
    if options.laplace:
        from laplace import print_laplace

        print_laplace()


def _at_the_map(X: np.ndarray, K: int) -> dict[str, np.ndarray]:
    """The table, standardised too, and its MAP in those units."""
    from bayes_gmm import LKJ, BayesGMM, Prior

    model = BayesGMM(K, prior=Prior(covariances=LKJ()), random_state=0).fit(X)
    [best, *_] = model._fitted.found
    point = best.layout.point(best.theta)
    units = model.map_fit_.standardizer
    return {
        "X": X, "x": (X - units.shift) / units.scale, "weights": np.exp(point.log_weights),
        "means": point.means, "scales": point.scales.reshape(K, -1), "corr_chol": point.corr_chol,
        "shift": units.shift, "scale": units.scale,
    }  # fmt: skip


def _print_processes(size: Size, problem: Path, runs: int) -> None:
    """Wall and CPU seconds of cold and warm processes, in turn."""
    seconds: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for run in range(runs):
        for script in ("handwritten_pymc", "our_chains"):
            caches = problem.parent / f"{problem.stem}-{script}-{run}"
            command = [sys.executable, str(HERE / f"{script}.py"), str(problem), "-"]
            for kind in ("cold", "warm"):
                seconds.setdefault((kind, script), []).append(_run(command, caches))
    for kind in ("cold", "warm"):
        theirs, ours = (
            [median(times) for times in zip(*seconds[kind, script], strict=True)]
            for script in ("handwritten_pymc", "our_chains")
        )
        print(
            f"| {size} | {kind} process to summary | {theirs[0]:.1f} s ({theirs[1]:.1f} CPU) | "
            f"| | {ours[0]:.1f} s ({ours[1]:.1f} CPU) "
            f"| {theirs[0] / ours[0]:.1f}x ({theirs[1] / ours[1]:.1f}x) |",
            flush=True,
        )


def _run(command: list[str], caches: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a process that keeps compiled code in a folder."""
    caches.mkdir(exist_ok=True)
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    flags = [os.environ.get("PYTENSOR_FLAGS", ""), f"base_compiledir={caches / 'pytensor'}"]
    environment["PYTENSOR_FLAGS"] = ",".join(filter(None, flags))
    environment["NUMBA_CACHE_DIR"] = str(caches / "numba")
    paths = [str(HERE.parent), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-4000:]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _print_rates(size: Size, problem: Path, others: dict[str, tuple[str | None, str, int]]) -> None:
    """Effective draws a second, and microseconds of a gradient."""
    runs = {}
    for name, script in (("PyMC", "handwritten_pymc"), ("ours", "our_chains")):
        result = problem.with_name(f"{problem.stem}-{script}.npz")
        command = [sys.executable, str(HERE / f"{script}.py"), str(problem), str(result)]
        _run([*command, "--measure"], problem.parent / f"{problem.stem}-{script}-0")
        runs[name] = dict(np.load(result))
    for name, (python, script, draws) in others.items():
        if python is None or not draws:
            continue
        result = problem.with_name(f"{problem.stem}-{name}.npz")
        command = [python, str(HERE / script), str(problem), str(result)]
        _run([*command, "--draws", str(draws)], problem.parent / name)
        runs[name] = dict(np.load(result))
        runs[name]["gradient"] = 1e6 * CORES * runs[name]["seconds"] / runs[name]["steps"]
    rates, gradients = {}, {name: float(run["gradient"]) for name, run in runs.items()}
    for name, run in runs.items():
        least, rhat = _least_ess(run if name == "ours" else _renumbered(run, problem))
        rates[name] = least / float(run["seconds"])
        print(
            f"{size} {name}: least bulk ESS {least:.0f}, R-hat up to {rhat:.3f}, "
            f"{run['weights'].shape[1]} draws, {float(run['seconds']):.2f} s, "
            f"{int(run['steps'])} gradients",
            file=sys.stderr,
        )
    for what, figures, faster in (
        ("effective draws a second", rates, lambda name: rates["ours"] / rates[name]),
        ("us a gradient", gradients, lambda name: gradients[name] / gradients["ours"]),
    ):
        names = ("PyMC", *others)
        cells = [f"{figures[name]:,.4g}" if name in figures else "" for name in names]
        ratios = ", ".join(f"{faster(name):.1f}x" for name in names if name in runs)
        print(
            f"| {size} | {what} | {' | '.join(cells)} | {figures['ours']:,.4g} | {ratios} |",
            flush=True,
        )


def _renumbered(run: dict[str, np.ndarray], problem: Path) -> dict[str, np.ndarray]:
    """The draws, in the table's units, each numbered like the MAP."""
    from bayes_gmm.data.standardize import Standardizer
    from bayes_gmm.inference.sampling.draws import Draws
    from bayes_gmm.inference.sampling.relabel import relabel
    from bayes_gmm.model.mixture import Mixture
    from bayes_gmm.model.parameters import Layout
    from bayes_gmm.model.structure import Structure
    from bayes_gmm.results.posterior.parameters import SegmentDraws

    known = dict(np.load(problem))
    K, d = known["means"].shape
    layout = Layout(K, d, Structure())
    drawn = [run[name] for name in ("weights", "means", "scales", "corr_chol")]
    theta = np.array([
        [layout.pack(*point) for point in zip(*chain, strict=True)]
        for chain in zip(*drawn, strict=True)
    ])  # fmt: skip
    L = known["scales"][:, :, None] * known["corr_chol"]
    reference = Mixture(known["weights"], known["means"], L @ L.mT)
    mode = np.zeros(theta.shape[:2], dtype=np.int64)
    draws = Draws(theta, layout, mode, method="nuts", sampler="other", seed=0)
    theta, _ = relabel(draws, [reference], np.zeros(d))
    units = Standardizer(known["shift"], known["scale"])
    return vars(SegmentDraws.of(layout, theta, units))


def _least_ess(run: dict[str, np.ndarray]) -> tuple[float, float]:
    """The least bulk ESS and the greatest R-hat of all that a summary names."""
    from arviz_stats.base import array_stats

    lower = np.tril_indices(run["means"].shape[-1], -1)
    numbers = [run["weights"], run["means"], run["scales"], run["correlations"][..., *lower]]
    columns = np.concatenate([n.reshape(*n.shape[:2], -1) for n in numbers], axis=2)
    axes = {"chain_axis": 0, "draw_axis": 1}
    return (
        float(np.min(array_stats.ess(columns, **axes, method="bulk"))),
        float(np.max(array_stats.rhat(columns, **axes))),
    )


if __name__ == "__main__":
    main()
