"""`profile_of`: the profile of a table from posterior draws or a single mixture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.checks.identifiers import identifier_finding
from bayes_gmm.data.checks.profile import Profile as ValueCounts
from bayes_gmm.data.frames import as_frame
from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.validate import check_weights
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, listed
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.profile.columns import ColumnDraws, OutsideColumn
from bayes_gmm.results.profile.drawn import DrawnMixtures
from bayes_gmm.results.profile.outside import chosen_columns, outside_column, refused_type
from bayes_gmm.results.profile.record import Profile
from bayes_gmm.results.profile.regression import (
    Sums,
    leverages,
    segment_means,
    sums_over_rows,
)
from bayes_gmm.results.profile.rows import regressors
from bayes_gmm.results.profile.settings import PROFILE, ProfileSettings
from bayes_gmm.results.profile.tables import feature_table, profile_table
from bayes_gmm.results.profile.targets import Targets, targets_of

if TYPE_CHECKING:
    import narwhals as nw
    import pandas as pd


def profile_of(
    mixture: Mixture,
    drawn: DrawnMixtures,
    table: Any,
    columns: Sequence[str] | str | None,
    weights: Any,
    *,
    names: Sequence[str],
    fitted: FeatureMatrix | None = None,
    fitted_weights: Floats | None = None,
    ci_prob: float | None = None,
    rng: np.random.Generator | None = None,
) -> Profile:
    """Profile a table.

    Parameters
    ----------
    mixture : Mixture
        The MAP.
    drawn : DrawnMixtures
        Posterior draws, or the MAP alone.
    table, columns, weights
        As in `Posterior.profile`.
    names : sequence of str
        Names of the segments.
    fitted : FeatureMatrix, optional
        The rows of the fit, for tables without the features.
    fitted_weights : ndarray, optional
        Row weights of the fit.
    ci_prob : float, optional
        Probability of the intervals; None for point estimates.
    rng : Generator, optional
        Of the Bayesian bootstrap; needed for intervals.
    """
    frame = as_frame(table)
    if frame is None:
        raise DataError(
            f"the table is a {type(table).__name__}; give a data frame with the columns to profile"
        )
    rows, are_fitted = rows_of(mixture, table, frame, fitted)
    found, left_out = outside_columns(frame, columns, mixture.features)
    if not found:
        raise DataError(f"the table has no column to profile: {'; '.join(map(str, left_out))}")
    if weights is None and are_fitted:
        weights = fitted_weights
    row_weights = check_weights(weights, rows.n_rows, "weights")
    return profile_of_rows(
        mixture, drawn, rows, found, row_weights,
        names=names, left_out=left_out, ci_prob=ci_prob, rng=rng,
    )  # fmt: skip


def profile_of_rows(
    mixture: Mixture,
    drawn: DrawnMixtures,
    rows: ModelMatrix,
    found: Sequence[OutsideColumn],
    weights: Floats | None,
    *,
    names: Sequence[str],
    left_out: Sequence[Diagnostic],
    ci_prob: float | None = None,
    rng: np.random.Generator | None = None,
) -> Profile:
    """Profile the columns `found`, which may be none, of rows whose features are known.

    The other parameters are as in `profile_of`.
    """
    w = np.ones(rows.n_rows) if weights is None else weights
    changed = {mixture.features[j] for j in mixture.transforms.changed}
    found = [replace(column, is_transformed=column.name in changed) for column in found]
    centre = single(mixture, drawn.standardizer)
    draws = [] if not found else profile_draws(
        drawn, centre, rows.values, regressors(centre, rows.values), found, w, rng
    )  # fmt: skip
    return Profile(
        profile_table(draws, names, ci_prob),
        feature_table(drawn, mixture.transforms, mixture.features, names, ci_prob),
        _columns_table(found),
        (*left_out, *_possible_codes(found)),
        ci_prob,
        tuple(names),
    )


def single(mixture: Mixture, standardizer: Standardizer) -> DrawnMixtures:
    """A mixture in standardised units, as one draw."""
    return DrawnMixtures.single(
        mixture.weights, mixture.means, mixture.covariances, mixture.resolution, standardizer
    )


def rows_of(
    mixture: Mixture, table: Any, frame: nw.DataFrame[Any], fitted: FeatureMatrix | None
) -> tuple[ModelMatrix, bool]:
    """The features of the rows of a table, and whether these are the rows of the fit.

    Raises
    ------
    DataError
        If the table has only some of the features; or none, and the rows of the fit are not
        available or not as many.
    """
    present = [name for name in mixture.features if name in frame.columns]
    if present:
        own = mixture.columns_of(table)
        same = (
            fitted is not None
            and fitted.values.shape == own.values.shape
            and np.array_equal(fitted.values, own.values, equal_nan=True)
        )
        return mixture.matrix_of(own), same
    if fitted is None:
        raise DataError(
            f"the table lacks the features of the model ({listed(mixture.features)}), and "
            "neither a MapFit nor a saved posterior contains the rows of the fit; give one table "
            "with the features and the columns to profile"
        )
    if fitted.n_rows != len(frame):
        raise DataError(
            f"the table has {len(frame):,} rows and none of the features, but the model was fitted "
            f"to {fitted.n_rows:,} rows; give the rows of the fit in the same order, or add the "
            "features"
        )
    return mixture.matrix_of(fitted), True


def outside_columns(
    frame: nw.DataFrame[Any], columns: Sequence[str] | str | None, features: Sequence[str]
) -> tuple[list[OutsideColumn], list[Diagnostic]]:
    """The columns to profile, and a diagnostic for each column that is left out."""
    found: list[OutsideColumn] = []
    left_out = []
    for name in chosen_columns(frame, columns, features):
        column, kind = outside_column(frame[name]), frame[name].dtype
        if column is None and columns is not None:
            raise refused_type(name, kind)
        reason = _reason_to_leave_out(column, requested=columns is not None)
        if reason is not None:
            values = {"reason": reason, "type": str(kind)}
            left_out.append(Diagnostic("not_profiled", (name,), values))
        elif column is not None:
            found.append(column)
    return found, left_out


def _reason_to_leave_out(column: OutsideColumn | None, *, requested: bool) -> str | None:
    if column is None:
        return "type"
    if not column.observed.any():
        return "missing"
    if not requested and column.is_constant:
        return "constant"
    if not requested and _identifies_rows(column):
        return "identifier"
    return None


def _identifies_rows(column: OutsideColumn, settings: ProfileSettings = PROFILE) -> bool:
    """Whether text is different in all rows, or numbers are identifiers."""
    n = int(column.observed.sum())
    if column.is_numeric:
        numbers = ValueCounts.of(column.name, column.values[column.observed, 0])
        return identifier_finding(numbers) is not None
    return column.kind == "categorical" and column.n_distinct == n > settings.most_levels


def _possible_codes(
    columns: Sequence[OutsideColumn], settings: ProfileSettings = PROFILE
) -> Iterator[Diagnostic]:
    for column in columns:
        n_values = column.n_codes(settings.most_codes)
        if n_values:
            yield Diagnostic("possible_codes", (column.name,), {"n_values": n_values})


def _columns_table(columns: Sequence[OutsideColumn]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "column": [column.name for column in columns],
            "kind": [column.kind for column in columns],
            "observed": [int(column.observed.sum()) for column in columns],
            "missing": [int((~column.observed).sum()) for column in columns],
            "pooled levels": [column.n_pooled for column in columns],
        }
    )


def profile_draws(
    drawn: DrawnMixtures,
    centre: DrawnMixtures,
    values: Floats,
    regressors: Floats,
    columns: Sequence[OutsideColumn],
    weights: Floats,
    rng: np.random.Generator | None,
    settings: ProfileSettings = PROFILE,
) -> list[ColumnDraws]:
    """Draws of the means and shares of each column in each segment.

    Parameters
    ----------
    drawn : DrawnMixtures
        Posterior draws, or a single mixture.
    centre : DrawnMixtures
        A mixture for the leverages of rows.
    values, regressors : ndarray
        As in `ProfiledRows`.
    columns : sequence of OutsideColumn
    weights : ndarray, shape (n,)
        Positive row weights.
    rng : Generator, optional
        Of the Bayesian bootstrap; None gives point estimates without prior.
    """
    targets = targets_of(values, regressors, columns, weights)
    shapes = None
    if rng is not None:
        shapes = weights * (1.0 - leverages(centre, targets.rows, settings)) ** 2
    sums = sums_over_rows(drawn, targets.rows, shapes, rng, settings)
    found = []
    for c, column in enumerate(columns):
        prior = None
        if rng is not None and not column.is_numeric:
            prior = _prior_levels(drawn, column, rng, settings)
        found.append(_column_draws(drawn, sums, targets, c, column, prior, settings))
    return found


def _prior_levels(
    drawn: DrawnMixtures, column: OutsideColumn, rng: np.random.Generator,
    settings: ProfileSettings,
) -> Floats:  # fmt: skip
    """Weights of prior rows of each level in each segment, shape (S, K, number of levels)."""
    L = column.n_levels
    return rng.standard_gamma(settings.pseudo_rows / L, size=(drawn.n_draws, drawn.n_components, L))


def _column_draws(
    drawn: DrawnMixtures, sums: Sums, targets: Targets, c: int,
    column: OutsideColumn, prior: Floats | None, settings: ProfileSettings,
) -> ColumnDraws:  # fmt: skip
    mask, place = targets.masks[c], targets.places[c]
    n_rows = sums.n_rows[:, mask].mean(axis=0)
    total = sums.gram[:, mask, :, 0, :, 0].sum(axis=(1, 2))
    shift, scale, weights = targets.shift[c], targets.scale[c], np.exp(drawn.log_weights)
    if total.max() <= 0.0:
        nothing = np.full((drawn.n_draws, drawn.n_components, column.values.shape[1]), np.nan)
        return ColumnDraws(column, nothing, nothing[:, 0], n_rows, weights)
    if column.is_transformed:
        means = sums.averages(mask, place)
    else:
        means = segment_means(drawn, sums.gram[:, mask], sums.right[..., place], prior, settings)
    whole = sums.totals[:, place] / total[:, None]
    bounds = (0.0, 1.0)
    if column.is_numeric:
        seen = column.values[column.observed]
        bounds = (float(seen.min()), float(seen.max()))
    means = np.clip(shift + scale * means, *bounds)
    means[:, n_rows < settings.fewest_rows] = np.nan
    return ColumnDraws(column, means, shift + scale * whole, n_rows, weights)
