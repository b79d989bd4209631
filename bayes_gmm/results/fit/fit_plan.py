"""`FitPlan`: the options of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayes_gmm.errors import FitError, shown
from bayes_gmm.model.checks import whole_number
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.checks import fit_errors


@dataclass(frozen=True)
class FitPlan:
    """Options of a fit.

    Parameters
    ----------
    n_components : int
    structure : Structure
    prior : Prior
    n_init : int, optional
        Number of starts; by default the search chooses it.
    standardize : bool
    resolution : "auto", None, float or sequence of floats
    transforms : mapping, "auto" or None
        By column.
    """

    n_components: int
    structure: Structure
    prior: Prior
    n_init: int | None = None
    standardize: bool = True
    resolution: Any = "auto"
    transforms: Any = None

    @classmethod
    def of(cls, n_components: Any, structure: Any, prior: Any, n_init: Any, **more: Any) -> FitPlan:
        """A plan from the arguments of a user, with defaults resolved.

        Raises
        ------
        FitError
            If one of them is out of range; the message names it.

        Examples
        --------
        >>> FitPlan.of(3, "diag", None, "auto").structure.correlations
        'none'
        """
        with fit_errors():
            K = whole_number("n_components", n_components)
            starts = None if n_init == "auto" else whole_number("n_init", n_init)
            parsed = Structure.parse(structure)
        prior = Prior() if prior is None else prior
        if not isinstance(prior, Prior):
            raise FitError(f"prior must be a Prior, got {shown(prior)}")
        return cls(K, parsed, prior, starts, **more)
