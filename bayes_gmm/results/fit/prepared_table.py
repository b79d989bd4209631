"""`PreparedTable`: a checked table in standardised units, for any number of fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayes_gmm.data.checks.collinearity import Dependence, exact_dependence
from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.resolution import recording_variances
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.data.spool.record import Scan
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.subsample import sample_rows
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.errors import DataError, FitError
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.checks import truth
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table
from bayes_gmm.results.checks import fit_errors
from bayes_gmm.results.fit.map_fit import MapFit, log_units, proper_modes


@dataclass(frozen=True)
class StartSampleSettings:
    """Size of the sample of rows for starts, large enough to estimate every parameter."""

    min_rows: int = 4000
    """Rows of the sample, or all if the table has fewer."""
    rows_per_parameter: int = 4
    """Rows per parameter of the largest mixture; the sample has the larger of both numbers."""


SAMPLE = StartSampleSettings()


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
    is_whole : bool
        Whether `matrix` has every row of the density; that of a scan is a weighted sample.
    """

    matrix: FeatureMatrix
    rows: ModelMatrix
    log_jacobian: float
    transforms: Transforms
    density: Density
    standardizer: Standardizer
    sample: Sample
    dependence: Dependence | None = None
    is_whole: bool = True

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
        return cls(
            matrix, rows, float(log_jacobian.sum()), by_column, density, standardizer, sample,
            _dependence(density, rows, weights),
        )  # fmt: skip

    @classmethod
    def of_scan(
        cls, scan: Scan, *, most_parameters: int, standardize: bool, resolution: Any
    ) -> PreparedTable:
        """A scanned table, with a sample of the rows for all except likelihoods.

        Parameters
        ----------
        scan : Scan
        most_parameters, standardize, resolution
            As `of` takes them.

        Raises
        ------
        FitError
            If `standardize` is False, or the resolution is invalid.
        """
        if not truth("standardize", standardize):
            raise FitError("standardize=False needs a table in memory; a scan is standardised")
        matrix, held, units = scan.sample, scan.sample_weights, scan.standardizer
        rows = scan.transforms.apply(matrix)
        n_rows = max(SAMPLE.min_rows, SAMPLE.rows_per_parameter * most_parameters)
        chosen, weights = sample_rows(rows.values, held, n_rows)
        with fit_errors():
            recording = scan.recording(resolution)
        density = Density(
            scan.rows, Layout(1, matrix.n_features, Structure()),
            Prior().constants(1, matrix.n_features, Structure()),
            recording_variances(recording, scan.rows.cell_weights) / units.scale**2,
            recording.resolution / units.scale,
        )  # fmt: skip
        sample = Sample.of(units.apply(rows.values[chosen]), weights)
        return cls(
            matrix, rows, scan.log_jacobian, scan.transforms, density, units, sample,
            _dependence(density, rows, held), is_whole=False,
        )  # fmt: skip

    @property
    def kept(self) -> KeptMatrix | None:
        """The rows in the user's units, for functions of the posterior; None for a scan."""
        return KeptMatrix.of(self.matrix) if self.is_whole else None

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


def _dependence(density: Density, rows: ModelMatrix, weights: Floats | None) -> Dependence | None:
    """Columns without recording error that are exactly collinear."""
    exact = np.flatnonzero(density.rho2 == 0.0)
    return exact_dependence(rows.values[:, exact], weights, [rows.features[j] for j in exact])
