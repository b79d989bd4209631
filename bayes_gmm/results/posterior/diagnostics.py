"""Diagnostics of a posterior: conditions that make its estimates unreliable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.inference.sampling.importance import high_khat
from bayes_gmm.results.posterior.convergence_check import unmixed_chains
from bayes_gmm.results.posterior.segmentation import relevant_modes
from bayes_gmm.results.thresholds import THRESHOLDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bayes_gmm.inference.sampling.draws import Draws
    from bayes_gmm.inference.sampling.relabel import Relabelling
    from bayes_gmm.results.posterior.draws import PosteriorDraws


def diagnostics(posterior: PosteriorDraws) -> tuple[Diagnostic, ...]:
    """All diagnostics that `Posterior.from_draws` warns of, and that of k-hat."""
    draws, influence = posterior.draws, posterior.prior_influence
    return (
        *interrupted(draws),
        *few_draws(draws),
        *ambiguous_labels(posterior.labels, posterior.names, posterior.empty),
        *several_modes(posterior),
        *posterior.computed(unmixed_chains),
        *high_khat(draws.khat),
        *(() if influence is None else influence.diagnostics(posterior.names)),
    )


def interrupted(draws: Draws) -> list[Diagnostic]:
    """A diagnostic if sampling was interrupted."""
    values = {"n_chains": draws.n_chains, "n_draws": draws.n_draws}
    return [Diagnostic("interrupted", values=values)] if draws.interrupted else []


def few_draws(draws: Draws) -> list[Diagnostic]:
    """A diagnostic if there are too few draws for intervals."""
    values = {"n": draws.mode.size, "needed": THRESHOLDS.min_draws}
    return [Diagnostic("few_draws", values=values)] if values["n"] < values["needed"] else []


def ambiguous_labels(
    labels: Relabelling, names: Sequence[str], empty: Sequence[bool] = ()
) -> list[Diagnostic]:
    """A diagnostic for segments with ambiguous labels; `empty` segments are skipped.

    Examples
    --------
    >>> import numpy as np
    >>> from bayes_gmm.inference.sampling.relabel import Relabelling
    >>> confusion = np.array([[0.0, 0.3], [0.3, 0.0]])
    >>> [found] = ambiguous_labels(Relabelling(np.array([[[0, 1]]]), confusion), ["A", "B"])
    >>> found.subject, found.values
    (('A', 'B'), {'pairs': [('A', 'B', 0.3)]})
    """
    pairs = [
        (names[k], names[l], float(labels.confusion[k, l]))
        for k, l in labels.ambiguous_pairs(empty)
    ]
    subject = tuple(dict.fromkeys(name for pair in pairs for name in pair[:2]))
    return [Diagnostic("ambiguous_labels", subject, {"pairs": pairs})] if pairs else []


def several_modes(posterior: PosteriorDraws) -> list[Diagnostic]:
    """Diagnostics for averages over several modes, and for modes that have mass but no draws."""
    visited, missed = relevant_modes(posterior.mode_fractions), posterior.modes_missed
    found = []
    if len(visited) > 1:
        found.append(Diagnostic("several_modes", values={"masses": visited}))
    if missed:
        values = {"masses": missed, "chains": max(max(missed) + 1, 4)}
        found.append(Diagnostic("modes_without_draws", values=values))
    return found
