"""What the command line says about a fit: as text for people, as JSON for programs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import isfinite
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.cli.intervals import Intervals
from bayes_gmm.cli.layout import (
    WIDTH,
    Columns,
    beside,
    column,
    in_blocks,
    label_column,
    shortened,
    under,
    writer,
)
from bayes_gmm.data.findings import Finding, check_table
from bayes_gmm.errors import DataWarning
from bayes_gmm.model.mixture import segment_labels
from bayes_gmm.results.shape_words import shape_advice
from bayes_gmm.results.small_segments import SmallSegments, small_segments
from bayes_gmm.results.wording import counted, percent

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.map_fit import MapFit, Mode
    from bayes_gmm.results.posterior import Posterior
    from bayes_gmm.results.shape_record import ShapeCheck

Array = NDArray[np.float64]

SHOWN_MODES = 5
SHOWN_FINDINGS = 3  # of each kind
LEAST_MASS = 0.001  # of a mode that is worth a line


@dataclass(frozen=True, eq=False)
class Report:
    """A fit and what a reader wants to know of it.

    Attributes
    ----------
    table : str
        What was fitted, by the name the user gave it.
    fit : MapFit
        The fit.
    membership : ndarray, shape (n_rows, K)
        The probability of each segment for each row.
    row_weights : ndarray, shape (n_rows,)
        How many rows each row stands for.
    posterior : Posterior, optional
        Draws, where intervals were asked for; memberships are then averages over them.
    findings : tuple of Finding
        Those of `check_table`.
    shape_check : ShapeCheck, optional
        Whether the rows of each segment are Gaussian.
    """

    table: str
    fit: MapFit
    membership: Array
    row_weights: Array
    posterior: Posterior | None = None
    findings: tuple[Finding, ...] = ()
    shape_check: ShapeCheck | None = None

    @cached_property
    def sizes(self) -> Array:
        """Rows that most probably belong to each segment, shape (K,)."""
        top = self.membership.argmax(axis=1)
        return np.bincount(top, self.row_weights, minlength=self.membership.shape[1])

    @cached_property
    def intervals(self) -> Intervals | None:
        """The tables of the posterior."""
        return None if self.posterior is None else Intervals(self.posterior)

    @cached_property
    def small_segments(self) -> SmallSegments | None:
        """Segments with too few rows for their parameters, if there are any."""
        return small_segments(self.fit)

    @property
    def sizes_as_shown(self) -> list[float]:
        """Sizes as whole numbers where they are, as they always are without row weights."""
        if np.all(self.sizes == np.round(self.sizes)):
            return [int(size) for size in self.sizes]
        return [round(float(size), 3) for size in self.sizes]

    @property
    def other_modes(self) -> tuple[Mode, ...]:
        """The modes besides the one reported, the heaviest first."""
        return self.fit.modes[1:]

    def segments(self) -> pd.DataFrame:
        """Tabulate the segments: share, size, and each feature's mean and sd."""
        table = self.fit.segments() if self.intervals is None else self.intervals.segments.copy()
        table.insert(table.columns.get_loc("share") + 1, "size", self.sizes_as_shown)
        return table

    def text(self) -> str:
        """Write all of it for a person, in lines of at most 100 characters."""
        blocks = [self._title(), *_tables(self), self._summary(), self._modes()]
        if self.small_segments is not None:
            blocks.append(fill(str(self.small_segments), WIDTH))
        blocks.append(findings_text(self.findings))
        blocks.append(_shape_text(self.shape_check))
        if self.intervals is not None:
            blocks.append(self.intervals.text())
        return "\n\n".join(block for block in blocks if block)

    def json(self) -> dict[str, Any]:
        """Return all of it for a program: only what JSON can say."""
        fit, mixture = self.fit, self.fit.mixture
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
            "findings": [finding.json() for finding in self.findings],
            "small_segments": None if self.small_segments is None else self.small_segments.json(),
            "shape_check": None if self.shape_check is None else _shape_json(self.shape_check),
            "posterior": None if self.intervals is None else self.intervals.json(),
        }

    def _segment(self, k: int) -> dict[str, Any]:
        names, mixture = self.fit.features, self.fit.mixture
        return {
            "segment": segment_labels(mixture.n_components)[k],
            "share": float(mixture.weights[k]),
            "size": self.sizes_as_shown[k],
            "mean": dict(zip(names, mixture.means[k].tolist(), strict=True)),
            "sd": dict(zip(names, mixture.standard_deviations[k].tolist(), strict=True)),
            "covariance": mixture.covariances[k].tolist(),
        }

    def _title(self) -> str:
        segments = counted(self.fit.mixture.n_components, "segment")
        rows = f"{counted(self.fit.n_rows, 'row')} of {Path(self.table).name}"
        return f"{segments} in {rows}, by {counted(len(self.fit.features), 'feature')}"

    def _summary(self) -> str:
        fit = self.fit
        state = "converged" if fit.converged else "NOT converged"
        return (
            f"log-likelihood {fit.log_likelihood:.3f}   BIC {fit.bic:.3f}   "
            f"{state} after {counted(fit.n_iter, 'iteration')}"
        )

    def _modes(self) -> str:
        worth = [mode for mode in self.other_modes if mode.probability >= LEAST_MASS]
        if not worth:
            return ""
        own = percent(self.fit.modes[0].probability)
        lines = [f"This segmentation holds {own} of the probability mass. Others of the same rows:"]
        for mode in worth[:SHOWN_MODES]:
            shares = ", ".join(percent(w) for w in mode.mixture.weights)
            lines.append(f"  {percent(mode.probability):>6}   shares {shares}")
        if len(worth) > SHOWN_MODES:
            lines.append(f"  and {len(worth) - SHOWN_MODES} more")
        return "\n".join(lines)


