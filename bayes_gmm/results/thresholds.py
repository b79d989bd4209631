"""Thresholds of the diagnostics of posterior draws."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DiagnosticThresholds:
    """Thresholds of the diagnostics of posterior draws."""

    max_r_hat: float = 1.01
    """R-hat above which chains have not mixed, unless by chance (Vehtari et al. 2021)."""
    false_alarm: float = 1e-3
    """Probability that any R-hat of well mixed chains is reported."""
    ess_per_chain: int = 100
    """Required effective sample size per chain of at least `long_chain` draws."""
    long_chain: int = 1000
    """Minimum length of a chain to which `ess_per_chain` applies."""
    short_chain_ess: float = 1.0 / 20.0
    """Required effective sample size per draw of a shorter chain."""
    tails: tuple[float, float] = (0.05, 0.95)
    """Quantiles that define the tail effective sample size (Vehtari et al. 2021)."""
    min_region_mass: float = 0.05
    """Minimum mass of a region whose mixing is checked."""
    min_region_draws: int = 8
    """Minimum number of draws per chain in a region for its R-hat."""
    min_region_part: float = 0.1
    """Minimum fraction of the draws of a chain in a region for its R-hat."""
    max_batches: int = 20
    """Maximum number of batches per chain for batch means. An effective sample size that is
    estimated from batches of s draws cannot be below n / s, and the required size may be n / 20."""
    min_batches: int = 4
    """Minimum number of batches for batch means."""
    min_batch_draws: int = 25
    """Minimum number of draws in a batch."""
    max_divergent: float = 0.01
    """Maximum fraction of divergent draws."""
    min_draws: int = 50
    """Minimum total number of draws; with fewer, less than two lie beyond each 94 % bound."""
    max_missed_mass: float = 0.05
    """Maximum total mass of modes without draws."""
    min_mode_mass: float = 0.01
    """Minimum fraction of the draws in a mode that is reported."""


THRESHOLDS = DiagnosticThresholds()
