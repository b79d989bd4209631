"""The distinct modes of the posterior, found from many starts and ranked by mass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.deduplicate import distinct
from bayes_gmm.inference.modes.empty_components import without_empty
from bayes_gmm.inference.modes.guesses import Moments, Sample
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.mode import FoundMode
from bayes_gmm.inference.modes.multistart import search
from bayes_gmm.inference.modes.starts import responsibilities
from bayes_gmm.inference.optimize.degeneracy import sound
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.newton import Polished, polish
from bayes_gmm.inference.optimize.volume import log_mode, log_volume
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density

MAX_MODES = 8
"""Maximum number of optima to report."""
MAX_CLIMBS = 14
"""Maximum number of optima to refine: half by rough mass, half by a closer estimate of it."""
MODES_OF_SAMPLE = 3
"""Number of optima on a sample that are evaluated on all rows."""
WINDOW = 40.0
"""Maximum difference to the best optimum, in nats, for an optimum to be refined."""


def find_modes(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    *,
    n_init: int | None = None,
    extra: Sequence[Moments] = (),
) -> tuple[FoundMode, ...]:
    """Search from many starts; return modes in order of decreasing mass, with consistent labels.

    If means or scales have a flat prior, masses are undefined and the highest mode comes first.

    Short runs from every start on the sample, the best few to the end (Biernacki, Celeux & Govaert
    2003), split-and-merge moves on the best, all distinct optima polished on all rows.

    Parameters
    ----------
    density : Density
        On all rows.
    sample : Sample
        Of those rows; starts are tried on it.
    rng : Generator
    n_init : int, optional
        Starts; by default more where there are more components.
    extra : sequence of Moments
        Additional starts.
    """
    with one_blas_thread():
        return _find_modes(density, sample, rng, n_init, extra)


def _find_modes(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    n_init: int | None,
    extra: Sequence[Moments],
) -> tuple[FoundMode, ...]:
    on_sample = density.on(sample.rows)
    candidates = search(on_sample, sample, rng, n_init=n_init, extra=extra)
    return modes_from(density, sample, candidates)


def modes_from(
    density: Density,
    sample: Sample,
    candidates: list[Run],
    *,
    window: float = WINDOW,
    with_mass: bool = True,
) -> tuple[FoundMode, ...]:
    """Refine optima on the sample to modes on all rows.

    Parameters
    ----------
    density : Density
        On all rows.
    sample : Sample
    candidates : list of Run
        On the sample, best first.
    window : float
        Nats below the best, in rough mass, at which an optimum is left out.
    with_mass : bool
        Whether to compute masses, which is expensive, and rank modes by them instead of by rough
        mass.
    """
    on_sample = density.on(sample.rows)
    if not np.isfinite(candidates[0].log_posterior):
        raise FitError(
            "no start has a finite log-posterior; "
            "check the prior and the resolution, or increase n_init"
        )
    occupied, candidates = without_empty(on_sample, candidates)
    whole = math.isclose(sample.rows.total_weight, density.rows.total_weight, rel_tol=1e-9)
    full = occupied.on(density.rows)
    optima = _polish_all(full, candidates, whole=whole, window=window)
    if with_mass and window < WINDOW and len(optima) > 1 and not density.prior.is_improper:
        rough = [_rough_log_evidence(full, peak.theta) for peak in optima]
        heavy = [mass > max(rough) - window for mass in rough]
        optima = [peak for i, peak in enumerate(optima) if heavy[i] or i == 0]
    if with_mass:
        optima = _heaviest(full, optima)
    return _rank(full, sample, optima, with_mass=with_mass)


def _heaviest(density: Density, optima: list[Polished]) -> list[Polished]:
    """The first optimum and the `MAX_MODES` others with the largest estimate of the mass."""
    if len(optima) <= MAX_MODES + 1 or density.prior.is_improper:
        return optima
    rest = sorted(optima[1:], key=lambda peak: -_rough_log_evidence(density, peak.theta))
    return [optima[0], *rest[:MAX_MODES]]


def _polish_all(
    density: Density, candidates: list[Run], *, whole: bool, window: float
) -> list[Polished]:
    """Distinct optima on all rows, best first."""
    if not whole:
        candidates = [
            run_em(density, run.theta, max_iter=5, tolerance=0.1)
            for run in candidates[:MODES_OF_SAMPLE]
            if run.rough_log_mass > candidates[0].rough_log_mass - window
        ]
        candidates.sort(key=lambda run: -run.rough_log_mass)
    top = candidates[0].rough_log_mass
    near = [run for run in candidates if run.rough_log_mass > top - window]
    optima: list[Polished] = []
    for run in _promising(density, near):
        peak = polish(density, run.theta)
        if np.all(np.isfinite(peak.theta)):
            history = _rising(run.history + peak.history)
            volume = log_volume(density, peak.theta)
            optima.append(replace(peak, history=history, log_volume=volume))
    if not optima:
        raise FitError("every optimisation diverged; give a resolution or a stronger prior")
    return sound(density, distinct(density.layout, optima, distance=0.05, height=1e-3))


def _promising(density: Density, runs: list[Run]) -> list[Run]:
    """At most `MAX_CLIMBS` runs: half by rough mass, half by a closer estimate of it."""
    if density.prior.is_improper:
        return runs[:MAX_MODES]
    if len(runs) <= MAX_CLIMBS:
        return runs
    half = MAX_CLIMBS // 2
    heaviest = sorted(runs[half:], key=lambda run: -_rough_log_evidence(density, run.theta))
    return [*runs[:half], *heaviest[:half]]


def _rough_log_evidence(density: Density, theta: Floats) -> float:
    """Laplace's estimate, but for a constant, with the expected information of complete data."""
    theta = log_mode(density, theta)
    return density.log_posterior(theta, jacobian=True) + Whitening(density, theta).log_det


