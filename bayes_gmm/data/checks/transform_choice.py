r"""Automatic choice of the transformations of columns.

Two steps choose by the BIC of Gaussian mixtures with K = 1, ..., 4, the Jacobian included:

.. math:: BIC = \min_K \{-2 \ell_K + p_K \log n\} - 2 \sum_i \omega_i \sum_j \log t_j'(x_{ij})

1. Univariate mixtures of each column compare the transformations that its values allow with the
   identity: the logarithm and the square root, or log(1 + x / scale) if there are some zeros.
2. Multivariate mixtures of all columns choose again for each column that step 1 transforms, among
   these, the identity, and log(1 + x / scale) with several scales (see `joint_mixture`). The
   logarithm of small values has a long left tail, which a component of its own may fit; only the
   other columns show that this component is no segment. Step 1 gives one of the starts.

Each transformed column must lower the BIC by a margin, and a scale counts as a parameter. Scales
are quantiles of the positive values of the column, and samples depend on ranks only. A change of
unit or of the order of the rows therefore does not change the choice.

Rounded values are spread evenly over their rounding intervals in step 1, and have a recording error
in step 2, so that no component collapses onto a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayes_gmm.data.checks.joint_choice import joint_choices
from bayes_gmm.data.checks.mixture_1d import best_mixtures
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import ChoiceSettings
from bayes_gmm.data.checks.transform_candidates import Choice, candidates_of, column_profile
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity, Transform
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.diagnostics.diagnostic import Diagnostic

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
    profiles = [column_profile(matrix, matrix.features.index(name), weights) for name in asked]
    choices = [found for p in profiles if (found := _choice(p, settings)) is not None]
    changed = {c.profile.name: c for c in choices if not isinstance(c.transform, Identity)}
    if changed:
        jointly = joint_choices(changed, known, matrix, weights, settings)
        choices = [jointly.get(c.profile.name, c) for c in choices]
    chosen = {c.profile.name: c.transform for c in choices}
    entries = [chosen.get(name, t) for name, t in zip(matrix.features, known.entries, strict=True)]
    return Transforms(tuple(entries)), tuple(choice.diagnostic() for choice in choices)


def _choice(profile: Profile, settings: ChoiceSettings) -> Choice | None:
    """The choice by univariate mixtures; None if the values allow the identity only."""
    candidates = [Identity(), *candidates_of(profile, settings)]
    if len(candidates) == 1:
        return None
    bics = _bics(profile, candidates, settings)
    best = int(np.argmin(bics))
    if bics[0] - bics[best] < settings.margin:
        best = 0
    other = 0 if best else 1 + int(np.argmin(bics[1:]))
    return Choice(profile, candidates[best], candidates[other], float(bics[other] - bics[best]))


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
