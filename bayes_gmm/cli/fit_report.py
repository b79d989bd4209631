"""Report of `fit`, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.cli.layout import (
    Columns,
    beside,
    column,
    fill,
    in_blocks,
    label_column,
    mean_and_range,
    shortened,
    under,
    writer,
)
from bayes_gmm.cli.other_modes import text_of_fit, text_of_posterior
from bayes_gmm.cli.settings import REPORT
from bayes_gmm.diagnostics.diagnostic import Diagnostic, plain
from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.results.shape.text import sentences
from bayes_gmm.text import counted, percent, sentence

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.cli.posterior_report import Intervals
    from bayes_gmm.data.spool.record import Scan
    from bayes_gmm.model.mixture import Mixture
    from bayes_gmm.results.assignments import Assigned
    from bayes_gmm.results.fit.map_fit import MapFit, Mode
    from bayes_gmm.results.fit.prior_influence import PriorInfluence
    from bayes_gmm.results.posterior.membership import Membership
    from bayes_gmm.results.posterior.posterior import Posterior
    from bayes_gmm.results.shape.record import ShapeCheck

Array = NDArray[np.float64]

PRINTED = ("transform_chosen", "small_segments", "coinciding_segments", "prior_influence")
"""Diagnostics of the fit that the report prints; others are warnings, or printed elsewhere."""
SIZE = "size: expected number of rows in the segment, the sum of the rows' probabilities"
WEIGHTED_SIZE = (
    "size: expected total weight of the rows in the segment, the sum of the rows' weights times\n"
    "probabilities"
)


@dataclass(frozen=True, eq=False)
class Report:
    """A fit with its posterior, findings and checks, ready to be printed.

    Attributes
    ----------
    table : str
        Name of the table, as given by the user.
    fit : MapFit
        The fit.
    membership : ndarray, shape (n_rows, K)
        The probability of each segment for each row.
    row_weights : ndarray, shape (n_rows,)
        The weight of each row.
    posterior : Posterior, optional
        Draws, if intervals were requested: shares, sizes, means and standard deviations are then
        posterior averages, and those of the MAP are not shown.
    findings : tuple of Diagnostic
        Findings of `check_table`.
    diagnostics : tuple of Diagnostic
        Diagnostics of the fit.
    shape_check : ShapeCheck, optional
        Whether the rows of each segment are Gaussian.
    prior_influence : PriorInfluence, optional
        How far the prior moves the segments of the fit.
    ci_prob : float
        Probability of the intervals.
    row_intervals : Membership, optional
        With a posterior: intervals of the probabilities of the rows.
    scan : Scan, optional
        The table, if it is a scan; the rows above are then its sample.
    of_all_rows : Assigned, optional
        Numbers of all rows of a scan, if its rows were assigned.
    """

    table: str
    fit: MapFit
    membership: Array
    row_weights: Array
    posterior: Posterior | None = None
    findings: tuple[Diagnostic, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    shape_check: ShapeCheck | None = None
    prior_influence: PriorInfluence | None = None
    ci_prob: float = REPORT.ci_prob
    row_intervals: Membership | None = None
    scan: Scan | None = None
    of_all_rows: Assigned | None = None

    @cached_property
    def sizes(self) -> Array:
        """Expected number of rows in each segment, the sum of probabilities, shape (K,)."""
        if self.of_all_rows is not None:
            return self.of_all_rows.sizes
        return np.asarray(self.row_weights @ self.membership)

    @cached_property
    def assigned(self) -> Array:
        """Number of rows whose most probable segment is each segment, shape (K,)."""
        if self.of_all_rows is not None:
            return self.of_all_rows.counts
        top = self.membership.argmax(axis=1)
        return np.bincount(top, self.row_weights, minlength=self.membership.shape[1])

    @cached_property
    def intervals(self) -> Intervals | None:
        """The tables of the posterior."""
        if self.posterior is None:
            return None
        from bayes_gmm.cli.posterior_report import Intervals

        return Intervals(self.posterior, self.ci_prob)

    @property
    def mixture(self) -> Mixture:
        """The reported mixture: the posterior mean if there are draws, else the MAP."""
        return self.fit.mixture if self.posterior is None else self.posterior.mean_mixture

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the segments."""
        return (self.posterior or self.fit).names

    @property
    def other_modes(self) -> tuple[Mode, ...]:
        """Modes other than the reported one, with their masses estimated from the draws."""
        if self.posterior is None:
            return self.fit.modes[1:]
        from bayes_gmm.results.posterior.segmentations import masses

        alone = self.posterior.segmentation
        reported = 0 if alone is None else alone.mode
        modes = enumerate(self.posterior.fit.modes)
        held = masses(self.posterior)
        found = [
            replace(mode, probability=held.get(m, mode.probability))
            for m, mode in modes
            if m != reported
        ]
        return tuple(sorted(found, key=lambda mode: -mode.probability))

    def segments(self) -> pd.DataFrame:
        """Tabulate the segments: share, size, rows assigned, and each feature's mean and sd."""
        table = self.fit.segments() if self.intervals is None else self.intervals.segments.copy()
        place = 1 + max(
            table.columns.get_loc(name) for name in ("share", "share upper") if name in table
        )
        table.insert(place, "size", self.sizes.round(REPORT.size_decimals))
        table.insert(place + 1, "assigned", as_counts(self.assigned))
        return table

    def text(self) -> str:
        """Report as text, in lines of at most 100 characters."""
        blocks = [self._title(), *_tables(self), self._after_tables(), self._modes()]
        blocks.append(self._summary())
        blocks += [
            fill(sentence(found.text(COMMAND_LINE)))
            for found in self._all_diagnostics()
            if found.code in PRINTED
        ]
        blocks += [findings_text(self.findings), _shape_text(self.shape_check)]
        return "\n\n".join(block for block in blocks if block)

    def json(self) -> dict[str, Any]:
        """JSON-compatible record of the report."""
        fit, mixture = self.fit, self.fit.mixture
        influence = self.prior_influence or (self.posterior and self.posterior.prior_influence)
        return {
            "table": self.table,
            "features": list(fit.features),
            "n_rows": fit.n_rows,
            "total_weight": fit.total_weight,
            "n_components": mixture.n_components,
            "structure": fit.structure.name,
            "log_likelihood": fit.log_likelihood,
            "log_posterior": fit.log_posterior,
            "bic": fit.bic,
            "converged": bool(fit.converged),
            "n_iter": int(fit.n_iter),
            "segments": [self._segment(k) for k in range(mixture.n_components)],
            "other_modes": [_mode(mode) for mode in self.other_modes],
            "findings": [finding.json(COMMAND_LINE) for finding in self.findings],
            "diagnostics": [found.json(COMMAND_LINE) for found in self._all_diagnostics()],
            "prior_influence": influence and influence.to_dict(),
            "shape_check": None if self.shape_check is None else _shape_json(self.shape_check),
            "posterior": None if self.intervals is None else self.intervals.json(),
        }

    def _all_diagnostics(self) -> list[Diagnostic]:
        """Diagnostics of the fit, the shape of segments, and the influence of the prior."""
        influence, shape = self.prior_influence, self.shape_check
        moved = [] if influence is None else influence.diagnostics(self.names)
        return [*self.diagnostics, *(() if shape is None else shape.diagnostics), *moved]

    def _segment(self, k: int) -> dict[str, Any]:
        mixture, intervals = self.mixture, self.intervals
        return {
            "segment": self.names[k],
            "share": float(mixture.weights[k]),
            "size": round(float(self.sizes[k]), REPORT.size_decimals),
            "assigned": as_counts(self.assigned)[k],
            **self._numbers(k),
            "covariance": mixture.covariances[k].tolist(),
            **({} if intervals is None else intervals.bounds(k)),
        }

    def _numbers(self, k: int) -> dict[str, dict[str, float]]:
        """Location and spread of the features in segment k, by quantity."""
        if self.intervals is not None and not self.mixture.transforms.is_identity:
            return self.intervals.numbers(k, 1)
        return {
            what: {feature: float(values[k]) for feature, values in features.items()}
            for what, features in self._described.items()
        }

    @cached_property
    def _described(self) -> dict[str, dict[str, Array]]:
        """Location and spread of the features in all segments, by quantity."""
        mixture = self.mixture
        found: dict[str, dict[str, Array]] = {}
        for j, feature in enumerate(mixture.features):
            for what, values in mixture.described(j).items():
                found.setdefault(what, {})[feature] = values
        return found

    def _title(self) -> str:
        segments = counted(self.fit.mixture.n_components, "segment")
        rows = counted(self.fit.n_rows, "row")
        if self._is_weighted:
            rows += f" with a total weight of {self.fit.total_weight:,.6g}"
        features = counted(len(self.fit.features), "feature")
        return f"{segments} in {rows} of {Path(self.table).name}, by {features}"

    @property
    def _is_weighted(self) -> bool:
        if self.scan is not None:
            return self.scan.weights is not None
        return bool(np.any((self.row_weights != 0.0) & (self.row_weights != 1.0)))

    def _after_tables(self) -> str:
        """The meaning of the sizes, and diagnostics of the draws."""
        size = WEIGHTED_SIZE if self._is_weighted else SIZE
        if self.scan is not None and self.of_all_rows is None:
            size += f" (estimated from a sample of {counted(len(self.membership), 'row')})"
        return size if self.intervals is None else f"{size}\n{self.intervals.state()}"

    def _summary(self) -> str:
        fit = self.fit
        state = "converged" if fit.converged else "NOT converged"
        return (
            f"{'' if self.posterior is None else 'MAP: '}"
            f"log-likelihood {fit.log_likelihood:.3f}   BIC {fit.bic:.3f}   "
            f"{state} after {counted(fit.n_iter, 'iteration')}"
        )

    def _modes(self) -> str:
        if self.posterior is None:
            return text_of_fit(self.fit, self.names)
        return text_of_posterior(self.posterior)


