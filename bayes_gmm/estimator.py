"""`BayesGMM`: the Gaussian mixture as a scikit-learn estimator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bayes_gmm.data.matrix import ModelMatrix
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError
from bayes_gmm.model.checks import whole_number
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.typicality import typicality, warn_rows_beyond
from bayes_gmm.results.checks import fit_errors, generator, seed_of
from bayes_gmm.results.fit.fit import fit_table
from bayes_gmm.results.fit.fit_plan import FitPlan
from bayes_gmm.results.fit.given_table import GivenTable
from bayes_gmm.results.fit.information_criteria import Criteria, counts_of, log_certainty
from bayes_gmm.results.fit.map_fit import MapFit, Mode
from bayes_gmm.results.fit.prior_influence import PriorInfluence

if TYPE_CHECKING:
    import pymc as pm

    from bayes_gmm.results.posterior.posterior import Posterior
    from bayes_gmm.results.profile.record import Profile
    from bayes_gmm.results.shape.record import ShapeCheck


class BayesGMM(DensityMixin, TransformerMixin, BaseEstimator):
    """Bayesian Gaussian mixture model.

    The model is

        w ~ Dirichlet(concentration), mu ~ Normal, Sigma_1, ..., Sigma_K ~ covariance prior
        x_i ~ sum_k w_k Normal(mu_k, Sigma_k + diag(delta^2 / 12))

    with a hierarchical Wishart prior on the covariances, or LKJ correlations and log-normal scales
    (see `Prior`). ``fit`` finds modes of the posterior from many starts and ranks them by their
    approximate mass (`Mode.probability`); the fitted attributes describe the first. Missing cells
    (NaN) are integrated out; a row of weight 2 counts as two rows.

    Parameters
    ----------
    n_components : int
        Number of segments K.
    structure : str or Structure
        Covariance structure: "full", "tied", "diag", "spherical" as in scikit-learn, or any of the
        twelve structures of `Structure`, such as "component/shared".
    prior : Prior, optional
        Prior in standardised units; None means ``Prior()``.
    transforms : mapping, "auto" or None
        Transformations of columns by name, applied before they are standardised: "log", "log1p",
        "sqrt", "logit", ``("yeo-johnson", lambda)`` or ``("log1p", scale)`` for
        log(1 + x / scale). "auto", for all columns or as the entry of one, chooses by the BIC of
        mixtures of each column and then of all columns, and keeps the column unless the BIC falls
        by 10; ``diagnostics_`` holds the choices. Segments are Gaussian on the transformed scale.
        Densities and criteria are those of the table in its own units: they include the Jacobian.
    standardize : bool
        Whether the prior refers to standardised features. Results are in the units of the table in
        either case.
    resolution : "auto", None, float or sequence of floats
        Recording resolution of the features, in their units. "auto" estimates it from the ties in
        each column; None means no recording error.
    n_init : "auto" or int
        "auto" adds starts until they find no new optimum, and then tries to split and merge
        components. With a number, as many runs are continued, the best of four times as many short
        runs, without any further search: 1 is fastest, and may miss the best optimum.
    random_state : int, Generator or None
        Seed of the random number generator; None uses a random seed.

    Notes
    -----
    The fit is equivariant to shifts and changes of units, and does not depend on the order of the
    rows. Under a hierarchical Wishart prior, the default for "full" and "tied", it does not depend
    on the order of the columns either. Under an LKJ prior the order of the columns changes the mode
    slightly (weights by about 1e-4), as the density is that of a Cholesky factor (see `Prior`).

    Attributes
    ----------
    weights_ : ndarray, shape (K,)
        Mixture weights (shares of the segments), in decreasing order.
    means_ : ndarray, shape (K, d)
        Means of the segments, in the units of the table.
    covariances_ : ndarray, shape (K, d, d)
        Covariances of the segments without recording error, in the units of the table.
    mixture_ : Mixture
        The mixture density with these weights, means and covariances.
    modes_ : tuple of Mode
        All optima found, in order of decreasing mass.
    log_posterior_ : float
        Log-posterior of the first mode in standardised units, equal to that of `pymc_model()` with
        ``jacobian=False``.
    log_likelihood_ : float
        Log-likelihood of the table, in its units.
    converged_ : bool
        Whether the gradient vanished at the optimum.
    n_iter_ : int
        Number of iterations.
    history_ : ndarray
        Log-posterior at each iteration.
    map_fit_ : MapFit
        The fit as an immutable object with a ``save`` method.
    shape_check_ : ShapeCheck
        Whether the rows of each segment look like a Gaussian sample.
    diagnostics_ : tuple of Diagnostic
        Everything that `fit` warned of, and segments whose shape was not checked.
    prior_influence_ : PriorInfluence or None
        Difference that the prior makes to the scales and correlations of each segment, compared to
        a fit without prior, in posterior standard deviations.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Names of the features; only set if the table had column names.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(5, 1, (100, 2))])
    >>> model = BayesGMM(n_components=2, random_state=0).fit(X)
    >>> model.weights_.round(2), model.converged_
    (array([0.75, 0.25]), True)
    >>> posterior = model.sample_posterior(draws=200, chains=2, progress=False)
    >>> posterior.segments(ci_prob=0.9)["share"].round(1).tolist()
    [0.7, 0.3]
    """

    def __init__(
        self,
        n_components: int = 1,
        *,
        structure: str | Structure = "full",
        prior: Prior | None = None,
        transforms: Any = None,
        standardize: bool = True,
        resolution: Any = "auto",
        n_init: str | int = "auto",
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.n_components = n_components
        self.structure = structure
        self.prior = prior
        self.transforms = transforms
        self.standardize = standardize
        self.resolution = resolution
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the modes of the posterior.

        Parameters
        ----------
        X : DataFrame (pandas, polars, pyarrow), array_like of shape (N, d), or Scan
            The table; NaN is a missing cell. A `Scan` is a table larger than memory; a Dask
            DataFrame is scanned by the workers of the current client. An array or
            frame of float64 is not copied. If it is modified after the fit, methods of the
            posterior that need the rows (``loo``, ``occupied``, ``observed_data``,
            ``log_likelihood``) raise an error.
        y : ignored
            Not used, present for compatibility with scikit-learn.
        sample_weight : array_like, shape (N,), optional
            Non-negative row weights. A weight of 2 counts the row twice; a weight of 0 excludes it.

        Returns
        -------
        BayesGMM
            The fitted estimator.

        Raises
        ------
        DataError
            If the table cannot be used; the message names the column or row.
        FitError
            If a parameter is out of range, or no start has a finite log-posterior.

        Warns
        -----
        ShapeWarning
            If a segment is not Gaussian (see `ShapeCheck`); it is a `DataWarning`.
        """
        plan = FitPlan.of(
            self.n_components, self.structure, self.prior, self.n_init,
            standardize=self.standardize, resolution=self.resolution, transforms=self.transforms,
        )  # fmt: skip
        rng = generator(self.random_state)
        given = GivenTable.of(X, sample_weight)
        self._fitted = fit_table(given, plan, rng)
        self.map_fit_ = self._fitted.fit
        self.shape_check_ = self._fitted.shape_check
        self.diagnostics_ = self._fitted.diagnostics
        self.n_features_in_ = given.matrix.n_features
        if given.scan is not None or hasattr(X, "columns") or hasattr(X, "column_names"):
            self.feature_names_in_ = np.array(given.matrix.features, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    @property
    def _fit(self) -> MapFit:
        check_is_fitted(self, "map_fit_")
        return self.map_fit_

    @property
    def prior_influence_(self) -> PriorInfluence | None:
        """Influence of the prior on each segment; computed from the rows on access."""
        check_is_fitted(self, "map_fit_")
        return self._fitted.prior_influence

    @property
    def mixture_(self) -> Mixture:
        """The fitted mixture density, in the units of the table."""
        return self._fit.mixture

    @property
    def weights_(self) -> Floats:
        """Mixture weights (shares of the segments), shape (K,)."""
        return self._fit.mixture.weights

    @property
    def means_(self) -> Floats:
        """Means of the segments, shape (K, d)."""
        return self._fit.mixture.means

    @property
    def covariances_(self) -> Floats:
        """Covariances of the segments, shape (K, d, d)."""
        return self._fit.mixture.covariances

    @property
    def modes_(self) -> tuple[Mode, ...]:
        """All optima found, in order of decreasing mass.

        The `log_evidence` of the only mode of a fit is computed from the rows on first access.
        """
        check_is_fitted(self, "map_fit_")
        self._fitted = self._fitted.with_log_evidence()
        self.map_fit_ = self._fitted.fit
        return self.map_fit_.modes

    @property
    def log_posterior_(self) -> float:
        """Log-posterior at the optimum, in standardised units."""
        return self._fit.log_posterior

    @property
    def log_likelihood_(self) -> float:
        """Log-likelihood of the table at the optimum, in its units."""
        return self._fit.log_likelihood

    @property
    def converged_(self) -> bool:
        """Whether the gradient vanished at the optimum."""
        return self._fit.converged

    @property
    def n_iter_(self) -> int:
        """Number of iterations."""
        return self._fit.n_iter

    @property
    def history_(self) -> Floats:
        """Log-posterior at each iteration."""
        return self._fit.history

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The most probable segment of each row, 0 ... K - 1; warns as `predict_proba` does."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: Any) -> Floats:
        """Probability of each segment for each row, shape (N, K).

        Warns
        -----
        DataWarning
            If more than 20 % of the rows are beyond all segments (see `typicality`).
        """
        matrix = self._fit.mixture.matrix_of(X)
        found = self._fit.predict_proba(matrix)
        warn_rows_beyond(self._fit.mixture, matrix)
        return found

    def typicality(self, X: Any) -> Floats:
        """Fraction of the fitted population that is less probable than each row, shape (N,).

        It is 0 for a row beyond all segments.
        """
        return typicality(self._fit.mixture, X)

    def transform(self, X: Any) -> Floats:
        """Same as `predict_proba`: membership probabilities as features, shape (N, K)."""
        return self.predict_proba(X)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Names of the columns of `transform`: "Segment 1", ...; `input_features` is ignored."""
        return np.array(segment_labels(self._fit.mixture.n_components), dtype=object)

    def fit_predict(
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> npt.NDArray[np.int64]:
        """Fit, and return the most probable segment of each row."""
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def score_samples(self, X: Any) -> Floats:
        """Log density of the observed cells of each row, shape (N,)."""
        return self._fit.score_samples(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean log density of the rows that have at least one observed cell."""
        found = self._criteria(*self._counted(X, sample_weight))
        return found.log_likelihood / found.total_weight

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Bayesian information criterion on X; lower is better (see `Criteria`)."""
        return self._criteria(*self._counted(X, sample_weight)).bic

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Akaike information criterion on X; lower is better."""
        return self._criteria(*self._counted(X, sample_weight)).aic

    def icl(self, X: Any, sample_weight: Any = None) -> float:
        """Integrated completed likelihood on X; lower is better.

        It is the BIC plus a penalty for rows whose segment is uncertain.
        """
        rows, counts = self._counted(X, sample_weight)
        return self._criteria(rows, counts).icl(log_certainty(self.predict_proba(rows), counts))

    def check(self, X: Any, sample_weight: Any = None) -> ShapeCheck:
        """Check whether the rows of each segment look like a Gaussian sample (see `ShapeCheck`).

        ``fit`` runs this check on its own rows and stores the result in ``shape_check_``.
        """
        return self._fit.check(X, sample_weight)

    def profile(
        self, table: Any, columns: Sequence[str] | str | None = None, weights: Any = None
    ) -> Profile:
        """Profile the segments in columns that the model does not contain, without intervals.

        Parameters
        ----------
        table : data frame
            The features of the model, by name, beside the columns to profile; or, without any of
            the features, columns of the fitted rows in the same order.
        columns : str or sequence of str, optional
            Columns to profile; by default all except the features.
        weights : array_like, shape (n_rows,), optional
            Row weights; by default those of the fit if the rows are those of the fit.

        Returns
        -------
        Profile
        """
        from bayes_gmm.results.profile.profile import profile_of, single

        fit, rows = self._fit, self._fitted.table
        held = None
        if rows is not None:
            held = self._fitted.density.rows.weights_in_table(rows.as_fitted().n_rows)
        return profile_of(
            fit.mixture, single(fit.mixture, fit.standardizer), table, columns, weights,
            names=segment_labels(fit.mixture.n_components), fitted=rows, fitted_weights=held,
        )  # fmt: skip

    def _criteria(self, rows: ModelMatrix, counts: Floats) -> Criteria:
        log_likelihood = float(self.score_samples(rows) @ counts)
        return Criteria(log_likelihood, self._fit.n_parameters, float(counts.sum()))

    def _counted(self, X: Any, sample_weight: Any) -> tuple[ModelMatrix, Floats]:
        """The rows on the scale of the model, and the number of observations each counts as."""
        matrix = self._fit.mixture.matrix_of(X)
        counts = counts_of(matrix, check_weights(sample_weight, matrix.n_rows))
        if not counts.any():
            raise DataError(
                "X has no row with positive weight and an observed cell, so there is nothing to "
                "score"
            )
        return matrix, counts

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.Generator | None = None
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Draw rows from the fitted mixture.

        Parameters
        ----------
        n_samples : int
            Number of rows.
        random_state : int or Generator, optional
            Seed; by default that of the model.

        Returns
        -------
        X : ndarray, shape (n_samples, d)
        segments : ndarray of int, shape (n_samples,)
            The segment of each row.
        """
        with fit_errors():
            n_samples = whole_number("n_samples", n_samples)
        rng = generator(self.random_state if random_state is None else random_state)
        return self._fit.mixture.sample(n_samples, rng)

    def sample_posterior(
        self,
        draws: int = 1000,
        tune: int | None = None,
        chains: int = 4,
        method: str = "nuts",
        sampler: str = "nutpie",
        random_state: int | np.random.Generator | None = None,
        progress: bool = True,
    ) -> Posterior:
        """Draw from the posterior, with consistent labels of the segments in all draws.

        Parameters
        ----------
        draws : int
            Number of draws in each chain, after warm-up.
        tune : int, optional
            Number of warm-up draws in each chain; by default the sampler chooses it. Chains that
            start at the modes need few.
        chains : int
            Number of chains, which start near the modes of the fit; R-hat needs at least two.
        method : {"nuts", "laplace"}
            The No-U-Turn sampler, or importance sampling from a normal approximation at each mode,
            which suits large tables. The Pareto k-hat shows whether the approximation is reliable.
        sampler : str
            "nutpie", or NUTS on the PyMC model, which takes minutes to compile: by PyMC ("pymc") or
            by nutpie ("pymc-nutpie").
        random_state : int, Generator or None
            The same seed gives the same draws; None uses the seed of the model.
        progress : bool
            Show a progress bar in a terminal or notebook.

        Returns
        -------
        Posterior

        Raises
        ------
        FitError
            If an argument is out of range, or no chain has a finite starting point.
        NotFittedError
            If `fit` has not been called.

        Examples
        --------
        ``model.sample_posterior(method="laplace").segments()``; see also the class.
        """
        from bayes_gmm.results.posterior.sample import SamplingPlan
        from bayes_gmm.results.posterior.sampled import sampled

        seed = seed_of(self.random_state if random_state is None else random_state)
        plan = SamplingPlan(draws, tune, chains, method, sampler, seed, progress)
        check_is_fitted(self, "map_fit_")
        return sampled(self._fitted, plan)

    def pymc_model(self) -> pm.Model:
        """The PyMC model on the fitted table, in standardised units (see `build_model`)."""
        from bayes_gmm.model.pymc_model import model_of

        fit = self._fit
        return model_of(self._fitted.density, fit.features, fit.structure, fit.prior)

    def _html_repr(self) -> str:
        """Scikit-learn's diagram, followed by the segments after `fit`."""
        fitted = getattr(self, "map_fit_", None)
        return super()._html_repr() + ("" if fitted is None else fitted._repr_html_())

    def __sklearn_tags__(self) -> Any:
        """Tags for scikit-learn: missing cells are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
