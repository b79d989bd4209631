"""Estimated time of NUTS, and of the alternative, before sampling starts."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.inference.sampling.coordinates import Frame
from bayes_gmm.inference.sampling.importance import n_proposals
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.jit.threads import n_cores
from bayes_gmm.model.c_density import FusedDensity
from bayes_gmm.model.density import Density


@dataclass(frozen=True)
class CostSettings:
    """Work of the samplers, and when it is announced."""

    steps_normal: float = 8.0
    """Gradients per draw in the coordinates of the mode: 7 were measured with 44 and with 119
    parameters, 14 with 263."""
    steps_bent: float = 100.0
    """Gradients per draw if the posterior is not nearly normal: between 25 and 270 were measured
    with 11 to 119 parameters."""
    laplace_rounds: float = 2.0
    """Rounds of proposals of importance sampling; k-hat decides between 1 and 4."""
    announced: float = 60.0
    """Estimated seconds of NUTS from which the estimate is announced."""


COST = CostSettings()


def cost_of(
    density: Density, peak: Peak, frame: Frame, *, draws: int, tune: int, chains: int
) -> Diagnostic:
    """The diagnostic ``nuts_cost``, from the time of one gradient at a mode.

    Parameters
    ----------
    density : Density
    peak : Peak
    frame : Frame
        Coordinates of the chains.
    draws, tune, chains : int
    """
    fused = FusedDensity(density, peak.theta, frame.factor, frame.bend)
    xi = fused.coordinates(peak.theta)
    seconds_each = min(_seconds(fused, xi) for _ in range(2))
    steps = COST.steps_normal if frame.factor is peak.factor else COST.steps_bent
    gradients = steps * chains * (draws + tune)
    proposals = COST.laplace_rounds * n_proposals(density, draws * chains)
    return Diagnostic(
        "nuts_cost",
        values={
            "seconds": gradients * seconds_each / min(chains, n_cores()),
            "gradients": gradients, "seconds_each": seconds_each,
            "laplace_seconds": proposals * seconds_each / n_cores(),
        },
    )  # fmt: skip


def _seconds(fused: FusedDensity, xi: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    start = time.perf_counter()
    fused.value_and_gradient(xi)
    return time.perf_counter() - start