def findings_text(findings: Sequence[Diagnostic]) -> str:
    """Findings in the table, one paragraph each; the first few of each kind."""
    if not findings:
        return ""
    lines = ["Findings in the table:"]
    for code, group in groupby(findings, key=lambda finding: finding.code):
        of_code = list(group)
        for finding in of_code[: REPORT.findings]:
            lines.append(fill(finding.text(COMMAND_LINE), "  ", "    "))
        if len(of_code) > REPORT.findings:
            lines.append(f"  and {len(of_code) - REPORT.findings} more of this kind ({code})")
    return "\n".join(lines)


def _shape_text(check: ShapeCheck | None) -> str:
    """The segments that are not Gaussian, with advice."""
    if check is None or not check.diagnostics:
        return ""
    lines = [fill(line, "  ", "    ") for line in sentences(check, COMMAND_LINE)]
    return "\n".join(["Shape of the segments:", *lines])


def _shape_json(check: ShapeCheck) -> dict[str, Any]:
    """Shape statistics of the segments, and the segments that are not Gaussian."""
    statistics = [
        {
            "segment": check.names[s.segment],
            "statistic": s.statistic,
            "features": [check.features[j] for j in s.features],
            **{name: plain(getattr(s, name)) for name in ("observed", "lower", "upper", "p_value")},
            "flagged": s.flagged,
        }
        for s in check.statistics
    ]
    return {"flagged": [check.names[k] for k in check.flagged], "statistics": statistics}


