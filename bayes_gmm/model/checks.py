"""Checks of the arguments of mixtures and priors."""

from __future__ import annotations

import math
from contextlib import suppress
from numbers import Integral
from typing import Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import shown

SMALLEST = 1e-100
"""Smallest positive parameter of a prior, so that sums of squares do not underflow."""


def number(name: str, value: Any) -> float:
    """A number as a float.

    Examples
    --------
    >>> number("eta", 2)
    2.0
    >>> number("eta", "2")
    Traceback (most recent call last):
    ...
    ValueError: eta must be a number, got '2'
    """
    with suppress(TypeError, ValueError):
        array = np.asarray(value)
        if array.ndim == 0 and array.dtype.kind in "fiu":
            return float(array)
    raise ValueError(f"{name} must be a number, got {shown(value)}")


def positive(name: str, value: Any, *, finite: bool = True) -> float:
    """A positive number as a float.

    Examples
    --------
    >>> positive("scale", -1)
    Traceback (most recent call last):
    ...
    ValueError: scale must be positive and finite, got -1
    """
    checked = number(name, value)
    if not checked > 0.0 or (finite and math.isinf(checked)):
        raise ValueError(f"{name} must be positive{' and finite' * finite}, got {checked:g}")
    if checked < SMALLEST or (finite and checked > 1.0 / SMALLEST):
        bounds = f"between {SMALLEST:g} and {1.0 / SMALLEST:g}"
        raise ValueError(f"{name} must lie {bounds}, so that its square is finite; got {checked:g}")
    return checked


def whole_number(name: str, value: Any, *, least: int = 1) -> int:
    """A whole number.

    Examples
    --------
    >>> whole_number("n_components", 2.5)
    Traceback (most recent call last):
    ...
    ValueError: n_components must be a whole number of at least 1, got 2.5
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {shown(value)}")
    return int(value)


def truth(name: str, value: Any) -> bool:
    """True or False; other values are not converted.

    Examples
    --------
    >>> truth("progress", "no")
    Traceback (most recent call last):
    ...
    ValueError: progress must be True or False, got 'no'
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, got {shown(value)}")
    return bool(value)


def array_of_numbers(name: str, value: Any) -> Floats:
    """A new array of floats, which the caller may make read-only.

    Examples
    --------
    >>> array_of_numbers("means", [[1, 2], [3]])
    Traceback (most recent call last):
    ...
    ValueError: means must be an array of numbers, got [[1, 2], [3]]
    """
    with suppress(TypeError, ValueError):
        if np.asarray(value).dtype.kind in "fiubO":
            return np.array(value, dtype=np.float64, order="C")
    raise ValueError(f"{name} must be an array of numbers, got {shown(value)}")


def checked_covariances(
    covariances: Floats, n_components: int, n_features: int, asymmetry: float = 1e-8
) -> Floats:
    """Covariances made exactly symmetric; their relative asymmetry is at most `asymmetry`.

    Examples
    --------
    >>> checked_covariances(np.array([[[1.0, 0.5], [0.4, 1.0]]]), 1, 2)
    Traceback (most recent call last):
    ...
    ValueError: covariances must be symmetric, got 0.5 and 0.4 in component 0
    """
    expected = (n_components, n_features, n_features)
    if covariances.shape != expected:
        raise ValueError(f"covariances must be {expected}, got {covariances.shape}")
    if not np.all(np.isfinite(covariances)):
        raise ValueError("covariances must be finite")
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    if not np.all(variances > 0.0):
        raise ValueError(
            f"covariances must be positive definite, got the variance {variances.min():g}"
        )
    sd = np.sqrt(variances)
    with np.errstate(over="ignore"):
        difference = np.abs(covariances - covariances.mT) / sd[:, :, None] / sd[:, None, :]
    if difference.max() > asymmetry:
        k, i, j = np.unravel_index(difference.argmax(), difference.shape)
        raise ValueError(
            f"covariances must be symmetric, got {covariances[k, i, j]:g} and "
            f"{covariances[k, j, i]:g} in component {k}"
        )
    return np.tril(covariances) + np.tril(covariances, -1).mT


def checked_resolution(resolution: Floats, n_features: int) -> Floats:
    """A resolution for each feature.

    Examples
    --------
    >>> checked_resolution(np.array(0.5), 2)
    array([0.5, 0.5])
    """
    if resolution.shape not in ((), (1,), (n_features,)):
        raise ValueError(
            f"resolution must be a number or one per feature, {n_features}; "
            f"got the shape {resolution.shape}"
        )
    if not np.all((resolution >= 0.0) & np.isfinite(resolution)):
        raise ValueError(f"resolution must be finite and not negative, got {resolution}")
    return np.broadcast_to(resolution, (n_features,)).copy()
