"""What goes wrong, by name: every error and warning that a user can meet."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class DataError(ValueError):
    """The data cannot be used as they are: says which, what was found, what to do.

    Examples
    --------
    >>> from bayes_gmm.data.table import feature_matrix
    >>> feature_matrix([[1.0, 2.0], [3.0, float("inf")]])
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: column 'x2' is infinite in row 2; make it missing (NaN) or a number
    """


class CellTypeError(DataError, TypeError):
    """A cell holds neither number nor text, and so is of no type that a table may have."""


class FitError(ValueError):
    """A mixture could not be fitted to usable data, or was asked for before there was one."""


class ConvergenceWarning(UserWarning):
    """An optimiser or sampler stopped before it met its criterion."""


class AmbiguousLabelsWarning(UserWarning):
    """Draws of the posterior could not be told apart by segment."""


class MultimodalWarning(UserWarning):
    """The posterior has more than one mode that matters."""


class DataWarning(UserWarning):
    """Something in a table should be known before its fit is believed (see `check_table`)."""


class PriorWarning(DataWarning):
    """The prior moves scales or correlations of a segment far from what its rows say."""


class ShapeWarning(DataWarning):
    """The rows of a segment are not Gaussian, which its intervals assume (see `ShapeCheck`)."""


def shown(value: object, width: int = 60) -> str:
    """A value as it stands in a message: on one line, and cut where it is long.

    Examples
    --------
    >>> shown("Male"), shown(3.5), shown("x" * 100, width=8)
    ("'Male'", '3.5', "'xxxx...")
    """
    return one_line(repr(value) if isinstance(value, str) else value, width)


def one_line(value: object, width: int = 60) -> str:
    r"""A value's text without quotes, on one line, and cut where it is long.

    Examples
    --------
    >>> one_line("two\n  lines")
    'two lines'
    """
    text = printable(" ".join(str(value).split()))
    return text if len(text) <= width else text[: width - 3] + "..."


def printable(text: str) -> str:
    r"""A text in which what a terminal would obey, or cannot show, is escaped.

    Examples
    --------
    >>> print(printable("red \x1b[31m"))
    red \x1b[31m
    """
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def file_named(path: object) -> str:
    """A file as it stands in a message.

    Examples
    --------
    >>> file_named("data/customers.csv")
    "file 'data/customers.csv'"
    """
    return f"file {shown(str(path), width=4096)}"


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names as they stand in a message, the first few of many.

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
    """The name that was probably meant, or None when none is near.

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
