"""Numbering and naming of the segments of a posterior like those of another fit."""

from __future__ import annotations

from collections.abc import Collection
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
        fit=replace(fit, mixture=_selected(fit.mixture, order), modes=modes),
        draws=draws.numbered(order),
        labels=Relabelling(labels.order[..., order], labels.confusion[np.ix_(order, order)]),
        names=names,
        segmentation=posterior.segmentation and posterior.segmentation.numbered(order),
        prior_influence=posterior.prior_influence and posterior.prior_influence.numbered(order),
    )


def _order_and_names(posterior: PosteriorDraws, other: Any) -> tuple[Integers, tuple[str, ...]]:
    """The order of components that matches the numbering of the other fit, and their names."""
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
        raise DataError(
            "the other fit has different transformations; only segments on the same scale can be "
            "matched"
        )
    their_names = getattr(other, "names", tuple(segment_labels(theirs.n_components)))
    rows, columns = linear_sum_assignment(_distances(ours, theirs))
    partner = dict(zip(columns.tolist(), rows.tolist(), strict=True))
    matched = [partner[l] for l in sorted(partner)]
    alone = [k for k in range(ours.n_components) if k not in matched]
    names = [their_names[l] for l in sorted(partner)]
    given = set(posterior.names) - set(segment_labels(ours.n_components))
    for k in alone:
        own = posterior.names[k]
        free = own in given and own not in (*names, *their_names)
        names.append(own if free else _unused(len(names) + 1, (*names, *their_names, *given)))
    return np.array(matched + alone, dtype=np.int64), tuple(names)


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
