"""Transformations of columns as SQL expressions."""

from __future__ import annotations

from bayes_gmm.data.transform import (
    Identity,
    Log,
    Log1p,
    Logit,
    Sqrt,
    Transform,
    YeoJohnson,
)
from bayes_gmm.errors import DataError
from bayes_gmm.results.sql.dialect import Dialect


def transformed(transform: Transform, x: str, dialect: Dialect) -> str:
    """The transformed value of an expression; NULL for values that are not allowed.

    Examples
    --------
    >>> from bayes_gmm.results.sql.dialect import DIALECTS
    >>> transformed(Log(), "x", DIALECTS["sqlite"])
    'CASE WHEN x > 0 THEN LN(x) END'
    """
    match transform:
        case Identity():
            return x
        case Log():
            return f"CASE WHEN {x} > 0 THEN LN({x}) END"
        case Log1p(scale=scale):
            return f"CASE WHEN {x} >= 0 THEN LN(1 + {x} / {dialect.number(scale)}) END"
        case Sqrt():
            return f"CASE WHEN {x} > 0 THEN SQRT({x}) END"
        case Logit():
            return f"CASE WHEN {x} > 0 AND {x} < 1 THEN LN({x} / (1 - {x})) END"
        case YeoJohnson(lmbda=lmbda):
            above = _box_cox(f"(1 + {x})", lmbda, dialect)
            below = _box_cox(f"(1 - {x})", 2.0 - lmbda, dialect)
            return f"CASE WHEN {x} >= 0 THEN {above} WHEN {x} < 0 THEN -{below} END"
    raise DataError(f"transformation {transform.name!r} has no SQL expression")


def _box_cox(u: str, power: float, dialect: Dialect) -> str:
    """(u^power - 1) / power, or its limit for a tiny power, where the difference is inexact."""
    if power < 1e-8:
        return f"LN({u})"
    number = dialect.number(power)
    return f"((POWER({u}, {number}) - 1) / {number})"
