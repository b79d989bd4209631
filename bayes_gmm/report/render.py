"""The page as HTML: templates, style and script in one file."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from bayes_gmm.report.colors import light_and_dark
from bayes_gmm.report.content.page import Page
from bayes_gmm.report.content.records import Place
from bayes_gmm.report.script_data import script_data
from bayes_gmm.report.source import Source
from bayes_gmm.report.svg import bars, marginals
from bayes_gmm.report.svg import scatter as plane
from bayes_gmm.report.words import Number, Quoted, Segment, Words, plain_text

TEMPLATES = "templates"


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of a report; templates draw them when they need them."""

    source: Source
    page: Page

    @cached_property
    def shares(self) -> Markup:
        """Shares with intervals."""
        return bars.shares(self.page.cards)

    @property
    def scatter(self) -> Markup | None:
        """The two features that differ most between segments."""
        shown = self.source.pictured
        return plane.scatter(self.source, shown[0], shown[1]) if len(shown) > 1 else None

    @property
    def marginals(self) -> Iterator[tuple[str, Markup]]:
        """One picture for each feature."""
        for j in self.source.pictured:
            yield self.source.features[j], marginals.marginal(self.source, j)

    @property
    def features(self) -> list[str]:
        """Features in pictures."""
        return [self.source.features[j] for j in self.source.pictured]

    @property
    def certainty(self) -> Markup | None:
        """Histogram of membership probabilities."""
        found = self.page.certainty
        return None if found is None else bars.certainty_bars(found)

    @property
    def numbers(self) -> Markup | None:
        """Probabilities of numbers of segments."""
        number = self.page.number
        return bars.probabilities(number.by_number) if number and number.by_number else None

    def strip(self, k: int, place: Place) -> Markup:
        """Place of segment k on a feature."""
        return bars.strip(self.source, k, place)


def rendered(source: Source, page: Page) -> str:
    """The HTML of a report."""
    script = _text("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return _environment().get_template("report.html.j2").render(
        page=page,
        pictures=Pictures(source, page),
        data=script_data(source),
        colors=light_and_dark(source.n_components),
        style=Markup(_text("report.css")),
        script=Markup(script),
        digest=digest,
        title=plain_text(page.title),
    )  # fmt: skip


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bayes_gmm.report", TEMPLATES), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True, "ensure_ascii": False, "separators": (",", ":"),
    }  # fmt: skip
    environment.tests |= {"figure": _is_a(Number), "segment": _is_a(Segment)}
    environment.tests |= {"quoted": _is_a(Quoted)}
    environment.filters |= {"plain": _plain, "unbroken": unbroken}
    return environment


def unbroken(text: str) -> str:
    r"""A text without line breaks between a number and its percent sign.

    Examples
    --------
    >>> unbroken("90 % or more")
    '90\xa0% or more'
    """
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", text)


def _is_a(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, kind)


def _plain(words: Words) -> str:
    return plain_text(words)


def _text(name: str) -> str:
    return files("bayes_gmm.report").joinpath(TEMPLATES, name).read_text(encoding="utf-8")
