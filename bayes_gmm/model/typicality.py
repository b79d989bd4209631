"""How typical rows are of a fitted mixture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.model.mixture import Mixture


@dataclass(frozen=True)
class TypicalitySettings:
    """Settings of `typicality` and `rows_beyond`."""

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
    """Maximum fraction of rows beyond all segments without a warning."""
    most_rows: int = 2_000
    """Maximum number of rows that a prediction checks; longer tables are thinned."""
    far: float = 4.0
    """Minimum distance of a far value from the mean of every segment, in its standard
    deviations."""


def typicality(mixture: Mixture, X: Any, settings: TypicalitySettings | None = None) -> Floats:
    """Fraction of the fitted population with a lower density than each row, shape (N,).

    It is 1 at the highest density and 0 beyond all segments. The density is that of the observed
    cells of the row, as is the population's, on the transformed scale; a row without observed cells
    has NaN. The fraction is estimated from rows simulated by the mixture.

    Examples
    --------
    >>> mixture = Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None])
    >>> typicality(mixture, [[0.0, 0.0], [2.0, np.nan], [9.0, 0.0]]).round(2)
    array([1.  , 0.04, 0.  ])
    """
    settings = settings or TypicalitySettings()
    values = mixture.matrix_of(X).values
    gaussians = replace(mixture, transforms=None)
    log_prob = gaussians.log_prob(values)
    patterns = list(_patterns(~np.isnan(values)))
    n_draws = settings.most_evaluations // max(len(patterns), 1)
    n_draws = int(np.clip(n_draws, settings.fewest_draws, settings.draws))
    simulated, _ = gaussians.sample(n_draws, settings.random_state)
    found = np.full(len(values), np.nan)
    for observed, rows in patterns:
        if observed.any():
            population = gaussians.log_prob(np.where(observed, simulated, np.nan))
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


def rows_beyond(
    mixture: Mixture, X: Any, typical: Floats, settings: TypicalitySettings | None = None
) -> tuple[Diagnostic, ...]:
    """A diagnostic if more rows are beyond all segments than the settings tolerate, or none.

    Its subject are the columns in which most of these rows are far from every segment, with the
    medians of the rows and the means of the fitted population among the values.

    Examples
    --------
    >>> mixture = Mixture(np.ones(1), np.zeros((1, 2)), np.eye(2)[None], features=("a", "b"))
    >>> X = np.array([[0.0, 0.0], [90.0, 0.0]])
    >>> [found] = rows_beyond(mixture, X, typicality(mixture, X))
    >>> found.subject, found.values["medians"], found.values["means"]
    (('a',), (90.0,), (0.0,))
    """
    settings = settings or TypicalitySettings()
    beyond = typical <= settings.beyond  # NaN is not
    n_rows = int(np.count_nonzero(~np.isnan(typical)))
    n_beyond = int(np.count_nonzero(beyond))
    if n_beyond <= settings.tolerated * n_rows:
        return ()
    values = mixture.matrix_of(X).values[beyond]
    far = np.ones(values.shape, dtype=bool)
    for mean, sd in zip(mixture.means, mixture.standard_deviations, strict=True):
        far &= np.abs(values - mean) > settings.far * sd
    columns = np.flatnonzero(far.mean(axis=0) > 0.5)
    back = mixture.transforms.only(columns.tolist()).inverse
    medians = back(np.nanmedian(values[:, columns], axis=0))
    means = back((mixture.weights @ mixture.means)[columns])
    found = {
        "rows": n_beyond, "total": n_rows, "fraction": n_beyond / n_rows,
        "medians": tuple(medians.tolist()), "means": tuple(means.tolist()),
    }  # fmt: skip
    names = tuple(mixture.features[j] for j in columns)
    return (Diagnostic("rows_beyond", names, found),)


def warn_rows_beyond(mixture: Mixture, X: Any, settings: TypicalitySettings | None = None) -> None:
    """Issue a `DataWarning` if too many rows of a table, or of a sample of it, are beyond."""
    warn(rows_beyond_in_sample(mixture, X, settings), stacklevel=3)


def rows_beyond_in_sample(
    mixture: Mixture, X: Any, settings: TypicalitySettings | None = None
) -> tuple[Diagnostic, ...]:
    """`rows_beyond` of a table, or of at most `most_rows` of its rows."""
    settings = settings or TypicalitySettings()
    matrix = mixture.matrix_of(X)
    every = -(-matrix.n_rows // settings.most_rows)
    some = matrix.only(slice(None, None, every))
    quick = replace(settings, draws=settings.most_rows)
    return rows_beyond(mixture, some, typicality(mixture, some, quick), settings)
