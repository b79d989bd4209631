"""What is to be known of a posterior before its numbers are read."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    MultimodalWarning,
    PriorWarning,
)
from bayes_gmm.inference.sampling.importance import GOOD_KHAT, misfit
from bayes_gmm.results import checks
from bayes_gmm.results.option_names import PYTHON, OptionNames
from bayes_gmm.results.posterior.convergence_check import unmixed_chains

if TYPE_CHECKING:
    from bayes_gmm.inference.sampling.draws import Draws
    from bayes_gmm.results.posterior.draws import PosteriorDraws


FEWEST_DRAWS = 50
"""In all: of fewer, not even two lie beyond either end of a 94 % interval."""


class Caveat(NamedTuple):
    """One line that a reader must know, and the category it is warned of in."""

    category: type[Warning]
    text: str


def caveats(posterior: PosteriorDraws, options: OptionNames = PYTHON) -> dict[str, Caveat]:
    """All caveats of a posterior, by what they are about; none where all is well.

    An "interruption" of the sampler, "draws" that are too few, "labels" that may change places,
    several "modes", "mixing" of the chains, an "approximation" that does not fit, a "prior" that
    moves parameters far.
    """
    draws, unmixed, influence = (
        posterior.draws,
        posterior.computed(unmixed_chains),
        posterior.prior_influence,
    )
    said = {
        "interruption": (ConvergenceWarning, cut_short(draws)),
        "draws": (ConvergenceWarning, too_few(draws, options)),
        "labels": (
            AmbiguousLabelsWarning,
            checks.ambiguous_labels(posterior.labels, posterior.names, posterior.empty, options),
        ),
        "modes": (
            MultimodalWarning,
            checks.several_modes(posterior.mode_fractions, posterior.modes_missed, options),
        ),
        "mixing": (ConvergenceWarning, None if unmixed is None else unmixed.text(options)),
        "approximation": (ConvergenceWarning, misfit(draws.khat, options.nuts)),
        "prior": (PriorWarning, None if influence is None else influence.text(posterior.names)),
    }
    return {about: Caveat(kind, text) for about, (kind, text) in said.items() if text is not None}


def warn(posterior: PosteriorDraws, *, but: tuple[str, ...] = (), stacklevel: int = 2) -> None:
    """Warn of every caveat, `but` those that have been warned of."""
    for about, caveat in caveats(posterior).items():
        if about not in but:
            warnings.warn(caveat.text, caveat.category, stacklevel=stacklevel + 1)


def cut_short(draws: Draws) -> str | None:
    """Warning text if sampling was interrupted, else None."""
    if not draws.interrupted:
        return None
    chains = "1 chain" if draws.n_chains == 1 else f"{draws.n_chains} chains"
    return (
        f"sampling was interrupted: of the draws asked for {chains} of {draws.n_draws:,} are kept; "
        "sample again for all"
    )


def too_few(draws: Draws, options: OptionNames = PYTHON) -> str | None:
    """Warning text for draws too few for intervals, or None."""
    n = draws.mode.size
    if n >= FEWEST_DRAWS:
        return None
    are = "there is 1 draw" if n == 1 else f"there are {n} draws"
    return (
        f"{are} in all, too few for intervals; increase {options.draws} until there are "
        f"{FEWEST_DRAWS} or more, better 1,000"
    )


def standing(draws: Draws) -> str:
    """Why independent draws have no R-hat, and what k-hat says of them in its place.

    Examples
    --------
    >>> import numpy as np
    >>> from bayes_gmm.inference.sampling.draws import Draws
    >>> from bayes_gmm.model.parameters import Layout
    >>> from bayes_gmm.model.structure import Structure
    >>> drawn = Draws(np.zeros((1, 9, 2)), Layout(1, 1, Structure()), np.zeros((1, 9), int),
    ...               method="laplace", khat=0.4)
    >>> standing(drawn).partition(", and ")[2]
    'k-hat certifies them: it is 0.40, and up to 0.7 is good'
    """
    independent = "R-hat is for Markov chains; these draws are independent, and "
    if draws.khat is None:
        return f"{independent}no k-hat says how well they fit the posterior"
    good = f"k-hat certifies them: it is {draws.khat:.2f}, and up to {GOOD_KHAT} is good"
    return independent + (misfit(draws.khat) or good)
