"""Thresholds of the diagnostics of posterior draws."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DiagnosticThresholds:
    """When posterior draws have a diagnostic."""

    max_r_hat: float = 1.01
    """R-hat above which chains have not mixed, unless by chance (Vehtari et al. 2021)."""
    false_alarm: float = 1e-3
    """Probability that any R-hat of well mixed chains is reported."""
    ess_per_chain: int = 100
    """Effective draws needed for each chain of at least `long_chain` draws."""
    long_chain: int = 1000
    """Draws of a chain from which on `ess_per_chain` holds; shorter chains need a proportion."""
    short_chain_ess: float = 1.0 / 20.0
    """Effective draws needed per draw of a shorter chain."""
    tails: tuple[float, float] = (0.05, 0.95)
    """Quantiles whose effective sample size is the tail's (Vehtari et al. 2021)."""
    min_region_mass: float = 0.05
    """Mass of a region below which mixing is not checked."""
    min_region_draws: int = 8
    """Draws of a region in a chain below which its R-hat is not computed."""
    min_region_part: float = 0.1
    """The same as a fraction of a chain."""
    max_batches: int = 20
    """Batches of a chain for batch means. The effective sample size estimated from batches of s
    draws cannot be below n / s, and the size needed may be n / 20."""
    min_batches: int = 4
    """Number of batches below which batch means are not used."""
    min_batch_draws: int = 25
    """Draws in each batch."""
    max_divergent: float = 0.01
    """Fraction of divergent draws allowed."""
    min_draws: int = 50
    """Draws in total; with fewer, less than two lie beyond each bound of a 94 % interval."""
    max_missed_mass: float = 0.05
    """Total mass of modes without draws that is allowed."""
    min_mode_mass: float = 0.01
    """Fraction of the draws from which on their mode is reported."""


THRESHOLDS = DiagnosticThresholds()
