"""Sizes and limits of the pictures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """Sizes and shades; sizes of text in points, widths of text in characters."""

    figure_size: tuple[float, float] = (9.6, 5.4)
    """Width and height in inches; 16:9, the format of slides."""
    title_size: int = 16
    label_size: int = 13
    text_size: int = 11
    note_size: int = 10
    title_width: int = 64
    note_width: int = 100
    name_width: int = 27
    """Maximum length of a name in the title of a panel."""
    loading_width: int = 25
    """Maximum length of the name of a feature in the label of a direction."""
    line_width: int = 32
    """Maximum length of a line in the title of a panel."""
    shades: tuple[float, ...] = (1.0, 0.65, 0.4)
    """Brightness of the colours at each repetition."""
    per_marker: int = 6
    """Number of consecutive segments whose points have the same shape."""
    uncertain: tuple[float, float, float] = (0.62, 0.62, 0.62)
    """Colour of rows with uncertain membership."""
    fill_opacity: float = 0.10
    """Opacity of the area of an ellipse."""
    line_shade: float = 0.8
    """Brightness of the line of an ellipse, so that it is visible over the points."""
    log_ticks: int = 6
    """Maximum number of labels of a logarithmic axis in a panel of a forest plot."""
    least_text: float = 5.0
    """Minimum size of the text in a legend."""
    legend_height: float = 0.78
    """Maximum height of a legend, relative to the figure."""
    text_brightness: float = 0.45
    """Maximum brightness of coloured text."""
    point_order: float = 2.5
    """Drawing order of points: over the bands of a posterior and under the ellipses."""


@dataclass(frozen=True)
class PlotSettings:
    """Contents of the pictures."""

    ellipse_prob: float = 0.95
    """Mass of a segment inside its ellipse."""
    ci_prob: float = 0.94
    """Posterior probability of bands and intervals."""
    inner_prob: float = 0.5
    """Posterior probability of the thick bars of a forest plot."""
    draws_shown: int = 40
    """Number of draws whose ellipses are drawn."""
    draws_counted: int = 400
    """Number of draws from which a band is computed."""
    grid: int = 140
    """Number of points of a band along each axis."""
    max_points: int = 20_000
    """Maximum number of rows drawn."""
    max_bins: int = 80
    """Maximum number of bins of a histogram."""
    reach: float = 4.0
    """Range of curves and histograms on either side, in standard deviations."""
    forest_columns: int = 3
    """Maximum number of panels of a forest plot in a row."""
    forest_width: float = 3.9
    """Width of a panel of a forest plot with its margins, in inches."""
    forest_dot: float = 7.0
    """Size of a dot with its edge, in points."""
    interval_widths: tuple[float, ...] = (0.05, 0.25, 0.5)
    """Interval widths in the legend of memberships."""
    legend_line: float = 0.055
    """Height of a label under the axes of memberships, relative to the axes."""
    near: float = 10.0
    """Differences up to which the scale of a comparison is linear: 10 nats are decisive."""
    ticks: tuple[int, ...] = (0, 5, 10, 100, 1000, 10_000, 100_000)
    """Ticks of the scale of a comparison."""
    loadings: int = 3
    """Maximum number of features in the label of a direction."""
    least_loading: float = 0.4
    """Minimum correlation of these features with the direction, except for the first."""
    margin: float = 0.04
    """Margin around the rows, relative to their range."""
    overhang: float = 0.12
    """Maximum length of an axis beyond the rows for ellipses, relative to the range of the rows."""
    least_share: float = 0.02
    """Without rows, segments with a smaller share do not affect the limits of axes."""
    max_pair_features: int = 12
    """Maximum number of features in a matrix of pairs."""
    max_pair_points: int = 2_000
    """Maximum number of rows in a matrix of pairs."""
    pair_size: float = 1.9
    """Width of a panel of a matrix of pairs for few features, in inches."""
    pair_dot: float = 0.35
    """Area of a point in a matrix of pairs, relative to that in one plane."""
    pair_figure: float = 14.0
    """Maximum width of a matrix of pairs, in inches."""
    max_co_clustering: int = 1_000
    """Maximum number of rows of a co-clustering matrix."""
    max_patterns: int = 12
    """Maximum number of patterns of missing cells with a line of their own."""
    least_label: float = 0.01
    """Minimum probability of a bar with a label."""
    least_bar: float = 0.005
    """Error bars are drawn for probabilities with an upper bound above this."""
    most_labels: int = 12
    """Maximum number of labels along K in a panel."""
    sparse: float = 2.0
    """Values of K are equally spaced if the ratio of their range to their number is above this."""
    legend_columns: int = 4
    profile_columns: int = 3
    """Number of panels of a profile in a row."""
    profile_panel: tuple[float, float] = (4.2, 0.26)
    """Width of a panel, and height of each segment and level in it, in inches."""
    sd_ticks: tuple[float, ...] = (-2.0, 0.0, 2.0)
    """Ticks along a transformed feature, in standard deviations from the mean."""
    shape_columns: int = 4
    """Number of segments in a row of a shape check."""
    shape_size: tuple[float, float] = (3.3, 5.2)
    """Width and height of the two panels of a segment, in inches."""


STYLE, PLOTS = Style(), PlotSettings()
"""Settings of all pictures."""
