"""Lookup and renaming of segments by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayes_gmm.data.columns import is_writable
from bayes_gmm.errors import DataError, listed, nearest, one_line, shown


def component_index(names: Sequence[str], segment: str | int) -> int:
    """Position from 0 of a segment given by name or position.

    Examples
    --------
    >>> component_index(["Segment 1", "Careful"], "Careful")
    1
    """
    if isinstance(segment, str):
        if segment in names:
            return list(names).index(segment)
        near = nearest(segment, names)
        hint = f"; did you mean {shown(near)}?" if near is not None else "."
        raise DataError(f"no segment {shown(segment)}{hint} There are: {listed(names)}")
    if isinstance(segment, bool) or not isinstance(segment, int | np.integer):
        raise DataError(f"a segment must be given by name or position, got {shown(segment)}")
    if not 0 <= segment < len(names):
        raise DataError(f"no segment {segment}; there are {len(names)}, counted from 0")
    return int(segment)


def renamed(names: Sequence[str], changes: Mapping[str, str]) -> tuple[str, ...]:
    """The names with some of them changed.

    Examples
    --------
    >>> renamed(["Segment 1", "Segment 2"], {"Segment 2": "Careful"})
    ('Segment 1', 'Careful')
    """
    if not isinstance(changes, Mapping):
        raise DataError(
            'names must map old names to new ones, such as {"Segment 1": "Careful"}, '
            f"got a {type(changes).__name__}"
        )
    new = list(names)
    for old, name in changes.items():
        new[component_index(names, old)] = checked(name)
    for name in new:
        if new.count(name) > 1:
            raise DataError(f"two segments would be named {shown(name)}; choose other names")
    return tuple(new)


def checked(name: Any) -> str:
    """Return a valid name for tables, plots and files, or raise.

    Examples
    --------
    >>> checked(" ")
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: the name of a segment must be non-empty text, got ' '
    """
    if not isinstance(name, str) or not name.strip():
        raise DataError(f"the name of a segment must be non-empty text, got {shown(name)}")
    if not is_writable(name):
        raise DataError(
            f"the name {one_line(ascii(name))} has a character that cannot be stored "
            "(NUL or a lone surrogate); leave it out"
        )
    return name
