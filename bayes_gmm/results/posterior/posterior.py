"""`Posterior`: relabelled posterior draws, with estimates for segments and rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.diagnostics.diagnostic import Diagnostic, warn
from bayes_gmm.errors import DataError, shown
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.relabel import Relabelling, relabel
from bayes_gmm.model.density import Density
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results import checks
from bayes_gmm.results.classification import Classification
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.prior_influence import influence_of_draws
from bayes_gmm.results.names import component_index, renamed
from bayes_gmm.results.posterior.diagnostics import diagnostics, several_modes
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.loo import leave_one_out
from bayes_gmm.results.posterior.loo_result import Loo
from bayes_gmm.results.posterior.provenance import provenance
from bayes_gmm.results.posterior.segmentations import reference_of
from bayes_gmm.text import counted, html_block, percent

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

    from bayes_gmm.results.posterior.changes_over_time import ChangesOverTime
    from bayes_gmm.results.profile.record import Profile
    from bayes_gmm.results.shape.record import ShapeCheck


@dataclass(frozen=True, eq=False)
class Posterior(PosteriorDraws):
    """Posterior draws of a mixture, with the segments of each draw numbered like those of the MAP.

    See `PosteriorDraws` for the attributes.

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
    >>> model = bg.BayesGMM(n_components=5, n_init=4, random_state=0).fit(X)
    >>> posterior = model.sample_posterior(draws=100, chains=2, random_state=0, progress=False)
    >>> posterior.tree.posterior["means"].dims
    ('chain', 'draw', 'component', 'feature')
    >>> posterior.membership([[85.0, 20.0]]).round(1)[["segment", "probability"]]
         segment  probability
    0  Segment 3          1.0
    >>> posterior.contrast("Segment 2", "Segment 3")["P(difference > 0)"].round(1).to_dict()
    {...'Annual income (k$) (mean)': 0.0, ...'Spending score (mean)': 1.0, ...}
    """

    def __repr__(self) -> str:
        draws = self.draws
        alone = "" if self.segmentation is None else f" of mode {self.segmentation.mode}"
        return (
            f"Posterior({counted(self.n_components, 'segment')}, "
            f"{counted(len(self.features), 'feature')}, {counted(draws.n_chains, 'chain')} of "
            f"{counted(draws.n_draws, 'draw')}{alone} by {draws.method})"
        )

    def _repr_html_(self, ci_prob: float = 0.94) -> str:
        from bayes_gmm.results.posterior.tables import table_for_notebooks

        table = table_for_notebooks(self, ci_prob)
        kind = f"posterior means and {percent(ci_prob)} credible intervals"
        title = f"{counted(self.n_components, 'segment')}: {kind}"
        alone = [] if self.segmentation is None else [self.segmentation.diagnostic]
        shown = table.to_html(index=False, border=0, max_cols=20)
        return html_block(title, shown, [repr(self), *map(str, (*self.diagnostics, *alone))])

    @classmethod
    def from_draws(
        cls, fit: MapFit, density: Density, draws: Draws, *, table: FeatureMatrix | None = None
    ) -> Posterior:
        """Relabel the draws of a sampler.

        Parameters
        ----------
        fit : MapFit
            Fit of the same table; ``draws.mode`` refers to its modes.
        density : Density
            The sampled density.
        draws : Draws
            Draws with arbitrary labels.
        table : FeatureMatrix, optional
            The rows in the user's units, for the tree's observed_data. It is not copied.

        Raises
        ------
        FitError
            If there are no draws, or a draw is not finite.

        Warns
        -----
        AmbiguousLabelsWarning
            If the labels of segments are ambiguous, unless one of them is `empty`.
        MultimodalWarning
            If the draws visit several modes, or a mode with 5 % of the mass has no draws.
        ConvergenceWarning
            If the chains have not mixed (see `convergence.doubts`), 1 % of the draws diverged,
            sampling was interrupted, or there are fewer than 50 draws in total.
        PriorWarning
            If the prior moves scales or correlations of a segment by more than one posterior
            standard deviation.
        """
        checks.check_draws(draws, len(fit.modes))
        references = [reference_of(mode.mixture, fit) for mode in fit.modes]
        draws, labels = _relabelled(draws, references, density.rho2)
        posterior = cls(
            fit,
            draws,
            labels,
            fit.names,
            provenance(fit, density.rows, draws),
            None if table is None else KeptMatrix.of(table),
            None if table is None else density.rows.weights_in_table(table.n_rows),
            prior_influence=influence_of_draws(density, fit.mixture, fit.standardizer, draws),
        )
        # The sampler has warned of a high k-hat.
        warn((d for d in posterior.diagnostics if d.code != "high_khat"), stacklevel=2)
        return posterior

    @cached_property
    def tree(self) -> DataTree:
        """The draws as ArviZ's DataTree, in the user's units (see `to_datatree`)."""
        return self.to_datatree()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Conditions that make estimates unreliable; empty if there are none (see `from_draws`)."""
        return diagnostics(self)

    def to_datatree(
        self,
        X: Any = None,
        *,
        log_likelihood: bool = False,
        posterior_predictive: bool = False,
        random_state: Any = None,
    ) -> DataTree:
        """The draws as ArviZ's DataTree, with optional further groups.

        Groups are ``posterior``, ``sample_stats``, ``constant_data`` and, if the rows are
        available, ``observed_data``; dimensions are chain, draw, component, feature, feature_bis,
        pair, row. Variables of ``posterior`` are weights, means, scales and correlation_pairs, the
        correlation of each pair of features. These are the free parameters, so that
        ``arviz.summary(tree)`` has one row for each and no constants. For transformed features they
        are on the transformed scale, and medians has those of segments in the user's units; the
        attribute transforms names the transformations. The coordinates correlations
        and covariances hold the matrices: ``tree["posterior/correlations"].sel(component="Segment
        1")``. If chains stay in separate modes, ``posterior`` is a resample of the draws in
        proportion to the masses of the modes, and ``posterior_as_sampled`` holds the original
        chains, from which R-hat and effective sample sizes are computed.

        Parameters
        ----------
        X : table or array, optional
            Rows for the optional groups; by default those that the model was fitted to.
        log_likelihood : bool
            Add the log density of each row in each draw, in the user's units, without row weights.
        posterior_predictive : bool
            Add new rows drawn from the mixture of each draw, as many as X has.
        random_state : int or Generator, optional
            Seed of the new rows.

        Raises
        ------
        DataError
            If a group would take more than 2 GiB, if rows are needed but not available, or if the
            table was modified after the fit.
        """
        from bayes_gmm.results.posterior import datatree as trees

        found = trees.data_tree(self)
        if log_likelihood or posterior_predictive:
            X = trees.rows_of(self, X)
        if log_likelihood:
            found["log_likelihood"] = trees.log_likelihood_group(self, X)
        if posterior_predictive:
            found["posterior_predictive"] = trees.posterior_predictive_group(self, X, random_state)
        return found

    def summary(self, ci_prob: float = 0.94, ci_kind: str = "eti") -> pd.DataFrame:
        """One row per segment and parameter, with the columns of ArviZ's summary.

        Parameters
        ----------
        ci_prob : float
            Probability of the credible interval.
        ci_kind : {"eti", "hdi"}
            Equal-tailed interval, or highest density interval.

        Returns
        -------
        DataFrame
            Columns mean, sd, the bounds of the interval, ess_bulk, ess_tail, r_hat, mcse_mean and
            mcse_sd. The last five are computed from the chains as sampled (see `convergence` for
            the effective sample size if chains stay in separate modes). In that case r_hat compares
            all draws, and r_hat_within_modes is the largest R-hat within a mode that holds 5 % or
            more; modes between which chains move freely count as one. R-hat is NaN for a single
            chain and for independent draws. ``.attrs["diagnostics"]`` explains this and holds the
            `diagnostics` of the posterior as JSON records, ``.attrs["notes"]`` their texts by code.

        Warns
        -----
        MultimodalWarning
            If the averages are over several modes, or omit a mode with relevant mass.
        """
        from bayes_gmm.results.posterior.summary import of_columns, summary_table

        checks.check_probability(ci_prob)
        if ci_kind not in ("eti", "hdi"):
            raise DataError(f"ci_kind must be 'eti' or 'hdi', got {shown(ci_kind)}")
        return self._with_notes(summary_table(self, ci_prob, ci_kind), of_columns(self))

    def segments(self, ci_prob: float = 0.94) -> pd.DataFrame:
        """One row per segment: share, and mean and standard deviation of each feature.

        A transformed feature has its median, its mean and the bounds of the central 68 % of the
        segment (quantiles at 16 % and 84 %) instead, in the user's units, and their posterior
        medians.

        Each quantity has its posterior mean and the bounds (lower, upper) of the credible interval
        with probability `ci_prob`. ``.attrs["diagnostics"]`` holds the `diagnostics` of the
        posterior as JSON records, and ``.attrs["notes"]`` their texts by code.

        Warns
        -----
        MultimodalWarning
            If the averages are over several modes, or omit a mode with relevant mass.
        """
        from bayes_gmm.results.posterior.tables import segments_table

        checks.check_probability(ci_prob)
        return self._with_notes(segments_table(self, ci_prob))

    def membership(
        self, X: Any, ci_prob: float = 0.94, *, max_draws: int | None = None
    ) -> pd.DataFrame:
        """Most probable segment of each row, with its probability and uncertainty.

        Parameters
        ----------
        X : table or array, shape (N, d)
            Columns of a table are found by name. NaN is a missing cell.
        ci_prob : float
            Probability of the interval.
        max_draws : int, optional
            Maximum number of draws to average over; longer chains are thinned. By default 1,000
            for up to 10,000 rows, decreasing to 200 for 50,000 rows or more.

        Returns
        -------
        DataFrame
            One row per row of X: the most probable segment; its probability, averaged over the
            posterior; the interval (lower, upper) of that probability over draws; the entropy of
            the averaged membership probabilities in nats, from 0 (certain) to log K (uniform).
        """
        from bayes_gmm.results.posterior.membership import membership_table

        checks.check_probability(ci_prob)
        return membership_table(self, X, ci_prob, max_draws)

    def predict_proba(self, X: Any, *, max_draws: int | None = None) -> Floats:
        """Probability of each segment for each row, averaged over the posterior, shape (N, K).

        At most `max_draws` draws are averaged; longer chains are thinned (see `membership`).
        """
        from bayes_gmm.results.posterior.membership import mean_responsibilities

        return mean_responsibilities(self, X, max_draws)

    def predict(self, X: Any, *, max_draws: int | None = None) -> npt.NDArray[np.int64]:
        """The most probable segment of each row, 0 ... K - 1, shape (N,)."""
        return self.predict_proba(X, max_draws=max_draws).argmax(axis=1)

    def impute(
        self, X: Any, ci_prob: float = 0.94, *, max_draws: int | None = None
    ) -> pd.DataFrame:
        """Posterior predictive distribution of missing cells, given the observed cells of the row.

        Parameters
        ----------
        X : table or array, shape (N, d)
            Columns of a table are found by name. NaN is a missing cell.
        ci_prob : float
            Probability of the interval.
        max_draws : int, optional
            Maximum number of draws to average over, 200 by default; longer chains are thinned.

        Returns
        -------
        DataFrame
            One row per missing cell. Columns are row (its label in a pandas table, else its
            position), feature, and the mean, sd and bounds (lower, upper) of the cell's posterior
            predictive distribution, in the units of the table; the bounds hold `ci_prob` of it.
        """
        from bayes_gmm.results.posterior.imputation import imputed_cells

        checks.check_probability(ci_prob)
        return imputed_cells(self, X, ci_prob, max_draws)

    def completed(self, X: Any, *, max_draws: int | None = None) -> pd.DataFrame:
        """The features of X, with each missing cell replaced by its mean from `impute`."""
        from bayes_gmm.results.posterior.imputation import completed_table

        return completed_table(self, X, max_draws)

    def contrast(self, a: str | int, b: str | int, ci_prob: float = 0.94) -> pd.DataFrame:
        """Differences between two segments in their share and in the mean and sd of each feature.

        Parameters
        ----------
        a, b : str or int
            Segments, by name or by position from 0.
        ci_prob : float

        Returns
        -------
        DataFrame
            One row per quantity: posterior means for both segments and of the difference a - b,
            bounds (lower, upper) of the difference, and the probability that it is positive;
            ``.attrs`` as in `segments`. If features are transformed by the logarithm, the columns
            ratio, ratio lower and ratio upper hold a / b for their quantities, and NaN for others.

        Warns
        -----
        MultimodalWarning
            If the averages are over several modes, or omit a mode with relevant mass.
        """
        from bayes_gmm.results.posterior.tables import contrast_table

        checks.check_probability(ci_prob)
        table = contrast_table(self, self.component_index(a), self.component_index(b), ci_prob)
        return self._with_notes(table)

    def profile(
        self,
        table: Any,
        columns: Sequence[str] | str | None = None,
        weights: Any = None,
        ci_prob: float = 0.94,
        *,
        random_state: Any = None,
    ) -> Profile:
        """Profile the segments in columns that the model does not contain.

        For each column and segment: the mean of the population, or the share of each level, with
        its interval, an index against the whole table, and the probabilities of being above average
        and of being the highest. Numbers have means; text, truth values and dates have shares.
        Intervals include the uncertainty of memberships and of a finite number of rows.

        Parameters
        ----------
        table : data frame
            The features of the model, by name, beside the columns to profile: the rows of the fit
            or other rows. If none of the features is in the table, its rows must be those of the
            fit in the same order.
        columns : str or sequence of str, optional
            Columns to profile; by default all except the features.
        weights : array_like, shape (n_rows,), optional
            Row weights: a weight of 2 counts the row twice. By default those of the fit if the rows
            are those of the fit.
        ci_prob : float
            Probability of the intervals.
        random_state : int or Generator, optional
            Seed of the Bayesian bootstrap; by default the seed of the draws.

        Returns
        -------
        Profile
            ``.table`` has one row per column, level and segment; ``.features`` ranks the features
            of the model by what they say about each segment, in bits.

        Raises
        ------
        DataError
            If a column or feature does not exist, or the rows are not those of the fit although the
            table has none of the features.

        Examples
        --------
        ``posterior.profile(customers).table``
        """
        from bayes_gmm.results.posterior.profile import posterior_profile

        checks.check_probability(ci_prob)
        warn(several_modes(self), stacklevel=2)
        return posterior_profile(self, table, columns, weights, ci_prob, random_state)

    def co_clustering(self, X: Any) -> Floats:
        """Probability that two rows belong to the same segment, for each pair, shape (N, N).

        It does not depend on labels, so it is valid even if labels are ambiguous. X may have at
        most 5,000 rows; the average is over at most 200 draws.
        """
        from bayes_gmm.results.posterior.membership import co_clustering_matrix

        return co_clustering_matrix(self, X)

    def classification(self, X: Any = None, sample_weight: Any = None) -> Classification:
        """Expected errors of assigning each row to its most probable segment.

        Parameters
        ----------
        X : table or array, optional
            Rows; by default those that the model was fitted to, if they are available.
        sample_weight : array_like, optional
            Row weights: a weight of 2 counts the row twice.

        Returns
        -------
        Classification
            Expected share of the rows by assigned and true segment, and the relative entropy.
        """
        from bayes_gmm.results.posterior.check import rows_to_check

        matrix, weights = rows_to_check(self, X, sample_weight)
        return Classification.of(self.predict_proba(matrix), self.names, weights)

    def loo(
        self,
        X: Any = None,
        sample_weight: Any = None,
        *,
        max_rows: int | None = None,
        random_state: Any = None,
    ) -> Loo:
        """Leave-one-out cross-validation (see `Loo`).

        Parameters
        ----------
        X : table or array, optional
            The rows that the model was fitted to; needed after `load`, which does not restore them.
        sample_weight : array_like, optional
            Row weights of the fit.
        max_rows : int, optional
            Maximum number of rows, 2,000 by default; larger tables are subsampled at random. The
            contribution of the other rows is estimated, with standard error `subsample_se`.
        random_state : int or Generator, optional
            Seed of the subsample; by default the seed of the draws.
        """
        return leave_one_out(self, X, sample_weight, max_rows, random_state)

    def check(self, X: Any = None, sample_weight: Any = None) -> ShapeCheck:
        """Posterior predictive check of whether the rows of each segment are Gaussian.

        The check compares the skewness and kurtosis of the rows of each segment with those of
        replicated Gaussian rows, along features, principal directions and the directions of largest
        departure, and over all features. It averages over draws of the posterior.

        Parameters
        ----------
        X : table or array, optional
            Rows to check; by default those that the model was fitted to, if they are available. Of
            more than 5,000 distinct rows, a sample of 5,000 is checked.
        sample_weight : array_like, optional
            Row weights: a weight of 2 counts the row twice. Copies do not change the shape.

        Returns
        -------
        ShapeCheck
        """
        from bayes_gmm.results.posterior.check import check_posterior, rows_to_check

        return check_posterior(self, *rows_to_check(self, X, sample_weight))

    def occupied(
        self, X: Any = None, sample_weight: Any = None, *, random_state: Any = None
    ) -> pd.DataFrame:
        """Posterior distribution of the number of occupied segments.

        Use it with sparse priors, such as ``Prior(concentration=0.05)``, and more components than
        expected segments (see `occupied_table`).

        Parameters
        ----------
        X, sample_weight : optional
            The rows that the model was fitted to and their weights; needed after `load`.
        random_state : int or Generator, optional
            Seed of the allocations; by default the seed of the draws.

        Returns
        -------
        DataFrame
            Probability of each number of segments, and ``mcse``, its Monte Carlo standard error.
        """
        from bayes_gmm.results.posterior.n_occupied import occupied_table

        return occupied_table(self, X, sample_weight, random_state)

    def component_index(self, segment: str | int) -> int:
        """Position from 0 of a segment given by name or position."""
        return component_index(self.names, segment)

    def of_mode(self, i: int) -> Posterior:
        """The draws of one mode, so that estimates and intervals describe a single segmentation.

        All methods of the result (`summary`, `segments`, `membership`, plots and the tree) use only
        the draws of this mode. ``segmentation`` holds its mass, the masses of the other modes, and
        the differences between their segments. Segments keep the numbers of the MAP.

        The draws are taken from the chains as sampled. Chains are truncated to a common length that
        keeps as many draws as possible, and chains with too few draws in the mode are dropped. If
        only one of several chains remains, its halves are used as two chains.

        Parameters
        ----------
        i : int
            Position of the mode in ``fit.modes``, from 0, the mode with the most mass in the fit.
            Notes, warnings and JSON use the same numbers.

        Raises
        ------
        DataError
            If there is no such mode, or it has no draws.

        Warns
        -----
        AmbiguousLabelsWarning, ConvergenceWarning
            For the draws of this mode, as in `from_draws`.

        Examples
        --------
        ``posterior.of_mode(0).segments()``
        """
        from bayes_gmm.results.posterior.segmentations import of_mode

        alone = of_mode(self, i)
        if alone is not self:
            warn(alone.diagnostics, stacklevel=2)
        return alone

    def rename(self, names: Mapping[str, str]) -> Posterior:
        """The same posterior with new names for some segments.

        Examples
        --------
        ``posterior.rename({"Segment 1": "Careful high earners"})``

        Raises
        ------
        DataError
            If there is no such segment, or two segments would have the same name.
        """
        called = renamed(self.names, names)
        return replace(self, names=called, fit=replace(self.fit, names=called))

    def align_to(self, other: Posterior | MapFit | Mixture) -> Posterior:
        """The same posterior, with segments numbered and named like those of another fit.

        Segments are matched by minimising the sum of the Bhattacharyya distances between the MAPs.
        If this posterior has more segments than the other, unmatched segments come last; if it has
        fewer, matched segments keep the order of the other.

        Parameters
        ----------
        other : Posterior, MapFit or Mixture
            A fit with the same features, such as that of the previous quarter.
        """
        from bayes_gmm.results.posterior.align import aligned

        return aligned(self, other)

    def compare_to(
        self, last: Posterior, ci_prob: float = 0.94, *, max_distance: float | None = None
    ) -> ChangesOverTime:
        """Changes of the segments since an earlier posterior, such as that of the last quarter.

        Segments are matched as in `align_to`, and matched segments have the names of `last`. A
        segment whose distance to every remaining segment is above `max_distance` is new or
        vanished. Intervals of changes are those of independent tables; if the same customers are in
        both, they are too wide if anything.

        Parameters
        ----------
        last : Posterior
            An earlier posterior with the same features and transformations.
        ci_prob : float
            Probability of the intervals.
        max_distance : float, optional
            Largest Bhattacharyya distance of matched segments, 1 by default: that of segments of
            equal shape whose means are 2.8 standard deviations apart.

        Returns
        -------
        ChangesOverTime

        Raises
        ------
        DataError
            If the posteriors have different features or transformations.

        Examples
        --------
        ``posterior.compare_to(bg.load("last_quarter.nc")).table``
        """
        from bayes_gmm.results.posterior.changes_over_time import changes_over_time

        checks.check_probability(ci_prob)
        warn(several_modes(self), stacklevel=2)
        return changes_over_time(self, last, ci_prob, max_distance)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the posterior to a NetCDF file, which `bayes_gmm.load` reads.

        The rows of the table are not written. ArviZ can also open the file.
        """
        from bayes_gmm.results.io.netcdf import write_tree
        from bayes_gmm.results.posterior.posterior_tree import posterior_tree

        return write_tree(posterior_tree(self), path)

    def _with_notes(
        self, table: pd.DataFrame, of_columns: Sequence[Diagnostic] = ()
    ) -> pd.DataFrame:
        """Attach all diagnostics to the table, and warn if there are several modes."""
        warn(several_modes(self), stacklevel=3)
        alone = [] if self.segmentation is None else [self.segmentation.diagnostic]
        every = (*of_columns, *self.diagnostics, *alone)
        # Plain records: pandas writes the attributes of a table to Parquet files as JSON.
        table.attrs["diagnostics"] = [diagnostic.json() for diagnostic in every]
        table.attrs["notes"] = {diagnostic.code: str(diagnostic) for diagnostic in every}
        return table


def _relabelled(
    draws: Draws, references: Sequence[Mixture], rho2: Floats
) -> tuple[Draws, Relabelling]:
    """Relabel the draws and, if they were resampled, the original chains."""
    theta, labels = relabel(draws, references, rho2)
    origin = draws.origin
    if origin is not None:
        origin = replace(origin, theta=relabel(origin, references, rho2)[0])
    return replace(draws, theta=theta, origin=origin), labels
