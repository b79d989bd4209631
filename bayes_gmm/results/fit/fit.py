"""The fit of a table: preparation of the rows, and search of the modes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayes_gmm.data.checks.check_table import fit_findings, one_of_each_code
from bayes_gmm.data.checks.collinearity import Dependence, exact_dependence
from bayes_gmm.data.checks.transform_choice import resolve_transforms
from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.subsample import sample_rows
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.data.validate import check_fit
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.errors import DataError, FitError, shown
from bayes_gmm.inference.evidence.mode_masses import mode_masses
from bayes_gmm.inference.modes.guesses import Sample
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.modes.modes import find_modes, labelled
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.precompile import compile_at_first_use
from bayes_gmm.model.checks import whole_number
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table
from bayes_gmm.results.checks import fit_errors, without_maximum
from bayes_gmm.results.fit.coinciding_segments import coinciding_segments
from bayes_gmm.results.fit.map_fit import MapFit, log_units, proper_modes
from bayes_gmm.results.fit.small_segments import small_segments


@dataclass(frozen=True)
class StartSampleSettings:
    """Size of the sample of rows for starts, large enough to estimate every parameter."""

    min_rows: int = 4000
    """Rows of the sample, or all if the table has fewer."""
    rows_per_parameter: int = 4
    """Rows per parameter of the largest mixture; the sample has the larger of both numbers."""


SAMPLE = StartSampleSettings()


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


@dataclass(frozen=True, eq=False)
class PreparedTable:
    """A checked table in standardised units, for any number of fits.

    Attributes
    ----------
    matrix : FeatureMatrix
        In the user's units.
    rows : ModelMatrix
        The matrix on the scale of the model.
    log_jacobian : float
        Log-Jacobian of the transformations, summed over weighted rows.
    transforms : Transforms
    density : Density
        Density of one component; `density_of` gives others on the same rows.
    standardizer : Standardizer
    sample : Sample
        Sample of the rows for the starts.
    dependence : Dependence or None
        Columns without recording error that are exactly collinear.
    """

    matrix: FeatureMatrix
    rows: ModelMatrix
    log_jacobian: float
    transforms: Transforms
    density: Density
    standardizer: Standardizer
    sample: Sample
    dependence: Dependence | None = None

    @classmethod
    def of(
        cls,
        matrix: FeatureMatrix,
        weights: Floats | None,
        *,
        most_parameters: int,
        standardize: bool = True,
        resolution: Any = "auto",
        transforms: Transforms | None = None,
    ) -> PreparedTable:
        """Standardise a checked table, and choose a sample of rows for the starts.

        Parameters
        ----------
        matrix : FeatureMatrix
        weights : ndarray, shape (n_rows,), optional
        most_parameters : int
            Number of parameters of the largest mixture to be fitted.
        standardize, resolution
            As `density_of_table` takes them.
        transforms : Transforms, optional
        """
        by_column = transforms or Transforms.identity(matrix.n_features)
        rows = by_column.apply(matrix)
        log_jacobian = rows.log_jacobian if weights is None else weights * rows.log_jacobian
        n_rows = max(SAMPLE.min_rows, SAMPLE.rows_per_parameter * most_parameters)
        # The sample is chosen first: copying rows into tiles discards the order of the hashes.
        chosen, held = sample_rows(rows.values, weights, n_rows)
        with fit_errors():
            density, standardizer = density_of_table(
                matrix, 1, structure=Structure(), prior=Prior(),
                resolution=resolution, weights=weights, standardize=standardize,
                transforms=by_column,
            )  # fmt: skip
        sample = Sample.of(standardizer.apply(rows.values[chosen]), held)
        exact = np.flatnonzero(density.rho2 == 0.0)
        names = [matrix.features[j] for j in exact]
        dependence = exact_dependence(rows.values[:, exact], weights, names)
        return cls(
            matrix, rows, float(log_jacobian.sum()), by_column, density, standardizer, sample,
            dependence,
        )  # fmt: skip

    def density_of(self, n_components: int, structure: Structure, prior: Prior) -> Density:
        """The density of a mixture on these rows.

        Raises
        ------
        FitError
            If the prior does not suit the mixture.
        DataError
            If columns are exactly collinear and the density has no bound for that reason.
        """
        d = self.matrix.n_features
        with fit_errors():
            constants = prior.constants(n_components, d, structure)
        layout = Layout(n_components, d, structure)
        density = replace(self.density, layout=layout, prior=constants)
        flat = self.dependence
        if flat is not None and density.rises_in_plane(flat.weight):
            raise DataError(
                f"{flat}: without a recording error (resolution=None or 0) the posterior density "
                "has no maximum; leave one of these columns out, give a resolution, or use a "
                "structure without correlations, such as 'diag'"
            )
        return density

    def proper(self, density: Density, found: Sequence[Run]) -> tuple[Run, ...]:
        """Modes that are proper mixtures; a FitError if none is."""
        return proper_modes(density, found, self.standardizer, self.matrix.features)

    def fit_of(
        self,
        density: Density,
        found: tuple[Run, ...],
        prior: Prior,
        masses: ModeMasses | None = None,
    ) -> MapFit:
        """The modes found, in the user's units."""
        return MapFit.from_modes(
            density, found, standardizer=self.standardizer, features=self.matrix.features,
            prior=prior, structure=density.layout.structure, masses=masses,
            transforms=self.transforms, log_jacobian=self.log_jacobian,
        )  # fmt: skip

    def log_units(self, density: Density) -> float:
        """Log density of the standardised table minus that of the table in the user's units."""
        return log_units(density, self.standardizer, self.log_jacobian)