def fitted(
    name: str,
    table: pd.DataFrame,
    row_weights: Array | None,
    components: int,
    options: dict[str, Any],
    method: str = "none",
) -> Report:
    """Fit a table, draw from the posterior by a method or "none", and gather what is to be said."""
    from bayes_gmm.estimator import BayesGMM

    with findings_apart():
        model = BayesGMM(components, **options).fit(table, sample_weight=row_weights)
    findings = check_table(table, sample_weight=row_weights)
    weights = np.ones(len(table)) if row_weights is None else row_weights
    if method == "none":
        membership = model.predict_proba(table)
        return Report(
            name, model.map_fit_, membership, weights, findings=findings,
            shape_check=model.shape_check_,
        )  # fmt: skip
    posterior = model.sample_posterior(method=method)
    membership = posterior.predict_proba(table)
    return Report(name, model.map_fit_, membership, weights, posterior, findings, posterior.check())


@contextmanager
def findings_apart() -> Iterator[None]:
    """Keep warnings of a table off stderr: its findings are printed with the results."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        yield


@dataclass(frozen=True, eq=False)
class Assigned:
    """What there is to say of rows that were given their segments.

    Attributes
    ----------
    table : str
        The rows, by the name the user gave them.
    membership : ndarray, shape (n_rows, K)
        The probability of each segment for each row.
    names : tuple of str
        Of the segments.
    """

    table: str
    membership: Array
    names: tuple[str, ...]

    @cached_property
    def sizes(self) -> list[int]:
        """Rows that most probably belong to each segment."""
        top = self.membership.argmax(axis=1)
        return np.bincount(top, minlength=self.membership.shape[1]).tolist()

    def text(self) -> str:
        """Write it for a person."""
        n_rows = len(self.membership)
        labels = [shortened(name) for name in self.names]
        width = max(map(len, labels))
        lines = [f"{counted(n_rows, 'row')} of {Path(self.table).name}"]
        for label, size in zip(labels, self.sizes, strict=True):
            lines.append(f"  {label:<{width}}   {size:>9,}   {percent(size / n_rows):>7}")
        return "\n".join(lines)

    def json(self) -> dict[str, Any]:
        """Return it for a program."""
        segments = [
            {"segment": name, "size": size}
            for name, size in zip(self.names, self.sizes, strict=True)
        ]
        return {"table": self.table, "n_rows": len(self.membership), "segments": segments}


def segment_names(fit: MapFit | Posterior) -> tuple[str, ...]:
    """The names that a posterior's segments were given; numbers where a fit has none."""
    labels = tuple(segment_labels(fit.mixture.n_components))
    return getattr(fit, "names", labels)


