"""What is asked of draws and arguments, and what is to be said of results that are in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from bayes_gmm.errors import DataError, FitError, shown
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.density import Density
from bayes_gmm.results.option_names import PYTHON, OptionNames
from bayes_gmm.text import percent

MOST_PAIRS_NAMED = 3
WORTH_A_WORD = 0.01
"""Share of the draws from which on their mode is spoken of."""


@contextmanager
def fit_errors() -> Iterator[None]:
    """What is wrong with a parameter is a FitError; what is wrong with a table stays a DataError.

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
    """A Generator: itself, one with the seed given, or a fresh one for None."""
    try:
        return np.random.default_rng(random_state)
    except (TypeError, ValueError):
        raise FitError(
            f"random_state must be None, a whole number of at least 0 or a Generator, "
            f"got {shown(random_state)}"
        ) from None


def seed_of(random_state: Any) -> int:
    """A number that stands for the state: itself where it is one.

    Examples
    --------
    >>> seed_of(7)
    7
    """
    rng = generator(random_state)
    return int(random_state if isinstance(random_state, Integral) else rng.integers(2**31))


def check_draws(draws: Draws, n_modes: int) -> None:
    """Raise for draws that are none, no numbers, or of a mode that there is not."""
    if draws.theta.size == 0 or draws.mode.size == 0:
        raise FitError("there are no draws; ask for at least 1 draw of 1 chain")
    if not np.all(np.isfinite(draws.theta)):
        raise FitError("a draw is not a number; give a resolution or a stronger prior")
    if draws.mode.min() < 0 or draws.mode.max() >= n_modes:
        raise FitError(
            f"a draw is of mode {draws.mode.max()}, but the fit has {n_modes}, counted from 0"
        )


def check_probability(ci_prob: Any) -> None:
    """Raise for what is no probability of an interval."""
    number = isinstance(ci_prob, float | np.floating)
    if not number or not 0.0 < ci_prob < 1.0:
        raise DataError(f"ci_prob must be a number between 0 and 1, got {shown(ci_prob)}")


def check_count(name: str, value: Any) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise DataError(f"{name} must be a whole number of at least 1, got {shown(value)}")
    return int(value)


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
    """Warning text for segments that change places, or None; `empty` segments are left out.

    Examples
    --------
    >>> confusion = np.array([[0.0, 0.3], [0.3, 0.0]])
    >>> said = ambiguous_labels(Relabelling(np.array([[[0, 1]]]), confusion), ["A", "B"])
    >>> said.split(";")[0]
    'segments cannot be told apart: A and B may be the other way round in 30 % of the draws'
    """
    pairs = labels.ambiguous_pairs(empty)
    if not pairs:
        return None
    named = ", ".join(
        f"{names[k]} and {names[l]} may be the other way round in "
        f"{percent(float(labels.confusion[k, l]))} of the draws"
        for k, l in pairs[:MOST_PAIRS_NAMED]
    )
    more = len(pairs) - MOST_PAIRS_NAMED
    also = f", and so may {more} more pair{'s' * (more > 1)}" if more > 0 else ""
    return f"segments cannot be told apart: {named}{also}; {options.overlap}"


def several_modes(
    visited: Mapping[int, float], missed: Mapping[int, float], options: OptionNames = PYTHON
) -> str | None:
    """Warning text for averages over several modes, or None; modes are counted from 0.

    Parameters
    ----------
    visited : mapping
        Modes that draws are of, and their shares.
    missed : mapping
        Modes that count and that no draw is of, and their masses.
    options : OptionNames
        By the names that the reader uses.

    Examples
    --------
    >>> from bayes_gmm.results.option_names import COMMAND_LINE
    >>> several_modes({0: 0.75, 2: 0.25}, {}, COMMAND_LINE).split("; ")[1]
    'use --segmentation main for the draws of the heaviest alone'
    >>> several_modes({0: 1.0}, {1: 0.3})
    'no draw is of mode 1, which holds 30 % of the mass; sample with chains=4 or more'
    """
    said = []
    visited = worth_a_word(visited)
    if len(visited) > 1:
        main = max(visited, key=lambda m: visited[m])
        said += [
            f"the draws are of {len(visited)} different segmentations ({_shares(visited)}), and "
            "averages mix them",
            options.one_mode.format(mode=main),
        ]
    if missed:
        chains = options.number(options.chains, max(max(missed) + 1, 4))
        said += [_none_of(missed), f"sample with {chains} or more"]
    return "; ".join(said) or None


def averaged_over(visited: Mapping[int, float], missed: Mapping[int, float]) -> list[str]:
    """The same as a picture says it, in lines that fit under its title.

    Examples
    --------
    >>> averaged_over({0: 0.75, 2: 0.25}, {})
    ['averages over 2 different segmentations (mode 0: 75 %, mode 2: 25 %)']
    >>> averaged_over({0: 1.0}, {1: 0.3})
    ['no draw is of mode 1, which holds 30 % of the mass']
    """
    visited = worth_a_word(visited)
    mixed = f"averages over {len(visited)} different segmentations ({_shares(visited)})"
    return [mixed] * (len(visited) > 1) + ([_none_of(missed)] if missed else [])


def alone_of(mode: int, mass: float, others: Mapping[int, float]) -> str:
    """What a note says of draws of one mode.

    Examples
    --------
    >>> alone_of(0, 0.89, {2: 0.06, 1: 0.05})
    'mode 0 alone, which holds 89 % of the mass (others: mode 2: 6 %, mode 1: 5 %)'
    """
    also = f" (others: {_shares(others)})" if others else ""
    return f"mode {mode} alone, which holds {percent(mass)} of the mass{also}"


def worth_a_word(visited: Mapping[int, float]) -> dict[int, float]:
    """The modes that hold 1 % of the draws or more."""
    return {m: share for m, share in visited.items() if share >= WORTH_A_WORD}


def _none_of(missed: Mapping[int, float]) -> str:
    if len(missed) > 1:
        return f"no draw is of other modes that hold mass ({_shares(missed)})"
    [(m, mass)] = missed.items()
    return f"no draw is of mode {m}, which holds {percent(mass)} of the mass"


def _shares(modes: Mapping[int, float]) -> str:
    return ", ".join(f"mode {m}: {percent(share)}" for m, share in modes.items())
