"""What one pass over a table finds out besides writing it: moments, samples and steps."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bayes_gmm.data.resolution import step_of
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.spool.moments import Moments
from bayes_gmm.data.spool.sketch import Smallest
from bayes_gmm.data.subsample import GOLDEN, Hashes, hash_rows
from bayes_gmm.data.transforms import Transforms


@dataclass(frozen=True)
class SampleSettings:
    """Sizes of the samples that a scan takes."""

    rows: int = 20_000
    """Rows, for starts, findings and checks."""
    values: int = 50_000
    """Distinct values of each column, for its rounding step."""


SAMPLE = SampleSettings()


@dataclass(frozen=True, eq=False)
class Summary:
    """Moments and samples of the rows so far.

    Attributes
    ----------
    moments : Moments
        Of the columns on the scale of the model.
    distinct : Smallest
        Distinct rows in the user's units.
    drawn : Smallest
        Rows in the user's units, drawn uniformly, so that copies of a row are as frequent as in the
        table; a row that many repeat would often be missing in a sample of distinct rows.
    values : tuple of Smallest
        Distinct values of each column in the user's units.
    log_jacobian : float
        Log-Jacobian of the transformations, summed over weighted rows.
    slopes2 : ndarray, shape (d,)
        Weighted sums of t_j'(x)^2 over observed cells, for transformed columns.
    low, high : ndarray, shape (d,)
        Smallest and largest value of each column in the user's units; NaN if there is none.
    """

    moments: Moments
    distinct: Smallest
    drawn: Smallest
    values: tuple[Smallest, ...]
    log_jacobian: float
    slopes2: Floats
    low: Floats
    high: Floats

    @classmethod
    def empty(cls, n_features: int, settings: SampleSettings = SAMPLE) -> Summary:
        """The summary of no rows."""
        return cls(
            Moments.empty(n_features),
            Smallest.empty(settings.rows, n_features),
            Smallest.empty(settings.rows, n_features),
            tuple(Smallest.empty(settings.values, 1) for _ in range(n_features)),
            0.0,
            np.zeros(n_features),
            np.full(n_features, np.nan),
            np.full(n_features, np.nan),
        )

    def with_rows(
        self,
        values: Floats,
        on_scale: Floats,
        weights: Floats | None,
        transforms: Transforms,
        *,
        first: int,
    ) -> Summary:
        """The summary after further rows, in the user's units and on the scale of the model.

        `first` is the number of rows before these.
        """
        hashes = hash_rows(values)
        found = replace(
            self,
            moments=self.moments.merged(Moments.of(on_scale, weights)),
            distinct=self.distinct.with_items(hashes, values, weights),
            drawn=self.drawn.with_items(_of_places(hashes, first), values, weights),
            values=tuple(
                _with_column(sketch, column, weights)
                for sketch, column in zip(self.values, values.T, strict=True)
            ),
            low=np.fmin(self.low, np.fmin.reduce(values, axis=0)),
            high=np.fmax(self.high, np.fmax.reduce(values, axis=0)),
        )
        if transforms.is_identity:
            return found
        log_jacobian, slopes2 = self.log_jacobian, self.slopes2.copy()
        for j in transforms.changed:
            seen = ~np.isnan(values[:, j])
            slope = transforms.entries[j].log_derivative(values[seen, j])
            w = np.ones(len(slope)) if weights is None else weights[seen]
            log_jacobian += float(w @ slope)
            slopes2[j] += w @ np.exp(2.0 * slope)
        return replace(found, log_jacobian=log_jacobian, slopes2=slopes2)

    def merged(self, other: Summary) -> Summary:
        """The summary of the rows of both."""
        return Summary(
            self.moments.merged(other.moments), self.distinct.merged(other.distinct),
            self.drawn.merged(other.drawn),
            tuple(a.merged(b) for a, b in zip(self.values, other.values, strict=True)),
            self.log_jacobian + other.log_jacobian, self.slopes2 + other.slopes2,
            np.fmin(self.low, other.low), np.fmax(self.high, other.high),
        )  # fmt: skip

    @property
    def sample(self) -> tuple[Floats, Floats]:
        """Different rows (n, d), all or some, and the weight of the rows that each stands for."""
        if self.distinct.is_whole:
            return self.distinct.items, self.distinct.counts
        kinds = Smallest.empty(self.drawn.size, self.drawn.items.shape[1]).with_items(
            hash_rows(self.drawn.items), self.drawn.items, self.drawn.counts
        )
        return kinds.items, kinds.counts

    def steps(self, transforms: Transforms) -> Floats:
        """Rounding step of each column on the scale of the model, shape (d,); 0 if none.

        Of columns with very many distinct values, a sample of the values is used.
        """
        found = np.zeros(len(self.values))
        for j, sketch in enumerate(self.values):
            order = np.argsort(sketch.items[:, 0])
            found[j] = step_of(sketch.items[order, 0], sketch.counts[order])
        for j in transforms.changed:
            found[j] *= np.sqrt(self.slopes2[j] / self.moments.weight[j])
        return found


def _of_places(hashes: Hashes, first: int) -> Hashes:
    """Hashes of rows and of their places in the table."""
    places = np.arange(first + 1, first + len(hashes) + 1, dtype=np.uint64)
    found = (hashes ^ (places * GOLDEN)) * GOLDEN
    found ^= found >> np.uint64(29)
    return found * GOLDEN


def _value_counts(column: Floats) -> tuple[Floats, Floats]:
    """Distinct values and their numbers, by a hash table, which is fast for few values."""
    import pyarrow as pa

    values, counts = pa.array(column).value_counts().flatten()
    return values.to_numpy(), counts.to_numpy().astype(np.float64)


def _with_column(sketch: Smallest, column: Floats, weights: Floats | None) -> Smallest:
    seen = ~np.isnan(column)
    if not seen.all():
        column, weights = column[seen], None if weights is None else weights[seen]
    if sketch.is_whole and weights is None:
        column, weights = _value_counts(column)
    return sketch.with_items(hash_rows(column[:, None]), column[:, None], weights)
