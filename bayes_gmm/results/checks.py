"""Checks of draws, densities and arguments."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, FitError, shown
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.model.checks import whole_number
from bayes_gmm.model.density import Density


@contextmanager
def fit_errors() -> Iterator[None]:
    """Convert errors of parameters to FitError; errors of a table remain DataError.

    Examples
    --------
    >>> with fit_errors():
    ...     raise ValueError("eta must be a number, got '2'")
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.FitError: eta must be a number, got '2'
    """
    try:
        yield
    except DataError:
        raise
    except ValueError as error:
        raise FitError(str(error)) from None


def generator(random_state: Any) -> np.random.Generator:
    """A Generator: the given one, one with the given seed, or a random one for None."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        raise FitError(
            f"random_state must be None, a whole number of at least 0 or a Generator, "
            f"got {shown(random_state)}"
        ) from None


def seed_of(random_state: Any) -> int:
    """An integer seed for the random state; an integer is returned unchanged.

    Examples
    --------
    >>> seed_of(7)
    7
    """
    rng = generator(random_state)
    return int(random_state if isinstance(random_state, Integral) else rng.integers(2**31))


def check_draws(draws: Draws, n_modes: int) -> None:
    """Raise if there are no draws, or if draws are not finite or of an unknown mode."""
    if draws.theta.size == 0 or draws.mode.size == 0:
        raise FitError("there are no draws; request at least 1 draw in 1 chain")
    if not np.all(np.isfinite(draws.theta)):
        raise FitError("a draw is not finite; give a resolution or a stronger prior")
    if draws.mode.min() < 0 or draws.mode.max() >= n_modes:
        raise FitError(
            f"a draw has mode {draws.mode.max()}, but the modes of the fit are 0 to {n_modes - 1}"
        )


def check_probability(ci_prob: Any) -> None:
    """Raise if `ci_prob` is not a valid probability of an interval."""
    number = isinstance(ci_prob, float | np.floating)
    if not number or not 0.0 < ci_prob < 1.0:
        raise DataError(f"ci_prob must be a number between 0 and 1, got {shown(ci_prob)}")


def check_count(name: str, value: Any) -> int:
    """Return a whole number of at least 1, or raise."""
    try:
        return whole_number(name, value)
    except ValueError as error:
        raise DataError(str(error)) from None


def without_maximum(density: Density) -> list[Diagnostic]:
    """A diagnostic for a density without a maximum."""
    return [] if density.has_maximum else [Diagnostic("no_maximum")]


@contextmanager
def within_floating_point() -> Iterator[None]:
    """Convert arithmetic errors of the search to FitError."""
    try:
        yield
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise FitError(
            f"numerical overflow in the search ({error}); "
            "give the parameters of the prior in standardised units"
        ) from error