def fit_table(
    matrix: FeatureMatrix, weights: Floats | None, plan: FitPlan, rng: np.random.Generator
) -> tuple[MapFit, Density, tuple[Run, ...], tuple[Diagnostic, ...]]:
    """Fit a table; also return the density and modes for samplers, and the diagnostics of the fit.

    Parameters
    ----------
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), optional
    plan : FitPlan
    rng : Generator
        Random generator for the starts.

    Raises
    ------
    DataError
        If the table cannot be used.
    FitError
        If a parameter does not fit the table, or no start has a finite log-posterior.

    Warns
    -----
    DataWarning
        If a column is an identifier or holds a code for missing, if a segment may collapse onto a
        value that many rows share, if segments hold too few rows for their parameters, or if
        segments coincide.
    ConvergenceWarning
        If the density has no maximum, or the optimisation stopped before the gradient vanished.
    """
    check_fit(matrix, weights, plan.n_components)
    findings = warn_of_table(matrix, weights, stacklevel=3)
    transforms, choices = resolve_transforms(plan.transforms, matrix, weights)
    compile_at_first_use()
    layout = Layout(plan.n_components, matrix.n_features, plan.structure)
    table = PreparedTable.of(
        matrix, weights, most_parameters=layout.size,
        standardize=plan.standardize, resolution=plan.resolution, transforms=transforms,
    )  # fmt: skip
    density = table.density_of(plan.n_components, plan.structure, plan.prior)
    no_maximum = without_maximum(density)
    warn(no_maximum, stacklevel=3)
    found, masses = _searched(table, density, rng, plan.n_init)
    fit = table.fit_of(density, found, plan.prior, masses)
    doubts = [*unfinished(fit), *small_segments(fit), *coinciding_segments(fit)]
    warn(doubts, stacklevel=3)
    return fit, density, found, (*findings, *choices, *no_maximum, *doubts)


def warn_of_table(
    matrix: FeatureMatrix, weights: Floats | None, *, stacklevel: int
) -> tuple[Diagnostic, ...]:
    """Warn of findings in the table that affect a fit, once for each code, and return all.

    Parameters
    ----------
    matrix : FeatureMatrix
    weights : ndarray, shape (n_rows,), optional
    stacklevel : int
        As `warnings.warn` takes it, seen from the caller.
    """
    findings = fit_findings(matrix, weights)
    warn(one_of_each_code(findings), stacklevel=stacklevel + 1)
    return findings


def unfinished(fit: MapFit) -> list[Diagnostic]:
    """A diagnostic if the optimisation has not converged."""
    return [] if fit.converged else [Diagnostic("not_converged", values={"n_iter": fit.n_iter})]


def _searched(
    table: PreparedTable, density: Density, rng: np.random.Generator, n_init: int | None
) -> tuple[tuple[Run, ...], ModeMasses]:
    """The proper modes in order of decreasing mass, and their masses."""
    with within_floating_point():
        found = table.proper(density, find_modes(density, table.sample, rng, n_init=n_init))
        masses = mode_masses(density, found)
        order = masses.order()
        ordered = [found[m] for m in order]
        found = tuple(ordered) if order[0] == 0 else labelled(density, table.sample, ordered)
        return found, masses.taken(order)


@contextmanager
def within_floating_point() -> Iterator[None]:
    """Convert arithmetic errors of the search to FitError."""
    try:
        yield
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise FitError(
            f"numerical overflow in the search ({error}); "
            "give the parameters of the prior in standardised units"
        ) from error
