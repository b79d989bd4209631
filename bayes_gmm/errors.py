"""All errors and warnings of the package."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any


class DataError(ValueError):
    """The data cannot be used; the message states the cause and a remedy.

    If the cause is a `Diagnostic`, ``diagnostic`` is this record, otherwise None.

    Examples
    --------
    >>> from bayes_gmm.data.feature_matrix import feature_matrix
    >>> feature_matrix([[1.0, 2.0], [3.0, float("inf")]])
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: column 'x2' is infinite in row 2; set it to missing (NaN) or to a \
finite number
    """

    def __init__(self, cause: object) -> None:
        super().__init__(str(cause))
        self.diagnostic: Any = None if isinstance(cause, str) else cause


class CellTypeError(DataError, TypeError):
    """A cell holds neither a number nor text."""


class FitError(ValueError):
    """A mixture could not be fitted to usable data, or an argument is out of range."""


class DiagnosticWarning(UserWarning):
    """A warning of this package; ``diagnostic`` is its record, with code and values (or None)."""

    def __init__(self, diagnostic: object) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic: Any = None if isinstance(diagnostic, str) else diagnostic


class ConvergenceWarning(DiagnosticWarning):
    """An optimiser or sampler stopped before it met its criterion."""


class AmbiguousLabelsWarning(DiagnosticWarning):
    """The labels of segments are ambiguous in posterior draws."""


class MultimodalWarning(DiagnosticWarning):
    """The posterior has several modes with relevant mass."""


class DataWarning(DiagnosticWarning):
    """The table may lead to a misleading fit (see `check_table`)."""


class PriorWarning(DataWarning):
    """The prior strongly influences scales or correlations of a segment."""


class ShapeWarning(DataWarning):
    """The rows of a segment are not Gaussian, so its intervals may be wrong (see `ShapeCheck`)."""


def shown(value: object, width: int = 60) -> str:
    """A value for a message: on one line, truncated if it is long.

    Examples
    --------
    >>> shown("Male"), shown(3.5), shown("x" * 100, width=8)
    ("'Male'", '3.5', "'xxxx...")
    """
    return one_line(repr(value) if isinstance(value, str) else value, width)


def one_line(value: object, width: int = 60) -> str:
    r"""Text of a value without quotes, on one line, truncated if it is long.

    Examples
    --------
    >>> one_line("two\n  lines")
    'two lines'
    """
    text = printable(" ".join(str(value).split()))
    return text if len(text) <= width else text[: width - 3] + "..."


def printable(text: str) -> str:
    r"""The text with control characters and other unprintable characters escaped.

    Examples
    --------
    >>> print(printable("red \x1b[31m"))
    red \x1b[31m
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def file_named(path: object) -> str:
    """A file name for a message.

    Examples
    --------
    >>> file_named("data/customers.csv")
    "file 'data/customers.csv'"
    """
    return f"file {shown(str(path), width=4096)}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names for a message, the first few if there are many.

    Examples
    --------
    >>> listed(["Age", "Annual income"])
    'Age, Annual income'
    >>> listed([f"x{j}" for j in range(1, 100)], most=3)
    'x1, x2, x3 and 96 more'
    """
    text = ", ".join(one_line(name) for name in names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def nearest(name: str, names: Sequence[str]) -> str | None:
    """The most similar known name, or None if none is similar.

    Examples
    --------
    >>> nearest("anual income", ["Age", "Annual income (k$)"])
    'Annual income (k$)'
    >>> nearest("zzz", ["Age"])
    """
    plain = {known.casefold(): known for known in reversed(names)}
    wanted = name.casefold()
    close = get_close_matches(wanted, plain, n=1, cutoff=0.6)
    within = [known for known in plain if wanted and (wanted in known or known in wanted)]
    found = close or within[:1]
    return plain[found[0]] if found else None
