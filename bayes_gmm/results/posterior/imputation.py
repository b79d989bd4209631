"""Posterior predictive distribution of missing cells, given the observed cells of their rows.

In a draw theta_s the cells M of a row that observes the cells O are distributed as

    sum_k r_ks Normal(mu_kM + V_kMO V_kOO^-1 (x_O - mu_kO), V_kMM - V_kMO V_kOO^-1 V_kOM)

with r_ks the responsibilities of the row and V_k the covariance of component k with recording error
(Ghahramani & Jordan 1994). The average over draws is the posterior predictive distribution of the
cells. It is a mixture of normals, whose moments and quantiles are computed without sampling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.results.checks import check_count
from bayes_gmm.results.posterior.membership import (
    SETTINGS,
    Draw,
    responsibilities_in,
    thinned,
)

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.draws import PosteriorDraws


@dataclass(frozen=True)
class BisectionSettings:
    """Search for the quantiles of a mixture."""

    reach: float = 8.0
    """Distance from the means, in standard deviations, beyond which there is no mass."""
    halvings: int = 40
    """Number of halvings of the interval, after which only rounding errors remain."""


BISECTION = BisectionSettings()


class _Cells(NamedTuple):
    """Missing cells of rows that observe the same features."""

    rows: Integers
    """Shape (n,)."""
    features: Integers
    """Shape (m,)."""
    mean: Floats
    """Shape (n, m), as are all that follow; in the user's units."""
    sd: Floats
    lower: Floats
    upper: Floats


def imputed_cells(
    posterior: PosteriorDraws, X: Any, ci_prob: float, max_draws: int | None
) -> pd.DataFrame:
    """See `Posterior.impute`."""
    import pandas as pd

    matrix = posterior.mixture.matrix_of(X)
    blocks = list(_cells(posterior, matrix, ci_prob, max_draws))
    rows = _joined([np.repeat(cells.rows, len(cells.features)) for cells in blocks], np.int64)
    features = _joined([np.tile(cells.features, len(cells.rows)) for cells in blocks], np.int64)
    order = np.lexsort((features, rows))
    rows, features = rows[order], features[order]

    def column(name: str) -> Floats:
        return _joined([getattr(cells, name).ravel() for cells in blocks], np.float64)[order]

    index = X.index[rows] if isinstance(X, pd.DataFrame) else rows
    return pd.DataFrame({
        "row": index,
        "feature": np.array(posterior.features, dtype=object)[features],
        "mean": column("mean"),
        "sd": column("sd"),
        "lower": column("lower"),
        "upper": column("upper"),
    })  # fmt: skip


def completed_table(posterior: PosteriorDraws, X: Any, max_draws: int | None) -> pd.DataFrame:
    """See `Posterior.completed`."""
    import pandas as pd

    matrix = posterior.mixture.columns_of(X)
    values = np.array(matrix.values)
    for cells in _cells(posterior, posterior.mixture.matrix_of(matrix), None, max_draws):
        values[np.ix_(cells.rows, cells.features)] = cells.mean
    return pd.DataFrame(
        values,
        columns=list(posterior.features),
        index=X.index if isinstance(X, pd.DataFrame) else None,
    )


