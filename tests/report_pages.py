"""What tests of the report share: a table with other columns, and numbers read from the page."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
from example_posteriors import two_groups

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=1>',
    "</script><!--",
    "שלום عالم (a) 12",
    "W" * 200,
    "🙂👩‍👩‍👧 & <b>",
)


def table():
    """The rows of `two_segments`, with a number and a category that are no features."""
    X = two_groups()
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(X, columns=["Age", "Income"])
    frame["Basket"] = rng.normal(20.0 + 0.3 * X[:, 0], 2.0)
    frame["City"] = np.where(rng.random(len(X)) < 0.3, "Köln", "Ulm")
    return frame


class Reader(HTMLParser):
    """Numbers with their keys, visible text, tags and addresses of a page."""

    def __init__(self):
        super().__init__()
        self.numbers, self.texts, self.tags, self.addresses = {}, {}, [], []
        self.visible, self._key, self._inside = [], None, []

    def handle_starttag(self, tag, attributes):
        of = dict(attributes)
        self.tags.append(tag)
        self.addresses += [of[name] for name in ("href", "src", "srcset", "action") if name in of]
        self._inside.append(tag)
        if tag == "data":
            self._key = of["data-key"]
            value = float(of["value"])
            assert self.numbers.setdefault(self._key, value) == value, self._key

    def handle_endtag(self, tag):
        if tag in self._inside:
            while self._inside.pop() != tag:
                pass
        if tag == "data":
            self._key = None

    def handle_data(self, text):
        if "script" in self._inside or "style" in self._inside:
            return
        self.visible.append(text)
        if self._key is not None:
            self.texts[self._key] = text

    @property
    def text(self):
        return " ".join(" ".join(self.visible).split())


def read(path):
    """The page in a file."""
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader
