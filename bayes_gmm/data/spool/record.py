"""`Scan`: a table whose standardised rows are in memory-mapped files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bayes_gmm.data.checks.checked_table import CheckedTable
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.resolution import Recording, recording_of
from bayes_gmm.data.rows import Floats, Rows
from bayes_gmm.data.spool.batches import Source
from bayes_gmm.data.spool.checked import checked_scan
from bayes_gmm.data.spool.lock import locked
from bayes_gmm.data.spool.summary import Summary
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.text import counted


@dataclass(frozen=True, eq=False)
class Scan:
    """A table whose standardised rows are in memory-mapped files.

    `BayesGMM.fit` and `compare` take it in place of a table. Findings, checks of shape and starts
    use `sample`; likelihoods use every row.

    Attributes
    ----------
    folder : Path
        The files.
    source : Source
    features : tuple of str
    left_out : tuple of str
        Columns that hold no numbers.
    transforms : Transforms
    choices : tuple of Diagnostic
        Transformations that "auto" chose.
    rows : Rows
        Standardised rows, in the order of their missingness patterns within batches.
    summary : Summary
    weights : str or None
        Column of row weights.
    """

    folder: Path
    source: Source
    features: tuple[str, ...]
    left_out: tuple[str, ...]
    transforms: Transforms
    choices: tuple[Diagnostic, ...]
    rows: Rows
    summary: Summary
    weights: str | None = None

    def __repr__(self) -> str:
        return (
            f"Scan({counted(self.n_rows, 'row')}, {counted(len(self.features), 'feature')}, "
            f"{self.n_bytes / 1e6:,.1f} MB in {self.folder})"
        )

    @property
    def n_rows(self) -> int:
        """Rows of positive weight."""
        return self.rows.n_rows

    @property
    def n_bytes(self) -> int:
        """Size of the files on this machine."""
        return sum(path.stat().st_size for folder in self._folders for path in folder.iterdir())

    @property
    def _folders(self) -> list[Path]:
        return [path for path in self.folder.parent.glob(f"{self.folder.name}*") if path.is_dir()]

    @property
    def standardizer(self) -> Standardizer:
        """Mean and standard deviation of each column on the scale of the model."""
        return self.summary.moments.standardizer

    @cached_property
    def sample(self) -> FeatureMatrix:
        """Different rows in the user's units: all, or those in a uniform sample of rows."""
        return FeatureMatrix(self.summary.sample[0], self.features)

    @cached_property
    def sample_weights(self) -> Floats:
        """Weight of each row of `sample`; they sum to the weight of the table."""
        counts = self.summary.sample[1]
        return np.asarray(counts * (self.rows.total_weight / counts.sum()))

    def checked_table(self) -> CheckedTable:
        """What `check_table` uses of the table (see `Checkable`)."""
        return checked_scan(self.summary, self.rows, self.features)

    def recording(self, resolution: Any) -> Recording:
        """Rounding steps of the columns (see `recording_of`), estimated from their values."""
        found = recording_of(
            resolution, self.sample.values, self.standardizer.scale, self.sample_weights,
            self.features, transforms=self.transforms,
        )  # fmt: skip
        if isinstance(resolution, str):
            return found._replace(steps=self.summary.steps(self.transforms))
        return found

    @property
    def log_jacobian(self) -> float:
        """Log-Jacobian of the transformations, summed over weighted rows."""
        return self.summary.log_jacobian

    def remove(self) -> None:
        """Delete the files on this machine; the scan cannot be used afterwards."""
        for folder in self._folders:
            with locked(folder):
                shutil.rmtree(folder, ignore_errors=True)
