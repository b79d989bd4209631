"""A seal on a file's contents: what was saved is what is read, or it is refused.

HDF5 finds damage to its own structure, not to the numbers in it: a bit that a disk or a copy turned
over would go unseen into every table. So a digest of all arrays, names and attributes of
groups is saved with them. It is no signature: who means to change a file can seal it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xarray import DataTree

SEAL = "contents_sha256"
"""The root's attribute that holds the digest."""


def sealed(tree: DataTree) -> DataTree:
    """The tree, its seal among the attributes.

    Examples
    --------
    >>> import xarray as xr
    >>> tree = sealed(xr.DataTree(xr.Dataset({"x": ("row", [1.0, 2.0])})))
    >>> tree["x"][1] = 2.5
    >>> is_broken(tree)
    True
    """
    tree.attrs[SEAL] = digest(tree)
    return tree


def is_broken(tree: DataTree) -> bool:
    """Whether there is a seal, and it is not that of the contents; files of old have none."""
    return SEAL in tree.attrs and tree.attrs[SEAL] != digest(tree)


def digest(tree: DataTree) -> str:
    """SHA-256 of all that a tree holds, the same before it is written and after it is read."""
    found = hashlib.sha256()
    for part in _parts(tree):
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.hexdigest()


def _parts(tree: DataTree) -> Iterator[Any]:
    """Names and contents of the groups in order, as bytes."""
    for node in sorted(tree.subtree, key=lambda node: node.path):
        group = node.to_dataset(inherit=False)
        yield node.path.encode()
        for key in sorted(set(group.attrs) - {SEAL}):
            value = group.attrs[key]
            yield repr((key, value.tolist() if hasattr(value, "tolist") else value)).encode()
        for name in sorted(map(str, group.variables)):
            variable = group.variables[name]
            yield repr((name, variable.dims, variable.shape)).encode()
            yield _cells(variable.values)


def _cells(values: np.ndarray[Any, Any]) -> bytes:
    """Numbers by their bits, whose size is told by the type; texts by their letters."""
    if values.dtype.kind not in "biuf":
        return repr([str(text) for text in values.ravel()]).encode()
    kind = values.dtype.newbyteorder("<")
    cells = np.ascontiguousarray(values, dtype=kind)
    if kind.kind == "f":
        cells = np.where(np.isnan(cells), kind.type(np.nan), cells)  # one NaN is as good as another
    return kind.str.encode() + cells.tobytes()
