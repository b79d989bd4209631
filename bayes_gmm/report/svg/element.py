"""Elements of SVG with escaped text and attributes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

from bayes_gmm.data.rows import Floats
from bayes_gmm.report.settings import PICTURES
from bayes_gmm.text import shortened


def element(name: str, *content: str | Markup, **attributes: Any) -> Markup:
    """An element; text that is no Markup is escaped, and numbers have one decimal.

    An attribute's underscores become hyphens; ``class_`` is class. None leaves an attribute out.

    Examples
    --------
    >>> element("text", "a < b", x=1.25, text_anchor="end", class_="t")
    Markup('<text x="1.2" text-anchor="end" class="t">a &lt; b</text>')
    """
    parts = [f"<{name}"]
    for key, value in attributes.items():
        if value is not None:
            key = key.rstrip("_").replace("_", "-")
            parts.append(f' {key}="{escape(number(value))}"')
    inner = Markup("").join(content)
    parts.append(f">{inner}</{name}>" if content else "/>")
    return Markup("".join(parts))


def number(value: Any) -> Any:
    """A position with one decimal; other values unchanged."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return value


def picture(
    width: float,
    height: float,
    title: str,
    description: str,
    content: Iterable[Markup],
    **more: Any,
) -> Markup:
    """A picture with a title and a description for screen readers."""
    return element(
        "svg", element("title", title), element("desc", description), *content,
        viewBox=f"0 0 {width:g} {height:g}", role="img", **more,
    )  # fmt: skip


def path_of(x: Floats, y: Floats, *, closed: bool = False) -> str:
    """A line through points, as the attribute d of a path.

    Examples
    --------
    >>> import numpy as np
    >>> path_of(np.array([0.0, 1.5]), np.array([2.0, 3.0]), closed=True)
    'M0 2L1.5 3Z'
    """
    points = (f"{number(float(a))} {number(float(b))}" for a, b in zip(x, y, strict=True))
    return "M" + "L".join(points) + "Z" * closed


def label(name: str, width: int = PICTURES.name_width) -> str:
    r"""A name on one line in a picture, shortened in the middle.

    It is isolated from the direction of the text around it.

    Examples
    --------
    >>> label("Careful high earners of the northern region")
    '\u2068Careful high…thern region\u2069'
    """
    return f"\u2068{shortened(name, width)}\u2069"


def text(x: float, y: float, content: str, anchor: str = "middle", **more: Any) -> Markup:
    """Text at a position."""
    return element("text", content, x=float(x), y=float(y), text_anchor=anchor, **more)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("line", x1=float(x1), y1=float(y1), x2=float(x2), y2=float(y2), class_=class_)
