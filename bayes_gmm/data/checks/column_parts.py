"""Codes for missing values and atoms of a column, and its other values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bayes_gmm.data.checks.missing_codes import Shared, atoms_of, codes_of
from bayes_gmm.data.checks.outliers import Mask, far_values
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings


@dataclass(frozen=True, eq=False)
class ColumnParts:
    """Parts of a column that several checks use, computed once.

    Attributes
    ----------
    profile : Profile
        Profile of a column that varies.
    settings : CheckSettings

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(50.0, 10.0, 300)
    >>> x[:6], x[6:60] = 999.0, 0.0
    >>> parts = ColumnParts(Profile.of("Age", x), CheckSettings())
    >>> parts.shared, parts.rest.n_observed
    ([999.0, 0.0], 240.0)
    """

    profile: Profile
    settings: CheckSettings

    @cached_property
    def codes(self) -> list[Shared]:
        """Values that look like codes for missing values."""
        return codes_of(self.profile, self.settings.shared_values)

    @cached_property
    def atoms(self) -> list[Shared]:
        """Other values that are far more frequent than the rest."""
        measured = self.profile.without([code.value for code in self.codes])
        return atoms_of(measured, self.settings.shared_values)

    @property
    def shared(self) -> list[float]:
        """The values of codes and atoms."""
        return [value.value for value in [*self.codes, *self.atoms]]

    @cached_property
    def rest(self) -> Profile:
        """The profile of the rows with other values."""
        return self.profile.without(self.shared)

    @cached_property
    def far(self) -> Mask:
        """Whether each value of `rest` is far from the others (see `far_values`)."""
        return far_values(self.rest, self.settings.tails)
