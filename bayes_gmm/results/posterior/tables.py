"""Tables of segments and of differences between two segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.transform import Identity, Log
from bayes_gmm.results.draw_statistics import central_interval, fraction_above_zero
from bayes_gmm.text import figure, share_interval

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.draws import PosteriorDraws


class Quantity(NamedTuple):
    """A quantity of each segment in a report."""

    name: str
    draws: Floats
    """Shape (chain, draw, K)."""
    transformed: bool = False
    """Whether its feature is transformed. Its estimate is then the posterior median, because the
    posterior mean of the exponential of a variance may be infinite."""
    has_ratio: bool = False
    """Whether segments are compared by ratios as well."""
    is_location: bool = True
    """Whether it is a share, mean or median."""

    def of_segment(self, k: int) -> Quantity:
        """The same of one segment, with draws (chain, draw)."""
        return self._replace(draws=self.draws[..., k])

    def estimate(self, draws: Floats) -> Floats:
        """Posterior mean or median over chains and draws."""
        centre = np.median if self.transformed else np.mean
        return np.asarray(centre(draws, axis=(0, 1)))


def segments_table(posterior: PosteriorDraws, ci_prob: float) -> pd.DataFrame:
    """See `Posterior.segments`."""
    import pandas as pd

    columns: dict[str, Any] = {"segment": list(posterior.names)}
    for each in quantities(posterior):
        low, high = central_interval(each.draws, ci_prob, axis=(0, 1))
        columns[each.name] = each.estimate(each.draws)
        columns[f"{each.name} lower"], columns[f"{each.name} upper"] = low, high
    return pd.DataFrame(columns)


def table_for_notebooks(posterior: PosteriorDraws, ci_prob: float) -> pd.DataFrame:
    """Shares and means (or medians) with their intervals, written as text."""
    import pandas as pd

    table = segments_table(posterior, ci_prob)
    columns: dict[str, list[str]] = {"segment": list(posterior.names)}
    for name in table.columns[1::3]:
        if name != "share" and not name.endswith(("(mean)", "(median)")):
            continue
        numbers = zip(table[name], table[f"{name} lower"], table[f"{name} upper"], strict=True)
        write, unit = (share_interval, " %") if name == "share" else (_figures, "")
        written = [write(*each) for each in numbers]
        columns[name] = [f"{m}{unit} ({a} to {b}{unit})" for m, a, b in written]
    return pd.DataFrame(columns)


def _figures(*numbers: float) -> tuple[str, ...]:
    return tuple(figure(number) for number in numbers)


def contrast_table(posterior: PosteriorDraws, a: int, b: int, ci_prob: float) -> pd.DataFrame:
    """See `Posterior.contrast`."""
    import pandas as pd

    rows = {}
    for each in quantities(posterior):
        difference = each.draws[..., a] - each.draws[..., b]
        low, high = central_interval(difference, ci_prob, axis=(0, 1))
        rows[each.name] = {
            posterior.names[a]: each.estimate(each.draws[..., a]),
            posterior.names[b]: each.estimate(each.draws[..., b]),
            "difference": each.estimate(difference),
            "lower": low,
            "upper": high,
            "P(difference > 0)": float(fraction_above_zero(difference)),
        }
        if each.has_ratio:
            rows[each.name] |= _ratio(each.draws[..., a] / each.draws[..., b], ci_prob)
    return pd.DataFrame.from_dict(rows, orient="index", dtype=float)


def _ratio(draws: Floats, ci_prob: float) -> dict[str, Any]:
    low, high = central_interval(draws, ci_prob, axis=(0, 1))
    return {"ratio": np.median(draws), "ratio lower": low, "ratio upper": high}


def quantities(posterior: PosteriorDraws) -> Iterator[Quantity]:
    """Quantities of a segment in a report."""
    of = posterior.parameters
    yield Quantity("share", of.weights)
    for j, feature in enumerate(posterior.features):
        t = posterior.mixture.transforms.entries[j]
        changed, is_log = not isinstance(t, Identity), isinstance(t, Log)
        for what, draws in t.described(of.means[..., j], of.scales[..., j]).items():
            location = what in ("mean", "median")
            yield Quantity(f"{feature} ({what})", draws, changed, is_log, location)
