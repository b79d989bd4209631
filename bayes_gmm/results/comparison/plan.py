"""The options of `compare`, with checks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayes_gmm.errors import FitError, listed, shown
from bayes_gmm.inference.evidence.log_evidence import without_evidence
from bayes_gmm.inference.modes.grid import Cell
from bayes_gmm.model.checks import number, whole_number
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.checks import fit_errors
from bayes_gmm.results.comparison.candidates import COLUMNS, FROM_DRAWS, OF_EVIDENCE
from bayes_gmm.results.fit.fit_plan import FitPlan
from bayes_gmm.results.posterior.sample import SamplingPlan
from bayes_gmm.text import counted


@dataclass(frozen=True)
class GridPlan:
    """Options of a comparison.

    Attributes
    ----------
    n_components : tuple of int
        Numbers of components, in increasing order.
    structures : tuple of Structure
    prior : Prior
    criteria : tuple of str
    n_init : int, optional
        Number of new starts of each cell.
    prior_over_k : mapping of int to float
        Prior probability of each of `n_components`.
    sampling : SamplingPlan
        Options of posterior draws, if a criterion needs them.
    """

    n_components: tuple[int, ...]
    structures: tuple[Structure, ...]
    prior: Prior
    criteria: tuple[str, ...]
    n_init: int | None
    prior_over_k: Mapping[int, float]
    sampling: SamplingPlan

    @classmethod
    def of(
        cls, n_components: Any, structures: Any, prior: Any, criteria: Any, n_init: Any,
        k_prior: Any, draws: Any, chains: Any, seed: int, progress: Any,
    ) -> GridPlan:  # fmt: skip
        """A plan from the arguments of a user.

        Raises
        ------
        FitError
            If an argument is out of range; the message names it.
        """
        with fit_errors():
            Ks = _whole_numbers(n_components)
            shapes = tuple(Structure.parse(s) for s in _several("structures", structures))
            _refuse_twice("structures", [shape.name for shape in shapes])
            asked = _criteria(criteria)
            prior_over_k = _prior_over_k(k_prior, Ks)
        one = FitPlan.of(min(Ks), shapes[0], prior, n_init)
        sampling = SamplingPlan(draws, None, chains, seed=seed, progress=progress)
        return cls(tuple(sorted(Ks)), shapes, one.prior, asked, one.n_init, prior_over_k, sampling)

    @property
    def cells(self) -> list[Cell]:
        """Cells sorted by number of components, then in the order of the structures."""
        return [Cell(K, s) for K in self.n_components for s in self.structures]

    def most_parameters(self, n_features: int) -> int:
        """Number of parameters of the largest mixture."""
        return max(
            cell.structure.n_parameters(cell.n_components, n_features) for cell in self.cells
        )

    @property
    def needs_draws(self) -> bool:
        """Whether a criterion needs draws of the posterior."""
        return any(criterion in FROM_DRAWS for criterion in self.criteria)

    @property
    def needs_mass(self) -> bool:
        """Whether a criterion needs the masses of modes."""
        return self.needs_draws or "laplace" in self.criteria

    def check_structures(self, n_features: int) -> None:
        """Raise if two structures are equivalent, as some are with a single feature."""
        for i, shape in enumerate(self.structures):
            for other in self.structures[:i]:
                if shape.is_same(other, n_features):
                    raise FitError(
                        f"structures {other.name!r} and {shape.name!r} are the same with "
                        f"{counted(n_features, 'feature')}; give one of them"
                    )

    def check_prior(self, n_features: int) -> None:
        """Raise if a criterion needs the evidence and the prior gives none."""
        needing = [c for c in self.criteria if c in OF_EVIDENCE]
        alpha = self.prior.concentration
        n = len(alpha) if isinstance(alpha, tuple) else 1
        if not needing:
            return
        for shape in self.structures:
            with fit_errors():
                constants = self.prior.constants(n, n_features, shape)
            if constants.is_improper:
                raise FitError(
                    f"criterion {needing[0]!r} needs a proper prior, and the prior has "
                    f"{' and '.join(self._flat_parts(shape, n_features))}, which is flat; give "
                    "finite scales, or use only the criteria 'bic', 'icl' and 'aic'"
                )
            said = without_evidence(constants, shape.n_correlations(2, n_features))
            if said is not None:
                raise FitError(f"criterion {needing[0]!r}: {said}")

    def _flat_parts(self, shape: Structure, n_features: int) -> list[str]:
        """The improper parts of the prior, as the user writes them."""
        covariances = self.prior.covariance_prior(shape, n_features)
        scales = getattr(covariances, "scales", None)
        parts = {"means": (self.prior.means,) * 2, "covariances": (covariances, scales)}
        return [
            f"{name}={part!r}"
            for name, (part, scaled) in parts.items()
            if math.isinf(getattr(scaled, "scale", 0.0))
        ]


def _whole_numbers(given: Any) -> tuple[int, ...]:
    given = [given] if isinstance(given, int | np.integer) else given
    Ks = tuple(whole_number("n_components", K) for K in _several("n_components", given))
    _refuse_twice("n_components", Ks)
    return Ks


def _several(name: str, given: Any) -> list[Any]:
    """A list with at least one item."""
    if isinstance(given, str | Structure):
        return [given]
    try:
        items = list(given)
    except TypeError:
        raise ValueError(f"{name} must be a sequence, got {shown(given)}") from None
    if not items:
        raise ValueError(f"{name} is empty; give at least one")
    return items


def _refuse_twice(name: str, items: Sequence[Any]) -> None:
    for i, item in enumerate(items):
        if item in items[:i]:
            raise ValueError(f"{name} has {shown(item)} twice; give each once")


def _criteria(given: Any) -> tuple[str, ...]:
    criteria = _several("criteria", given)
    for criterion in criteria:
        if not isinstance(criterion, str) or criterion not in COLUMNS:
            raise ValueError(
                f"unknown criterion {shown(criterion)}; choose from {listed(list(COLUMNS))}"
            )
    _refuse_twice("criteria", criteria)
    return tuple(criteria)


def _prior_over_k(given: Any, Ks: tuple[int, ...]) -> dict[int, float]:
    """Prior probabilities by increasing number of components; `given` is in the order of `Ks`."""
    if given is None:
        return dict.fromkeys(sorted(Ks), 1.0 / len(Ks))
    if isinstance(given, Mapping):
        if set(given) != set(Ks):
            raise ValueError(
                f"k_prior has values for K of {shown(list(given))}, but n_components are "
                f"{shown(list(Ks))}"
            )
        given = [given[K] for K in Ks]
    weights = [number("k_prior", value) for value in _several("k_prior", given)]
    if len(weights) != len(Ks):
        raise ValueError(f"k_prior has {len(weights)} weights for {len(Ks)} n_components")
    for K, weight in zip(Ks, weights, strict=True):
        if not 0.0 <= weight < math.inf:
            raise ValueError(f"k_prior must be finite and not negative, got {weight:g} for K={K}")
    if not any(weights):
        raise ValueError("k_prior is 0 for all n_components; at least one must be possible")
    scaled = [weight / max(weights) for weight in weights]
    return {K: weight / sum(scaled) for K, weight in sorted(zip(Ks, scaled, strict=True))}
