"""The No-U-Turn sampler (Hoffman & Gelman 2014) of nutpie, on the fused log-density.

This is the only file that uses nutpie. It loads only the extension module, because the package
imports ArviZ, xarray and pandas, which takes seconds. Each chain has its own sampler, thread and
coordinates (those of the mode where it starts), so its draws do not depend on the other chains.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import cache
from importlib.machinery import PathFinder
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import FitError
from bayes_gmm.inference.sampling.coordinates import Frame, frame_of
from bayes_gmm.inference.sampling.cost import cost_of
from bayes_gmm.inference.sampling.draws import Draws, longest_length
from bayes_gmm.inference.sampling.initial_points import chains_of_modes, dispersed_start
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.progress import Progress
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.c_density import FusedDensity
from bayes_gmm.model.density import Density

STATS = {
    "logp": "lp",
    "diverging": "diverging",
    "energy": "energy",
    "energy_error": "energy_error",
    "max_energy_error": "max_energy_error",
    "depth": "tree_depth",
    "maxdepth_reached": "reached_max_treedepth",
    "n_steps": "n_steps",
    "step_size": "step_size",
    "mean_tree_accept": "acceptance_rate",
}
"""Names of sample statistics in nutpie, with their names in ArviZ."""

Columns = dict[str, npt.NDArray[np.generic]]


def sample_nuts(
    density: Density,
    peaks: Sequence[Peak],
    *,
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    seed: int = 0,
    progress: bool = False,
    announce: Callable[[Diagnostic], None] | None = None,
    settings: SamplerSettings = SamplerSettings(),
) -> Draws:
    """Chains of draws of theta that start at the modes, in proportion to their masses.

    Parameters
    ----------
    density : Density
        Density on rows in memory.
    peaks : sequence of Peak
        Sorted by decreasing mass.
    draws, tune, chains : int
        Draws kept and warm-up draws of each chain.
    seed : int
        The same seed gives the same draws, whatever the number of cores.
    progress : bool
        Show a progress bar in a terminal or notebook.
    announce : callable, optional
        Called with the estimated time (see `cost_of`) before sampling.
    settings : SamplerSettings

    Returns
    -------
    Draws
        The draws so far if interrupted from the keyboard.

    Raises
    ------
    FitError
        If a chain could not start or failed.
    """
    modes = chains_of_modes(peaks, chains, settings)
    return sample_chains(
        density, peaks, modes,
        draws=draws, tune=tune, seed=seed, progress=progress, announce=announce,
        settings=settings,
    )  # fmt: skip


def sample_chains(
    density: Density,
    starts: Sequence[Peak],
    chosen: Integers,
    *,
    draws: int,
    tune: int | None = None,
    seed: int = 0,
    progress: bool = False,
    announce: Callable[[Diagnostic], None] | None = None,
    settings: SamplerSettings = SamplerSettings(),
) -> Draws:
    """Like `sample_nuts`, but with chains that start near given points.

    Parameters
    ----------
    density : Density
    starts : sequence of Peak
        Initial points, and the coordinates about them.
    chosen : ndarray of int, shape (chains,)
        The start of each chain, which is stored as the mode of its draws.
    draws, tune, seed, progress, announce, settings
        As in `sample_nuts`.
    """
    seeds = np.random.SeedSequence(seed).spawn(len(chosen))
    frames = {
        start: frame_of(density, starts[start], np.random.default_rng(seed), settings)
        for start in np.unique(chosen)
    }
    tune = max(frame.tune for frame in frames.values()) if tune is None else tune
    if announce is not None:
        first = chosen[0]
        announce(
            cost_of(
                density, starts[first], frames[first], draws=draws, tune=tune, chains=len(chosen)
            )
        )
    running = [
        _start(density, starts[start], frames[start], seeds[chain], draws, tune, settings)
        for chain, start in enumerate(chosen)
    ]
    with Progress(len(chosen) * (draws + tune), shown=progress) as bar:
        interrupted = _wait(running, bar, settings.patience)
    traces = [_trace(chain, density.layout.size) for chain in running]
    theta, stats, kept = _stacked(traces)
    return Draws(
        theta, density.layout, np.repeat(chosen[kept][:, None], theta.shape[1], axis=1), stats,
        method="nuts", sampler="nutpie", tune=tune, seed=seed, interrupted=interrupted,
    )  # fmt: skip


@cache
def _nutpie() -> Any:
    """nutpie's extension module."""
    name = "nutpie._lib"
    if name in sys.modules:
        return sys.modules[name]
    package = importlib.util.find_spec("nutpie")
    folders = None if package is None else package.submodule_search_locations
    spec = None if folders is None else PathFinder.find_spec(name, list(folders))
    if spec is None or spec.loader is None:
        raise ImportError("sampling needs nutpie; install it with: pip install nutpie")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class _Chain(NamedTuple):
    sampler: Any
    fused: FusedDensity
    finished: list[int]
    """A list of one item: the number of completed draws."""


