"""Sampling of the posterior from the modes of a fit, and masses of the modes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from bayes_gmm.console import say
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import FitError, listed, shown
from bayes_gmm.inference.evidence.bridge import settled_by_bridges
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.sampling.cost import COST
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.importance import sample_laplace
from bayes_gmm.inference.sampling.initial_points import chains_of_modes, relative_masses
from bayes_gmm.inference.sampling.laplace_approximation import peaks_of
from bayes_gmm.inference.sampling.mode_assignment import marked, resampled_by_mass, visits_of
from bayes_gmm.inference.sampling.nuts import sample_nuts
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.pymc import check_pymc_sampler, sample_pymc
from bayes_gmm.model.checks import truth, whole_number
from bayes_gmm.model.density import Density
from bayes_gmm.results.fit.map_fit import MapFit

METHODS = ("nuts", "laplace")


@dataclass(frozen=True)
class ChainSettings:
    """Memory for draws, and new runs of chains that leave their modes."""

    most_cells: int = 1 << 29
    """Maximum number of elements of the draws: 4 GiB."""
    stayed: float = 0.5
    """Minimum fraction of a chain in the mode where it started."""
    many_exits: int = 10
    """Minimum number of exits from a mode at which chains are assumed to return to it."""
    reruns: int = 2
    """Maximum number of new runs of a chain that leaves its mode."""


CHAINS = ChainSettings()


@dataclass(frozen=True)
class SamplingPlan:
    """Options of posterior sampling.

    Parameters
    ----------
    draws : int
        Number of draws in each chain.
    tune : int, optional
        Number of warm-up draws in each chain; by default the sampler chooses it.
    chains : int
    method : {"nuts", "laplace"}
    sampler : str
        "nutpie", or a sampler of `sample_pymc`.
    seed : int
    progress : bool
    announce : callable, optional
        Called with the estimated time of NUTS, a `Diagnostic`, if the rows are a scan or the time
        is long; by default it is printed with `progress`.

    Raises
    ------
    FitError
        If one of them is out of range; the message names it.
    """

    draws: int = 1000
    tune: int | None = None
    chains: int = 4
    method: str = "nuts"
    sampler: str = "nutpie"
    seed: int = 0
    progress: bool = True
    announce: Callable[[Diagnostic], None] | None = None

    def __post_init__(self) -> None:
        try:
            for name in ("draws", "chains"):
                whole_number(name, getattr(self, name))
            if self.tune is not None:
                whole_number("tune", self.tune)
            truth("progress", self.progress)
        except ValueError as error:
            raise FitError(str(error)) from None
        if self.method not in METHODS:
            raise FitError(f"unknown method {shown(self.method)}; choose from {listed(METHODS)}")
        if self.sampler != "nutpie":
            check_pymc_sampler(self.sampler)


class Sampled(NamedTuple):
    """Draws of a sampler.

    Attributes
    ----------
    fit : MapFit
        The fit, with mass 0 for modes that share a peak with another.
    draws : Draws
        Draws with arbitrary labels; their modes are those of the fit.
    peaks : tuple of Peak
        The approximation at each mode.
    """

    fit: MapFit
    draws: Draws
    peaks: tuple[Peak, ...]


def sample_modes(
    fit: MapFit,
    density: Density,
    found: Sequence[Run],
    plan: SamplingPlan,
    *,
    is_scan: bool = False,
) -> Sampled:
    """Draws of the posterior, from chains that start at the modes of a fit.

    Chains that never leave their modes give no information on the masses of these modes. The masses
    are then estimated by bridge sampling, and the draws are resampled in proportion.

    Parameters
    ----------
    fit : MapFit
    density : Density
        Density on the fitted rows.
    found : sequence of Run
        The modes of the fit, in its order.
    plan : SamplingPlan
    is_scan : bool
        Whether the rows are those of a scan.
    """
    _refuse_too_large(plan, density)
    with _regular():
        peaks = peaks_of(density, found)
        draws = marked(_drawn(fit, density, peaks, plan, is_scan), peaks)
        if plan.method == "nuts":
            if plan.sampler == "nutpie":
                draws = _returned(density, draws, peaks, plan)
            draws = _weighted_by_mass(density, draws, peaks, plan.seed)
    return Sampled(_counted_once(fit, peaks), draws, peaks)


@contextmanager
def _regular() -> Iterator[None]:
    """Raise a FitError if the posterior near a mode is singular in floating point."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise FitError(
            "the posterior is too narrow in some direction for floating point; leave out columns "
            "that others determine (check_table names them), or give a larger resolution"
        ) from error