def as_counts(sizes: Array) -> list[float]:
    """Sums of row weights; integers if all sums are whole numbers.

    Examples
    --------
    >>> as_counts(np.array([3.0, 5.0])), as_counts(np.array([2.5, 5.0]))
    ([3, 5], [2.5, 5.0])
    """
    if np.all(sizes == np.round(sizes)):
        return [int(size) for size in sizes]
    return [round(float(size), REPORT.size_decimals) for size in sizes]


def _tables(report: Report) -> list[str]:
    """Blocks of as many features as fit on a line; each block has one line per segment."""
    labels = label_column([shortened(name) for name in report.names])
    sizes = column("size", [_size(n) for n in report.sizes])
    features = range(len(report.fit.features))
    if report.intervals is not None:
        first = beside(labels, report.intervals.shares(), sizes)
        blocks = in_blocks(labels, first, map(report.intervals.feature, features))
        return [report.intervals.heading, *blocks]
    shares = column("share", [percent(w) for w in report.mixture.weights])
    groups = (_feature_group(report, j) for j in features)
    return in_blocks(labels, beside(labels, shares, sizes), groups)


def _size(n: float) -> str:
    """Expected number of rows, with one decimal below 10."""
    return f"{n:.1f}" if n < 9.95 and round(n, 1) % 1 else f"{n:,.0f}"


def _feature_group(report: Report, j: int) -> Columns:
    """Mean and sd of one feature under its name; median, mean and range if it is transformed."""
    mixture = report.mixture
    found = mixture.described(j)
    if "median" in found:
        write = writer(found["median"], found["84 %"] - found["16 %"])
        medians = column("median", [write(m) for m in found["median"]])
        more = mean_and_range(write, found["mean"], found["16 %"], found["84 %"])
        return under(report.fit.features[j], beside(medians, *more))
    means, sds = mixture.means[:, j], mixture.standard_deviations[:, j]
    write = writer(means, sds)
    pair = beside(column("mean", [write(m) for m in means]), column("sd", [write(s) for s in sds]))
    return under(report.fit.features[j], pair)


def _mode(mode: Mode) -> dict[str, Any]:
    record = {
        "probability": mode.probability,
        "probability_error": mode.probability_error,
        "log_posterior": mode.log_posterior,
        "shares": mode.mixture.weights.tolist(),
        "means": mode.mixture.means.tolist(),
    }
    return dict(plain(record))
