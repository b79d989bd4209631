"""Starts refined through structures of increasing complexity.

With free covariances, components tend to stay at their initial rows, especially with many features.
Mixtures with fewer parameters are more flexible in the first steps. The best structure differs
between tables, so starts alternate between structures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from bayes_gmm.inference.modes.guesses import Guess, Moments, guesses
from bayes_gmm.inference.modes.row_sample import Sample, responsibilities
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import Structure

STRUCTURES = (
    None,
    Structure("component-feature", "shared"),
    Structure.parse("spherical"),
    Structure.parse("tied"),
    Structure.parse("diag"),
)

Start = Callable[[Density, Sample, np.random.Generator], Moments]


def diverse_starts(n_init: int, first: Guess | None = None) -> Iterator[Start]:
    """`n_init` starts, which alternate between kinds of guesses and between structures.

    Parameters
    ----------
    n_init : int
    first : Guess, optional
        Used in place of the first guess.
    """
    for i, guess in enumerate(guesses(n_init)):
        chosen = first if first is not None and i == 0 else guess
        yield partial(_start, guess=chosen, simpler=STRUCTURES[i % len(STRUCTURES)])


def _start(
    density: Density,
    sample: Sample,
    rng: np.random.Generator,
    *,
    guess: Guess,
    simpler: Structure | None,
) -> Moments:
    layout = density.layout
    moments = guess(sample, layout.n_components, rng)
    if simpler is None or layout.n_components == 1:
        return moments
    simple_layout = Layout(layout.n_components, layout.n_features, simpler)
    prior = density.prior.with_covariances(simple_layout.n_covariances)
    simple = replace(density, layout=simple_layout, prior=prior)
    theta = moments.theta(simple.layout, simple.prior)
    run = run_em(simple, theta, max_iter=12, tolerance=0.05)
    point = simple.layout.point(run.theta)
    return Moments.of_responsibilities(sample, responsibilities(simple, sample, point))
