"""Figures, axes and names of features, shared by all plots."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.transform import Log, Log1p, Transform
from bayes_gmm.errors import DataError, listed, nearest, printable
from bayes_gmm.results.posterior.diagnostics import several_modes
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.text import minus
from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import LayoutEngine
    from matplotlib.text import Text

    from bayes_gmm.model.mixture import Mixture

    Features = Sequence[int | str] | int | str | None

NOTE_COLOR = "0.35"


def positions(names: tuple[str, ...], features: Features) -> tuple[int, ...]:
    """Return the positions of the features to draw: one or two."""
    if features is None:
        return tuple(range(min(len(names), 2)))
    found = all_positions(names, features)
    if len(found) not in (1, 2):
        raise DataError(f"features has {len(found)} columns; give one or two")
    if len(set(found)) < len(found):
        raise DataError(f"features contains {names[found[0]]!r} twice; give one column or two")
    return found


def all_positions(names: tuple[str, ...], features: Features) -> tuple[int, ...]:
    """Return the positions of features; of all features if none are named."""
    if features is None:
        return tuple(range(len(names)))
    chosen = np.atleast_1d(np.array(features, dtype=object)).tolist()
    return tuple(_position(names, feature) for feature in chosen)


def _position(names: tuple[str, ...], feature: int | str) -> int:
    if isinstance(feature, str) and feature in names:
        return names.index(feature)
    if isinstance(feature, int | np.integer) and 0 <= feature < len(names):
        return int(feature)
    near = nearest(str(feature), names)
    hint = "." if near is None else f"; did you mean {near!r}?"
    raise DataError(f"no feature {feature!r}{hint} The model has: {listed(names)}")


def posterior_of(model: Any, picture: str) -> PosteriorDraws:
    """Return the model if it is a Posterior, else raise a DataError."""
    if isinstance(model, PosteriorDraws):
        return model
    kind = type(model).__name__
    raise DataError(
        f"{picture} needs a Posterior, got a {kind}; pass the result of sample_posterior() "
        "of a fitted BayesGMM"
    )


def new_figure(size: tuple[float, float], **margins: float) -> Figure:
    """An empty figure of pyplot with a width and height in inches."""
    import matplotlib.pyplot as plt

    return plt.figure(figsize=size, layout=with_margins(**margins))


def new_axes() -> Axes:
    """Axes of a new figure, of the size of a slide."""
    return new_figure(STYLE.figure_size).add_subplot()


def save_figure(
    draw: Callable[[Figure], Any], path: str | Path, size: tuple[float, float], dpi: int
) -> Path:
    """Draw into a new figure without pyplot, and write it to an image file."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout=with_margins())
    draw(figure)
    figure.savefig(path, dpi=dpi, facecolor="white")
    return Path(path)


def with_margins(*, w_pad: float = 0.13, h_pad: float = 0.11) -> LayoutEngine:
    """Layout with space for titles and legends, and a margin of about a tenth of an inch."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return ConstrainedLayoutEngine(w_pad=w_pad, h_pad=h_pad)


def wrapped(name: str, width: int) -> str:
    r"""Break a long name into lines, four at most; a long word is broken after _ or / if possible.

    Examples
    --------
    >>> wrapped("nonflavanoid_phenols", 14)
    'nonflavanoid_\nphenols'
    """
    parts = (re.sub(r"(?<=[_/])(?=\w)", "\0 ", w) if len(w) > width else w for w in name.split(" "))
    lines = textwrap.wrap(" ".join(parts), width, max_lines=4, placeholder="…")
    return "\n".join(printable(line.replace("\0 ", "").replace("\0", "")) for line in lines) or name


def as_written(texts: Iterable[Text]) -> None:
    """Disable formulas in names: Matplotlib interprets text between two $ as a formula."""
    for text in texts:
        text.set_parse_math(False)


def scale_axes(ax: Axes, mixture: Mixture, shown: Sequence[int]) -> None:
    """Logarithmic axes for features that are transformed by a logarithm."""
    for j, axis in zip(shown, (ax.xaxis, ax.yaxis), strict=False):
        scale_axis(axis, mixture.transforms.entries[j])


def scale_axis(axis: Axis, transform: Transform) -> None:
    """A logarithmic axis for a feature that is transformed by a logarithm."""
    set_scale = axis.axes.set_xscale if axis is axis.axes.xaxis else axis.axes.set_yscale
    if isinstance(transform, Log):
        set_scale("log")
    elif isinstance(transform, Log1p):
        set_scale("asinh", linear_width=transform.scale)


def few_log_ticks(axis: Axis) -> None:
    """Labels at 1, 2 and 5 times powers of ten, or at fewer of them for a wide range."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = sorted(axis.get_view_interval())
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [s * 10.0**p for p in range(-6, 10) for s in steps]
        seen = [tick for tick in ticks if low <= tick <= high]
        if len(seen) <= STYLE.log_ticks:
            break
    if len(seen) >= 2:
        axis.set_major_locator(FixedLocator(seen))
        axis.set_minor_locator(NullLocator())


def thin_log_ticks(axis: Axis) -> None:
    """At most three labels and no minor ticks, for a small panel."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = sorted(axis.get_view_interval())
    ticks = [10.0**power for power in range(-12, 13) if low <= 10.0**power <= high]
    if len(ticks) >= 2:
        axis.set_major_locator(FixedLocator(ticks[:: -(-len(ticks) // 3)]))
        axis.set_minor_locator(NullLocator())


def clean(ax: Axes) -> None:
    """Keep two thin spines and use a large font."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color("0.6")
    ax.tick_params(labelsize=STYLE.text_size, color="0.6", labelcolor="0.2")
    for axis in (ax.xaxis, ax.yaxis):
        axis.label.set(fontsize=STYLE.label_size)
        low, high = axis.get_view_interval()
        if axis.get_scale() in ("log", "asinh") and max(abs(low), abs(high)) < 1e7:
            axis.set_major_formatter(lambda x, _: minus(f"{x:,.10g}"))
        elif 1e4 <= max(abs(low), abs(high)) < 1e6 and high - low > 10:
            axis.set_major_formatter(lambda x, _: minus(f"{x:,.0f}"))
    # Place a factor such as 1e9 where it overlaps neither the axis label nor the subtitle.
    ax.xaxis.get_offset_text().set(x=1.01, horizontalalignment="left", fontsize=STYLE.text_size)
    ax.yaxis.get_offset_text().set(x=-0.01, horizontalalignment="right", fontsize=STYLE.text_size)


def add_title(ax: Axes, title: str, notes: Sequence[str]) -> None:
    """Write the title and a subtitle with notes."""
    lines = textwrap.wrap("; ".join(notes), STYLE.note_width)
    pad = 12 + 14 * len(lines)
    ax.set_title(title, loc="left", fontsize=STYLE.title_size, fontweight="bold", pad=pad)
    if notes:
        ax.annotate(
            "\n".join(lines), (0, 1), xytext=(0, 8), xycoords="axes fraction",
            textcoords="offset points", fontsize=STYLE.note_size, color=NOTE_COLOR,
        )  # fmt: skip


def notes_of(posterior: PosteriorDraws) -> list[str]:
    """Notes on the segmentations that averages over a posterior cover."""
    if posterior.segmentation is not None:
        return [posterior.segmentation.diagnostic.found]
    return [diagnostic.found for diagnostic in several_modes(posterior)]