def _rising(history: Sequence[float]) -> tuple[float, ...]:
    return tuple(np.maximum.accumulate(history).tolist())


def _rank(
    density: Density, sample: Sample, optima: list[Polished], *, with_mass: bool
) -> tuple[FoundMode, ...]:
    """Modes by decreasing mass, or rough mass; components of the first are sorted by weight."""
    layout = density.layout
    modes = [
        FoundMode(
            peak.theta, layout, peak.log_posterior,
            laplace_log_evidence(density, peak.theta) if with_mass else math.nan,
            peak.converged, peak.history, peak.log_volume,
        )
        for peak in optima
    ]  # fmt: skip
    if with_mass and not density.prior.is_improper:
        modes.sort(key=lambda mode: -_or_lowest(mode.log_evidence))
    return labelled(density, sample, _first_and_roughly_heaviest(modes))


def labelled(density: Density, sample: Sample, modes: Sequence[FoundMode]) -> tuple[FoundMode, ...]:
    """The first mode with its components by falling weight, the others numbered like it."""
    layout = modes[0].layout
    by_weight = np.argsort(-layout.point(modes[0].theta).log_weights, kind="stable")
    first = replace(modes[0], theta=layout.selected(modes[0].theta, by_weight))
    density = replace(density, layout=layout)
    r = responsibilities(density, sample, layout.point(first.theta)) * sample.weights[:, None]
    rest = (_labelled_like(r, density, sample, mode) for mode in modes[1:])
    return (first, *rest)


def _first_and_roughly_heaviest(modes: list[FoundMode]) -> list[FoundMode]:
    """At most `MAX_MODES` modes, among them the one with the largest rough mass."""
    heaviest = max(range(len(modes)), key=lambda i: modes[i].rough_log_mass)
    if heaviest < MAX_MODES:
        return modes[:MAX_MODES]
    return [*modes[: MAX_MODES - 1], modes[heaviest]]


def _labelled_like(r: Floats, density: Density, sample: Sample, mode: FoundMode) -> FoundMode:
    """The mode, numbered so that as many rows as can be keep the labels that r gives them."""
    own = responsibilities(density, sample, mode.layout.point(mode.theta))
    order = linear_sum_assignment(r.T @ own, maximize=True)[1]
    return replace(mode, theta=mode.layout.selected(mode.theta, order))


def _or_lowest(log_evidence: float) -> float:
    return -math.inf if math.isnan(log_evidence) else log_evidence
