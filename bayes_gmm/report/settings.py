"""Sizes, limits and thresholds of the report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReportLimits:
    """Numbers of items on the page, which bound its size."""

    ci_prob: float = 0.94
    """Probability of credible intervals."""
    max_points: int = 2000
    """Maximum number of rows drawn and listed; larger tables are sampled."""
    max_features: int = 12
    """Maximum number of features in pictures: those that differ most between segments."""
    most_listed: int = 50_000
    """Rows up to which the page holds all members of the segments, for files of members."""
    row_bytes: int = 600_000
    """Approximate size of this list and of the rows in pictures above which the page does not hold
    the list, so that the page stays below 1.5 MB."""
    totals: int = 12
    """Columns whose total is divided among the segments: those divided most unevenly."""
    typical: int = 5
    """Typical members of each segment."""
    uncertain: int = 12
    """Rows in the list of uncertain members."""
    pairs: int = 6
    """Pairs of segments listed with the rows between them."""
    modes: int = 5
    """Other segmentations."""
    changes: int = 3
    """Changed segments of each other segmentation."""
    least_mass: float = 0.001
    """Probability below which another segmentation of a fit without draws is left out."""
    most_profile_rows: int = 20_000
    """Rows from which other columns are profiled; of larger tables a sample, which the page
    says."""
    profile_lines: int = 60
    """Columns and levels in the profile."""
    profile_cells: int = 360
    """Product of these and the number of segments."""
    apart: int = 3
    """Features that set a segment apart."""
    findings: int = 20
    """Findings in the table."""
    member_columns: int = 6
    """Features in lists of members."""
    label_width: int = 60
    """Characters of the label of a row, and of the name of the column with the labels."""
    together_rows: int = 300
    """Rows in which pairs are compared for the stability of segments."""
    seed: int = 0
    """Seed of the sample of rows, so that the report is reproducible."""


@dataclass(frozen=True)
class WordThresholds:
    """When a number is called high, low, clear or doubtful."""

    clear: float = 0.9
    """Probability of its segment from which on a row's segment is called clear."""
    by_spread: float = 0.2
    """Fraction of the information from which the spread of a feature sets a segment apart."""
    doubtful: float = 0.6
    """Probability below which a row is called doubtful."""
    apart: float = 0.5
    """Distance from the average, in standard deviations of the table, called high or low; without
    draws, also the distance from the rest that is called a difference."""
    far: float = 1.25
    """The same for very high or very low."""
    most_named: int = 3
    """Features named in the description of a segment."""
    sure_side: float = 0.97
    """Probability from which on a segment is marked as above or below the average."""
    sure: float = 0.9
    """Probability from which on a segment is called the highest without reservation."""


@dataclass(frozen=True)
class PictureSettings:
    """Sizes of pictures in units of their view box, and numbers of points of curves."""

    scatter: tuple[int, int] = (560, 430)
    """Width and height."""
    marginal: tuple[int, int] = (330, 206)
    badge_distance: float = 20.0
    """Distance of the numbers of segments above curves."""
    wide: int = 560
    """Width of bar charts."""
    resolution: float = 1e-4
    """Precision of positions of rows for the script, relative to the axis."""
    strip: tuple[int, int] = (220, 26)
    """Size of the place of a segment on one feature."""
    curve_points: int = 60
    """Points of a density."""
    bins: int = 24
    """Bins of a histogram of rows."""
    certainty_bins: int = 10
    """Bins of the histogram of membership probabilities."""
    ellipse_points: int = 64
    """Points of an ellipse."""
    ellipse_probs: tuple[float, float] = (0.5, 0.95)
    """Probability of a segment inside its two ellipses."""
    most_ticks: int = 6
    """Ticks of an axis."""
    tick_gap: float = 0.12
    """Minimum distance between ticks, relative to the axis."""
    margin: float = 0.04
    """Free space on both sides of the rows, relative to their range."""
    reach: float = 2.6
    """Range of an axis without rows on both sides of the segments, in standard deviations."""
    name_width: int = 26
    """Characters of a name in a picture; its tooltip has the whole name."""
    dark_luminance: float = 0.24
    """Minimum luminance of colours on a dark background."""


LIMITS, WORDING, PICTURES = ReportLimits(), WordThresholds(), PictureSettings()
