"""Transformations that the values of a column allow, and the choice among them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_gmm.data.checks.column_parts import ColumnParts
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings, ChoiceSettings
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity, Log, Log1p, Sqrt, Transform
from bayes_gmm.diagnostics.diagnostic import Diagnostic


@dataclass(frozen=True)
class Choice:
    """The transformation chosen for a column.

    Attributes
    ----------
    profile : Profile
    transform : Transform
    other : Transform
        The identity, or the best other one if the identity is chosen.
    bic_reduction : float
        BIC with `other` minus BIC with `transform`.
    joint : bool
        Whether the BIC is that of multivariate mixtures of all columns.
    """

    profile: Profile
    transform: Transform
    other: Transform
    bic_reduction: float
    joint: bool = False

    def diagnostic(self) -> Diagnostic:
        """The choice as a note."""
        values = {
            "transform": self.transform.spec, "bic_reduction": self.bic_reduction,
            "next": self.other.spec, "joint": self.joint,
        }  # fmt: skip
        return Diagnostic("transform_chosen", (self.profile.name,), values)


def column_profile(matrix: FeatureMatrix, j: int, weights: Floats | None) -> Profile:
    """The profile of a column of a table, over rows of positive weight."""
    column = matrix.values[:, j]
    if weights is not None:
        column, weights = column[weights > 0.0], weights[weights > 0.0]
    return Profile.of(matrix.features[j], column, weights)


def candidates_of(profile: Profile, settings: ChoiceSettings) -> list[Transform]:
    """Transformations other than the identity that the values of a column allow.

    Examples
    --------
    >>> x = np.arange(1.0, 40.0)
    >>> candidates_of(Profile.of("Spend", x), ChoiceSettings())
    [Log(), Sqrt()]
    >>> candidates_of(Profile.of("Spend", x - 1.0), ChoiceSettings())
    [Log1p(scale=2.0)]
    """
    if len(profile.values) < settings.fewest_distinct or profile.values[0] < 0.0:
        return []
    if profile.values[0] > 0.0:
        return [Log(), Sqrt()]
    if 0.0 in ColumnParts(profile, CheckSettings()).shared:
        return []
    return [with_low_scale(profile, settings)]


def joint_candidates_of(profile: Profile, settings: ChoiceSettings) -> list[Transform]:
    """The identity, the candidates of a column, and logarithms with several scales."""
    scales = (_with_scale(profile, share) for share in settings.shares)
    candidates = [*candidates_of(profile, settings), with_low_scale(profile, settings), *scales]
    return [Identity(), *dict.fromkeys(candidates)]


def with_low_scale(profile: Profile, settings: ChoiceSettings) -> Log1p:
    """log(1 + x / scale) with the scale of univariate mixtures."""
    return _with_scale(profile, settings.low_share)


def _with_scale(profile: Profile, share: float) -> Log1p:
    """The scale is a quantile of the positive values, or the recording step if that is larger."""
    positive = profile.of_values(profile.values > 0.0)
    return Log1p(max(float(positive.quantiles(np.array([share]))[0]), profile.step))
