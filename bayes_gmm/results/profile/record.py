"""`Profile`: outside columns by segment, and what sets segments apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.text import counted, figure, percent

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Profile:
    """Columns outside the model by segment, and what the features say about segments.

    Attributes
    ----------
    table : DataFrame
        One row per column, level and segment:

        - column, level (None for a mean), segment, quantity ("mean" or "share");
        - estimate: the mean of a numeric column among the members of the segment in the population,
          or the share of a level, with the bounds lower and upper of its credible interval;
        - whole table: the same for all rows;
        - index: 100 times the ratio of the estimate to that of the whole table, with its bounds
          index lower and index upper; NaN for columns with negative values;
        - P(above average): probability that the segment is above the whole table;
        - P(highest): probability that it is the highest of all segments;
        - share of total: what the segment holds of the sum of an amount such as revenue, or of all
          rows with a level: its share of the population times its estimate, relative to the sum
          over all segments, with the bounds share of total lower and share of total upper; NaN for
          columns with negative values;
        - n_rows: expected number of rows of the segment in which the column is observed. A segment
          with less than 2 has NaN.
    features : DataFrame
        What sets each segment apart: one row per segment and feature, ranked by bits, the mutual
        information between the feature and membership of the segment. It is 0 for a feature that
        does not distinguish the segment from the rest, and at most limit, at which the feature
        alone determines who belongs to the segment. Also the centre of the segment and that of all
        other segments (medians of transformed features), and the probability that the segment's
        mean is above.
    columns : DataFrame
        One row per profiled column: kind, number of observed and missing rows, and the number of
        rare levels that are pooled in "other".
    diagnostics : tuple of Diagnostic
        Columns that are left out ("not_profiled"), and numeric columns with so few whole numbers
        that these may be codes of categories ("possible_codes").
    ci_prob : float or None
        Probability of the intervals; None for a MAP fit, whose profile has no intervals and
        probabilities.
    names : tuple of str
        Names of the segments.
    """

    table: pd.DataFrame
    features: pd.DataFrame
    columns: pd.DataFrame
    diagnostics: tuple[Diagnostic, ...]
    ci_prob: float | None
    names: tuple[str, ...]

    def __repr__(self) -> str:
        intervals = "" if self.ci_prob is None else f", {100 * self.ci_prob:g} % intervals"
        return (
            f"Profile({counted(len(self.columns), 'column')} by "
            f"{counted(len(self.names), 'segment')}{intervals})"
        )

    def wide(self) -> pd.DataFrame:
        """Texts by segment for reading: one row per column and level, one column per segment.

        Shares are in percent; bounds of intervals are in brackets.
        """
        import pandas as pd

        texts = self.table.assign(text=[_text(row) for row in self.table.to_dict("records")])
        texts["whole"] = [_number(row) for row in self.table.to_dict("records")]
        keys = ["column", "level"]
        texts["level"] = texts["level"].fillna("")
        found = pd.DataFrame({"whole table": texts.groupby(keys, sort=False)["whole"].first()})
        for name in self.names:
            found[name] = texts[texts["segment"] == name].set_index(keys)["text"]
        return found

    def _repr_html_(self) -> str:
        return self.wide().to_html()


def _text(row: Mapping[str, Any]) -> str:
    """Estimate and interval of one row of the table."""
    bounds = ""
    if "lower" in row and row["lower"] == row["lower"]:
        bounds = f" [{_number(row, 'lower')}, {_number(row, 'upper')}]"
    return _number(row, "estimate") + bounds


def _number(row: Mapping[str, Any], name: str = "whole table") -> str:
    value = row[name]
    if value != value:
        return "–"
    return percent(value) if row["quantity"] == "share" else figure(value)