def _joined(parts: list[Any], kind: type) -> Any:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _cells(
    posterior: PosteriorDraws, matrix: ModelMatrix, ci_prob: float | None, max_draws: int | None
) -> Iterator[_Cells]:
    """Missing cells of rows of one pattern at a time; no quantiles if `ci_prob` is None."""
    n_draws = SETTINGS.fewest_draws if max_draws is None else check_count("max_draws", max_draws)
    draws = thinned(posterior, n_draws)
    missing = np.isnan(matrix.values)
    incomplete = np.flatnonzero(missing.any(axis=1))
    patterns, of_row = np.unique(missing[incomplete], axis=0, return_inverse=True)
    means, V = _normals(posterior, draws)
    for number, pattern in enumerate(patterns):
        rows = incomplete[of_row == number]
        gains, variances = _regressions(V, pattern)
        each = max(1, SETTINGS.cells_at_once // (means.shape[0] * means.shape[1] * len(pattern)))
        for start in range(0, len(rows), each):
            some = rows[start : start + each]
            r = responsibilities_in(posterior, matrix, draws, some) / len(draws)
            x = posterior.fit.standardizer.apply(matrix.values[some])[:, ~pattern]
            centred = x[None, :, None, :] - means[:, None, :, ~pattern]
            m = means[:, None, :, pattern] + np.einsum("snko,skmo->snkm", centred, gains)
            cells = _summed(some, np.flatnonzero(pattern), r, m, variances, ci_prob)
            yield _in_units(posterior, cells, r, m, np.sqrt(variances))


def _in_units(posterior: PosteriorDraws, cells: _Cells, r: Floats, m: Floats, sd: Floats) -> _Cells:
    """Standardised cells in the user's units; moments of transformed ones by quadrature."""
    units, transforms = posterior.fit.standardizer, posterior.mixture.transforms
    shift, scale = units.shift[cells.features], units.scale[cells.features]
    found = cells._replace(
        mean=shift + scale * cells.mean, sd=scale * cells.sd,
        lower=shift + scale * cells.lower, upper=shift + scale * cells.upper,
    )  # fmt: skip
    for i, j in enumerate(cells.features.tolist()):
        if j not in transforms.changed:
            continue
        t = transforms.entries[j]
        mean, own = t.moments(shift[i] + scale[i] * m[..., i], scale[i] * sd[:, None, :, i])
        found.mean[:, i] = np.einsum("snk,snk->n", r, mean)
        spread = own**2 + (mean - found.mean[:, i, None]) ** 2
        found.sd[:, i] = np.sqrt(np.einsum("snk,snk->n", r, spread))
        for bound in (found.lower, found.upper):
            bound[:, i] = t.inverse(bound[:, i])
    return found


def _normals(posterior: PosteriorDraws, draws: list[Draw]) -> tuple[Floats, Floats]:
    """Means (S, K, d) and covariances with recording error (S, K, d, d) in draws."""
    _, means, trils = (np.stack(part) for part in zip(*draws, strict=True))
    return means, trils @ trils.mT + np.diag(posterior.fit.rho2)


def _regressions(V: Floats, missing: np.ndarray[Any, Any]) -> tuple[Floats, Floats]:
    """Slopes (S, K, m, o) on the observed features, and residual variances (S, K, m)."""
    across = V[..., ~missing, :][..., missing]
    slopes = np.linalg.solve(V[..., ~missing, :][..., ~missing], across).mT
    own = np.diagonal(V, axis1=-2, axis2=-1)[..., missing]
    return slopes, np.maximum(own - np.einsum("skmo,skom->skm", slopes, across), 0.0)


def _summed(
    rows: Integers,
    features: Integers,
    r: Floats,
    m: Floats,
    variances: Floats,
    ci_prob: float | None,
) -> _Cells:
    """Moments and quantiles of sum_sk r_snk Normal(m_snkj, variances_skj), for rows n, cells j."""
    mean = np.einsum("snk,snkj->nj", r, m)
    spread = variances[:, None] + (m - mean[:, None, :]) ** 2
    sd = np.sqrt(np.einsum("snk,snkj->nj", r, spread))
    if ci_prob is None:
        return _Cells(rows, features, mean, sd, mean, mean)
    tail = (1.0 - ci_prob) / 2.0
    lower, upper = (_quantiles(q, r, m, np.sqrt(variances)) for q in (tail, 1.0 - tail))
    return _Cells(rows, features, mean, sd, lower, upper)


def _quantiles(prob: float, r: Floats, m: Floats, sd: Floats) -> Floats:
    """Quantiles at which the distribution function is `prob`, by bisection, shape (n, j)."""
    sd = sd[:, None]
    reach = BISECTION.reach * sd
    low, high = (m - reach).min(axis=(0, 2)), (m + reach).max(axis=(0, 2))
    for _ in range(BISECTION.halvings):
        middle = 0.5 * (low + high)
        below = np.einsum("snk,snkj->nj", r, ndtr((middle[:, None, :] - m) / sd)) < prob
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)
