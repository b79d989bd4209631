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
    most_codes: int = 5
    """Values of a column of whole numbers up to which it may be a code of categories."""
    most_draws: int = 1000
    """Draws for tables with few rows."""
    fewest_draws: int = 200
    """Draws for tables with many rows: 200 draws determine a bound to .2 posterior sd."""
    row_draws: int = 4_000_000
    """Product of rows and draws to stay below between these."""
    rows_at_once: int = 4096
    """Rows of a block, so that the products of one draw stay in the cache."""
    fewest_rows: float = 2.0
    """Expected number of observed rows below which a segment has no estimate."""
    slope_rows: float = 1.0
    """Strength of the penalty on slopes, in rows per feature of the model."""
    pseudo_rows: float = 1.0
    """Weight of the prior of shares in each segment, spread over the levels: 1 is Jeffreys' prior
    for two levels and that of Perks (1947) for more."""
    exponential: float = 0.02
    """Largest difference of shapes of Gamma weights from 1 at which weights are exponential, which
    takes a sixth of the time."""
    max_leverage: float = 0.9
    """Largest leverage of a row; rows that determine a coefficient alone have leverage 1."""


@dataclass(frozen=True)
class InformationSettings:
    """Quadrature and number of draws for information in bits."""

    nodes: int = 8
    """Nodes between two break points; 16 give the same five decimals."""
    breaks: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0)
    """Break points on either side of the mean of each component, in standard deviations."""
    draws: int = 400
    """Maximum number of draws."""
    cells_at_once: int = 1 << 21
    """Maximum number of densities in memory."""


PROFILE, INFORMATION = ProfileSettings(), InformationSettings()
