"""Dialects of SQL: identifiers, text, numbers and functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bayes_gmm.errors import DataError, listed, shown


@dataclass(frozen=True)
class Dialect:
    """How a database writes names, text and functions.

    Attributes
    ----------
    name : str
    quote : str
        Character around identifiers.
    double : str
        Name of the type of floating-point numbers.
    largest : str
        Name of the function for the largest of several values.
    without_nan : str
        Expression that turns NaN into NULL, with a field for the value.
    backslashes : bool
        Whether a backslash escapes characters in text and identifiers, as in BigQuery; otherwise
        quotes are doubled.
    max_name : int
        Largest number of bytes in an identifier.
    """

    name: str
    quote: str = '"'
    double: str = "DOUBLE PRECISION"
    largest: str = "GREATEST"
    without_nan: str = "NULLIF({0}, 'NaN')"
    backslashes: bool = False
    max_name: int = 10_000

    def identifier(self, name: str) -> str:
        """A quoted name.

        Examples
        --------
        >>> DIALECTS["bigquery"].identifier("Spend (k$)")
        '`Spend (k$)`'
        """
        if not name or "\0" in name or len(name.encode()) > self.max_name:
            raise DataError(
                f"{shown(name)} cannot be a name in {self.name}, which allows 1 to "
                f"{self.max_name} bytes; rename it"
            )
        return self._quoted(name, self.quote)

    def table(self, name: str) -> str:
        """A quoted name of a table; parts are separated by dots, as in schema.table."""
        return ".".join(self.identifier(part) for part in name.split("."))

    def text(self, text: str) -> str:
        """A text literal."""
        return self._quoted(text, "'")

    def number(self, value: float) -> str:
        """A number literal that is read back without loss.

        Examples
        --------
        >>> DIALECTS["duckdb"].number(-0.1)
        '-1.0e-01'
        """
        return np.format_float_scientific(value, unique=True, trim="0")

    def greatest(self, values: Sequence[str]) -> str:
        """The largest of several values; a single value is returned unchanged."""
        return values[0] if len(values) == 1 else f"{self.largest}({', '.join(values)})"

    def _quoted(self, text: str, quote: str) -> str:
        if self.backslashes:
            escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
            escaped = escaped.replace("\n", "\\n").replace("\r", "\\r")
        else:
            escaped = text.replace(quote, quote + quote)
        return f"{quote}{escaped}{quote}"


DIALECTS: Mapping[str, Dialect] = {
    "duckdb": Dialect("duckdb", double="DOUBLE"),
    "postgres": Dialect("postgres", max_name=63),
    "bigquery": Dialect(
        "bigquery", quote="`", double="FLOAT64", without_nan="IF(IS_NAN({0}), NULL, {0})",
        backslashes=True, max_name=300,
    ),
    "sqlite": Dialect("sqlite", double="REAL", largest="MAX", without_nan="{0}"),
}  # fmt: skip


def dialect_of(name: object) -> Dialect:
    """The dialect of this name.

    Raises
    ------
    DataError
        If there is none.
    """
    if isinstance(name, str) and name in DIALECTS:
        return DIALECTS[name]
    raise DataError(f"no SQL dialect {shown(name)}; choose from {listed(tuple(DIALECTS))}")