def files_text(files: dict[str, Path]) -> str:
    """List the files that were written, one a line."""
    return "\n".join(["written", *(f"  {what:<12} {path}" for what, path in files.items())])


def findings_text(findings: Sequence[Finding]) -> str:
    """Findings in the table, a paragraph each, the first few of a kind."""
    if not findings:
        return ""
    lines = ["Findings in the table:"]
    for kind, group in groupby(findings, key=lambda finding: finding.kind):
        of_kind = list(group)
        for finding in of_kind[:SHOWN_FINDINGS]:
            lines.append(fill(str(finding), WIDTH, initial_indent="  ", subsequent_indent="    "))
        if len(of_kind) > SHOWN_FINDINGS:
            lines.append(f"  and {len(of_kind) - SHOWN_FINDINGS} more of this kind ({kind})")
    return "\n".join(lines)


def _shape_text(check: ShapeCheck | None) -> str:
    """Write which segments are not Gaussian, and what to try."""
    if check is None or not check.sentences:
        return ""
    said = list(check.sentences)
    if check.flagged:
        said.append(shape_advice(check))
    lines = [fill(line, WIDTH, initial_indent="  ", subsequent_indent="    ") for line in said]
    return "\n".join(["Shape of the segments:", *lines])


def _shape_json(check: ShapeCheck) -> dict[str, Any]:
    """Statistics of the shape of the segments, and which of these are not Gaussian."""
    statistics = [
        {
            "segment": check.names[s.segment],
            "statistic": s.statistic,
            "features": [check.features[j] for j in s.features],
            **{
                name: getattr(s, name) if isfinite(getattr(s, name)) else None
                for name in ("observed", "lower", "upper", "p_value")
            },
            "flagged": s.flagged,
        }
        for s in check.statistics
    ]
    return {
        "flagged": [check.names[k] for k in check.flagged],
        "too_few_rows": [
            name for name, checked in zip(check.names, check.checked, strict=True) if not checked
        ],
        "statistics": statistics,
        "sentences": list(check.sentences),
    }


def _tables(report: Report) -> list[str]:
    """Blocks of as many features as a line holds; each block has a line per segment."""
    weights = report.fit.mixture.weights
    labels = label_column(segment_labels(len(weights)))
    shares = column("share", [percent(w) for w in weights])
    sizes = column("size", [f"{n:,}" for n in report.sizes_as_shown])
    groups = (_feature_group(report, j) for j in range(len(report.fit.features)))
    return in_blocks(labels, beside(labels, shares, sizes), groups)


def _feature_group(report: Report, j: int) -> Columns:
    """Mean and sd of one feature under its name."""
    mixture = report.fit.mixture
    means, sds = mixture.means[:, j], mixture.standard_deviations[:, j]
    write = writer(means, sds)
    pair = beside(column("mean", [write(m) for m in means]), column("sd", [write(s) for s in sds]))
    return under(report.fit.features[j], pair)


def _mode(mode: Mode) -> dict[str, Any]:
    return {
        "probability": float(mode.probability),
        "log_posterior": float(mode.log_posterior),
        "shares": mode.mixture.weights.tolist(),
        "means": mode.mixture.means.tolist(),
    }
