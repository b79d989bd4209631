"""Diagnostics of profiles: columns that are left out, and numbers that may be codes."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_gmm.diagnostics.kind import Kind, OptionNames, Parts, Subject, Values
from bayes_gmm.errors import shown

REASONS = {
    "type": "its type is {type}",
    "missing": "it is missing in all rows",
    "constant": "it takes only one value",
    "identifier": "it identifies the rows",
}


def reason_text(values: Values) -> str:
    """Why a column is left out.

    Examples
    --------
    >>> reason_text({"reason": "constant", "type": "Int64"})
    'it takes only one value'
    """
    return REASONS[values["reason"]].format(type=values["type"])


def _not_profiled(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return f"column {shown(columns[0])} is left out: {reason_text(values)}", ""


def _possible_codes(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"column {shown(columns[0])} takes only {values['n_values']} whole numbers, which may be "
        "codes of categories",
        "write codes as words to get the share of each category, because means of codes have no "
        "meaning",
    )


KINDS: Mapping[str, Kind] = {
    "not_profiled": Kind("note", _not_profiled),
    "possible_codes": Kind("note", _possible_codes),
}
