"""Settings of samplers, of approximations at the modes, and of relabelling."""

from __future__ import annotations

from dataclasses import dataclass, field

from bayes_gmm.inference.optimize.settings import HessianSettings, OptimizerSettings


@dataclass(frozen=True)
class ApproximationSettings:
    """Settings of the normal or Student-t approximation at a mode."""

    optimizer: OptimizerSettings = field(default_factory=lambda: OptimizerSettings(max_iter=200))
    """Settings of the optimisation to the mode of the density of theta."""
    least_curvature: float = 1e-2
    """Minimum curvature of a direction, relative to its curvature with known labels. Without this
    minimum, the approximation is unbounded if labels are not informative."""
    least_nu: float = 10
    """Minimum degrees of freedom; with fewer, most proposals lie farther out than the posterior.
    The number of parameters is used if it is larger."""
    rows_per_nu: float = 20
    """Rows of a component per degree of freedom; more than one, because components that overlap are
    known less precisely than their number of rows suggests."""
    empty_weight: float = 1e-3
    """Initial weight of a component that is empty at the mode."""
    distance: float = 0.05
    """Distance (see `distinct`) below which two vectors are one mode."""
    grid: float = 2.0**-10
    """Step to which coordinates are rounded, in standard deviations. Results then do not depend on
    rounding errors, which differ between numbers of cores."""


@dataclass(frozen=True)
class ImportanceSettings:
    """Settings of importance sampling from the approximations at the modes."""

    doubtful_khat: float = 0.3
    """Pareto shape above which better proposals are tried. The shape of some thousand weights has
    an error of about 0.1; above 0.5 their variance is infinite."""
    good_khat: float = 0.7
    """Pareto shape up to which importance weights are reliable (Vehtari et al. 2024)."""
    rounds: int = 3
    """Maximum number of adaptations of the proposals."""
    firm: float = 5.0
    """Effective proposals per parameter above which their covariance is more accurate than P P'."""
    fewest: int = 1024
    """Minimum number of proposals: enough for a Pareto shape, and for an error of 2 % of interval
    widths."""
    relevant_mass: float = 0.01
    """Smallest relative mass of a mode that is sampled."""
    hessian: HessianSettings = field(default_factory=HessianSettings)


@dataclass(frozen=True)
class SamplerSettings:
    """Settings of chains that start at the modes."""

    relevant_mass: float = ImportanceSettings.relevant_mass
    """Smallest relative mass of a mode that gets a chain, if there are enough chains."""
    overdispersion: float = 1.5
    """Standard deviation of initial points, relative to that of the posterior."""
    tries: int = 20
    """Maximum number of initial points per chain, each closer to the mode than the one before."""
    points: int = 50
    """Number of points at which the posterior is compared with its normal approximation."""
    nearly_normal: float = 0.35
    """Departure from a normal posterior up to which the coordinates of the mode are used."""
    tune: int = 300
    """Warm-up draws: few, because scales and correlations are known from the mode."""
    tune_sparse: int = 800
    """Warm-up draws if components may be empty, because the mode is then not informative."""
    tune_pymc: int = 1000
    """Warm-up draws of PyMC's samplers, which do not use the mode."""
    target_accept: float = 0.8
    """Target acceptance rate of NUTS for nearly normal posteriors."""
    target_accept_bent: float = 0.9
    """Target acceptance rate for other posteriors; their narrow regions cause divergences."""
    target_accept_sparse: float = 0.95
    """Target acceptance rate if components may be empty."""
    patience: float = 0.01
    """Seconds between updates of the progress bar."""
    crossings: int = 100
    """Minimum number of crossings between two modes, in all chains, at which the fractions of draws
    estimate their masses: with n crossings, a fraction w has an error of 2 w (1 - w) / sqrt(n)."""


@dataclass(frozen=True)
class RelabelSettings:
    """Settings of relabelling and of the confusion of components."""

    ambiguous: float = 0.05
    """Confusion of two components above which their labels are ambiguous."""
    smallest_weight: float = 1e-9
    """Weight of an empty component in the cost, so that it too gets the most similar component."""
    cells_at_once: int = 1 << 21
    """Maximum number of elements in a chunk of draws."""
    confusion_draws: int = 2000
    """Maximum number of draws of a mode from which confusion is estimated."""
    confusion_steps: int = 200
    """Maximum number of EM steps for the confusion of two components."""
    fewest_draws: int = 20
    """Minimum number of draws of a mode for an estimate; also at least three per parameter of a
    component."""
