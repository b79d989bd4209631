r"""Columns that are linear functions of those before them, exactly or nearly.

The Cholesky factor of the correlation matrix has on its diagonal what each column has of its own:
:math:`L_{jj}^2 = 1 - R_j^2`, with :math:`R_j^2` of its regression on the columns before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.linalg import solve_triangular

from bayes_gmm.data.finding import Finding
from bayes_gmm.data.profile import Profile
from bayes_gmm.data.profile_findings import FAR_OUT
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.table import FeatureMatrix
from bayes_gmm.errors import listed, shown

OWN = 1e-3
"""Share of its variance that a column must have of its own."""
EXACT = 1e-12
"""What rounding leaves of a column that is an exact function of others."""
NAMED = 0.05
"""Columns with less than this part of the largest coefficient are not named."""
MOST_COLUMNS, MOST_ROWS = 1000, 100_000
"""Of wider tables nothing is said; of longer ones rows in equal distances are looked at."""


def collinear_columns(matrix: FeatureMatrix, profiles: Sequence[Profile]) -> Iterator[Finding]:
    """A finding for each column that is a linear function of columns before it.

    Only rows with no cell missing and none far out are asked: one row far out in two columns makes
    them alike.
    """
    chosen = [j for j, profile in enumerate(profiles) if _varies(profile)]
    if not 2 <= len(chosen) <= MOST_COLUMNS:
        return
    values = _standardised(matrix.values, profiles, chosen)
    if len(values) < len(chosen) + 2:
        return
    varying = np.flatnonzero(values.std(axis=0) > 0.0)
    values, chosen = values[:, varying], [chosen[j] for j in varying]
    names = [profiles[j].name for j in chosen]
    correlations = np.corrcoef(values, rowvar=False).reshape(len(chosen), len(chosen))
    yield from _dependent(correlations, names)


def _varies(profile: Profile) -> bool:
    return len(profile.values) > 1 and 0.0 < profile.span < np.inf


def _standardised(values: Floats, profiles: Sequence[Profile], chosen: Sequence[int]) -> Floats:
    """Whole rows without outliers, at most `MOST_ROWS`, each column by its median and range."""
    every = -(-len(values) // MOST_ROWS)
    kept = values[::every, chosen]
    usual = np.ones(len(kept), dtype=bool)
    for column, profile in zip(kept.T, (profiles[j] for j in chosen), strict=True):
        column -= profile.median
        column /= profile.span
        if profile.robust_sd > 0.0:
            usual &= np.abs(column) <= FAR_OUT * profile.robust_sd / profile.span
        else:
            usual &= ~np.isnan(column)
    return kept[usual]


def _dependent(correlations: Floats, names: Sequence[str]) -> Iterator[Finding]:
    basis: list[int] = []
    factor = np.zeros_like(correlations)
    for j, name in enumerate(names):
        m = len(basis)
        row = solve_triangular(factor[:m, :m], correlations[basis, j], lower=True)
        own = 1.0 - float(row @ row)
        if own > OWN:
            factor[m, :m], factor[m, m] = row, np.sqrt(own)
            basis.append(j)
            continue
        coefficients = np.abs(solve_triangular(factor[:m, :m], row, lower=True, trans="T"))
        of = [basis[i] for i in np.flatnonzero(coefficients > NAMED * coefficients.max())]
        condition = _condition(correlations[np.ix_([j, *of], [j, *of])])
        yield _finding(name, [names[i] for i in of], own, condition)


def _condition(correlations: Floats) -> float:
    eigenvalues = np.linalg.eigvalsh(correlations)
    return float(eigenvalues[-1] / max(eigenvalues[0], np.finfo(np.float64).eps))


def _finding(name: str, others: Sequence[str], own: float, condition: float) -> Finding:
    nearly = "" if own < EXACT else "nearly "
    of = shown(others[0]) if len(others) == 1 else listed([shown(other) for other in others])
    together = "both" if len(others) == 1 else "together they"
    sentence = (
        f"column {shown(name)} is {nearly}a linear function of {of} (condition number "
        f"{condition:.1e}): segments stay proper, by prior and resolution, but {together} say the "
        "same and BIC counts it twice; leave one out"
    )
    return Finding((name, *others), "collinear", condition, sentence)
