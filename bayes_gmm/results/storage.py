"""Fits on disk: one NetCDF file that xarray and any other reader of NetCDF-4 opens. No pickle.

::

    /               feature (names); attributes: what the file is, who wrote it and when, the prior
                    and the structure as JSON or text, the fit's single numbers
    /map            weights (component), means (component, feature),
                    covariances (component, feature, feature_bis), resolution: in the user's units
    /standardizer   shift, scale (feature)
    /history        log_posterior (iteration)
    /modes/mode_1   as /map, with log_posterior, log_evidence and probability; mode_2, ...
"""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm import __version__
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.errors import DataError, one_line
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.model.prior import HalfNormal, InverseGamma, LogNormal, Normal, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.map_fit import MapFit, Mode

if TYPE_CHECKING:
    from xarray import Dataset, DataTree

FORMAT = "bayes_gmm"
FORMAT_VERSION = 1
ENGINE = "h5netcdf"
PRIOR_CLASSES = {c.__name__: c for c in (Prior, Normal, LogNormal, HalfNormal, InverseGamma)}


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
    OSError
        If the file cannot be written; what was there before is still there.
    """
    tree = _tree(fit)
    with replacing(path) as draft:
        try:
            tree.to_netcdf(draft, engine=ENGINE)
        except RuntimeError as error:  # how HDF5 reports, among others, a full disk
            raise OSError(f"cannot write {path}: {error}") from error
    return Path(path)


def load(path: str | os.PathLike[str]) -> MapFit:
    """Read a fit that was written by `MapFit.save`; its predictions are the original's exactly.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    MapFit

    Raises
    ------
    DataError
        If there is no such file, if it is damaged or not one of ours, or if a newer bayes_gmm
        wrote it in a format that this one does not know.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"no model file '{path}'; give a file that a fit was saved to")
    tree = _opened(path)
    try:
        _check_format(tree, path)
        return _map_fit(tree)
    except DataError:
        raise
    except Exception as error:  # whatever comes of parts that are lost, of another type or shape
        found = f"{type(error).__name__}: {one_line(error, 200)}"
        raise DataError(f"model file '{path}' is damaged: {found}; save the fit again") from error


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
        yield draft
        os.replace(draft, target)
    except OSError as error:
        if error.filename == str(draft):
            raise type(error)(error.errno, error.strerror, str(path)) from error
        raise
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
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(f"cannot write '{path}': there is no folder '{target.parent}'")
    if target.is_dir():
        raise IsADirectoryError(f"cannot write '{path}': it is a folder; name a file")
    if target.exists() and not target.is_file():
        raise FileExistsError(f"cannot write '{path}': it is a device or pipe; name a file")
    return target, target.with_name(f".{uuid.uuid4().hex[:12]}{target.suffix}")


def _tree(fit: MapFit) -> DataTree:
    import xarray as xr

    names = list(fit.features)
    nodes = {
        "/": xr.Dataset(coords={"feature": names, "feature_bis": names}, attrs=_attributes(fit)),
        "/map": _mixture_dataset(fit.mixture),
        "/standardizer": xr.Dataset(
            {
                "shift": ("feature", np.asarray(fit.standardizer.shift)),
                "scale": ("feature", np.asarray(fit.standardizer.scale)),
            }
        ),
        "/history": xr.Dataset({"log_posterior": ("iteration", np.asarray(fit.history))}),
    }
    for number, mode in enumerate(fit.modes, start=1):
        numbers = {name: float(getattr(mode, name)) for name in MODE_NUMBERS}
        nodes[f"/modes/mode_{number}"] = _mixture_dataset(mode.mixture).assign(numbers)
    return xr.DataTree.from_dict(nodes)


MODE_NUMBERS = ("log_posterior", "log_evidence", "probability")
FIT_NUMBERS: dict[str, type] = {
    "n_rows": int,
    "total_weight": float,
    "log_posterior": float,
    "log_likelihood": float,
    "converged": bool,
    "n_iter": int,
}


def _attributes(fit: MapFit) -> dict[str, Any]:
    numbers = {name: getattr(fit, name) for name in FIT_NUMBERS}
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "kind": "MapFit",
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "bayes_gmm_version": __version__,
        "numpy_version": np.__version__,
        "python_version": platform.python_version(),
        "structure": fit.structure.name,
        "prior": json.dumps(_plain(fit.prior)),
        "n_modes": len(fit.modes),
        **{name: int(x) if isinstance(x, bool | np.bool_) else x for name, x in numbers.items()},
    }


def _mixture_dataset(mixture: Mixture) -> Dataset:
    import xarray as xr

    square = ("component", "feature", "feature_bis")
    return xr.Dataset(
        {
            "weights": ("component", np.asarray(mixture.weights)),
            "means": (("component", "feature"), np.asarray(mixture.means)),
            "covariances": (square, np.asarray(mixture.covariances)),
            "resolution": ("feature", np.asarray(mixture.resolution)),
        },
        coords={"component": segment_labels(mixture.n_components)},
    )


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
    if version > FORMAT_VERSION or kind != "MapFit":
        writer = tree.attrs.get("bayes_gmm_version", "unknown")
        raise DataError(
            f"model file '{path}' was written by a newer bayes_gmm ({writer}): {kind} in format "
            f"{version}, and this one reads MapFit up to format {FORMAT_VERSION}; "
            "upgrade bayes_gmm"
        )


def _map_fit(tree: DataTree) -> MapFit:
    features = tuple(str(name) for name in tree["feature"].values)
    standardizer = tree["standardizer"]
    modes = (tree[f"modes/mode_{m + 1}"] for m in range(int(tree.attrs["n_modes"])))
    return MapFit(
        mixture=_mixture(tree["map"], features),
        prior=_revived(json.loads(tree.attrs["prior"])),
        structure=Structure.parse(tree.attrs["structure"]),
        standardizer=Standardizer(
            shift=standardizer["shift"].values, scale=standardizer["scale"].values
        ),
        features=features,
        history=tree["history/log_posterior"].values,
        modes=tuple(_mode(node, features) for node in modes),
        **{name: kind(tree.attrs[name]) for name, kind in FIT_NUMBERS.items()},
    )


def _mode(node: DataTree, features: tuple[str, ...]) -> Mode:
    numbers = {name: float(node[name]) for name in MODE_NUMBERS}
    return Mode(mixture=_mixture(node, features), **numbers)


def _mixture(node: DataTree, features: tuple[str, ...]) -> Mixture:
    names = ("weights", "means", "covariances", "resolution")
    return Mixture(**{name: node[name].values for name in names}, features=features)


def _plain(value: Any) -> Any:
    """Turn nested dataclasses of numbers into what JSON can say."""
    if not dataclasses.is_dataclass(value):
        return value
    fields = {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return {"class": type(value).__name__, **fields}


def _revived(value: Any) -> Any:
    """Turn what `_plain` gave, read back from JSON, into the dataclasses."""
    if isinstance(value, list):
        return tuple(value)
    if not isinstance(value, dict):
        return value
    fields = {name: _revived(part) for name, part in value.items() if name != "class"}
    return PRIOR_CLASSES[value["class"]](**fields)
