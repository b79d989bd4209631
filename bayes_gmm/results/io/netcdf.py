"""Model files in NetCDF-4, which xarray and other programs can open; pickle is not used.

`map_fit_tree` and `posterior_tree` describe the contents of the two kinds of file.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.data.columns import refuse_unwritable
from bayes_gmm.errors import DataError, one_line, shown
from bayes_gmm.results.io.checksum import is_broken, with_checksum
from bayes_gmm.results.io.file_format import FORMAT, FORMAT_VERSION

if TYPE_CHECKING:
    from xarray import DataTree

KINDS = ("MapFit", "Posterior")
ENGINE = "h5netcdf"
TABLE_ENDINGS = (".csv", ".tsv", ".txt", ".parquet", ".pq", ".xlsx", ".json", ".html")


def write_tree(tree: DataTree, path: str | os.PathLike[str]) -> Path:
    """Write groups to a NetCDF file; an existing file is replaced when writing has succeeded.

    Parameters
    ----------
    tree : DataTree
    path : str or path-like
        The file, usually with the ending .nc.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    DataError
        If `path` is not a file name, or a column name has a character that cannot be stored.
    OSError
        If the file cannot be written; an existing file is unchanged.
    """
    refuse_table_name(file_path(path))
    for node in tree.subtree:
        refuse_unwritable(
            map(str, node.coords["feature"].values if "feature" in node.coords else ())
        )
    with replacing(path) as draft:
        try:
            with_checksum(tree).to_netcdf(draft, engine=ENGINE)
        except RuntimeError as error:  # HDF5 reports a full disk, for example, in this way
            raise OSError(str(error)) from error
    return Path(path)


def refuse_table_name(path: str | os.PathLike[str]) -> None:
    """Raise for the name of a table, which other programs would open as such.

    Examples
    --------
    >>> refuse_table_name("model.csv")
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.DataError: 'model.csv' is the name of a table, but a model is saved as \
NetCDF; use the ending .nc
    """
    if Path(path).suffix.lower() in TABLE_ENDINGS:
        raise DataError(
            f"{shown(str(path), width=4096)} is the name of a table, but a model is saved as "
            "NetCDF; use the ending .nc"
        )


def is_netcdf(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins like NetCDF-4."""
    try:
        if not Path(path).is_file():  # a pipe would wait for its writer
            return False
        with Path(path).open("rb") as stream:
            return stream.read(4) == b"\x89HDF"
    except (OSError, ValueError):
        return False


def read_tree(path: str | os.PathLike[str]) -> DataTree:
    """Read the groups of a model file.

    Raises
    ------
    DataError
        If there is no such file, if the file is damaged or not a model file, or if a newer version
        of bayes_gmm wrote it in an unknown format.
    """
    path = file_path(path)
    if not _is_file(path):
        name = shown(str(path), width=4096)
        raise DataError(f"no model file {name}; give the file of a saved fit or posterior")
    tree = _opened(path)
    with damaged(path):
        _check_format(tree, path)
        if is_broken(tree):
            raise DataError(
                f"model file '{path}' is damaged: its contents differ from what was saved; "
                "save the fit again"
            )
    return tree


@contextmanager
def damaged(path: str | os.PathLike[str]) -> Iterator[None]:
    """Raise a DataError if parts of a file are missing or have the wrong type or shape."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        found = f"{type(error).__name__}: {one_line(error, 200)}"
        raise DataError(f"model file '{path}' is damaged: {found}; save the fit again") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for one
        return False


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield the path of a draft, which replaces `path` when the block has succeeded.

    If the block fails, the draft is deleted and `path` is left unchanged.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with replacing(Path(folder) / "a.txt") as draft:
    ...         _ = draft.write_text("all of it")
    ...     [file.name for file in Path(folder).iterdir()]
    ['a.txt']
    """
    target, draft = _target_and_draft(path)
    try:
        draft.touch()  # raises a clear error if writing is impossible, unlike HDF5
        yield draft
        os.replace(draft, target)
    except OSError as error:
        if error.filename not in (None, str(draft)):
            raise
        said = str(error.strerror or error).replace(str(draft), str(path))
        if error.errno is not None:
            raise type(error)(error.errno, one_line(said, 400), str(path)) from error
        raise OSError(f"cannot write '{path}': {one_line(said, 400)}") from error
    finally:
        draft.unlink(missing_ok=True)


def check_file(path: str | os.PathLike[str]) -> None:
    """Raise if a file cannot be written, before any computation.

    Raises
    ------
    OSError
        If it is not a regular file, its folder does not exist, or writing is not allowed.
    """
    _, draft = _target_and_draft(path)
    try:
        draft.touch()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
    draft.unlink()


def _target_and_draft(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The regular file that a path leads to, and an unused name in the same folder."""
    target = Path(os.path.realpath(file_path(path)))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write '{path}': there is no folder '{target.parent}'")
    if target.is_dir():
        raise IsADirectoryError(f"cannot write '{path}': it is a folder; give a file name")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"cannot write '{path}': it is a device or pipe; give a file name")
    return target, target.with_name(f".{uuid.uuid4().hex[:12]}{target.suffix}")


def file_path(path: Any) -> Path:
    """Return the path, or raise a DataError if it is not a file name."""
    if not isinstance(path, str | os.PathLike) or "\0" in str(path):
        raise DataError(f"path must be the name of a file, got {one_line(ascii(path))}")
    return Path(path)


def _opened(path: Path) -> DataTree:
    import h5py
    import xarray as xr

    try:
        with h5py.File(path, "r") as file:
            # h5netcdf reads this attribute too, but prints a traceback if that fails.
            file.attrs.get("_nc3_strict")
        with xr.open_datatree(path, engine=ENGINE) as tree:
            return tree.load()
    except (ImportError, PermissionError):
        raise
    except Exception as error:  # HDF5 raises many types of errors for damaged files
        raise DataError(
            f"'{path}' is damaged or not a model file: it is not valid NetCDF; save the fit again"
        ) from error


def _check_format(tree: DataTree, path: Path) -> None:
    if tree.attrs.get("format") != FORMAT:
        raise DataError(f"'{path}' is a NetCDF file, but not a model saved by bayes_gmm")
    version = int(tree.attrs.get("format_version", 0))
    kind = tree.attrs.get("kind")
    if version > FORMAT_VERSION or kind not in KINDS:
        writer = tree.attrs.get("inference_library_version", "unknown")
        raise DataError(
            f"model file '{path}' was written by a newer bayes_gmm ({writer}): {kind} in format "
            f"{version}; this version reads {' and '.join(KINDS)} up to format {FORMAT_VERSION}; "
            "upgrade bayes_gmm"
        )
