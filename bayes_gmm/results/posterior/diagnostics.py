"""Caveats of a posterior: conditions that make its estimates unreliable."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    MultimodalWarning,
    PriorWarning,
)
from bayes_gmm.inference.sampling.importance import misfit
from bayes_gmm.inference.sampling.settings import ImportanceSettings
from bayes_gmm.results import checks
from bayes_gmm.results.option_names import PYTHON, OptionNames
from bayes_gmm.results.posterior.convergence_check import unmixed_chains

if TYPE_CHECKING:
    from bayes_gmm.inference.sampling.draws import Draws
    from bayes_gmm.results.posterior.draws import PosteriorDraws


FEWEST_DRAWS = 50
"""Total number of draws; with fewer, less than two lie beyond each bound of a 94 % interval."""


class Caveat(NamedTuple):
    """Text of a caveat, and the category of its warning."""

    category: type[Warning]
    text: str


def caveats(posterior: PosteriorDraws, options: OptionNames = PYTHON) -> dict[str, Caveat]:
    """All caveats of a posterior, by subject; empty if there are none.

    Subjects: "interruption" of the sampler, too few "draws", ambiguous "labels", several "modes",
    insufficient "mixing" of the chains, a Laplace "approximation" that does not fit, strong
    influence of the "prior".
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
    """Issue a warning for every caveat except the subjects in `but`."""
    for about, caveat in caveats(posterior).items():
        if about not in but:
            warnings.warn(caveat.text, caveat.category, stacklevel=stacklevel + 1)


def cut_short(draws: Draws) -> str | None:
    """Warning text if sampling was interrupted, else None."""
    if not draws.interrupted:
        return None
    chains, are = ("1 chain", "is") if draws.n_chains == 1 else (f"{draws.n_chains} chains", "are")
    return (
        f"sampling was interrupted: only {chains} of {draws.n_draws:,} draws {are} kept; sample "
        "again to get all draws"
    )


def too_few(draws: Draws, options: OptionNames = PYTHON) -> str | None:
    """Warning text for too few draws for intervals, else None."""
    n = draws.mode.size
    if n >= FEWEST_DRAWS:
        return None
    are = "there is 1 draw" if n == 1 else f"there are {n} draws"
    return (
        f"{are} in total, too few for intervals; increase {options.draws} to get at least "
        f"{FEWEST_DRAWS}, better 1,000"
    )


def standing(draws: Draws) -> str:
    """Why independent draws have no R-hat, and their k-hat.

    Examples
    --------
    >>> import numpy as np
    >>> from bayes_gmm.inference.sampling.draws import Draws
    >>> from bayes_gmm.model.parameters import Layout
    >>> from bayes_gmm.model.structure import Structure
    >>> drawn = Draws(np.zeros((1, 9, 2)), Layout(1, 1, Structure()), np.zeros((1, 9), int),
    ...               method="laplace", khat=0.4)
    >>> standing(drawn).partition("; ")[2]
    'their Pareto k-hat is 0.40, which is good (at most 0.7)'
    """
    independent = "R-hat does not apply to independent draws; "
    if draws.khat is None:
        return f"{independent}no Pareto k-hat is available for them"
    most = ImportanceSettings.good_khat
    good = f"their Pareto k-hat is {draws.khat:.2f}, which is good (at most {most})"
    return independent + (misfit(draws.khat) or good)
