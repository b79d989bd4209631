"""Report of `compare`: table, verdicts, notes and recommendation."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.cli.fit_report import findings_text
from bayes_gmm.cli.layout import Columns, beside, column, fill, in_blocks, label_column
from bayes_gmm.diagnostics.diagnostic import plain
from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.results.comparison.phrases import NAMES, percents, title_of
from bayes_gmm.text import counted, in_words, listed_numbers, percent

if TYPE_CHECKING:
    from bayes_gmm.diagnostics.diagnostic import Diagnostic
    from bayes_gmm.results.comparison.comparison import Comparison
    from bayes_gmm.results.comparison.verdict import Verdict

ERRORS = {"evidence": "log_evidence_se"}
UNKNOWN = "-"


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison, as text and as JSON.

    Attributes
    ----------
    table : str
        Name of the table, as given by the user.
    n_rows : int
        Rows of positive weight.
    comparison : Comparison
    findings : tuple of Diagnostic
        Findings of `check_table`.
    """

    table: str
    n_rows: int
    comparison: Comparison
    findings: tuple[Diagnostic, ...] = ()

    def check(self) -> None:
        """Raise if the comparison was interrupted before the first fit.

        Raises
        ------
        KeyboardInterrupt
        """
        if not self.comparison.has_fits:
            raise KeyboardInterrupt

    def text(self) -> str:
        """Report as text; the recommendation is last."""
        comparison = self.comparison
        labels = beside(self._numbers(), *self._structures())
        groups = [self._criterion(criterion) for criterion in comparison.criteria]
        if comparison.elpd_diff:
            place = comparison.criteria.index("loo")
            groups[place] = beside(groups[place], self._behind())
        if comparison.has_evidence:
            groups.append(beside(*self._probabilities()))
        tables = in_blocks(labels, beside(labels, self._log_likelihood()), groups)
        tables = [table.removeprefix("\n") for table in tables]
        verdicts = comparison.verdicts_in(COMMAND_LINE).values()
        blocks = [
            self._title(), *tables, self._legend(), _filled(verdict.text for verdict in verdicts),
            self._notes(), findings_text(self.findings),
            _filled([comparison.recommendation_in(COMMAND_LINE).text]),
        ]  # fmt: skip
        return "\n\n".join(block for block in blocks if block)

    def json(self) -> dict[str, Any]:
        """JSON-compatible record of the comparison."""
        comparison = self.comparison
        verdicts = comparison.verdicts_in(COMMAND_LINE)
        return {
            "table": self.table,
            "features": list(comparison.features),
            "n_rows": self.n_rows,
            "criteria": list(comparison.criteria),
            "candidates": self._candidates(),
            "probabilities": self._shares(),
            "probability_intervals": self._bounds(),
            "best": {
                criterion: {"n_components": best.n_components, "structure": best.structure}
                for criterion, best in comparison.best.items()
            },
            "verdicts": {criterion: _verdict(verdict) for criterion, verdict in verdicts.items()},
            "recommendation": self._recommendation(),
            "findings": [finding.json(COMMAND_LINE) for finding in self.findings],
            "interrupted": comparison.interrupted,
        }

    def _candidates(self) -> list[dict[str, Any]]:
        rows = plain(self.comparison.table.to_dict(orient="records"))
        for row, candidate in zip(rows, self.comparison.candidates, strict=True):
            row["note"] = candidate.note_in(COMMAND_LINE)
            row["diagnostics"] = [found.json(COMMAND_LINE) for found in candidate.diagnostics]
        return list(rows)

    def _recommendation(self) -> dict[str, Any]:
        found = self.comparison.recommendation_in(COMMAND_LINE)
        choices = {
            criterion: {"n_components": K, "structure": structure}
            for criterion, (K, structure) in found.choices.items()
        }
        return {**plain(asdict(found)), "choices": choices}

    def _shares(self) -> dict[str, float | None] | None:
        if not self.comparison.has_evidence:
            return None
        return dict(plain(self.comparison.probabilities.to_dict()))

    def _bounds(self) -> dict[str, dict[str, float | None]] | None:
        if not self.comparison.has_evidence:
            return None
        return dict(plain(self.comparison.probability_intervals.to_dict(orient="index")))

    def _title(self) -> str:
        comparison = self.comparison
        rows = f"{counted(self.n_rows, 'row')} of {Path(self.table).name}"
        return (
            f"How many segments in {rows}, by {counted(len(comparison.features), 'feature')}? "
            f"{listed_numbers(comparison.n_components, 'and')} tried"
        )

    def _numbers(self) -> Columns:
        return column("segments", [str(c.n_components) for c in self.comparison.candidates])

    def _structures(self) -> list[Columns]:
        """A column of names where there are several."""
        if len(self.comparison.structures) == 1:
            return []
        names = label_column([c.structure for c in self.comparison.candidates])
        width = len(names[1][0])
        title = "structure"
        cells = [cell.ljust(len(title)) for cell in names[1]]
        return [(["", title.ljust(width)], cells)]

    def _log_likelihood(self) -> Columns:
        return column("log-likelihood", self._cells("log_likelihood"))

    def _criterion(self, criterion: str) -> Columns:
        """Values of a criterion with their errors; a star marks the best."""
        comparison = self.comparison
        name = comparison.column_of(criterion)
        cells, errors = self._cells(name), ERRORS.get(criterion, "")
        if errors in comparison.table and comparison.table[errors].notna().any():
            bars = (
                UNKNOWN if math.isnan(e) else f"{e:,.2f}" for e in comparison.table[errors].tolist()
            )
            cells = [
                cell if cell == UNKNOWN else f"{cell} ± {bar}"
                for cell, bar in zip(cells, bars, strict=True)
            ]
        best = comparison.best.get(criterion)
        stars = ("*" if candidate is best else " " for candidate in comparison.candidates)
        starred = [cell + star for cell, star in zip(cells, stars, strict=True)]
        return column(f"{title_of(criterion, name)} ", starred)

    def _behind(self) -> Columns:
        """The difference in elpd from the best."""
        gaps = [self.comparison.elpd_diff.get(c) for c in self.comparison.candidates]
        cells = [UNKNOWN if gap is None else f"{gap.elpd:,.1f} ± {gap.se:,.1f}" for gap in gaps]
        return column("behind", cells)

    def _cells(self, name: str) -> list[str]:
        values = (c.values.get(name, math.nan) for c in self.comparison.candidates)
        return [f"{value:,.2f}" if math.isfinite(value) else UNKNOWN for value in values]

    def _probabilities(self) -> list[Columns]:
        """Probability of each candidate and, if errors are known, its Monte Carlo interval."""
        table = self.comparison.table
        shares = [UNKNOWN if math.isnan(p) else percent(p) for p in table["probability"]]
        columns = [column("probability", shares)]
        if table["probability_lower"].notna().any():
            bounds = zip(table["probability_lower"], table["probability_upper"], strict=True)
            cells = [UNKNOWN if math.isnan(low) else percents(low, high) for low, high in bounds]
            columns.append(column("by Monte Carlo", cells))
        return columns

    def _legend(self) -> str:
        lower = [NAMES[c] for c in self.comparison.criteria if self.comparison.is_lower_better(c)]
        parts = ["*: best candidate"]
        if lower:
            parts.append(f"{in_words(lower, 'and')}: lower is better")
        if "evidence" in self.comparison.criteria:
            parts.append("±: Monte Carlo standard error")
            parts.append("by Monte Carlo: 94 % Monte Carlo interval of the probability")
        return fill("; ".join(parts))

    def _notes(self) -> str:
        """A line for each candidate with notes."""
        return _filled(
            f"{c.n_components} ({c.structure}): {c.note_in(COMMAND_LINE)}"
            for c in self.comparison.candidates
            if c.diagnostics
        )


def _filled(lines: Iterable[str]) -> str:
    return "\n".join(fill(line) for line in lines)


def _verdict(verdict: Verdict) -> dict[str, Any]:
    missing = [{"n_components": K, "structure": s or None} for K, s in verdict.missing]
    return {**plain(asdict(verdict)), "missing": missing}
