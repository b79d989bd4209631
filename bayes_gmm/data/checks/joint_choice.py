"""Choice of transformations by multivariate mixtures of all columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from bayes_gmm.data.checks.column_options import ColumnOptions
from bayes_gmm.data.checks.joint_mixture import best_joint_fit, refitted
from bayes_gmm.data.checks.settings import ChoiceSettings, JointSettings
from bayes_gmm.data.checks.transform_candidates import (
    Choice,
    column_profile,
    joint_candidates_of,
    with_low_scale,
)
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.subsample import distinct_rows
from bayes_gmm.data.transform import Identity, Log1p, Transform
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.jit.threads import one_blas_thread


def joint_choices(
    choices: Mapping[str, Choice],
    known: Transforms,
    matrix: FeatureMatrix,
    weights: Floats | None,
    settings: ChoiceSettings,
) -> dict[str, Choice]:
    """Choose again for columns that univariate mixtures transform.

    Parameters
    ----------
    choices : mapping of str to Choice
        Choices by univariate mixtures, for the columns that may change.
    known : Transforms
        Of all other columns.
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), optional
    settings : ChoiceSettings

    Returns
    -------
    dict of str to Choice
        Empty if the table has too many columns, or too few rows without missing cells.
    """
    if matrix.n_features > settings.joint.most_columns:
        return {}
    known.apply(matrix)  # refuses values that a transformation does not allow
    values, held = _sample(matrix, weights, settings.joint)
    if not len(values):
        return {}
    varies = [j for j in range(matrix.n_features) if np.ptp(values[:, j]) > 0.0]
    found = [choices.get(matrix.features[j]) for j in varies]
    transforms = [
        [known.entries[j]] if choice is None else joint_candidates_of(choice.profile, settings)
        for j, choice in zip(varies, found, strict=True)
    ]
    steps = [column_profile(matrix, j, weights).step for j in varies]
    costs = [[_cost(t, held.sum(), settings) for t in each] for each in transforms]
    options = ColumnOptions.of(values[:, varies], transforms, np.array(steps), held, costs)
    with one_blas_thread():  # products of few rows; more threads would wait for each other
        return _chosen(options, found, transforms, settings)


def _chosen(
    options: ColumnOptions,
    choices: Sequence[Choice | None],
    transforms: Sequence[Sequence[Transform]],
    settings: ChoiceSettings,
) -> dict[str, Choice]:
    """The choices of the best fit, each compared with the identity or with that of one column."""
    first = options.first
    univariate, with_scale = first.copy(), first.copy()
    for j, choice in enumerate(choices):
        if choice is not None:
            univariate[j] += transforms[j].index(choice.transform)
            with_scale[j] += transforms[j].index(with_low_scale(choice.profile, settings))
    fit = best_joint_fit(options, (first, univariate, with_scale), settings.joint)
    found = {}
    for j, choice in enumerate(choices):
        if choice is None:
            continue
        here = int(fit.chosen[j])
        there = int(univariate[j] if here == first[j] else first[j])
        other = refitted(
            options, fit, np.where(first == first[j], there, fit.chosen), settings.joint
        )
        costs = options.cost[here] - options.cost[there]
        found[choice.profile.name] = replace(
            choice, transform=transforms[j][here - first[j]], other=transforms[j][there - first[j]],
            bic_reduction=other.bic - fit.bic + settings.margin * np.sign(costs), joint=True,
        )  # fmt: skip
    return found


def _sample(
    matrix: FeatureMatrix, weights: Floats | None, settings: JointSettings
) -> tuple[Floats, Floats]:
    """Rows without missing cells and their weights; of many rows, a sample.

    The sample depends on the ranks of the values, and so not on their units.
    """
    held = np.ones(matrix.n_rows) if weights is None else weights
    complete = ~np.isnan(matrix.values).any(axis=1) & (held > 0.0)
    if held[complete].sum() < settings.least_complete * held.sum():
        return np.empty((0, matrix.n_features)), np.empty(0)
    values = matrix.values[complete]
    ranks = np.column_stack([np.unique(x, return_inverse=True)[1] for x in values.T])
    rows, times = distinct_rows(ranks.astype(np.float64), held[complete], settings.most_rows)
    return values[rows], times * min(1.0, settings.most_rows / times.sum())


def _cost(transform: Transform, n_rows: float, settings: ChoiceSettings) -> float:
    """What a transformation adds to the BIC: the margin, and a parameter if it has a scale."""
    if isinstance(transform, Identity):
        return 0.0
    return settings.margin + float(np.log(n_rows)) * isinstance(transform, Log1p)
