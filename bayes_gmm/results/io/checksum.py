"""A checksum of the contents of a model file, to detect damaged files.

HDF5 detects damage to the structure of a file, but not to the numbers in it. Therefore a digest of
all arrays, names and attributes of groups is saved in the file. It is not a signature: anyone can
change a file and compute the checksum again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from xarray import DataTree

CHECKSUM = "contents_sha256"
"""Attribute of the root group that holds the digest."""


def with_checksum(tree: DataTree) -> DataTree:
    """The tree, with its checksum among the attributes.

    Examples
    --------
    >>> import xarray as xr
    >>> tree = with_checksum(xr.DataTree(xr.Dataset({"x": ("row", [1.0, 2.0])})))
    >>> tree["x"][1] = 2.5
    >>> is_broken(tree)
    True
    """
    tree.attrs[CHECKSUM] = digest(tree)
    return tree


def is_broken(tree: DataTree) -> bool:
    """Whether the stored checksum, if any, differs from the checksum of the contents."""
    return CHECKSUM in tree.attrs and tree.attrs[CHECKSUM] != digest(tree)


def digest(tree: DataTree) -> str:
    """SHA-256 of the contents of a tree; it does not change when the tree is written and read."""
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
        for key in sorted(set(group.attrs) - {CHECKSUM}):
            value = group.attrs[key]
            yield repr((key, value.tolist() if hasattr(value, "tolist") else value)).encode()
        for name in sorted(map(str, group.variables)):
            variable = group.variables[name]
            yield repr((name, variable.dims, variable.shape)).encode()
            yield _cells(variable.values)


def _cells(values: np.ndarray[Any, Any]) -> bytes:
    """Bytes of an array: of numbers with their type, or of texts."""
    if values.dtype.kind not in "biuf":
        return repr([str(text) for text in values.ravel()]).encode()
    kind = values.dtype.newbyteorder("<")
    cells = np.ascontiguousarray(values, dtype=kind)
    if kind.kind == "f":
        cells = np.where(np.isnan(cells), kind.type(np.nan), cells)  # NaN has several bit patterns
    return kind.str.encode() + cells.tobytes()