def _start(
    density: Density,
    peak: Peak,
    frame: Frame,
    seed: np.random.SeedSequence,
    draws: int,
    tune: int,
    settings: SamplerSettings,
) -> _Chain:
    """Start a chain."""
    nutpie, p = _nutpie(), len(peak.theta)
    fused = FusedDensity(density, peak.theta, frame.factor, frame.bend)
    xi = dispersed_start(density, peak, np.random.default_rng(seed), settings)
    start = xi if frame.factor is peak.factor else fused.coordinates(peak.theta + peak.factor @ xi)
    sizes = {"parameter": p, "unconstrained_parameter": fused.size}
    model = nutpie.PyMcModel(
        nutpie.LogpFunc(fused.function_address, fused.data_address, fused),
        nutpie.ExpandFunc(fused.size, p, fused.map_address, fused.data_address, fused),
        nutpie.PyVariable.new_variables(
            ["theta"], ["float64"], [[p]], sizes, {"theta": ["parameter"]}
        ),
        fused.size, sizes, {}, lambda _: start, None,
    )  # fmt: skip
    options = nutpie.PyNutsSettings.Diag(int(seed.generate_state(1, np.uint64)[0]))
    options.update(
        {"num_chains": 1, "num_draws": draws, "num_tune": tune}
        | {"target_accept": frame.target_accept}
    )
    finished = [0]

    def look(chains: Sequence[Any]) -> None:
        finished[0] = chains[0].finished_draws

    sampler = nutpie.PySampler.from_pymc(
        options, 1, model, nutpie.ProgressType.none(), look, 50, nutpie.PyStorage.arrow()
    )
    return _Chain(sampler, fused, finished)


def _wait(running: Sequence[_Chain], bar: Progress, patience: float) -> bool:
    """Wait for all chains; return True if the user interrupted."""
    waiting = list(running)
    try:
        while waiting:
            waiting = [chain for chain in waiting if not _finished(chain, patience)]
            bar.show(sum(chain.finished[0] for chain in running))
    except KeyboardInterrupt:
        for chain in running:
            chain.sampler.abort()
        return True
    except BaseException:
        for chain in running:
            chain.sampler.abort()
        raise
    return False


def _finished(chain: _Chain, patience: float) -> bool:
    try:
        chain.sampler.wait(patience)
    except TimeoutError:
        return False
    except RuntimeError as error:
        cause = str(error).partition("Stack backtrace")[0].split("\n")[0]
        raise FitError(f"a chain failed: {cause}") from error
    return True


def _trace(chain: _Chain, p: int) -> tuple[Floats, Columns]:
    """Draws after warm-up of a chain, and their statistics."""
    from arro3.core import list_flatten

    [drawn], [about] = chain.sampler.take_results().get_arrow_trace()
    kept = ~np.asarray(about.column("tuning").to_numpy())
    theta = np.asarray(list_flatten(drawn.column("theta"))).reshape(-1, p)[kept]
    stats = {
        ours: np.asarray(about.column(theirs).to_numpy())[kept] for theirs, ours in STATS.items()
    }
    if chain.fused.bend is not None:  # nutpie's gradient refers to the transformed coordinates
        stats["lp"] = chain.fused.density.log_posteriors(theta, jacobian=True)
    return theta, stats


def _stacked(
    traces: Sequence[tuple[Floats, Columns]],
) -> tuple[Floats, Columns, list[int]]:
    """Chains of equal length, with their indices; keeps most draws of an interrupted run.

    Raises
    ------
    KeyboardInterrupt
        If there are none yet.
    """
    lengths = np.array([len(theta) for theta, _ in traces])
    n = longest_length(lengths)
    if n == 0:
        raise KeyboardInterrupt
    kept = [c for c, length in enumerate(lengths) if length >= n]
    theta = np.stack([traces[c][0][:n] for c in kept])
    return (
        theta,
        {name: np.stack([traces[c][1][name][:n] for c in kept]) for name in STATS.values()},
        kept,
    )
