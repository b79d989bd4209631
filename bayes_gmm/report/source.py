"""`Source`: the results that a report is made from, collected from a fit or a posterior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.rows import Floats, Integers
from bayes_gmm.diagnostics.diagnostic import Diagnostic, without_warnings
from bayes_gmm.diagnostics.kind import PYTHON, OptionNames
from bayes_gmm.errors import DataError, shown
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.report.settings import LIMITS
from bayes_gmm.report.words import Write, writer
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.names import renamed
from bayes_gmm.results.posterior.membership import Membership, membership_of
from bayes_gmm.text import shortened

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.fit.prior_influence import PriorInfluence
    from bayes_gmm.results.posterior.posterior import Posterior
    from bayes_gmm.results.profile.record import Profile
    from bayes_gmm.results.shape.record import ShapeCheck


ROW = "Row"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows of the table that count, with their memberships.

    Attributes
    ----------
    values : ndarray, shape (n, d)
        In the user's units; NaN is a missing cell.
    scaled : ndarray, shape (n, d)
        On the scale of the model.
    labels : tuple of str
        What identifies each row.
    weights : ndarray, shape (n,)
    membership : ndarray, shape (n, K)
        Probability of each segment.
    lower, upper : ndarray, shape (n,), or None
        Bounds of the probability of the most probable segment, if there are draws.
    label_name : str
        What the labels are, such as the name of a column.
    """

    values: Floats
    scaled: Floats
    labels: tuple[str, ...]
    weights: Floats
    membership: Floats
    lower: Floats | None = None
    upper: Floats | None = None
    label_name: str = ROW

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.labels)

    @cached_property
    def are_all_on_page(self) -> bool:
        """Whether the page holds the segment of every row, which few rows or short labels allow."""
        if self.n <= LIMITS.max_points:
            return True
        if self.n > LIMITS.most_listed:
            return False
        n_columns = min(self.values.shape[1], LIMITS.max_features)
        in_pictures = 18 * LIMITS.max_points * n_columns  # two numbers for each value
        labels = "".join(self.labels).encode("utf-8", "replace")
        return len(labels) + 15 * self.n + in_pictures <= LIMITS.row_bytes

    @cached_property
    def segment(self) -> Integers:
        """Position of the most probable segment of each row."""
        return self.membership.argmax(axis=1)

    @cached_property
    def probability(self) -> Floats:
        """Probability of the most probable segment of each row."""
        return self.membership.max(axis=1)

    @cached_property
    def shown(self) -> Integers:
        """Positions of the rows that the page holds: all, or a sample."""
        if self.n <= LIMITS.max_points:
            return np.arange(self.n)
        rng = np.random.default_rng(LIMITS.seed)
        return np.sort(rng.choice(self.n, LIMITS.max_points, replace=False))

    @property
    def is_weighted(self) -> bool:
        """Whether any weight differs from 1."""
        return bool(np.any(self.weights != 1.0))


