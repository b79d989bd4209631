"""The distinct modes of the posterior: optima on a sample, refined on all rows and ranked."""

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
from bayes_gmm.inference.modes.laplace_evidence import laplace_log_evidence
from bayes_gmm.inference.modes.row_sample import Sample, responsibilities
from bayes_gmm.inference.modes.settings import ModeSettings
from bayes_gmm.inference.optimize.degeneracy import sound
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.optimize.volume import log_mode, log_volume
from bayes_gmm.inference.optimize.whitening import Whitening
from bayes_gmm.model.density import Density


def modes_from(
    density: Density,
    sample: Sample,
    candidates: list[Run],
    *,
    window: float = math.inf,
    with_mass: bool = True,
    mass_if_alone: bool = True,
    settings: ModeSettings = ModeSettings(),
) -> tuple[Run, ...]:
    """Refine optima on the sample to modes on all rows.

    Parameters
    ----------
    density : Density
        Density on all rows.
    sample : Sample
    candidates : list of Run
        Optima on the sample, best first.
    window : float
        Maximum difference to the best optimum, in rough log mass, for an optimum to be refined; at
        most `ModeSettings.window`. A smaller window also applies to a closer estimate of the mass.
    with_mass : bool
        Whether to compute masses, which is expensive, and rank modes by them instead of by rough
        mass.
    mass_if_alone : bool
        Whether to compute the mass if there is only one mode, whose relative mass is 1.
    settings : ModeSettings
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
    window = min(window, settings.window)
    optima = _polish_all(full, candidates, whole=whole, window=window, settings=settings)
    if with_mass and window < settings.window and len(optima) > 1 and not density.prior.is_improper:
        rough = [_rough_log_evidence(full, peak.theta) for peak in optima]
        heavy = [mass > max(rough) - window for mass in rough]
        optima = [peak for i, peak in enumerate(optima) if heavy[i] or i == 0]
    with_mass = with_mass and (mass_if_alone or len(optima) > 1)
    if with_mass:
        optima = _heaviest(full, optima, settings.most_modes)
    return _rank(full, sample, optima, with_mass=with_mass, settings=settings)


def _heaviest(density: Density, optima: list[Run], most: int) -> list[Run]:
    """The first optimum, and a limited number of others with the largest estimated masses."""
    if len(optima) <= most + 1 or density.prior.is_improper:
        return optima
    rest = sorted(optima[1:], key=lambda peak: -_rough_log_evidence(density, peak.theta))
    return [optima[0], *rest[:most]]


def _polish_all(
    density: Density, candidates: list[Run], *, whole: bool, window: float, settings: ModeSettings
) -> list[Run]:
    """Distinct optima on all rows, best first."""
    if not whole:
        candidates = [
            run_em(density, run.theta, max_iter=5, tolerance=0.1)
            for run in candidates[: settings.most_of_sample]
            if run.rough_log_mass > candidates[0].rough_log_mass - window
        ]
        candidates.sort(key=lambda run: -run.rough_log_mass)
    top = candidates[0].rough_log_mass
    near = [run for run in candidates if run.rough_log_mass > top - window]
    optima: list[Run] = []
    for run in _promising(density, near, settings):
        peak = polish(density, run.theta)
        if np.all(np.isfinite(peak.theta)):
            history = tuple(np.maximum.accumulate(run.history + peak.history).tolist())
            volume = log_volume(density, peak.theta)
            optima.append(replace(peak, history=history, log_volume=volume))
    if not optima:
        raise FitError("every optimisation diverged; give a resolution or a stronger prior")
    places = distinct(
        density.layout, optima, distance=settings.distance, height=settings.same_height
    )
    return sound(density, places)


def _promising(density: Density, runs: list[Run], settings: ModeSettings) -> list[Run]:
    """The runs to be refined: half by rough mass, half by a closer estimate of it."""
    if density.prior.is_improper:
        return runs[: settings.most_modes]
    if len(runs) <= settings.most_polished:
        return runs
    half = settings.most_polished // 2
    heaviest = sorted(runs[half:], key=lambda run: -_rough_log_evidence(density, run.theta))
    return [*runs[:half], *heaviest[:half]]


def _rough_log_evidence(density: Density, theta: Floats) -> float:
    """Laplace's estimate up to a constant, with the expected information of complete data."""
    theta = log_mode(density, theta)
    return density.log_posterior(theta, jacobian=True) + Whitening(density, theta).log_det


def _rank(
    density: Density, sample: Sample, optima: list[Run], *, with_mass: bool, settings: ModeSettings
) -> tuple[Run, ...]:
    """Modes by decreasing mass, or rough mass; components of the first are sorted by weight."""
    modes = optima
    if with_mass:
        modes = [
            replace(mode, log_evidence=laplace_log_evidence(density, mode.theta, settings.laplace))
            for mode in modes
        ]
    if with_mass and not density.prior.is_improper:
        modes.sort(key=lambda mode: -np.nan_to_num(mode.log_evidence, nan=-np.inf))
    return labelled(density, sample, _first_and_roughly_heaviest(modes, settings.most_modes))


def labelled(density: Density, sample: Sample, modes: Sequence[Run]) -> tuple[Run, ...]:
    """Modes with consistent labels: components of the first have decreasing weights."""
    layout = modes[0].layout
    by_weight = np.argsort(-layout.point(modes[0].theta).log_weights, kind="stable")
    first = replace(modes[0], theta=layout.selected(modes[0].theta, by_weight))
    density = replace(density, layout=layout)
    r = responsibilities(density, sample, layout.point(first.theta)) * sample.weights[:, None]
    rest = (_labelled_like(r, density, sample, mode) for mode in modes[1:])
    return (first, *rest)


def _first_and_roughly_heaviest(modes: list[Run], most: int) -> list[Run]:
    """The first few modes, among them the one with the largest rough mass."""
    heaviest = max(range(len(modes)), key=lambda i: modes[i].rough_log_mass)
    if heaviest < most:
        return modes[:most]
    return [*modes[: most - 1], modes[heaviest]]


def _labelled_like(r: Floats, density: Density, sample: Sample, mode: Run) -> Run:
    """The mode, numbered so that as many rows as possible keep their labels in r."""
    own = responsibilities(density, sample, mode.layout.point(mode.theta))
    order = linear_sum_assignment(r.T @ own, maximize=True)[1]
    return replace(mode, theta=mode.layout.selected(mode.theta, order))
