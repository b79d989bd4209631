r"""Automatic choice of a transformation for each column.

Each transformation that the values of a column allow is compared with the identity by the BIC of
univariate Gaussian mixtures with K = 1, ..., 4, the Jacobian included:

.. math:: BIC = \min_K \{-2 \ell_K + (3 K - 1) \log n\} - 2 \sum_i \omega_i \log t'(x_i)

Rounded values are spread evenly over their rounding intervals, so that no component collapses onto
a value. Candidates are the identity, the logarithm and the square root; with some zeros, the
identity and log(1 + x / scale), where the scale follows the unit of the column. A change of unit
therefore never changes the choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayes_gmm.data.checks.column_parts import ColumnParts
from bayes_gmm.data.checks.mixture_1d import best_mixtures
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings, SkewSettings
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity, Log, Log1p, Sqrt, Transform
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.diagnostics.diagnostic import Diagnostic


@dataclass(frozen=True)
class ChoiceSettings:
    """Settings of the choice of transformations."""

    mixtures: SkewSettings = field(
        default_factory=lambda: SkewSettings(most_components=4, narrowest=0.002)
    )
    """Univariate mixtures, with components narrow enough for separate segments."""
    most_rows: float = 10_000.0
    """Maximum number of rows that the BIC counts; more would find misfits too small to matter."""
    margin: float = 10.0
    """Minimum reduction of the BIC: very strong evidence (Kass & Raftery 1995). A smaller one is a
    tie, at which the identity is kept."""
    fewest_distinct: int = 8
    """Minimum number of distinct values; fewer are categories."""
    low_share: float = 0.05
    """Quantile of the positive values that is the scale of log(1 + x / scale), or the recording
    step if that is larger."""


DEFAULTS = ChoiceSettings()


def resolve_transforms(
    given: Any,
    matrix: FeatureMatrix,
    weights: Floats | None,
    settings: ChoiceSettings = DEFAULTS,
) -> tuple[Transforms, tuple[Diagnostic, ...]]:
    """Transformations of columns, with those that are "auto" chosen from the table.

    Parameters
    ----------
    given : mapping, "auto" or None
        By column, where "auto" may be an entry; as `BayesGMM` takes them.
    matrix : FeatureMatrix
        In the user's units.
    weights : ndarray, shape (n_rows,), optional
    settings : ChoiceSettings

    Returns
    -------
    transforms : Transforms
    choices : tuple of Diagnostic
        One "transform_chosen" for each column with a choice; its margin is that to the next best
        transformation, or to the identity if that is not chosen.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.column_stack([np.exp(rng.normal(3.0, 1.0, 300)), rng.normal(50.0, 5.0, 300)])
    >>> transforms, choices = resolve_transforms("auto", FeatureMatrix(X, ("a", "b")), None)
    >>> transforms.specs(("a", "b")), [choice.values["transform"] for choice in choices]
    ({'a': 'log'}, ['log', None])
    """
    if isinstance(given, str) and given == "auto":
        given = dict.fromkeys(matrix.features, "auto")
    if not isinstance(given, Mapping):
        return Transforms.of(given, matrix.features), ()
    asked = [name for name, spec in given.items() if isinstance(spec, str) and spec == "auto"]
    known = Transforms.of({**given, **dict.fromkeys(asked)}, matrix.features)
    chosen, found = list(known.entries), []
    for name in asked:
        j = matrix.features.index(name)
        chosen[j], choice = _chosen(_profile(matrix, j, weights), settings)
        found += [] if choice is None else [choice]
    return Transforms(tuple(chosen)), tuple(found)


def _profile(matrix: FeatureMatrix, j: int, weights: Floats | None) -> Profile:
    column = matrix.values[:, j]
    if weights is not None:
        column, weights = column[weights > 0.0], weights[weights > 0.0]
    return Profile.of(matrix.features[j], column, weights)


def _chosen(profile: Profile, settings: ChoiceSettings) -> tuple[Transform, Diagnostic | None]:
    """The transformation of a column, and the choice, if there was one."""
    identity = Identity()
    candidates = [identity, *_candidates(profile, settings)]
    if len(candidates) == 1:
        return identity, None
    bics = _bics(profile, candidates, settings)
    best = int(np.argmin(bics))
    if bics[0] - bics[best] < settings.margin:
        best = 0
    others = np.delete(bics, best)
    margin = float((bics[0] if best else others.min()) - bics[best])
    values = {
        "transform": candidates[best].spec, "bic_reduction": margin,
        "next": None if best else candidates[1 + int(np.argmin(bics[1:]))].spec,
    }  # fmt: skip
    return candidates[best], Diagnostic("transform_chosen", (profile.name,), values)


def _candidates(profile: Profile, settings: ChoiceSettings) -> list[Transform]:
    """Transformations other than the identity that the values allow."""
    if len(profile.values) < settings.fewest_distinct or profile.values[0] < 0.0:
        return []
    if profile.values[0] > 0.0:
        return [Log(), Sqrt()]
    if 0.0 in ColumnParts(profile, CheckSettings()).shared:
        return []
    positive = profile.of_values(profile.values > 0.0)
    low = float(positive.quantiles(np.array([settings.low_share]))[0])
    return [Log1p(max(low, profile.step))]


def _bics(profile: Profile, candidates: list[Transform], settings: ChoiceSettings) -> Floats:
    """The BIC of the best mixture after each transformation, in the units of the column."""
    shares = (np.arange(settings.mixtures.points) + 0.5) / settings.mixtures.points
    n = min(profile.n_observed, settings.most_rows)
    x = _spread(profile, shares)
    y = np.array([t.forward(x) for t in candidates])
    jacobians = np.array([t.log_derivative(x).mean() for t in candidates])
    bics: Floats = np.array([m.bic for m in best_mixtures(y, n, settings.mixtures)])
    return np.asarray(bics - 2.0 * n * jacobians)


def _spread(profile: Profile, shares: Floats) -> Floats:
    """Quantiles of a column whose values are spread evenly over their rounding intervals."""
    upto = np.cumsum(profile.counts)
    half = 0.5 * profile.step
    if half > 0.0:
        reached = np.column_stack([upto - profile.counts, upto]).ravel()
        edges = np.column_stack([profile.values - half, profile.values + half]).ravel()
    else:
        reached, edges = upto - 0.5 * profile.counts, profile.values
    x = np.interp(shares * upto[-1], reached, edges)
    return np.asarray(np.maximum(x, 0.5 * profile.values[0]) if profile.values[0] > 0.0 else x)
