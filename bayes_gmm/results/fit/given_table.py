"""`GivenTable`: a table in memory or a scan, as fits and comparisons use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bayes_gmm.data.checks.check_table import (
    check_table,
    column_fit_findings,
    fit_findings,
    one_of_each_code,
)
from bayes_gmm.data.checks.transform_choice import resolve_transforms
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.spool.record import Scan
from bayes_gmm.data.spool.scan import scanned
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.data.validate import check_weights
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.errors import FitError
from bayes_gmm.results.fit.prepared_table import PreparedTable


@dataclass(frozen=True, eq=False)
class GivenTable:
    """A table in memory or a scan, as fits and comparisons use it.

    Attributes
    ----------
    matrix : FeatureMatrix
        The rows in the user's units, or the sample of a scan.
    weights : ndarray, shape (n_rows,), or None
        Weights of the rows of `matrix`.
    scan : Scan or None
    """

    matrix: FeatureMatrix
    weights: Floats | None
    scan: Scan | None = None

    @classmethod
    def of(cls, X: Any, sample_weight: Any = None) -> GivenTable:
        """A table as users give it, with its row weights.

        Raises
        ------
        DataError
            If the table or the weights cannot be used.
        FitError
            If weights are given for a scan.

        Examples
        --------
        >>> GivenTable.of([[1.0], [2.0]], [1, 3]).weights.tolist()
        [1.0, 3.0]
        """
        scan = scanned(X)
        if scan is None:
            matrix = feature_matrix(X)
            return cls(matrix, check_weights(sample_weight, matrix.n_rows))
        if sample_weight is not None:
            raise FitError("weights of a scan are a column of its source: bg.scan(weights=...)")
        return cls(scan.sample, scan.sample_weights, scan)

    def resolved(self, transforms: Any) -> tuple[Transforms, tuple[Diagnostic, ...]]:
        """Transformations of the columns, and what "auto" chose.

        Raises
        ------
        FitError
            If transformations are given for a scan.
        """
        if self.scan is None:
            return resolve_transforms(transforms, self.matrix, self.weights)
        if transforms is not None:
            raise FitError(
                "transforms of a scan are chosen when it is made: bg.scan(transforms=...)"
            )
        return self.scan.transforms, self.scan.choices

    def findings(self) -> tuple[Diagnostic, ...]:
        """All findings in the table (see `check_table`)."""
        if self.scan is not None:
            return check_table(self.scan)
        return check_table(self.matrix, sample_weight=self.weights)

    def warned(self, *, stacklevel: int) -> tuple[Diagnostic, ...]:
        """Warn of findings that affect a fit, once for each code, and return all.

        Parameters
        ----------
        stacklevel : int
            As `warnings.warn` takes it, seen from the caller.
        """
        if self.scan is None:
            findings = fit_findings(self.matrix, self.weights)
        else:
            findings = column_fit_findings(self.scan.checked_table())
        warn(one_of_each_code(findings), stacklevel=stacklevel + 1)
        return findings

    def prepared(
        self, transforms: Transforms, *, most_parameters: int, standardize: bool, resolution: Any
    ) -> PreparedTable:
        """The table in standardised units (see `PreparedTable`)."""
        if self.scan is None:
            return PreparedTable.of(
                self.matrix, self.weights, most_parameters=most_parameters,
                standardize=standardize, resolution=resolution, transforms=transforms,
            )  # fmt: skip
        return PreparedTable.of_scan(
            self.scan, most_parameters=most_parameters, standardize=standardize,
            resolution=resolution,
        )  # fmt: skip