@dataclass(frozen=True, eq=False)
class Source:
    """Results that a report is made from.

    Attributes
    ----------
    fit : MapFit
    posterior : Posterior or None
    names : tuple of str
        Names of the segments.
    rows : Rows or None
        None without a table.
    profile : Profile or None
        Other columns by segment, and what sets segments apart.
    findings : tuple of Diagnostic
        That the rows are not those of the fit, if so, and those of `check_table`.
    diagnostics : tuple of Diagnostic
        Those of the fit.
    shape : ShapeCheck or None
    prior_influence : PriorInfluence or None
        How far the prior moves the segments.
    beyond : tuple of Diagnostic
        That too many rows of the table are beyond all segments, if so.
    options : OptionNames
        Names of options in advice.
    command : str or None
        The command that made the model.
    ci_prob : float
    title : str or None
    table_name : str or None
    note : str or None
        What readers must know first, such as that the rows are simulated.
    made_segments, made_summary : DataFrame, optional
        Tables of the posterior that the caller has made.
    """

    fit: MapFit
    posterior: Posterior | None
    names: tuple[str, ...]
    rows: Rows | None = None
    profile: Profile | None = None
    findings: tuple[Diagnostic, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    shape: ShapeCheck | None = None
    prior_influence: PriorInfluence | None = None
    beyond: tuple[Diagnostic, ...] = ()
    options: OptionNames = field(default=PYTHON)
    command: str | None = None
    ci_prob: float = LIMITS.ci_prob
    title: str | None = None
    table_name: str | None = None
    note: str | None = None
    made_segments: pd.DataFrame | None = None
    made_summary: pd.DataFrame | None = None

    @property
    def n_components(self) -> int:
        """Number of segments."""
        return len(self.names)

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return self.fit.features

    @property
    def mixture(self) -> Mixture:
        """Posterior means, or the MAP."""
        return self.fit.mixture if self.posterior is None else self.posterior.mean_mixture

    @cached_property
    def segments(self) -> pd.DataFrame:
        """The table of `Posterior.segments` or `MapFit.segments`."""
        if self.made_segments is not None:
            return self.made_segments
        if self.posterior is None:
            return self.fit.segments()
        with without_warnings():
            return self.posterior.segments(self.ci_prob)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """The table of `Posterior.summary`; only with draws."""
        if self.posterior is None:
            raise DataError("a fit without draws has no summary")
        if self.made_summary is not None:
            return self.made_summary
        with without_warnings():
            return self.posterior.summary(self.ci_prob)

    def quantity(self, name: str, k: int) -> tuple[float, tuple[float, float] | None]:
        """A quantity of segment k from `segments`, and its bounds if there are draws."""
        value = float(self.segments[name].iloc[k])
        if self.posterior is None:
            return value, None
        lower, upper = (float(self.segments[f"{name} {end}"].iloc[k]) for end in ("lower", "upper"))
        return value, (lower, upper)

    @cached_property
    def writers(self) -> tuple[Write, ...]:
        """How values of each feature are written."""
        found = []
        for j in range(len(self.features)):
            about = self.mixture.described(j)
            if "sd" in about:
                found.append(writer(about["sd"], about["mean"]))
            else:
                found.append(writer((about["84 %"] - about["16 %"]) / 2.0, about["84 %"]))
        return tuple(found)

    @cached_property
    def standing(self) -> Floats:
        """Distance of each segment's middle from the average of all, in standard deviations.

        On the scale of the model; averages and standard deviations are those of the mixture, shape
        (K, d).
        """
        m = self.mixture
        average = m.weights @ m.means
        variance = m.weights @ (m.standard_deviations**2 + (m.means - average) ** 2)
        return np.asarray((m.means - average) / np.sqrt(variance))

    @cached_property
    def pictured(self) -> tuple[int, ...]:
        """Positions of the features in pictures, those that differ most between segments first."""
        spread = np.sqrt(self.mixture.weights @ self.standing**2)
        order = np.argsort(-spread, kind="stable")
        return tuple(int(j) for j in order[: LIMITS.max_features])


def parts_of(model: Any) -> tuple[MapFit, Posterior | None, Any]:
    """The fit, the posterior if the model is one, and the estimator if it is one.

    Raises
    ------
    DataError
        If the model is none of these.
    """
    if isinstance(model, MapFit):
        return model, None, None
    if isinstance(getattr(model, "map_fit_", None), MapFit):
        return model.map_fit_, None, model
    if isinstance(getattr(model, "fit", None), MapFit):
        return model.fit, model, None
    raise DataError(
        f"cannot report a {type(model).__name__}; give a Posterior, a MapFit or a fitted BayesGMM"
    )


def names_of(fit: MapFit | Posterior, names: Any) -> tuple[str, ...]:
    """Names of the segments, some of them changed by a mapping or all given in order."""
    labels = fit.names
    if names is None:
        return labels
    if not isinstance(names, Mapping):
        given = list(names)
        if len(given) != len(labels) or isinstance(names, str):
            raise DataError(f"names is {shown(names)}; give one name for each segment, or a dict")
        names = dict(zip(labels, given, strict=True))
    return renamed(labels, names)


def stored_rows(posterior: Any, estimator: Any) -> tuple[Any, Floats | None]:
    """The rows and weights that a posterior or an estimator keeps; None if it keeps none."""
    if getattr(posterior, "table", None) is not None:
        return posterior.table.as_fitted(), posterior.row_weights
    if estimator is None:
        return None, None
    kept = estimator._fitted
    return kept.table.as_fitted(), kept.density.rows.weights_in_table(kept.table.n_rows)


def rows_of(
    fit: MapFit,
    posterior: Posterior | None,
    matrix: FeatureMatrix,
    weights: Floats | None,
    labels: Sequence[str] | None,
    ci_prob: float,
    membership: Membership | None = None,
    label_name: str = ROW,
) -> Rows:
    """Rows of positive weight, with their memberships."""
    kept = np.arange(matrix.n_rows) if weights is None else np.flatnonzero(weights > 0.0)
    some = matrix.only(kept) if len(kept) < matrix.n_rows else matrix
    scaled = fit.mixture.matrix_of(some)
    width = LIMITS.label_width
    names = (
        f"row {i + 1}" if labels is None else shortened(labels[i], width) for i in kept.tolist()
    )
    found = _membership(fit, posterior, scaled, ci_prob, membership, kept)
    return Rows(
        some.values, scaled.values, tuple(names),
        np.ones(len(kept)) if weights is None else weights[kept], *found, label_name,
    )  # fmt: skip


def _membership(
    fit: MapFit,
    posterior: Posterior | None,
    matrix: ModelMatrix,
    ci_prob: float,
    given: Membership | None,
    kept: Integers,
) -> tuple[Floats, Floats | None, Floats | None]:
    if posterior is None:
        return fit.predict_proba(matrix), None, None
    if given is None:
        found = membership_of(posterior, matrix, ci_prob)
        return found.probabilities, found.lower, found.upper
    return given.probabilities[kept], given.lower[kept], given.upper[kept]
