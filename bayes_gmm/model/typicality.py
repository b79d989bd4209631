"""How typical rows are of a fitted mixture."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataWarning, listed, shown
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.text import percent


@dataclass(frozen=True)
class TypicalitySettings:
    """Settings of `typicality` and `outside`."""

    draws: int = 20_000
    """Simulated rows; the standard error of a typicality of .001 is then .0002."""
    most_evaluations: int = 2_000_000
    """Maximum number of densities of simulated rows, over all patterns of missing cells."""
    fewest_draws: int = 500
    """Minimum number of simulated rows for each pattern of missing cells."""
    random_state: int = 0
    """Seed of the simulated rows: equal rows have equal typicalities."""
    beyond: float = 0.001
    """Largest typicality of a row that is beyond all segments."""
    tolerated: float = 0.2
    """Share of rows beyond all segments up to which there is no warning."""
    most_rows: int = 2_000
    """Rows, at equal distances, of which a prediction finds whether they are beyond."""
    far: float = 4.0
    """Distance from the mean of every segment, in its standard deviations, that is far."""


def typicality(mixture: Mixture, X: Any, settings: TypicalitySettings | None = None) -> Floats:
    """Share of the fitted population whose density is lower than that of each row, shape (N,).

    It is 1 at the highest density and 0 beyond all segments. The density is that of the observed
    cells of the row, as is the population's; a row without observed cells has NaN. The share is
    estimated from rows simulated by the mixture.

    Examples
    --------
    >>> mixture = Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
    >>> typicality(mixture, [[0.0, 0.0], [2.0, np.nan], [9.0, 0.0]]).round(2)
    array([1.  , 0.04, 0.  ])
    """
    settings = settings or TypicalitySettings()
    values = mixture.matrix_of(X).values
    log_prob = mixture.log_prob(values)
    patterns = list(_patterns(~np.isnan(values)))
    n_draws = settings.most_evaluations // max(len(patterns), 1)
    n_draws = int(np.clip(n_draws, settings.fewest_draws, settings.draws))
    simulated, _ = mixture.sample(n_draws, settings.random_state)
    found = np.full(len(values), np.nan)
    for observed, rows in patterns:
        if observed.any():
            population = mixture.log_prob(np.where(observed, simulated, np.nan))
            found[rows] = np.searchsorted(np.sort(population), log_prob[rows]) / n_draws
    return found


def _patterns(
    observed: npt.NDArray[np.bool_],
) -> Iterator[tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]]:
    """Each pattern of observed cells, with its rows."""
    if observed.all():
        yield np.ones(observed.shape[1], dtype=bool), np.arange(len(observed))
        return
    patterns, inverse = np.unique(observed, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    order = np.argsort(inverse, kind="stable")
    ends = np.cumsum(np.bincount(inverse, minlength=len(patterns)))
    yield from zip(patterns, np.split(order, ends[:-1]), strict=True)


@dataclass(frozen=True)
class RowsBeyond:
    """More rows beyond all segments than the settings tolerate.

    Attributes
    ----------
    n_rows, n_beyond : int
        Rows with observed cells, and those among them that are beyond all segments.
    columns : tuple of str
        Columns in which most of these rows are far from every segment.
    """

    n_rows: int
    n_beyond: int
    columns: tuple[str, ...]
    code: str = "rows beyond segments"

    def __str__(self) -> str:
        """Text with advice, on one line."""
        share = percent(self.n_beyond / self.n_rows)
        where = ""
        if self.columns:
            names = listed([shown(name) for name in self.columns], 6)
            where = f", most of them in {names}"
        return (
            f"{self.n_beyond:,} of {self.n_rows:,} rows ({share}) are beyond all segments{where}: "
            "their segments and probabilities mean little; check that the columns have the units "
            "and the meaning of the fitted table"
        )


def rows_beyond(
    mixture: Mixture, X: Any, typical: Floats, settings: TypicalitySettings | None = None
) -> RowsBeyond | None:
    """The rows beyond all segments, if there are more than are tolerated; else None.

    Examples
    --------
    >>> mixture = Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None], features=("a", "b"))
    >>> X = np.array([[0.0, 0.0], [90.0, 0.0]])
    >>> rows_beyond(mixture, X, typicality(mixture, X)).columns
    ('a',)
    """
    settings = settings or TypicalitySettings()
    beyond = typical <= settings.beyond  # NaN is not
    n_rows = int(np.count_nonzero(~np.isnan(typical)))
    n_beyond = int(np.count_nonzero(beyond))
    if n_beyond <= settings.tolerated * n_rows:
        return None
    values = mixture.matrix_of(X).values[beyond]
    far = np.ones(values.shape, dtype=bool)
    for mean, sd in zip(mixture.means, mixture.standard_deviations, strict=True):
        far &= np.abs(values - mean) > settings.far * sd
    columns = [
        name for name, share in zip(mixture.features, far.mean(axis=0), strict=True) if share > 0.5
    ]
    return RowsBeyond(n_rows, n_beyond, tuple(columns))


def warn_rows_beyond(
    mixture: Mixture, X: Any, settings: TypicalitySettings | None = None
) -> RowsBeyond | None:
    """Issue a `DataWarning` if too many rows, or of a long table a sample, are beyond."""
    settings = settings or TypicalitySettings()
    values = mixture.matrix_of(X).values
    every = -(-len(values) // settings.most_rows)
    some = values[::every]
    quick = replace(settings, draws=settings.most_rows)
    found = rows_beyond(mixture, some, typicality(mixture, some, quick), settings)
    if found is not None:
        warnings.warn(str(found), DataWarning, stacklevel=3)
    return found
