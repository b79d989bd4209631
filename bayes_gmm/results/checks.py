"""What is asked of draws and arguments, and what is to be said of results that are in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral
from typing import Any

import numpy as np

from bayes_gmm.errors import DataError, FitError, shown
from bayes_gmm.inference.draws import Draws
from bayes_gmm.inference.relabel import Relabelling
from bayes_gmm.model.density import Density

MOST_PAIRS_NAMED = 3
WORTH_A_WORD = 0.01
"""Share of the draws from which on their mode is spoken of."""
MOST_R_HAT = 1000
"""Above which its size says no more."""
MOST_DIVERGED = 0.01
"""Share of the draws."""


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
        raise FitError(f"a draw is of mode {draws.mode.max() + 1}, but the fit has {n_modes}")


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
    labels: Relabelling, names: Sequence[str], empty: Sequence[bool] = ()
) -> str | None:
    """What is to be said of segments that are confused, or None; nothing of `empty` ones.

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
        f"{100 * labels.confusion[k, l]:.0f} % of the draws"
        for k, l in pairs[:MOST_PAIRS_NAMED]
    )
    more = len(pairs) - MOST_PAIRS_NAMED
    also = f", and so may {more} more pair{'s' * (more > 1)}" if more > 0 else ""
    return (
        f"segments cannot be told apart: {named}{also}; take fewer components, or read "
        "co_clustering, which needs no labels"
    )


def several_modes(visited: Mapping[int, float], missed: Mapping[int, float]) -> str | None:
    """What is to be said of several modes, or None.

    Parameters
    ----------
    visited : mapping
        Modes that draws are of, and their shares.
    missed : mapping
        Modes that count and that no draw is of, and their masses.

    Examples
    --------
    >>> several_modes({0: 0.75, 2: 0.25}, {}).split("; ")[1]
    'see fit.modes for each, and r_hat_within_modes in the summary'
    >>> several_modes({0: 1.0}, {1: 0.3}).split("; ")[0]
    'no draw is of mode 2, which holds 30 % of the mass'
    """
    said = []
    visited = _worth_a_word(visited)
    if len(visited) > 1:
        said.append(
            f"the draws are of {len(visited)} different segmentations ({_shares(visited)}), and "
            "averages mix them; see fit.modes for each, and r_hat_within_modes in the summary"
        )
    if missed:
        said.append(_none_of(missed))
        said.append(f"sample {max(max(missed) + 1, 4)} chains or more, and see fit.modes")
    return "; ".join(said) or None


def averaged_over(visited: Mapping[int, float], missed: Mapping[int, float]) -> list[str]:
    """The same as a picture says it, in lines that fit under its title.

    Examples
    --------
    >>> averaged_over({0: 0.75, 2: 0.25}, {})
    ['averages over 2 different segmentations (mode 1: 75 %, mode 3: 25 %)']
    >>> averaged_over({0: 1.0}, {1: 0.3})
    ['no draw is of mode 2, which holds 30 % of the mass']
    """
    visited = _worth_a_word(visited)
    mixed = f"averages over {len(visited)} different segmentations ({_shares(visited)})"
    return [mixed] * (len(visited) > 1) + ([_none_of(missed)] if missed else [])


def _worth_a_word(visited: Mapping[int, float]) -> dict[int, float]:
    return {m: share for m, share in visited.items() if share >= WORTH_A_WORD}


def _none_of(missed: Mapping[int, float]) -> str:
    if len(missed) > 1:
        return f"no draw is of other modes that hold mass ({_shares(missed)})"
    [(m, mass)] = missed.items()
    return f"no draw is of mode {m + 1}, which holds {100 * mass:.0f} % of the mass"


def _shares(modes: Mapping[int, float]) -> str:
    return ", ".join(f"mode {m + 1}: {100 * share:.0f} %" for m, share in modes.items())


def unmixed_chains(
    diverged: float, r_hat: tuple[str, float] | None, ess: tuple[str, float] | None
) -> str | None:
    """What is to be said of chains that have not mixed, or None.

    Parameters
    ----------
    diverged : float
        Share of the draws.
    r_hat, ess : tuple of str and float, optional
        The parameter whose R-hat is too high, and the one with too few effective draws a chain.

    Examples
    --------
    >>> unmixed_chains(0.03, None, None)
    'the chains have not mixed: 3 % of the draws diverged; take fewer components or stronger priors'
    >>> unmixed_chains(0.0, ("weights[Segment 1]", 1.2), None).split("; ")[0]
    'the chains have not mixed: R-hat is 1.20 for weights[Segment 1]'
    """
    said = []
    if r_hat is not None:
        said.append(f"R-hat is {written_r_hat(r_hat[1])} for {r_hat[0]}")
    if ess is not None:
        said.append(f"{ess[1]:.0f} effective draws a chain for {ess[0]}")
    more = "sample more draws with more tune, or " if said else ""
    if diverged > MOST_DIVERGED:
        said.append(f"{100 * diverged:.0f} % of the draws diverged")
    if not said:
        return None
    told = ", ".join(said)
    return f"the chains have not mixed: {told}; {more}take fewer components or stronger priors"


def written_r_hat(r_hat: float, decimals: int = 2) -> str:
    """R-hat as a reader can take it in: that of chains that stand still has no end.

    Examples
    --------
    >>> written_r_hat(1.0234), written_r_hat(5969253037225964.0)
    ('1.02', 'above 1,000')
    """
    return f"above {MOST_R_HAT:,}" if r_hat > MOST_R_HAT else f"{r_hat:.{decimals}f}"
