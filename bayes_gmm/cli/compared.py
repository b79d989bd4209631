"""What the command line says of numbers of segments side by side."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayes_gmm.cli.findings import findings_text
from bayes_gmm.cli.layout import WIDTH, Columns, beside, column, in_blocks, label_column
from bayes_gmm.errors import FitError
from bayes_gmm.results.verdicts import NAMES, closing
from bayes_gmm.results.wording import counted, listed_numbers, percent

if TYPE_CHECKING:
    from bayes_gmm.data.findings import Finding
    from bayes_gmm.results.comparison import Comparison

TITLES = {"loo": "elpd by LOO", "evidence": "log evidence", "laplace": "log evidence"}
ERRORS = {"evidence": "log_evidence_se"}
UNKNOWN = "-"


@dataclass(frozen=True, eq=False)
class Compared:
    """A comparison and what a reader wants to know of it.

    Attributes
    ----------
    table : str
        What was segmented, by the name the user gave it.
    n_rows : int
        Those of positive weight.
    comparison : Comparison
    findings : tuple of Finding
        Those of `check_table`.
    """

    table: str
    n_rows: int
    comparison: Comparison
    findings: tuple[Finding, ...] = ()

    def check(self) -> None:
        """Raise if nothing was fitted.

        Raises
        ------
        FitError
            With what is said of the first candidate.
        KeyboardInterrupt
            If that is because the work was interrupted.
        """
        if self.comparison.has_fits:
            return
        if self.comparison.interrupted:
            raise KeyboardInterrupt
        first = self.comparison.candidates[0]
        raise FitError(f"{counted(first.n_components, 'segment')}: {first.note}")

    def text(self) -> str:
        """Write all of it for a person: a table, the verdicts, and what is in doubt."""
        comparison = self.comparison
        labels = beside(self._numbers(), *self._structures())
        groups = [self._criterion(criterion) for criterion in comparison.criteria]
        if comparison.elpd_behind:
            place = comparison.criteria.index("loo")
            groups[place] = beside(groups[place], self._behind())
        if comparison.has_evidence:
            shares = [self._share(p) for p in comparison.table["probability"]]
            groups.append(column("probability", shares))
        tables = in_blocks(labels, beside(labels, self._log_likelihood()), groups)
        verdicts = [*comparison.verdicts.values(), closing(comparison)]
        said = "\n".join(textwrap.fill(line, WIDTH) for line in verdicts if line)
        tables = [table.removeprefix("\n") for table in tables]
        blocks = [self._title(), *tables, self._legend(), said, self._notes()]
        blocks.append(findings_text(self.findings))
        return "\n\n".join(block for block in blocks if block)

    def json(self) -> dict[str, Any]:
        """Return all of it for a program: only what JSON can say."""
        comparison = self.comparison
        rows = comparison.table.to_dict(orient="records")
        return {
            "table": self.table,
            "features": list(comparison.features),
            "n_rows": self.n_rows,
            "criteria": list(comparison.criteria),
            "candidates": [{name: _plain(cell) for name, cell in row.items()} for row in rows],
            "probabilities": self._probabilities(),
            "best": {
                criterion: {"n_components": best.n_components, "structure": best.structure}
                for criterion, best in comparison.best.items()
            },
            "verdicts": dict(comparison.verdicts),
            "findings": [finding.json() for finding in self.findings],
            "interrupted": comparison.interrupted,
        }

    def _probabilities(self) -> dict[str, float | None] | None:
        if not self.comparison.has_evidence:
            return None
        return {str(K): _plain(p) for K, p in self.comparison.probabilities.items()}

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
        """Its values, the best one starred, and their errors."""
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
        title = "Laplace" if name == "log_evidence_laplace" else TITLES.get(criterion)
        starred = [cell + star for cell, star in zip(cells, stars, strict=True)]
        return column(f"{title or NAMES[criterion]} ", starred)

    def _behind(self) -> Columns:
        """What each lacks to the best in predicting rows."""
        gaps = [self.comparison.elpd_behind.get(c) for c in self.comparison.candidates]
        cells = [UNKNOWN if gap is None else f"{gap.elpd:,.1f} ± {gap.se:,.1f}" for gap in gaps]
        return column("behind", cells)

    def _cells(self, name: str) -> list[str]:
        values = (c.values.get(name, math.nan) for c in self.comparison.candidates)
        return [f"{value:,.2f}" if math.isfinite(value) else UNKNOWN for value in values]

    def _share(self, p: float) -> str:
        return UNKNOWN if math.isnan(p) else percent(p)

    def _legend(self) -> str:
        lower = [NAMES[c] for c in self.comparison.criteria if self.comparison.is_lower_better(c)]
        some = f"; {' and '.join(lower)}: lower is better" if lower else ""
        return f"* the best{some}"

    def _notes(self) -> str:
        """What is in doubt, a line for each candidate."""
        return "\n".join(
            textwrap.fill(f"{c.n_components} ({c.structure}): {c.note}", WIDTH)
            for c in self.comparison.candidates
            if c.note
        )


def _plain(cell: Any) -> Any:
    """A cell as JSON can have it: NaN and infinity are not."""
    cell = cell.item() if hasattr(cell, "item") else cell
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell
