"""`write_report`: the report of a fit or a posterior as one HTML file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.checks.check_table import check_table
from bayes_gmm.data.frames import as_frame
from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.validate import check_weights
from bayes_gmm.diagnostics.diagnostic import Diagnostic, without_warnings
from bayes_gmm.errors import DataError
from bayes_gmm.model.typicality import rows_beyond_in_sample
from bayes_gmm.report.content.page import page
from bayes_gmm.report.render import rendered
from bayes_gmm.report.settings import LIMITS
from bayes_gmm.report.source import (
    ROW,
    Source,
    names_of,
    parts_of,
    rows_of,
    stored_rows,
)
from bayes_gmm.results.checks import check_probability, generator
from bayes_gmm.results.fit.doubts import with_names_of
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.io.netcdf import replacing
from bayes_gmm.results.posterior.observed_data import other_rows
from bayes_gmm.results.posterior.profile import drawn_mixtures
from bayes_gmm.results.profile.columns import OutsideColumn
from bayes_gmm.results.profile.profile import outside_columns, profile_of_rows, single
from bayes_gmm.text import shortened

if TYPE_CHECKING:
    import narwhals as nw

    from bayes_gmm.results.comparison.comparison import Comparison
    from bayes_gmm.results.posterior.membership import Membership
    from bayes_gmm.results.posterior.posterior import Posterior
    from bayes_gmm.results.profile.record import Profile


def write_report(
    model: Any,
    path: str | os.PathLike[str],
    table: Any = None,
    *,
    comparison: Comparison | None = None,
    names: Mapping[str, str] | Sequence[str] | None = None,
    labels: Sequence[Any] | None = None,
    sample_weight: Any = None,
    ci_prob: float = LIMITS.ci_prob,
    title: str | None = None,
) -> Path:
    """Write a report for readers without statistics: one HTML file that needs no network.

    It contains the answer in three sentences, a card for each segment, pictures, uncertain rows,
    other segmentations, checks, findings in the table and the settings. A fit without draws has no
    intervals; the report then says how to get them.

    Parameters
    ----------
    model : Posterior, MapFit or BayesGMM
    path : str or path
        The file to write, such as "report.html".
    table : table or array, optional
        The rows to describe; columns of a table are found by name. By default those that the model
        was fitted to, if they are available. Without rows there are no members. Of more than 2,000
        rows, pictures and lists show a sample of 2,000.
    comparison : Comparison, optional
        Adds a section on the number of segments.
    names : mapping or sequence of str, optional
        New names of segments, as for `Posterior.rename`, or one name for each.
    labels : sequence, optional
        What identifies each row, such as customer numbers; by default the first column of the table
        that identifies its rows, or else the position of the row, from 1.
    sample_weight : array_like, shape (N,), optional
        Row weights.
    ci_prob : float
        Probability of the intervals.
    title : str, optional
        Title of the page.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    DataError
        If the model cannot be reported, or the table lacks a feature.

    Examples
    --------
    >>> import tempfile
    >>> import bayes_gmm as bg
    >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
    >>> model = bg.BayesGMM(n_components=5, n_init=4, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = bg.write_report(model, f"{folder}/report.html")
    ...     "5 segments" in path.read_text(encoding="utf-8")
    True
    """
    source = source_of(
        model, table, names=names, labels=labels, sample_weight=sample_weight, ci_prob=ci_prob,
        title=title,
    )  # fmt: skip
    return save(source, path, comparison)


def source_of(
    model: Any,
    table: Any = None,
    others: Any = None,
    *,
    names: Any = None,
    labels: Sequence[Any] | None = None,
    sample_weight: Any = None,
    ci_prob: float = LIMITS.ci_prob,
    membership: Membership | None = None,
    **more: Any,
) -> Source:
    """What a report of a model is made from (see `write_report`).

    Parameters
    ----------
    model, table, names, labels, sample_weight, ci_prob
        As in `write_report`.
    others : data frame, optional
        Columns outside the model, for the same rows; by default the other columns of `table`.
    membership : Membership, optional
        Of the rows of the table.
    **more
        Fields of `Source` that are known; others are computed.
    """
    check_probability(ci_prob)
    fit, posterior, estimator = parts_of(model)
    fit = replace(fit, names=names_of(posterior or fit, names))
    if posterior is not None:
        posterior = replace(posterior, fit=fit, names=fit.names)
        more.setdefault("prior_influence", posterior.prior_influence)
    if estimator is not None:
        more = {
            "diagnostics": with_names_of(fit, estimator.diagnostics_),
            "shape": replace(estimator.shape_check_, names=fit.names),
            "prior_influence": estimator.prior_influence_, **more,
        }  # fmt: skip
    given, weights = stored_rows(posterior, estimator) if table is None else (table, sample_weight)
    if given is not None:
        matrix = fit.mixture.columns_of(given)
        weights = check_weights(weights, matrix.n_rows)
        frame = as_frame(given if others is None and is_frame(given) else others)
        more |= computed(fit, posterior, matrix, frame, weights, ci_prob, more)
        if labels is None:
            labels = identifying_column(frame, more["profile"])
        if labels is not None and len(labels) != matrix.n_rows:
            raise DataError(f"labels has {len(labels)} entries for {matrix.n_rows:,} rows")
        texts = None if labels is None else [str(label) for label in labels]
        label_name = shortened(str(getattr(labels, "name", None) or ROW), LIMITS.label_width)
        more["rows"] = rows_of(
            fit, posterior, matrix, weights, texts, ci_prob, membership, label_name
        )
    return Source(fit, posterior, fit.names, ci_prob=ci_prob, **more)


def computed(
    fit: MapFit,
    posterior: Posterior | None,
    matrix: FeatureMatrix,
    others: nw.DataFrame[Any] | None,
    weights: Floats | None,
    ci_prob: float,
    known: Mapping[str, Any],
) -> dict[str, Any]:
    """Findings, shape check and profile of the rows, unless they are known."""
    found: dict[str, Any] = {}
    with without_warnings():
        findings = known.get("findings")
        if findings is None:
            findings = check_table(matrix, sample_weight=weights)
        found["findings"] = (*other_rows(fit, fit.mixture.matrix_of(matrix), weights), *findings)
        if known.get("shape") is None:
            found["shape"] = (posterior or fit).check(matrix, weights)
        mixture = fit.mixture if posterior is None else posterior.mean_mixture
        found["beyond"] = rows_beyond_in_sample(mixture, matrix)
        found["profile"] = profiled(fit, posterior, matrix, others, weights, ci_prob)
    return found


def identifying_column(frame: nw.DataFrame[Any] | None, profile: Profile) -> Any:
    """The first column that identifies all rows, which a profile leaves out; None without one."""
    for d in profile.diagnostics:
        if frame is not None and d.values.get("reason") == "identifier":
            column = frame[d.subject[0]]
            if column.n_unique() == len(column) and not column.is_null().any():
                return column
    return None


def profiled(
    fit: MapFit,
    posterior: Posterior | None,
    matrix: FeatureMatrix,
    others: nw.DataFrame[Any] | None,
    weights: Floats | None,
    ci_prob: float,
) -> Profile:
    """What sets segments apart, columns outside the model, and features that may be amounts.

    Computed from a sample of many rows.
    """
    columns: list[OutsideColumn] = []
    left_out: Sequence[Diagnostic] = ()
    if matrix.n_rows > LIMITS.most_profile_rows:
        rng = np.random.default_rng(LIMITS.seed)
        some = np.sort(rng.choice(matrix.n_rows, LIMITS.most_profile_rows, replace=False))
        matrix, others = matrix.only(some), None if others is None else others[some]
        weights = None if weights is None else weights[some]
    if others is not None and set(others.columns) - set(fit.features):
        columns, left_out = outside_columns(others, None, fit.features)
    columns += amounts(matrix)
    rows = fit.mixture.matrix_of(matrix)
    if posterior is None:
        drawn = single(fit.mixture, fit.standardizer)
        return profile_of_rows(
            fit.mixture, drawn, rows, columns, weights, names=fit.names, left_out=left_out
        )
    return profile_of_rows(
        posterior.mixture, drawn_mixtures(posterior, rows.n_rows), rows, columns, weights,
        names=posterior.names, left_out=left_out, ci_prob=ci_prob,
        rng=generator(posterior.draws.seed),
    )  # fmt: skip


def amounts(matrix: FeatureMatrix) -> Iterator[OutsideColumn]:
    """Features without negative values, as columns to profile."""
    for name, values in zip(matrix.features, matrix.values.T, strict=True):
        seen = ~np.isnan(values)
        if seen.any() and (values[seen] >= 0.0).all():
            numbers = np.where(seen, values, 0.0)[:, None]
            yield OutsideColumn(name, "numeric", (), numbers, seen)


def is_frame(table: Any) -> bool:
    """Whether a table has named columns of any type."""
    return hasattr(table, "columns") or hasattr(table, "column_names")


def save(
    source: Source, path: str | os.PathLike[str], comparison: Comparison | None = None
) -> Path:
    """Write the report; an existing file is replaced only if writing succeeds."""
    html = rendered(source, page(source, comparison))
    with replacing(Path(path)) as draft:
        draft.write_bytes(html.encode("utf-8", "replace"))
    return Path(path)
