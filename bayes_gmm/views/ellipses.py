"""Ellipses of a mixture's components, drawn with matplotlib.

The ellipse of probability p of component k in two features is the set

    {x : (x - mu_k)' Sigma_k^-1 (x - mu_k) <= r^2},    r^2 = the p-quantile of chi-square(2),

so it holds the probability p of the component: r is 1.18 at 50 % and 2.45 at 95 %. (The ellipse of
one standard deviation, r = 1, holds 39 %.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from bayes_gmm.model.mixture import Mixture

LINE_STYLES: dict[float, dict[str, Any]] = {
    0.5: {"linestyle": "solid", "linewidth": 2.0},
    0.95: {"linestyle": (0, (5, 2.5)), "linewidth": 1.5},
}


def draw_ellipse(
    ax: Axes,
    mixture: Mixture,
    k: int,
    prob: float,
    features: Sequence[int | str] = (0, 1),
    color: Any = "black",
    **style: Any,
) -> Patch:
    """Draw the ellipse that holds the probability `prob` of component `k`.

    An ellipse of transformed features is mapped to the user's units.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    mixture : Mixture
        The mixture, in the user's units.
    k : int
        The component, counted from 0.
    prob : float
        The probability mass inside the ellipse, between 0 and 1.
    features : pair of int or str
        The features on the horizontal and the vertical axis.
    color : matplotlib color
        The colour of the line.
    **style
        Passed to the patch; overrides the line style of `prob`.

    Returns
    -------
    matplotlib.patches.Patch
        The patch, already added to `ax`.

    Examples
    --------
    >>> import numpy as np
    >>> from matplotlib.figure import Figure
    >>> from bayes_gmm.model.mixture import Mixture
    >>> mixture = Mixture([1.0], [[0.0, 0.0]], [np.diag([4.0, 1.0])])
    >>> patch = draw_ellipse(Figure().add_subplot(), mixture, 0, prob=0.95)
    >>> round(float(max(patch.width, patch.height)), 2)
    9.79
    """
    from matplotlib.patches import Ellipse as EllipsePatch
    from matplotlib.patches import Polygon

    shape = mixture.ellipse(k, prob, features)
    look = {"edgecolor": color, "facecolor": "none", "zorder": 3, **LINE_STYLES.get(prob, {})}
    transforms = mixture.marginal(features).transforms
    patch: Patch
    if transforms.is_identity:
        patch = EllipsePatch(
            (float(shape.center[0]), float(shape.center[1])),
            width=float(shape.width),
            height=float(shape.height),
            angle=float(shape.angle),
            **{**look, **style},
        )
    else:
        patch = Polygon(transforms.inverse(shape.boundary()), closed=True, **{**look, **style})
    ax.add_patch(patch)
    return patch


def draw_component(
    ax: Axes,
    mixture: Mixture,
    k: int,
    features: Sequence[int | str],
    color: Any,
    width: float = 1.0,
) -> None:
    """Draw the 50 % and the 95 % ellipse of component `k`; the inner one is lightly filled.

    Line widths are relative to the default.
    """
    from matplotlib.colors import to_rgba
    from matplotlib.patheffects import withStroke

    line = tuple(STYLE.line_shade * channel for channel in to_rgba(color)[:3])
    for prob, style in LINE_STYLES.items():
        thick = width * style["linewidth"]
        halo = withStroke(linewidth=thick + 1.0, foreground="white", alpha=0.7)
        look: dict[str, Any] = {"linewidth": thick, "path_effects": [halo]}
        draw_ellipse(ax, mixture, k, prob, features, line, **look)
    inner = min(LINE_STYLES)
    fill = {"facecolor": to_rgba(color, STYLE.fill_opacity), "linewidth": 0.0, "zorder": 1}
    draw_ellipse(ax, mixture, k, inner, features, color, **fill)


def legend_handles(color: Any = "0.25") -> list[Line2D]:
    """Return a legend entry for each line style, with the probability inside the ellipse.

    Examples
    --------
    >>> [handle.get_label() for handle in legend_handles()]
    ['50 % of a segment', '95 % of a segment']
    """
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=color, label=f"{prob * 100:g} % of a segment", **style)
        for prob, style in LINE_STYLES.items()
    ]
