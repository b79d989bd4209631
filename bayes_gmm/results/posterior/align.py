"""One set of segments numbered and named like another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.errors import DataError, listed
from bayes_gmm.inference.sampling.relabel import Relabelling
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
    """The order of the posterior's components that follows the other's, and their names."""
    theirs = other if isinstance(other, Mixture) else getattr(other, "mixture", None)
    if not isinstance(theirs, Mixture):
        raise DataError(
            f"cannot align to a {type(other).__name__}: give a Posterior, a MapFit or a Mixture"
        )
    ours = posterior.mixture
    if ours.features != theirs.features:
        raise DataError(
            f"the other has the features {listed(theirs.features)}, but this posterior has "
            f"{listed(ours.features)}; only segments with the same features can be matched"
        )
    if ours.transforms != theirs.transforms:
        mine, other_specs = (m.transforms.specs(m.features) for m in (ours, theirs))
        raise DataError(
            f"the other has the transformations {other_specs}, but this posterior has {mine}; "
            f"fit both with the same ones, such as transforms={other_specs or None}"
        )
    their_names = getattr(other, "names", tuple(segment_labels(theirs.n_components)))
    rows, columns = linear_sum_assignment(bhattacharyya(ours, theirs))
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


def bhattacharyya(ours: Mixture, theirs: Mixture) -> Floats:
    r"""Distance of each of our components to each of theirs, shape (K, K').

    .. math:: D = \tfrac18 (\mu_1 - \mu_2)' \Sigma^{-1} (\mu_1 - \mu_2)
        + \tfrac12 \log \frac{|\Sigma|}{\sqrt{|\Sigma_1| |\Sigma_2|}}, \quad
        \Sigma = (\Sigma_1 + \Sigma_2) / 2

    (Bhattacharyya 1943). It is the same in any units.

    Examples
    --------
    >>> one = Mixture([1.0], [[0.0]], [[[1.0]]])
    >>> two = Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> bhattacharyya(one, two).tolist()
    [[0.0, 2.0]]
    """
    unit = np.sqrt(np.diagonal(ours.covariances, axis1=1, axis2=2).mean(axis=0))
    (S1, S2) = ((m.covariances / unit[:, None] / unit) for m in (ours, theirs))
    middle = 0.5 * (S1[:, None] + S2[None, :])
    gap = (ours.means[:, None] - theirs.means[None, :]) / unit
    solved = np.linalg.solve(middle, gap[..., None])[..., 0]
    log_det = [np.linalg.slogdet(S)[1] for S in (middle, S1, S2)]
    volume = log_det[0] - 0.5 * (log_det[1][:, None] + log_det[2][None, :])
    return np.asarray(0.125 * (gap * solved).sum(axis=-1) + 0.5 * volume)


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
