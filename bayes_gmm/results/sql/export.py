r"""`export_sql`: memberships of rows computed by a database.

The query evaluates, with :math:`M_k M_k' = \Sigma_k + diag(\delta^2 / 12)` and
:math:`y_k = M_k^{-1} (t(x) - \mu_k)`,

.. math:: \ell_k = \log w_k - \sum_j \log M_{kjj} - |y_k|^2 / 2, \quad
    r_k = e^{\ell_k - \ell_{max}} / \sum_l e^{\ell_l - \ell_{max}}
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import DataError, shown
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.results.sql.dialect import Dialect, dialect_of
from bayes_gmm.results.sql.transforms import transformed


@dataclass(frozen=True)
class ExportSettings:
    """Size of the query and precision of its exponentials."""

    most_patterns: int = 16
    """Patterns of missing cells, 2^d, up to which each has its own density: 4 features. Above, a
    row with a missing cell has NULL."""
    lowest_exponent: float = -700.0
    """Exponents below it give 0: some databases raise an error if an exponential underflows."""


SETTINGS = ExportSettings()


def export_sql(
    fit: Any,
    table: str = "customers",
    dialect: str = "duckdb",
    *,
    id: str | Sequence[str] | None = None,
) -> str:
    """A query that computes the segment of each row of a database table.

    The result has the columns `id`, the features, segment (the most probable), probability (its
    probability), and the probability of each segment, as `predict_proba` of the MAP computes them,
    with transformations and recording error. Averages over the posterior, which
    `Posterior.predict_proba` computes, have no closed form.

    Missing cells (NULL or NaN) of up to 4 features are integrated out exactly. With more features,
    a row with a missing cell has NULL in all results. A value that a transformation does not allow
    counts as missing.

    Parameters
    ----------
    fit : BayesGMM, MapFit, Posterior or Mixture
        A fitted model; names of segments are those of the posterior.
    table : str
        Name of the table; dots separate the names of database, schema and table.
    dialect : {"duckdb", "postgres", "bigquery", "sqlite"}
        SQLite needs its mathematical functions, which are optional: LN, EXP, POWER and SQRT.
    id : str or sequence of str, optional
        Columns that identify the rows.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If there is no such dialect, or two columns of the result would have the same name.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]], features=("Spend",))
    >>> query = export_sql(mixture, "shop.customers", id="Customer")
    >>> print(query[query.index("SELECT") :])
    SELECT
      "Customer",
      "Spend",
    ...
    """
    mixture, names = _mixture_and_names(fit)
    to = dialect_of(dialect)
    ids = [id] if isinstance(id, str) else list(id or ())
    kept = list(dict.fromkeys([*ids, *mixture.features]))
    _refuse_repeated([*kept, "segment", "probability", *names])
    exact = 2**mixture.n_features <= SETTINGS.most_patterns
    K = mixture.n_components
    columns = [to.identifier(name) for name in kept]
    x = [f"bg_x{j + 1}" for j in range(mixture.n_features)]
    l, e, p = ([f"bg_{letter}{k + 1}" for k in range(K)] for letter in "lep")
    steps = [
        ("bg_values", [*columns, *_values(mixture, x, to)], to.table(table)),
        ("bg_log", [*columns, *_log_joints(mixture, x, l, exact, to)], "bg_values"),
        ("bg_top", [*columns, *l, f"{to.greatest(l)} AS bg_max"], "bg_log"),
        ("bg_exp", [*columns, *(_exponential(a, b, to) for a, b in zip(l, e, strict=True))],
         "bg_top"),
        ("bg_shares", [*columns, *(f"{a} / ({' + '.join(e)}) AS {b}"
                                   for a, b in zip(e, p, strict=True))], "bg_exp"),
    ]  # fmt: skip
    results = [
        *columns,
        f"{_most_probable(p, names, to)} AS {to.identifier('segment')}",
        f"{to.greatest(p)} AS {to.identifier('probability')}",
        *(f"{a} AS {to.identifier(name)}" for a, name in zip(p, names, strict=True)),
    ]
    parts = [f"{name} AS (\n{_select(chosen, source)}\n)" for name, chosen, source in steps]
    return f"{_comment(mixture, to, exact)}WITH {', '.join(parts)}\n{_select(results, 'bg_shares')}"


def _mixture_and_names(fit: Any) -> tuple[Mixture, tuple[str, ...]]:
    """The MAP of a fit, and the names of its segments."""
    mixture = fit
    for name in ("mixture_", "mixture"):
        mixture = getattr(mixture, name, mixture)
    if not isinstance(mixture, Mixture):
        raise DataError(
            f"cannot export a {type(fit).__name__}; give a fitted BayesGMM, a MapFit, a Posterior "
            "or a Mixture"
        )
    names = getattr(fit, "names", None) or segment_labels(mixture.n_components)
    return mixture, tuple(names)


def _refuse_repeated(names: Sequence[str]) -> None:
    """Raise if two names differ at most in upper and lower case, which databases ignore."""
    seen: set[str] = set()
    for name in names:
        if name.casefold() in seen:
            raise DataError(
                f"two columns of the result would have the name {shown(name)}; rename segments or "
                "columns"
            )
        seen.add(name.casefold())


def _select(columns: Sequence[str], source: str) -> str:
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM {source}"


def _comment(mixture: Mixture, dialect: Dialect, exact: bool) -> str:
    """Lines at the beginning of the query; no name of the user is in them."""
    lines = ["Memberships of a Gaussian mixture at its posterior mode, by bayes_gmm."]
    if exact:
        lines.append("Missing cells (NULL or NaN) are integrated out.")
    else:
        lines.append("A row with a missing cell (NULL or NaN) has NULL in all results.")
    if not mixture.transforms.is_identity:
        lines.append("A value that a transformation does not allow counts as missing.")
    if dialect.name == "sqlite":
        lines.append("SQLite must have its mathematical functions (LN, EXP, POWER, SQRT).")
    return "".join(f"-- {line}\n" for line in lines)


def _values(mixture: Mixture, x: Sequence[str], to: Dialect) -> Iterator[str]:
    """The features on the scale of the model, NULL where missing."""
    for j, name in enumerate(x):
        number = f"CAST({to.identifier(mixture.features[j])} AS {to.double})"
        value = to.without_nan.format(number)
        yield f"{transformed(mixture.transforms.entries[j], value, to)} AS {name}"


def _log_joints(
    mixture: Mixture, x: Sequence[str], l: Sequence[str], exact: bool, to: Dialect
) -> Iterator[str]:
    """log w_k p(x | k) of every segment, by pattern of missing cells if `exact`."""
    every = (True,) * len(x)
    patterns = list(product((True, False), repeat=len(x))) if exact else [every]
    densities = [_log_densities(mixture, np.flatnonzero(p), x, to) for p in patterns]
    for k, name in enumerate(l):
        cases = [
            f"WHEN {_condition(pattern, x)} THEN {found[k]}"
            for pattern, found in zip(patterns, densities, strict=True)
        ]
        yield f"CASE\n    {'\n    '.join(cases)}\n  END AS {name}"


def _condition(pattern: Sequence[bool], x: Sequence[str]) -> str:
    return " AND ".join(
        f"{name} IS {'NOT ' if seen else ''}NULL" for seen, name in zip(pattern, x, strict=True)
    )


def _log_densities(mixture: Mixture, seen: np.ndarray, x: Sequence[str], to: Dialect) -> list[str]:
    """log w_k p(x_O | k) up to a constant, for observed features O."""
    V = mixture.covariances + np.diag(mixture.resolution**2 / 12.0)
    inverses = np.linalg.inv(np.linalg.cholesky(V[:, seen][:, :, seen]))
    with np.errstate(divide="ignore"):
        constants = np.maximum(np.log(mixture.weights), -1e9)
    constants = constants + np.log(np.diagonal(inverses, axis1=1, axis2=2)).sum(axis=1)
    constants = constants - constants.max()
    names = [x[j] for j in seen]
    return [
        to.number(float(c)) + "".join(_minus_half_square(row, mu, names, to) for row in W)
        for c, W, mu in zip(constants, inverses, mixture.means[:, seen], strict=True)
    ]


def _minus_half_square(row: Floats, mu: Floats, x: Sequence[str], to: Dialect) -> str:
    """Minus half the square of a whitened coordinate, sum_j row_j (x_j - mu_j)."""
    terms = [
        f"{to.number(float(a))} * ({name} - ({to.number(float(m))}))"
        for a, m, name in zip(row, mu, x, strict=True)
        if a != 0.0
    ]
    total = " + ".join(terms)
    return f"\n      - 0.5 * ({total}) * ({total})"


def _exponential(log: str, name: str, to: Dialect) -> str:
    lowest = to.number(SETTINGS.lowest_exponent)
    return f"CASE WHEN {log} - bg_max < {lowest} THEN 0 ELSE EXP({log} - bg_max) END AS {name}"


def _most_probable(p: Sequence[str], names: Sequence[str], to: Dialect) -> str:
    """The name of the segment with the largest probability, the first of equal ones."""
    cases = [
        f"WHEN {' AND '.join(f'{a} >= {b}' for b in p[k:])} THEN {to.text(name)}"
        for k, (a, name) in enumerate(zip(p, names, strict=True))
    ]
    return f"CASE\n    {'\n    '.join(cases)}\n  END"
