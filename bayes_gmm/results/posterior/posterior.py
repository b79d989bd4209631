"""Draws of the posterior, their labels settled, and what they say of segments and rows."""

from __future__ import annotations

import os
import warnings
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
from bayes_gmm.errors import DataError, MultimodalWarning, shown
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.relabel import Reference, Relabelling, relabel
from bayes_gmm.model.density import Density
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.results import checks
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.prior_influence import influence_of_draws
from bayes_gmm.results.posterior.convergence_check import UnmixedChains, unmixed_chains
from bayes_gmm.results.posterior.diagnostics import caveats, warn
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.results.posterior.loo import Loo, leave_one_out
from bayes_gmm.results.posterior.names import component_index, renamed
from bayes_gmm.results.posterior.observed_data import observed
from bayes_gmm.results.posterior.provenance import provenance
from bayes_gmm.results.posterior.segmentations import reference_of
from bayes_gmm.text import counted

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

    from bayes_gmm.results.shape.record import ShapeCheck


@dataclass(frozen=True, eq=False)
class Posterior(PosteriorDraws):
    """Draws of a mixture's posterior, every one numbered like the MAP.

    The attributes are those of `PosteriorDraws`.

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

    @classmethod
    def from_draws(
        cls, fit: MapFit, density: Density, draws: Draws, *, table: FeatureMatrix | None = None
    ) -> Posterior:
        """Settle the labels of what a sampler has drawn.

        Parameters
        ----------
        fit : MapFit
            Of the same table; ``draws.mode`` counts its modes.
        density : Density
            That was sampled.
        draws : Draws
            Each labelled as it happens to be.
        table : FeatureMatrix, optional
            The rows in the user's units, for the tree's observed_data. It is not copied.

        Raises
        ------
        FitError
            If there is no draw, or one that is not a number.

        Warns
        -----
        AmbiguousLabelsWarning
            If segments cannot be told apart, none of which is `empty`.
        MultimodalWarning
            If the draws visit several modes, or none is of one that has 5 % of the mass.
        ConvergenceWarning
            If the chains have not mixed (see `mixing.doubts`), 1 % of the draws diverged, sampling
            was interrupted, or there are fewer than 50 draws in all.
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
            tuple(segment_labels(fit.mixture.n_components)),
            provenance(fit, density.rows, draws),
            None if table is None else KeptMatrix.of(table),
            None if table is None else density.rows.weights_in_table(table.n_rows),
            prior_influence=influence_of_draws(density, fit, draws),
        )
        warn(posterior, but=("approximation",))  # which the sampler has warned of
        return posterior

    @cached_property
    def tree(self) -> DataTree:
        """The draws as ArviZ's DataTree, in the user's units (see `to_datatree`)."""
        return self.to_datatree()

    @property
    def unmixed_chains(self) -> UnmixedChains | None:
        """The parameters that show that the chains have not mixed, or None."""
        return self.computed(unmixed_chains)

    def to_datatree(
        self,
        X: Any = None,
        *,
        log_likelihood: bool = False,
        posterior_predictive: bool = False,
        random_state: Any = None,
    ) -> DataTree:
        """The draws as ArviZ's DataTree, with groups that are made on request.

        Groups ``posterior``, ``sample_stats``, ``constant_data`` and, where the rows are at hand,
        ``observed_data``; dimensions chain, draw, component, feature, feature_bis, pair, row.
        Variables of ``posterior`` are weights, means, scales and correlation_pairs, the correlation
        of each pair of features: all that is free to vary, so that ``arviz.summary(tree)`` has a
        row for each and none of a constant. Its coordinates correlations and covariances hold the
        matrices: ``tree["posterior/correlations"].sel(component="Segment 1")``. Where chains stay
        in modes that never meet, ``posterior`` is a resample of the draws by the modes' masses, and
        the chains that it was made of are in ``posterior_as_sampled``: R-hat and effective sizes
        are of those.

        Parameters
        ----------
        X : table or array, optional
            Rows whose log density is wanted; by default those that the model was fitted to.
        log_likelihood : bool
            Add the log density of each row in each draw, in the user's units; a row counts once,
            whatever its weight.
        posterior_predictive : bool
            Add as many rows as X has, drawn anew from the mixture of each draw.
        random_state : int or Generator, optional
            Of the rows drawn anew.

        Raises
        ------
        DataError
            If a group would take more than 2 GiB, rows are wanted and none are at hand, or the
            table has been written to since it was fitted.
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
        """A row per segment and parameter, in ArviZ's columns.

        Parameters
        ----------
        ci_prob : float
            Probability of the credible interval.
        ci_kind : {"eti", "hdi"}
            Equal tails, or highest density.

        Returns
        -------
        DataFrame
            Columns mean, sd, the interval's bounds, ess_bulk, ess_tail, r_hat, mcse_mean and
            mcse_sd, the latter five of the chains as they were sampled (see `mixing` for the
            effective size where chains stay in modes that never meet). Where they do, r_hat
            compares all draws, and r_hat_within_modes those of each mode that holds 5 % or more,
            the worst being shown; modes that chains move between freely count as one. R-hat is NaN
            for a single chain, and for draws that are no chain; ``.attrs["notes"]`` says so, and
            all else that was warned of.

        Warns
        -----
        MultimodalWarning
            If the averages are over several modes, or leave one out that counts.
        """
        from bayes_gmm.results.posterior.summary import notes, summary_table

        checks.check_probability(ci_prob)
        if ci_kind not in ("eti", "hdi"):
            raise DataError(f"ci_kind must be 'eti' or 'hdi', got {shown(ci_kind)}")
        return self._with_notes(summary_table(self, ci_prob, ci_kind), notes(self))

    def segments(self, ci_prob: float = 0.94) -> pd.DataFrame:
        """A row per segment, in the words of a report.

        The share of the segment, and the mean and standard deviation of each feature in it: the
        posterior mean, and the bounds (lower, upper) that hold `ci_prob` of the posterior.
        ``.attrs["notes"]`` has all that was warned of when the posterior was drawn.

        Warns
        -----
        MultimodalWarning
            If the averages are over several modes, or leave one out that counts.
        """
        from bayes_gmm.results.posterior.tables import segments_table

        checks.check_probability(ci_prob)
        return self._with_notes(segments_table(self, ci_prob))

    def membership(
        self, X: Any, ci_prob: float = 0.94, *, max_draws: int | None = None
    ) -> pd.DataFrame:
        """To which segment each row belongs, with what probability, and how sure that is.

        Parameters
        ----------
        X : table or array, shape (N, d)
            Columns of a table are found by name. NaN is a missing cell.
        ci_prob : float
            Probability of the interval.
        max_draws : int, optional
            Draws averaged over, evenly spread where there are more. By default 1,000, and fewer
            for more than 10,000 rows, down to 200 from 50,000 on.

        Returns
        -------
        DataFrame
            A row per row of X: the most probable segment; its probability, averaged over the
            posterior; the interval (lower, upper) of that probability over draws; the entropy
            of the averaged memberships in nats: 0 is certain, log K knows nothing.
        """
        from bayes_gmm.results.posterior.membership import membership_table

        checks.check_probability(ci_prob)
        return membership_table(self, X, ci_prob, max_draws)

    def predict_proba(self, X: Any, *, max_draws: int | None = None) -> Floats:
        """Probability of each segment for each row, averaged over the posterior, shape (N, K).

        At most `max_draws` draws, evenly spread over all, are averaged (see `membership`).
        """
        from bayes_gmm.results.posterior.membership import mean_responsibilities

        return mean_responsibilities(self, X, max_draws)

    def predict(self, X: Any, *, max_draws: int | None = None) -> npt.NDArray[np.int64]:
        """The most probable segment of each row, 0 ... K - 1, shape (N,)."""
        return self.predict_proba(X, max_draws=max_draws).argmax(axis=1)

    def impute(
        self, X: Any, ci_prob: float = 0.94, *, max_draws: int | None = None
    ) -> pd.DataFrame:
        """What missing cells may hold, given what their rows observe: a row per missing cell.

        Parameters
        ----------
        X : table or array, shape (N, d)
            Columns of a table are found by name. NaN is a missing cell.
        ci_prob : float
            Probability of the interval.
        max_draws : int, optional
            Draws averaged over, evenly spread where there are more; 200 by default.

        Returns
        -------
        DataFrame
            Columns row (its label in a pandas table, else its position), feature, and of the cell's
            posterior predictive distribution, in the table's units: mean, sd, and the bounds
            (lower, upper) that hold `ci_prob` of it.
        """
        from bayes_gmm.results.posterior.imputation import imputed_cells

        checks.check_probability(ci_prob)
        return imputed_cells(self, X, ci_prob, max_draws)

    def completed(self, X: Any, *, max_draws: int | None = None) -> pd.DataFrame:
        """The features of X with the mean of `impute` in the place of each missing cell."""
        from bayes_gmm.results.posterior.imputation import completed_table

        return completed_table(self, X, max_draws)

    def contrast(self, a: str | int, b: str | int, ci_prob: float = 0.94) -> pd.DataFrame:
        """How two segments differ: a row for the share, and the mean and sd of each feature.

        Parameters
        ----------
        a, b : str or int
            Segments, by name or from 0.
        ci_prob : float

        Returns
        -------
        DataFrame
            Posterior means of both and of a's less b's, bounds (lower, upper) of the difference
            and the probability that it is positive; ``.attrs["notes"]`` as of `segments`.

        Warns
        -----
        MultimodalWarning
            If the averages are over several modes, or leave one out that counts.
        """
        from bayes_gmm.results.posterior.tables import contrast_table

        checks.check_probability(ci_prob)
        table = contrast_table(self, self.component_index(a), self.component_index(b), ci_prob)
        return self._with_notes(table)

    def co_clustering(self, X: Any) -> Floats:
        """Probability that two rows are of one segment, for each pair of rows, shape (N, N).

        It needs no labels, so it means the same where those are ambiguous. At most 5,000 rows;
        an average over at most 200 draws, evenly spread.
        """
        from bayes_gmm.results.posterior.membership import co_clustering_matrix

        return co_clustering_matrix(self, X)

    def loo(
        self,
        X: Any = None,
        sample_weight: Any = None,
        *,
        max_rows: int | None = None,
        random_state: Any = None,
    ) -> Loo:
        """How well each row is predicted by all the others (see `Loo`).

        Parameters
        ----------
        X : table or array, optional
            The rows that the model was fitted to, where they are not kept: after `load`.
        sample_weight : array_like, optional
            Their weights in the fit.
        max_rows : int, optional
            Rows looked at, a simple random sample where there are more; 2,000 by default. The
            others' part is estimated, and `subsample_se` says how well.
        random_state : int or Generator, optional
            Of that sample; by default the seed of the draws.
        """
        return leave_one_out(self, X, sample_weight, max_rows, random_state)

    def check(self, X: Any = None, sample_weight: Any = None) -> ShapeCheck:
        """Posterior predictive check of whether the rows of each segment are Gaussian.

        Skewness and kurtosis of the rows of each segment, along features, principal directions and
        directions that depart most, and over all features, against what replicated Gaussian rows
        would give, averaged over draws of the posterior.

        Parameters
        ----------
        X : table or array, optional
            By default the rows that the model was fitted to, where they are kept. Of more than
            5,000 distinct rows, a sample of 5,000 is looked at.
        sample_weight : array_like, optional
            A weight of 2 is two copies of the row. Copies add nothing to a shape.

        Returns
        -------
        ShapeCheck
        """
        from bayes_gmm.results.posterior.check import check_posterior
        from bayes_gmm.results.shape.check import weights_to_check

        if X is None:
            kept = observed(self, None, sample_weight)
            return check_posterior(self, kept.matrix, kept.weights)
        matrix = self.mixture.matrix_of(X)
        return check_posterior(self, matrix, weights_to_check(matrix, sample_weight))

    def occupied(
        self, X: Any = None, sample_weight: Any = None, *, random_state: Any = None
    ) -> pd.DataFrame:
        """The posterior of the number of segments that hold rows.

        For sparse priors, ``Prior(concentration=0.05)`` or so, with more components than there are
        segments (see `occupied_table`).

        Parameters
        ----------
        X, sample_weight : optional
            The rows that the model was fitted to and their weights, where they are not kept.
        random_state : int or Generator, optional
            Of the allocations; by default the seed of the draws.

        Returns
        -------
        DataFrame
            For each number of segments its probability and ``mcse``, its Monte-Carlo error.
        """
        from bayes_gmm.results.posterior.n_occupied import occupied_table

        return occupied_table(self, X, sample_weight, random_state)

    def component_index(self, segment: str | int) -> int:
        """Position of a segment, from 0, that is given by name or position."""
        return component_index(self.names, segment)

    def of_mode(self, i: int) -> Posterior:
        """The draws of one mode alone: one segmentation, whose intervals mix it with no other.

        Everything that a posterior has is of that mode then: `summary`, `segments`, `membership`,
        pictures and the tree. ``segmentation`` holds its mass, and the masses of the other modes
        and how their segments differ. Segments keep the MAP's numbers.

        The draws are those of the chains as they were sampled that are of the mode. Chains are cut
        to one length so that most draws remain, and those that contribute few are left out; where
        one chain is left of several, its halves stand for two.

        Parameters
        ----------
        i : int
            Position of the mode in ``fit.modes``, from 0: the heaviest of the fit. Notes, warnings
            and JSON number modes in the same way.

        Raises
        ------
        DataError
            If there is no such mode, or no draw is of it.

        Warns
        -----
        AmbiguousLabelsWarning, ConvergenceWarning
            Of these draws, as `from_draws` warns of all.

        Examples
        --------
        ``posterior.of_mode(0).segments()``
        """
        from bayes_gmm.results.posterior.segmentations import of_mode

        alone = of_mode(self, i)
        if alone is not self:
            warn(alone)
        return alone

    def rename(self, names: Mapping[str, str]) -> Posterior:
        """The same posterior with other names for some segments.

        Examples
        --------
        ``posterior.rename({"Segment 1": "Careful high earners"})``

        Raises
        ------
        DataError
            If there is no such segment, or two would have one name.
        """
        return replace(self, names=renamed(self.names, names))

    def align_to(self, other: Posterior | MapFit | Mixture) -> Posterior:
        """The same posterior, numbered and named like another of the same features.

        Segments are matched so that the sum of the Bhattacharyya distances between their MAPs is
        least. Where this posterior has more segments than the other, those without a partner come
        last; where it has fewer, partners keep the other's order.

        Parameters
        ----------
        other : Posterior, MapFit or Mixture
            Such as last quarter's.
        """
        from bayes_gmm.results.posterior.align import aligned

        return aligned(self, other)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the posterior to a NetCDF file, which `bayes_gmm.load` reads.

        The rows of the table are not written. ArviZ opens the file too.
        """
        from bayes_gmm.results.io.netcdf import write_tree
        from bayes_gmm.results.posterior.posterior_tree import posterior_tree

        return write_tree(posterior_tree(self), path)

    def _with_notes(
        self, table: pd.DataFrame, more: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """The table with all caveats as its notes; several modes are warned of each time."""
        found = caveats(self)
        if "modes" in found:
            warnings.warn(found["modes"].text, MultimodalWarning, stacklevel=3)
        told = {about: caveat.text for about, caveat in found.items()}
        if self.segmentation is not None:
            told["segmentation"] = f"the draws are of {self.segmentation.text}"
        table.attrs["notes"] = {**(more or {}), **told}
        return table


def _relabelled(
    draws: Draws, references: Sequence[Reference], rho2: Floats
) -> tuple[Draws, Relabelling]:
    """The draws, and the chains they may be a resample of, renumbered."""
    theta, labels = relabel(draws, references, rho2)
    origin = draws.origin
    if origin is not None:
        origin = replace(origin, theta=relabel(origin, references, rho2)[0])
    return replace(draws, theta=theta, origin=origin), labels
