"""Sizes and numbers in the reports of the command line."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportSettings:
    """Sizes and numbers of items in reports."""

    width: int = 100
    """Characters in a line."""
    name_width: int = 32
    """Characters of the name of a feature or segment."""
    findings: int = 3
    """Findings of each code that are printed."""
    modes: int = 5
    """Other modes that are printed."""
    changes: int = 3
    """Changed segments of each mode that are printed."""
    least_mass: float = 0.001
    """Mass below which a mode of a fit is not printed."""
    ci_prob: float = 0.94
    """Probability of credible intervals."""
    probability_decimals: int = 6
    """Decimals of a probability in files."""
    size_decimals: int = 3
    """Decimals of expected numbers of rows in files and JSON."""


REPORT = ReportSettings()
