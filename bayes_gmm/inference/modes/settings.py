"""Settings of starts, of the refinement of optima to modes, and of their masses."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayes_gmm.inference.optimize.settings import HessianSettings, OptimizerSettings


@dataclass(frozen=True)
class StartSettings:
    """Settings of starts."""

    thinnest: float = 1e-3
    """Minimum standard deviation of a component, equal to the smallest recording error."""
    ridge: float = 1e-10
    """Added to the unit diagonal of correlations, so that they are positive definite in spite of
    rounding."""
    rows_of_split: int = 500
    """Approximate maximum number of rows of a component on which its splits are evaluated."""
    same_gain: float = 0.1
    """Minimum difference between the gains of two splits of a component, in nats."""


@dataclass(frozen=True)
class LaplaceSettings:
    """Settings of the mass of a mode by Laplace's method."""

    at_peak: OptimizerSettings = field(default_factory=lambda: OptimizerSettings(tolerance=3e-4))
    """Settings of the optimisation to the mode of the density of theta; the error of the log mass
    is half the squared slope."""
    on_return: OptimizerSettings = field(default_factory=lambda: OptimizerSettings(tolerance=3e-2))
    """Settings of the optimisation back to the MAP, which only has to identify the optimum."""
    same_height: float = 1e-2
    """Maximum difference of log-posteriors, in nats, at which both belong to one optimum."""
    hessian: HessianSettings = field(default_factory=HessianSettings)


@dataclass(frozen=True)
class ModeSettings:
    """Settings of the refinement of optima on a sample to modes on all rows."""

    window: float = 40.0
    """Maximum difference to the best optimum, in nats, for an optimum to be refined."""
    most_modes: int = 8
    """Maximum number of modes to report."""
    most_polished: int = 14
    """Maximum number of optima to refine: half by rough mass, half by a closer estimate of it."""
    most_of_sample: int = 3
    """Number of optima on a sample that are evaluated on all rows."""
    distance: float = 0.05
    """Distance (see `distinct`) below which two polished optima are one mode."""
    same_height: float = 1e-3
    """Maximum difference of their log-posteriors, in nats."""
    laplace: LaplaceSettings = field(default_factory=LaplaceSettings)
