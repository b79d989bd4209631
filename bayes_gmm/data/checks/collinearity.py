r"""Columns that are linear functions of each other, exactly or nearly.

The diagonal of the Cholesky factor L of the correlation matrix gives the fraction of the variance
of each column that the columns before it leave unexplained: :math:`L_{jj}^2 = 1 - R_j^2`. The
diagonal of the inverse P gives the fraction that all other columns leave unexplained:
:math:`1 / P_{jj} = 1 - R_j^2`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from bayes_gmm.data.checks.mixture_1d import best_mixtures, memberships
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CollinearSettings, SkewSettings, TailSettings
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import EPSILON, Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.tables import named
from bayes_gmm.errors import shown


def collinear_findings(
    matrix: FeatureMatrix,
    profiles: Sequence[Profile],
    settings: CollinearSettings | None = None,
    but: Collection[str] = (),
) -> Iterator[Diagnostic]:
    """A finding for each column that is a function of others, and for each nearly collinear group.

    Only rows without missing cells and outliers count: one far row would correlate all columns.
    Columns in `but` are not checked.
    """
    settings = settings or CollinearSettings()
    asked = [profile.name not in but and _varies(profile) for profile in profiles]
    chosen = [int(j) for j in np.flatnonzero(asked)]
    if not 2 <= len(chosen) <= settings.most_columns:
        return
    values = _standardised(matrix.values, profiles, chosen, settings)
    if len(values) < len(chosen) + 2:
        return
    varying = np.flatnonzero(values.std(axis=0) > 0.0)
    values, chosen = values[:, varying], [chosen[j] for j in varying]
    names = [profiles[j].name for j in chosen]
    correlations = _correlations(values)
    found, basis = _dependent(correlations, names, settings)
    yield from found
    if len(values) >= 5 * len(basis):
        of_basis = [names[j] for j in basis]
        yield from _nearly(values[:, basis], correlations[np.ix_(basis, basis)], of_basis, settings)


@dataclass(frozen=True)
class Dependence:
    """Columns that are exactly linear functions of others in the rows that observe all of them.

    Attributes
    ----------
    columns : tuple of str
        Columns of the first linear dependence found; the first is a function of the others.
    more : int
        Further columns that are functions of others.
    n_rows : int
        Rows in which all columns are observed.
    weight : float
        Total weight of these rows.
    """

    columns: tuple[str, ...]
    more: int
    n_rows: int
    weight: float

    def __str__(self) -> str:
        """The cause in words.

        Examples
        --------
        >>> print(Dependence(("c", "a", "b"), 0, 90, 90.0))
        column 'c' is a linear function of 'a', 'b' (to a millionth of its sd) in the 90 rows
        that hold all columns
        """
        first, *others = self.columns
        more = f" ({self.more} more of the columns are functions of others)" if self.more else ""
        return (
            f"column {shown(first)} is a linear function of {named(others)} (to a millionth of its "
            f"sd) in the {self.n_rows:,} rows that hold all columns{more}"
        )


def exact_dependence(
    values: Floats,
    weights: Floats | None,
    names: Sequence[str],
    settings: CollinearSettings | None = None,
) -> Dependence | None:
    """The linear dependence of columns in the rows that observe all of them, or None.

    Parameters
    ----------
    values : ndarray, shape (N, d)
        Columns vary. NaN is a missing cell.
    weights : ndarray, shape (N,), optional
        Rows of weight 0 do not count.
    names : sequence of str
        Names of the columns.
    settings : CollinearSettings, optional

    Examples
    --------
    >>> a, b = np.random.default_rng(0).normal(size=(2, 90))
    >>> found = exact_dependence(np.column_stack([a, b, a - 2 * b]), None, ["a", "b", "c"])
    >>> sorted(found.columns), found.weight
    (['a', 'b', 'c'], 90.0)
    >>> exact_dependence(np.column_stack([a, b]), None, ["a", "b"]) is None
    True
    """
    settings = settings or CollinearSettings()
    counted = ~np.isnan(values).any(axis=1)
    if weights is not None:
        counted &= weights > 0.0
    complete = values[counted]
    if len(names) < 2 or len(complete) < 2:
        return None
    scaled = complete - complete.mean(axis=0)
    size = np.abs(scaled).max(axis=0)
    varying = [int(j) for j in np.flatnonzero(size > 0.0)]
    scaled, varying_names = scaled[:, varying] / size[varying], [names[j] for j in varying]
    exactly = replace(settings, own=settings.exact)
    found, _ = _dependent(_correlations(scaled), varying_names, exactly)
    if not found:
        return None
    weight = float(len(complete) if weights is None else weights[counted].sum())
    return Dependence(found[0].subject, len(found) - 1, len(complete), weight)


def _varies(profile: Profile) -> bool:
    return len(profile.values) > 1 and 0.0 < profile.span < np.inf


def _standardised(
    values: Floats, profiles: Sequence[Profile], chosen: Sequence[int], settings: CollinearSettings
) -> Floats:
    """Complete rows without outliers, each column standardised by its median and range."""
    every = -(-len(values) // settings.most_rows)
    far_out = TailSettings().far_out
    kept = values[::every, chosen]
    usual = np.ones(len(kept), dtype=bool)
    for column, profile in zip(kept.T, (profiles[j] for j in chosen), strict=True):
        column -= profile.median
        column /= profile.span
        if profile.robust_sd > 0.0:
            usual &= np.abs(column) <= far_out * profile.robust_sd / profile.span
        else:
            usual &= ~np.isnan(column)
    return kept[usual]


def _correlations(values: Floats) -> Floats:
    d = values.shape[1]
    found: Floats = np.corrcoef(values, rowvar=False).reshape(d, d)
    return found


def _dependent(
    correlations: Floats, names: Sequence[str], settings: CollinearSettings
) -> tuple[list[Diagnostic], list[int]]:
    """Findings for columns that are functions of those before them, and the other columns."""
    basis: list[int] = []
    found: list[Diagnostic] = []
    factor = np.zeros_like(correlations)
    for j in range(len(names)):
        m = len(basis)
        row = solve_triangular(factor[:m, :m], correlations[basis, j], lower=True)
        own = 1.0 - float(row @ row)
        if own > settings.own:
            factor[m, :m], factor[m, m] = row, np.sqrt(own)
            basis.append(j)
            continue
        coefficients = solve_triangular(factor[:m, :m], row, lower=True, trans="T")
        inverse = np.linalg.inv(correlations[np.ix_(basis, basis)])
        needed = needed_columns(coefficients, inverse, max(own, settings.exact), settings)
        group = _in_order(correlations, [*(basis[i] for i in needed), j])
        condition = _condition(correlations[np.ix_(group, group)])
        columns = tuple(names[i] for i in group)
        values = {
            "condition_number": condition, "own": max(own, 0.0), "exact": own < settings.exact,
        }  # fmt: skip
        found.append(Diagnostic("collinear", columns, values))
    return found, basis


def needed_columns(
    coefficients: Floats, inverse: Floats, own: float, settings: CollinearSettings
) -> list[int]:
    """Regressors without which the unexplained variance would more than double.

    Backward elimination: leaving regressor i out adds b_i^2 / P_ii to the unexplained variance,
    with P the inverse of the correlations of the regressors that are left.

    Parameters
    ----------
    coefficients : ndarray, shape (m,)
        Coefficients of the standardised regression on all m regressors.
    inverse : ndarray, shape (m, m)
        Inverse of the correlation matrix of the regressors.
    own : float
        Variance that they leave unexplained.
    settings : CollinearSettings

    Examples
    --------
    >>> needed_columns(np.array([1.0, 0.01, 0.0]), np.eye(3), 1e-12, CollinearSettings())
    [0, 1]
    """
    b, P = coefficients.copy(), inverse.copy()
    left = np.arange(len(b))
    spared = own
    added = np.square(b) / np.diagonal(P)
    if len(b) > settings.most_eliminated:
        keep = np.sort(np.argsort(-added)[: settings.most_eliminated])
        P = np.linalg.inv(np.linalg.inv(inverse)[np.ix_(keep, keep)])
        left, b = keep, b[keep]
    while len(left) > 1:
        added = np.square(b) / np.diagonal(P)
        i = int(added.argmin())
        if added[i] > spared:
            break
        spared -= float(added[i])
        b = b - P[:, i] * (b[i] / P[i, i])
        P = P - np.outer(P[:, i], P[i]) / P[i, i]
        rest = np.arange(len(left)) != i
        left, b, P = left[rest], b[rest], P[np.ix_(rest, rest)]
    return [int(i) for i in left]


def _in_order(correlations: Floats, group: list[int]) -> list[int]:
    """The group, reordered so that the column that the others determine best is first."""
    _, vectors = np.linalg.eigh(correlations[np.ix_(group, group)])
    size = np.abs(vectors[:, 0])
    first = int(np.flatnonzero(size >= 0.999 * size.max())[-1])
    return [group[first], *(i for k, i in enumerate(group) if k != first)]


def _condition(correlations: Floats) -> float:
    eigenvalues = np.linalg.eigvalsh(correlations)
    return float(eigenvalues[-1] / max(eigenvalues[0], EPSILON))


def _nearly(
    values: Floats, correlations: Floats, names: Sequence[str], settings: CollinearSettings
) -> Iterator[Diagnostic]:
    """Groups of columns that are strongly correlated even within groups of rows."""
    if len(names) < 2 or (own_shares(correlations) > settings.nearly).all():
        return
    # Distant segments correlate all columns; within them the columns may be independent.
    within = _within(values)
    own = own_shares(within)
    near = set(np.flatnonzero(own <= settings.nearly).tolist())
    size = np.abs(within)
    while near:
        first = min(near, key=lambda j: own[j])
        alike = _concerned(size, first, settings)
        group = sorted({*alike, *_regressed_on(within, first, settings)})
        yield _group_finding(within, own, group, names)
        near -= set(group)


def own_shares(correlations: Floats) -> Floats:
    """Fraction of the variance of each column that all others leave unexplained.

    Examples
    --------
    >>> own_shares(np.array([[1.0, 0.8], [0.8, 1.0]])).round(2)
    array([0.36, 0.36])
    """
    eigenvalues, vectors = np.linalg.eigh(correlations)
    inverse = np.square(vectors) / np.maximum(eigenvalues, EPSILON)
    own: Floats = 1.0 / inverse.sum(axis=1)
    return own


def _within(values: Floats) -> Floats:
    """Correlations within groups of rows that are separate on the first principal component."""
    scaled = (values - values.mean(axis=0)) / values.std(axis=0)
    _, vectors = np.linalg.eigh(scaled.T @ scaled)
    some = scaled[:: -(-len(scaled) // 5000)]
    score = some @ vectors[:, -1]
    settings = SkewSettings()
    shares = (np.arange(settings.points) + 0.5) / settings.points
    mixture = best_mixtures(np.quantile(score, shares)[None], float(len(some)), settings)[0]
    r = memberships(score, mixture)
    residual = [np.sqrt(r_k)[:, None] * (some - r_k @ some / r_k.sum()) for r_k in r]
    pooled = sum(part.T @ part for part in residual)
    sd = np.sqrt(np.diagonal(pooled))
    found: Floats = pooled / np.outer(sd, sd)
    return found


def _concerned(size: Floats, start: int, settings: CollinearSettings) -> list[int]:
    """Columns linked to `start`, directly or through others, by large correlations."""
    group = np.zeros(len(size), dtype=bool)
    group[start] = True
    while True:
        more = (size[group] >= settings.concerned).any(axis=0)
        if (more <= group).all():
            return [int(j) for j in np.flatnonzero(group)]
        group |= more


def _regressed_on(correlations: Floats, j: int, settings: CollinearSettings) -> list[int]:
    """A column and those without which its unexplained variance would more than double."""
    others = [i for i in range(len(correlations)) if i != j]
    inverse = np.linalg.inv(correlations[np.ix_(others, others)])
    coefficients = inverse @ correlations[others, j]
    own = max(1.0 - float(correlations[others, j] @ coefficients), settings.exact)
    needed = needed_columns(coefficients, inverse, own, settings)
    return sorted([j, *(others[i] for i in needed)])


def _group_finding(
    correlations: Floats, own: Floats, group: list[int], names: Sequence[str]
) -> Diagnostic:
    of_group = correlations[np.ix_(group, group)]
    least = min(group, key=lambda j: own[j])
    values = {
        "condition_number": _condition(of_group),
        "correlation": float(np.abs(of_group - np.eye(len(group))).max()),
        "own": float(own[least]), "column": names[least],
    }  # fmt: skip
    columns = tuple(names[j] for j in group)
    return Diagnostic("nearly_collinear", columns, values)
