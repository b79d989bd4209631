"""`Diagnostic`: one caveat of a table, a fit, posterior draws or a comparison."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bayes_gmm.diagnostics import comparisons, draws, fits, profiles, readings, tables
from bayes_gmm.diagnostics.kind import PYTHON, Kind, OptionNames, Severity
from bayes_gmm.errors import DataWarning, DiagnosticWarning

KINDS: Mapping[str, Kind] = {
    **readings.UNUSABLE, **tables.KINDS, **readings.READ,
    **fits.KINDS, **draws.KINDS, **comparisons.KINDS, **profiles.KINDS,
}  # fmt: skip
"""All kinds of diagnostics by code; for tables, the most severe come first."""
CODES = tuple(KINDS)


@dataclass(frozen=True)
class Diagnostic:
    """A caveat as a code and values; `Kind` makes the text from them.

    Attributes
    ----------
    code : str
        A key of `KINDS`; a stable identifier.
    subject : tuple of str
        Names of the columns, segments or parameters concerned; empty if all are concerned.
    values : dict
        Numbers and names in the text.

    Examples
    --------
    >>> diagnostic = Diagnostic("missing_cells", ("Age",), {"rows": 20.0, "fraction": 0.1})
    >>> print(diagnostic)
    column 'Age' is missing in 20 rows (10 %): the fit keeps these rows and integrates the missing \
cells out, assuming that they are missing at random
    >>> diagnostic.severity
    'note'
    """

    code: str
    subject: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def severity(self) -> Severity:
        """See `Kind`."""
        return KINDS[self.code].severity

    @property
    def found(self) -> str:
        """The finding, without advice."""
        return self._parts(PYTHON)[0]

    @property
    def remedy(self) -> str:
        """The advice, with names of Python arguments; empty if there is none."""
        return self._parts(PYTHON)[1]

    def text(self, options: OptionNames = PYTHON) -> str:
        """The finding and the advice on one line, with the option names of one interface."""
        return "; ".join(part for part in self._parts(options) if part)

    def brief(self, options: OptionNames = PYTHON) -> str:
        """The text in a few words."""
        brief = KINDS[self.code].brief
        return brief.format(options=options, **self.values) if brief else self.text(options)

    def __str__(self) -> str:
        return self.text()

    def _parts(self, options: OptionNames) -> tuple[str, ...]:
        parts = KINDS[self.code].text(self.subject, self.values, options)
        return (*parts, tables.same_for(self.values["also"])) if "also" in self.values else parts

    def json(self, options: OptionNames = PYTHON) -> dict[str, Any]:
        """JSON-compatible record.

        Examples
        --------
        >>> list(Diagnostic("one_chain").json())
        ['code', 'severity', 'subject', 'values', 'text']
        """
        return {
            "code": self.code, "severity": self.severity, "subject": list(self.subject),
            "values": plain(self.values), "text": self.text(options),
        }  # fmt: skip

    def warning(self) -> Warning:
        """The warning to issue, with this record as its ``diagnostic``."""
        return (KINDS[self.code].category or DataWarning)(self)


def warn(diagnostics: Iterable[Diagnostic], *, stacklevel: int) -> None:
    """Issue a warning for each diagnostic; `stacklevel` is as seen from the caller.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn([Diagnostic("one_chain")], stacklevel=1)
    >>> caught[0].message.diagnostic.code
    'one_chain'
    """
    for diagnostic in diagnostics:
        warnings.warn(diagnostic.warning(), stacklevel=stacklevel + 1)


@contextmanager
def without_warnings(category: type[DiagnosticWarning] = DiagnosticWarning) -> Iterator[None]:
    """Suppress warnings of the package whose diagnostics the caller shows itself.

    Examples
    --------
    >>> from bayes_gmm.errors import ConvergenceWarning
    >>> with without_warnings():
    ...     warnings.warn(ConvergenceWarning("the chains have not mixed"))
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category)
        yield


def plain(value: Any) -> Any:
    """A value for JSON: NaN and infinity become None, tuples become lists, and keys become text.

    Examples
    --------
    >>> plain({1: (0.5, math.nan)})
    {'1': [0.5, None]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
