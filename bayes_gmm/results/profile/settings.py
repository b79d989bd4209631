"""Settings of profiles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProfileSettings:
    """Choice of columns and levels, numbers of draws, and regularisation."""

    most_levels: int = 12
    """Levels of a categorical column that are shown; the rarest are pooled into one above this."""
    most_months: int = 24
    """Calendar months of a column of dates up to which it is shown by month, not by year."""
    most_draws: int = 1000
    """Draws for tables with few rows."""
    fewest_draws: int = 200
    """Draws for tables with many rows: 200 draws determine a bound to .2 posterior sd."""
    row_draws: int = 10_000_000
    """Product of rows and draws to stay below between these."""
    cells_at_once: int = 1 << 22
    """Maximum number of products in memory; rows are processed in blocks."""
    fewest_rows: float = 2.0
    """Expected number of observed rows below which a segment has no estimate."""
    slope_rows: float = 1.0
    """Strength of the penalty on slopes, in rows per feature of the model."""
    pseudo_rows: float = 1.0
    """Weight of the prior of shares in each segment, spread over the levels: 1 is Jeffreys' prior
    for two levels and that of Perks (1947) for more."""
    max_leverage: float = 0.9
    """Largest leverage of a row; rows that determine a coefficient alone have leverage 1."""


@dataclass(frozen=True)
class InformationSettings:
    """Quadrature and number of draws for information in bits."""

    nodes: int = 161
    """Nodes for each component; 81 give the same four decimals."""
    reach: float = 8.0
    """Range of the nodes on either side of the mean, in standard deviations."""
    draws: int = 400
    """Maximum number of draws."""
    cells_at_once: int = 1 << 21
    """Maximum number of densities in memory."""


PROFILE, INFORMATION = ProfileSettings(), InformationSettings()
