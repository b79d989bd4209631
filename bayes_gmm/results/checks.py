"""Checks of draws and arguments, and texts of warnings about results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from bayes_gmm.errors import DataError, FitError, shown
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.checks import whole_number
from bayes_gmm.model.density import Density
from bayes_gmm.results.option_names import PYTHON, OptionNames
from bayes_gmm.text import percent

MOST_PAIRS_NAMED = 3
WORTH_A_WORD = 0.01
"""Smallest fraction of the draws at which their mode is reported."""


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
            f"a draw is of mode {draws.mode.max()}, but the fit has {n_modes}, counted from 0"
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


def without_maximum(density: Density) -> str | None:
    """Warning text for a density without a maximum, else None."""
    if density.has_maximum:
        return None
    return (
        "the posterior has no maximum: with resolution=None and this prior a component can shrink "
        "onto a few rows without limit; give a resolution, or use the result as a local optimum"
    )


def ambiguous_labels(
    labels: Relabelling,
    names: Sequence[str],
    empty: Sequence[bool] = (),
    options: OptionNames = PYTHON,
) -> str | None:
    """Warning text for segments with ambiguous labels, else None; `empty` segments are skipped.

    Examples
    --------
    >>> confusion = np.array([[0.0, 0.3], [0.3, 0.0]])
    >>> said = ambiguous_labels(Relabelling(np.array([[[0, 1]]]), confusion), ["A", "B"])
    >>> said.split(";")[0]
    'segments have ambiguous labels: A and B may be swapped in 30 % of the draws'
    """
    pairs = labels.ambiguous_pairs(empty)
    if not pairs:
        return None
    named = ", ".join(
        f"{names[k]} and {names[l]} may be swapped in "
        f"{percent(float(labels.confusion[k, l]))} of the draws"
        for k, l in pairs[:MOST_PAIRS_NAMED]
    )
    more = len(pairs) - MOST_PAIRS_NAMED
    also = f", and {more} more pair{'s' * (more > 1)} of segments" if more > 0 else ""
    return f"segments have ambiguous labels: {named}{also}; {options.overlap}"


def several_modes(
    visited: Mapping[int, float], missed: Mapping[int, float], options: OptionNames = PYTHON
) -> str | None:
    """Warning text for averages over several modes, else None; modes are counted from 0.

    Parameters
    ----------
    visited : mapping
        Fraction of the draws in each visited mode.
    missed : mapping
        Masses of the relevant modes without draws.
    options : OptionNames
        Names of the options in the interface of the user.

    Examples
    --------
    >>> from bayes_gmm.results.option_names import COMMAND_LINE
    >>> several_modes({0: 0.75, 2: 0.25}, {}, COMMAND_LINE).split("; ")[1]
    'use --segmentation main to report only the most probable segmentation'
    >>> several_modes({0: 1.0}, {1: 0.3})
    'no draws from mode 1, which holds 30 % of the mass; sample with chains=4 or more'
    """
    said = []
    visited = worth_a_word(visited)
    if len(visited) > 1:
        main = max(visited, key=lambda m: visited[m])
        said += [
            f"the draws come from {len(visited)} different segmentations ({_shares(visited)}), and "
            "averages mix them",
            options.one_mode.format(mode=main),
        ]
    if missed:
        chains = options.number(options.chains, max(max(missed) + 1, 4))
        said += [_none_of(missed), f"sample with {chains} or more"]
    return "; ".join(said) or None


def averaged_over(visited: Mapping[int, float], missed: Mapping[int, float]) -> list[str]:
    """Lines of the same warning for the subtitle of a plot.

    Examples
    --------
    >>> averaged_over({0: 0.75, 2: 0.25}, {})
    ['averages over 2 different segmentations (mode 0: 75 %, mode 2: 25 %)']
    >>> averaged_over({0: 1.0}, {1: 0.3})
    ['no draws from mode 1, which holds 30 % of the mass']
    """
    visited = worth_a_word(visited)
    mixed = f"averages over {len(visited)} different segmentations ({_shares(visited)})"
    return [mixed] * (len(visited) > 1) + ([_none_of(missed)] if missed else [])


def alone_of(mode: int, mass: float, others: Mapping[int, float]) -> str:
    """Text of a note on draws from one mode.

    Examples
    --------
    >>> alone_of(0, 0.89, {2: 0.06, 1: 0.05})
    'only mode 0, which holds 89 % of the mass (other modes: mode 2: 6 %, mode 1: 5 %)'
    """
    also = f" (other modes: {_shares(others)})" if others else ""
    return f"only mode {mode}, which holds {percent(mass)} of the mass{also}"


def worth_a_word(visited: Mapping[int, float]) -> dict[int, float]:
    """The modes with at least 1 % of the draws."""
    return {m: share for m, share in visited.items() if share >= WORTH_A_WORD}


def _none_of(missed: Mapping[int, float]) -> str:
    if len(missed) > 1:
        return f"no draws from other modes that hold mass ({_shares(missed)})"
    [(m, mass)] = missed.items()
    return f"no draws from mode {m}, which holds {percent(mass)} of the mass"


def _shares(modes: Mapping[int, float]) -> str:
    return ", ".join(f"mode {m}: {percent(share)}" for m, share in modes.items())
