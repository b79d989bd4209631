"""Fits on disk: one NetCDF file that xarray and any other reader of NetCDF-4 opens. No pickle.

`map_fit_file` and `posterior_file` say what is in the two kinds of file.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.errors import DataError, one_line, shown
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.map_fit_tree import FORMAT, FORMAT_VERSION, map_fit_from, map_fit_tree
from bayes_gmm.results.io.checksum import is_broken, sealed
from bayes_gmm.results.posterior.names import check_letters

if TYPE_CHECKING:
    from xarray import DataTree

    from bayes_gmm.results.posterior.posterior import Posterior

__all__ = ["FORMAT_VERSION", "check_file", "load", "replacing", "save_map_fit", "save_posterior"]

KINDS = ("MapFit", "Posterior")
ENGINE = "h5netcdf"


def save_map_fit(fit: MapFit, path: str | os.PathLike[str]) -> Path:
    """Write a fit to a NetCDF file; an existing file is replaced only when all is written.

    Parameters
    ----------
    fit : MapFit
        What to write.
    path : str or path-like
        The file, customarily ending in .nc.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    DataError
        If `path` names no file, or a column's name has a character that no file can carry.
    OSError
        If the file cannot be written; what was there before is still there.
    """
    return _written(map_fit_tree(fit), fit, path)


def save_posterior(posterior: Posterior, path: str | os.PathLike[str]) -> Path:
    """Write a posterior and its fit, without the table's rows, as `save_map_fit` does a fit."""
    from bayes_gmm.results.posterior.posterior_tree import posterior_tree

    return _written(posterior_tree(posterior), posterior.fit, path)


def _written(tree: DataTree, fit: MapFit, path: str | os.PathLike[str]) -> Path:
    for name in fit.features:
        check_letters(name)
    with replacing(path) as draft:
        try:
            sealed(tree).to_netcdf(draft, engine=ENGINE)
        except RuntimeError as error:  # how HDF5 reports, among others, a full disk
            raise OSError(str(error)) from error
    return Path(path)


def load(path: str | os.PathLike[str]) -> MapFit | Posterior:
    """Read what `save` has written; its predictions are the original's exactly.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    MapFit or Posterior

    Raises
    ------
    DataError
        If `path` names no file, if the file is damaged or not one of ours, or if a newer bayes_gmm
        wrote it in a format that this one does not know.

    Warns
    -----
    AmbiguousLabelsWarning, ConvergenceWarning, MultimodalWarning
        Of all that was warned of when the posterior was drawn.
    """
    fit = _read(_path(path))
    if not isinstance(fit, MapFit):
        from bayes_gmm.results.posterior.diagnostics import warn

        warn(fit)
    return fit


def _read(path: Path) -> MapFit | Posterior:
    if not _is_file(path):
        name = shown(str(path), width=4096)
        raise DataError(f"no model file {name}; give a file that a fit was saved to")
    tree = _opened(path)
    try:
        _check_format(tree, path)
        if tree.attrs["kind"] == "Posterior":
            from bayes_gmm.results.posterior.posterior_tree import posterior_from

            fit: MapFit | Posterior = posterior_from(tree)
        else:
            fit = map_fit_from(tree)
        if is_broken(tree):
            raise DataError(
                f"model file '{path}' is damaged: what it holds is not what was saved, or was "
                "changed since; save the fit again"
            )
        return fit
    except DataError:
        raise
    except Exception as error:  # whatever comes of parts that are lost, of another type or shape
        found = f"{type(error).__name__}: {one_line(error, 200)}"
        raise DataError(f"model file '{path}' is damaged: {found}; save the fit again") from error


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for one
        return False


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the path of a draft beside `path`, which takes its place once the block has succeeded.

    When the block fails, the draft goes away and `path` is as it was.

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
        draft.touch()  # what does not allow it is named plainly, as HDF5 would not
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
    """Refuse a file that cannot be written, before any work is done for it.

    Raises
    ------
    OSError
        If it is no regular file, its folder is not there, or writing there is not allowed.
    """
    _, draft = _target_and_draft(path)
    try:
        draft.touch()
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(path)) from error
    draft.unlink()


def _target_and_draft(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The regular file that a path leads to, and a name beside it that is free."""
    target = Path(os.path.realpath(_path(path)))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write '{path}': there is no folder '{target.parent}'")
    if target.is_dir():
        raise IsADirectoryError(f"cannot write '{path}': it is a folder; name a file")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"cannot write '{path}': it is a device or pipe; name a file")
    return target, target.with_name(f".{uuid.uuid4().hex[:12]}{target.suffix}")


def _path(path: Any) -> Path:
    if not isinstance(path, str | os.PathLike) or "\0" in str(path):
        raise DataError(f"path must be the name of a file, got {one_line(ascii(path))}")
    return Path(path)


def _opened(path: Path) -> DataTree:
    import h5py
    import xarray as xr

    try:
        with h5py.File(path, "r") as file:
            # h5netcdf asks this too, and prints a traceback of its own where it fails.
            file.attrs.get("_nc3_strict")
        with xr.open_datatree(path, engine=ENGINE) as tree:
            return tree.load()
    except (ImportError, PermissionError):
        raise
    except Exception as error:  # whatever HDF5 makes of bytes that are not, or no longer, HDF5
        raise DataError(
            f"'{path}' is damaged or no model file: it cannot be read as NetCDF; save the fit again"
        ) from error


def _check_format(tree: DataTree, path: Path) -> None:
    if tree.attrs.get("format") != FORMAT:
        raise DataError(f"'{path}' is a NetCDF file, but no model that bayes_gmm has saved")
    version = int(tree.attrs.get("format_version", 0))
    kind = tree.attrs.get("kind")
    if version > FORMAT_VERSION or kind not in KINDS:
        writer = tree.attrs.get("inference_library_version", "unknown")
        raise DataError(
            f"model file '{path}' was written by a newer bayes_gmm ({writer}): {kind} in format "
            f"{version}, and this one reads {' and '.join(KINDS)} up to format {FORMAT_VERSION}; "
            "upgrade bayes_gmm"
        )