def _refuse_too_large(plan: SamplingPlan, density: Density) -> None:
    of_one = plan.chains * density.layout.size
    cells = of_one * (plan.draws + (plan.tune or 0))
    if cells > CHAINS.most_cells:
        raise FitError(
            f"{plan.draws:,} draws and {plan.tune or 0:,} warm-up draws in {plan.chains} chains "
            f"would take {8 * cells / 2**30:,.0f} GiB; use at most "
            f"{CHAINS.most_cells // of_one:,} per chain"
        )


def _announced(plan: SamplingPlan, is_scan: bool) -> Callable[[Diagnostic], None] | None:
    """Function that announces the time of NUTS if it is long, and that of a scan always."""
    if plan.announce is None and not plan.progress:
        return None

    def announced(cost: Diagnostic) -> None:
        if not is_scan and cost.values["seconds"] < COST.announced:
            return
        if plan.announce is not None:
            plan.announce(cost)
        else:
            say(str(cost), shown=plan.progress)

    return announced


def _drawn(
    fit: MapFit, density: Density, peaks: Sequence[Peak], plan: SamplingPlan, is_scan: bool
) -> Draws:
    counts: dict[str, Any] = {"draws": plan.draws, "chains": plan.chains, "seed": plan.seed}
    if plan.method == "laplace":
        return sample_laplace(density, peaks, **counts)
    counts |= {"tune": plan.tune, "progress": plan.progress}
    if plan.sampler == "nutpie":
        return sample_nuts(density, peaks, announce=_announced(plan, is_scan), **counts)
    from bayes_gmm.model.pymc_model import model_of

    model = model_of(density, fit.features, fit.structure, fit.prior)
    return sample_pymc(model, density, peaks, sampler=plan.sampler, **counts)


def _returned(density: Density, draws: Draws, peaks: Sequence[Peak], plan: SamplingPlan) -> Draws:
    """The draws, with a new run for each mode that all its chains left.

    Bridge sampling estimates the mass of a mode, but resampling needs draws from every mode.
    """
    started = chains_of_modes(peaks, plan.chains)
    seeds = np.random.default_rng([plan.seed, 1]).integers(2**32, size=(len(peaks), CHAINS.reruns))
    for m in np.unique(started):
        for seed in seeds[m]:
            stayed, left = _shares_of_region(draws, len(peaks), m)
            if draws.interrupted or stayed.max() >= CHAINS.stayed or left >= CHAINS.many_exits:
                break
            one = sample_nuts(
                density, [peaks[m]], draws=plan.draws, tune=plan.tune, chains=1, seed=int(seed)
            )
            chain = int(np.argmax(started == m))
            changed = draws if one.interrupted else draws.with_chain(chain, marked(one, peaks))
            if _shares_of_region(changed, len(peaks), m)[0][chain] > stayed[chain]:
                draws = changed
    return draws


def _shares_of_region(draws: Draws, n_modes: int, m: int) -> tuple[Floats, int]:
    """Fraction of each chain in mode m or modes connected to it, and the number of exits."""
    group = visits_of(draws.mode, n_modes).group
    here = group[draws.mode] == group[m]
    return here.mean(axis=1), int(np.count_nonzero(here[:, :-1] & ~here[:, 1:]))


def _counted_once(fit: MapFit, peaks: Sequence[Peak]) -> MapFit:
    """The fit with mass 0 for modes that share a peak with a mode of larger mass."""
    own = [not math.isnan(peak.log_evidence) for peak in peaks]
    counted = sum(mode.probability for mode, once in zip(fit.modes, own, strict=True) if once)
    if all(own) or not counted > 0.0:
        return fit
    modes = tuple(
        replace(mode, probability=mode.probability / counted if once else 0.0)
        for mode, once in zip(fit.modes, own, strict=True)
    )
    return replace(fit, modes=modes)


def _weighted_by_mass(density: Density, draws: Draws, peaks: Sequence[Peak], seed: int) -> Draws:
    visits = visits_of(draws.mode, len(peaks))
    if not visits.separate:
        return draws
    settled = settled_by_bridges(density, draws, peaks, seed=seed)
    return resampled_by_mass(draws, visits, relative_masses(settled), np.random.default_rng(seed))
