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
    """Maximum number of findings of each code to print."""
    modes: int = 5
    """Maximum number of other modes to print."""
    changes: int = 3
    """Maximum number of changed segments of each mode to print."""
    least_mass: float = 0.001
    """Minimum mass of a mode of a fit to print."""
    ci_prob: float = 0.94
    """Probability of credible intervals."""
    probability_decimals: int = 6
    """Decimals of a probability in files."""
    size_decimals: int = 3
    """Decimals of expected numbers of rows in files and JSON."""


REPORT = ReportSettings()
