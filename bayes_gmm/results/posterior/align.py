"""Numbering and naming of the segments of a posterior like those of another fit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.errors import DataError, listed
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.bhattacharyya import bhattacharyya
from bayes_gmm.model.mixture import Mixture, segment_labels

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.draws import PosteriorDraws


def aligned[P: PosteriorDraws](posterior: P, other: Any) -> P:
    """See `Posterior.align_to`."""
    order, names = _order_and_names(posterior, other)
    fit, draws, labels = posterior.fit, posterior.draws, posterior.labels
    modes = tuple(replace(mode, mixture=_selected(mode.mixture, order)) for mode in fit.modes)
    return replace(
        posterior,
        fit=replace(fit, mixture=_selected(fit.mixture, order), modes=modes, names=names),
        draws=draws.numbered(order),
        labels=Relabelling(labels.order[..., order], labels.confusion[np.ix_(order, order)]),
        names=names,
        segmentation=posterior.segmentation and posterior.segmentation.numbered(order),
        prior_influence=posterior.prior_influence and posterior.prior_influence.numbered(order),
    )


def _order_and_names(posterior: PosteriorDraws, other: Any) -> tuple[Integers, tuple[str, ...]]:
    """The order of components that matches the numbering of the other fit, and their names."""
    theirs = comparable_mixture(posterior, other)
    their_names = getattr(other, "names", tuple(segment_labels(theirs.n_components)))
    pairs = sorted(matched(posterior.mixture, theirs), key=lambda pair: pair[1])
    order = [k for k, _, _ in pairs]
    names = [their_names[l] for _, l, _ in pairs]
    alone = [k for k in range(posterior.n_components) if k not in order]
    names += names_following(posterior, alone, names, their_names)
    return np.array(order + alone, dtype=np.int64), tuple(names)


def comparable_mixture(posterior: PosteriorDraws, other: Any) -> Mixture:
    """The mixture of another fit with the same features and transformations.

    Raises
    ------
    DataError
        If its segments cannot be matched with those of the posterior.
    """
    theirs = other if isinstance(other, Mixture) else getattr(other, "mixture", None)
    if not isinstance(theirs, Mixture):
        raise DataError(
            f"cannot align to a {type(other).__name__}: give a Posterior, a MapFit or a Mixture"
        )
    ours = posterior.mixture
    if ours.features != theirs.features:
        raise DataError(
            f"the other fit has the features {listed(theirs.features)}, but this posterior has "
            f"{listed(ours.features)}; only segments of the same features can be matched"
        )
    if ours.transforms != theirs.transforms:
        mine, other_specs = (m.transforms.specs(m.features) for m in (ours, theirs))
        raise DataError(
            f"the other fit has the transformations {other_specs}, but this posterior has {mine}; "
            f"fit both with the same ones, such as transforms={other_specs or None}"
        )
    return theirs


def matched(
    ours: Mixture, theirs: Mixture, max_distance: float = np.inf
) -> list[tuple[int, int, float]]:
    """Pairs (our component, their component, distance) with the smallest sum of distances.

    Pairs whose Bhattacharyya distance is above `max_distance` are left out.

    Examples
    --------
    >>> ours = Mixture([0.5, 0.5], [[0.0], [9.0]], [[[1.0]], [[1.0]]])
    >>> matched(ours, Mixture([0.5, 0.5], [[0.5], [-9.0]], [[[1.0]], [[1.0]]]), 1.0)
    [(0, 0, 0.03125)]
    """
    distances = _distances(ours, theirs)
    rows, columns = linear_sum_assignment(np.minimum(distances, max_distance))
    return [
        (int(k), int(l), float(distances[k, l]))
        for k, l in zip(rows, columns, strict=True)
        if distances[k, l] <= max_distance
    ]


def names_following(
    posterior: PosteriorDraws, alone: Collection[int], names: Sequence[str], theirs: Sequence[str]
) -> list[str]:
    """Names of unmatched segments, after the names of matched ones: their own if given and free."""
    taken = list(names)
    given = set(posterior.names) - set(segment_labels(posterior.n_components))
    for k in alone:
        own = posterior.names[k]
        free = own in given and own not in (*taken, *theirs)
        taken.append(own if free else _unused(len(taken) + 1, (*taken, *theirs, *given)))
    return taken[len(names) :]


def _distances(ours: Mixture, theirs: Mixture) -> Floats:
    """Bhattacharyya distances without recording error, in units of our segments' sds."""
    unit = np.sqrt(np.diagonal(ours.covariances, axis1=1, axis2=2).mean(axis=0))
    scaled = [(m.means / unit, m.covariances / unit[:, None] / unit) for m in (ours, theirs)]
    return bhattacharyya(*scaled[0], *scaled[1])


def _selected(mixture: Mixture, order: Integers) -> Mixture:
    return replace(
        mixture, weights=mixture.weights[order], means=mixture.means[order],
        covariances=mixture.covariances[order],
    )  # fmt: skip


def _unused(number: int, taken: Collection[str]) -> str:
    """The first of "Segment <number>", "Segment <number + 1>", ... that is not taken.

    Examples
    --------
    >>> _unused(3, ["Careful", "Segment 3"])
    'Segment 4'
    """
    while f"Segment {number}" in taken:
        number += 1
    return f"Segment {number}"
