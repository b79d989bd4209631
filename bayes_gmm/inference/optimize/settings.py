"""Settings of the optimisation of one mode: EM, the Hessian, and Newton's method."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class EMSettings(NamedTuple):
    """Settings of EM and of degenerate components, as compiled code takes them (see `EM`)."""

    smallest_weight: float = 1e-10
    """Weight of a component without rows if its concentration is at most 1."""
    degenerate_sd: float = 1e-4
    """Conditional standard deviation below which a component is degenerate, in standardised
    units."""
    longest_jump: float = 64.0
    """Maximum length of an extrapolation in EM steps; longer ones mostly overshoot."""
    gradient_steps: int = 2
    """Number of gradient steps in an M-step; the optimisation after EM completes it."""
    shortest_step: float = 0.02
    """Fraction of a gradient step below which the step is not shortened further."""
    smallest_gain: float = 1e-9
    """Minimum gain of a gradient step, in nats, predicted from the slope along it."""
    scale_matrix_steps: int = 3
    """Updates of the scale matrix of a hierarchical Wishart prior in an M-step."""
    scale_matrix_steps_at_start: int = 10
    """Number of these updates for the covariances of a start, which begin at the identity."""


EM = EMSettings()
"""The settings of every run of EM.

They are constants of compiled code: as arguments they would change how sums are rounded, and make
a step slower.
"""


@dataclass(frozen=True)
class HessianSettings:
    """Settings of the Hessian of the log-posterior."""

    width: float = 1e-4
    """Step of finite differences, in expected standard deviations; small, because the curvature
    changes fast across a ridge."""
    affordable: float = 2e10
    """Maximum cost of a Hessian, in floating-point operations; the expected information of
    complete data is used instead if it costs more."""
    cost_without_rows: float = 1.5e6
    """Duration of a gradient without a pass over the rows, in floating-point operations."""
    negligible: float = 1e-8
    """Membership probability below which a row is ignored for a component."""
    tiles: int = 32
    """Number of tiles of rows that are processed together."""


@dataclass(frozen=True)
class OptimizerSettings:
    """Settings of the convergence to a mode by L-BFGS-B and Newton's method."""

    tolerance: float = 1e-6
    """Largest slope at a mode, in nats per expected posterior standard deviation."""
    accepted_slope: float = 1e-4
    """Largest slope at a mode if rounding stops the optimisation; the error is 5e-9 nats."""
    max_iter: int = 1000
    """Maximum number of steps of a run; no other run follows one that reaches it."""
    quasi_newton_steps: int = 150
    """Number of quasi-Newton steps after which Newton's method is used if it is affordable."""
    restarts: int = 3
    """Maximum number of quasi-Newton runs, each in coordinates scaled at the last point."""
    newton_steps: int = 60
    """Maximum number of Newton steps."""
    newton_size: int = 200
    """Maximum number of parameters for Newton's method."""
    newton_first: float = 1e7
    """Maximum cost of a Hessian, in operations, at which Newton's method is tried first."""
    longest_step: float = 10.0
    """Maximum Newton step along an axis, in expected standard deviations."""
    value_noise: float = 1e-6
    """Maximum decrease, in nats, of a Newton step that reduces the slope; it is due to rounding."""
    hessian: HessianSettings = field(default_factory=HessianSettings)
