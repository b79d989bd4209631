"""Names of segments: found, and changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayes_gmm.errors import DataError, listed, nearest, shown


def number_of(names: Sequence[str], segment: str | int) -> int:
    """Position of a segment, from 0, that is given by name or position.

    Examples
    --------
    >>> number_of(["Segment 1", "Careful"], "Careful")
    1
    """
    if isinstance(segment, str):
        if segment in names:
            return list(names).index(segment)
        near = nearest(segment, names)
        hint = f"; did you mean {shown(near)}?" if near is not None else "."
        raise DataError(f"no segment {shown(segment)}{hint} There are: {listed(names)}")
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
    new = list(names)
    for old, name in changes.items():
        new[number_of(names, old)] = str(name)
    for name in new:
        if new.count(name) > 1:
            raise DataError(f"two segments would be named {shown(name)}; choose other names")
    return tuple(new)
