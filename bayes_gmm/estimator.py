"""`BayesGMM`: the mixture as a scikit-learn estimator."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, DensityMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.snapshot import KeptMatrix
from bayes_gmm.data.table import feature_matrix
from bayes_gmm.data.validate import check_weights
from bayes_gmm.errors import DataError, ShapeWarning
from bayes_gmm.model.checks import whole_number
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.checks import fit_errors, generator, seed_of
from bayes_gmm.results.fit.fit import FitPlan, fit_table
from bayes_gmm.results.fit.information_criteria import Criteria, counts_of, log_certainty
from bayes_gmm.results.fit.map_fit import MapFit, Mode
from bayes_gmm.results.fit.prior_influence import PriorInfluence, influence_at_mode
from bayes_gmm.results.shape.check import check_mixture
from bayes_gmm.results.shape.text import warning

if TYPE_CHECKING:
    import pymc as pm

    from bayes_gmm.results.posterior.posterior import Posterior
    from bayes_gmm.results.shape.record import ShapeCheck


class BayesGMM(DensityMixin, TransformerMixin, BaseEstimator):
    """A Bayesian Gaussian mixture of a table's rows.

    The model is

        w ~ Dirichlet(concentration), mu ~ Normal, Sigma_1, ..., Sigma_K ~ covariance prior
        x_i ~ sum_k w_k Normal(mu_k, Sigma_k + diag(delta^2 / 12))

    with a hierarchical Wishart prior on the covariances, or LKJ correlations and log-normal scales
    (see `Prior`). ``fit`` finds modes of the posterior from many starts, ranks them by their
    approximate mass (`Mode.probability`) and takes the first. Missing cells (NaN) are integrated
    out; a row of weight 2 counts as two rows.

    Parameters
    ----------
    n_components : int
        Number of segments K.
    structure : str or Structure
        What covariances share: "full", "tied", "diag", "spherical" as in scikit-learn, or any of
        the twelve of `Structure`, such as "component/shared".
    prior : Prior, optional
        In standardised units; None is ``Prior()``.
    standardize : bool
        Whether the prior speaks of standardised features. Results are in the table's units anyway.
    resolution : "auto", None, float or sequence of floats
        Recording resolution of the features, in their units: found from the ties in each column,
        none (the plain mixture), or given.
    n_init : "auto" or int
        Number of starts; "auto" continues until they find nothing new.
    random_state : int, Generator or None
        Seed of the starts; None draws a fresh one.

    Notes
    -----
    Units, shifts and the order of the rows change nothing but the units, nor does the order of the
    columns under a hierarchical Wishart prior, the default for "full" and "tied". Under LKJ it
    moves the mode a little, weights by about 1e-4: the density is that of a Cholesky factor (see
    `Prior`).

    Attributes
    ----------
    weights_ : ndarray, shape (K,)
        Shares of the segments, falling.
    means_ : ndarray, shape (K, d)
    covariances_ : ndarray, shape (K, d, d)
        Of the segments themselves, without recording error; in the table's units, as are the means.
    mixture_ : Mixture
        The three together, as a density.
    modes_ : tuple of Mode
        All optima found, by falling mass.
    log_posterior_ : float
        Of the first mode, in standardised units: what `pymc_model()` says with ``jacobian=False``.
    log_likelihood_ : float
        Of the table, in its units.
    converged_ : bool
        Whether the gradient vanished at the optimum.
    n_iter_ : int
    history_ : ndarray
        Log-posterior along the way to the optimum.
    map_fit_ : MapFit
        All of this, immutable, and with ``save``.
    shape_check_ : ShapeCheck
        Whether the rows of each segment look like a Gaussian sample.
    prior_influence_ : PriorInfluence or None
        How far the prior moves scales and correlations of each segment from what its rows say, in
        posterior standard deviations.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where the table had column names.

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
        standardize: bool = True,
        resolution: Any = "auto",
        n_init: str | int = "auto",
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.n_components = n_components
        self.structure = structure
        self.prior = prior
        self.standardize = standardize
        self.resolution = resolution
        self.n_init = n_init
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Find the modes of the posterior.

        Parameters
        ----------
        X : DataFrame (pandas, polars, pyarrow) or array_like, shape (N, d)
            NaN is a missing cell. An array or frame of float64 is not copied: once it has been
            written to, what a posterior needs the rows again for (``loo``, ``occupied``,
            ``observed_data``, ``log_likelihood``) is refused.
        y : ignored
            Only there for scikit-learn's pipelines.
        sample_weight : array_like, shape (N,), optional
            Non-negative; a weight of 2 is two copies of the row, 0 its absence.

        Returns
        -------
        BayesGMM
            Itself.

        Raises
        ------
        DataError
            If the table cannot be used; the message names the column or row.
        FitError
            If a parameter is out of range, or no start leads anywhere.

        Warns
        -----
        ShapeWarning
            If a segment is not Gaussian (see `ShapeCheck`); it is a `DataWarning`.
        """
        plan = FitPlan.of(
            self.n_components, self.structure, self.prior, self.n_init,
            standardize=self.standardize, resolution=self.resolution,
        )  # fmt: skip
        rng = generator(self.random_state)
        matrix = feature_matrix(X)
        weights = check_weights(sample_weight, matrix.n_rows)
        self.map_fit_, self._density, self._found = fit_table(matrix, weights, plan, rng)
        self._table = KeptMatrix.of(matrix)
        self.shape_check_ = check_mixture(
            self.map_fit_.mixture, self.map_fit_.standardizer, matrix, weights
        )
        if (text := warning(self.shape_check_)) is not None:
            warnings.warn(text, ShapeWarning, stacklevel=2)
        self.n_features_in_ = matrix.n_features
        if hasattr(X, "columns") or hasattr(X, "column_names"):
            self.feature_names_in_ = np.array(matrix.features, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return self

    @property
    def _fit(self) -> MapFit:
        check_is_fitted(self, "map_fit_")
        return self.map_fit_

    @property
    def prior_influence_(self) -> PriorInfluence | None:
        """How far the prior moves each segment; computed from the rows when it is asked for."""
        return influence_at_mode(self._density, self._fit)

    @property
    def mixture_(self) -> Mixture:
        """The fitted density, in the table's units."""
        return self._fit.mixture

    @property
    def weights_(self) -> Floats:
        """Shares of the segments, shape (K,)."""
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
        """All optima found, by falling mass."""
        return self._fit.modes

    @property
    def log_posterior_(self) -> float:
        """Log-posterior at the optimum, standardised."""
        return self._fit.log_posterior

    @property
    def log_likelihood_(self) -> float:
        """Log-likelihood of the table at the optimum, in its units."""
        return self._fit.log_likelihood

    @property
    def converged_(self) -> bool:
        """Whether the gradient vanished."""
        return self._fit.converged

    @property
    def n_iter_(self) -> int:
        """Steps to the optimum."""
        return self._fit.n_iter

    @property
    def history_(self) -> Floats:
        """Log-posterior along the way."""
        return self._fit.history

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The most probable segment of each row, 0 ... K - 1."""
        return self._fit.predict(X)

    def predict_proba(self, X: Any) -> Floats:
        """Probability of each segment for each row, shape (N, K)."""
        return self._fit.predict_proba(X)

    def transform(self, X: Any) -> Floats:
        """The same as `predict_proba`: memberships as features for a next step, shape (N, K)."""
        return self.predict_proba(X)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Names of the columns of `transform`: "Segment 1", ...; `input_features` is ignored."""
        return np.array(segment_labels(self._fit.mixture.n_components), dtype=object)

    def fit_predict(
        self, X: Any, y: Any = None, sample_weight: Any = None
    ) -> npt.NDArray[np.int64]:
        """Fit, and give the most probable segment of each row."""
        return self.fit(X, sample_weight=sample_weight).predict(X)

    def score_samples(self, X: Any) -> Floats:
        """Log density of each row at what it observes, shape (N,)."""
        return self._fit.score_samples(X)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Mean log density of the rows in which something is measured."""
        found = self._criteria(X, self._counts(X, sample_weight))
        return found.log_likelihood / found.total_weight

    def bic(self, X: Any, sample_weight: Any = None) -> float:
        """Bayesian information criterion of rows; lower is better (see `Criteria`)."""
        return self._criteria(X, self._counts(X, sample_weight)).bic

    def aic(self, X: Any, sample_weight: Any = None) -> float:
        """Akaike information criterion of rows; lower is better."""
        return self._criteria(X, self._counts(X, sample_weight)).aic

    def icl(self, X: Any, sample_weight: Any = None) -> float:
        """Integrated completed likelihood of rows; lower is better.

        It is the BIC, and charges for rows that are torn between segments.
        """
        counts = self._counts(X, sample_weight)
        return self._criteria(X, counts).icl(log_certainty(self.predict_proba(X), counts))

    def check(self, X: Any, sample_weight: Any = None) -> ShapeCheck:
        """Check whether the rows of each segment look like a Gaussian sample (see `ShapeCheck`).

        ``fit`` does so with its own rows, and warns; ``shape_check_`` is what it found.
        """
        return self._fit.check(X, sample_weight)

    def _criteria(self, X: Any, counts: Floats) -> Criteria:
        log_likelihood = float(self.score_samples(X) @ counts)
        return Criteria(log_likelihood, self._fit.n_parameters, float(counts.sum()))

    def _counts(self, X: Any, sample_weight: Any) -> Floats:
        """How many times each row counts."""
        matrix = self._fit.mixture.matrix_of(X)
        counts = counts_of(matrix, check_weights(sample_weight, matrix.n_rows))
        if not counts.any():
            raise DataError(
                "X has no row of positive weight in which something is measured; "
                "there is nothing to score"
            )
        return counts

    def sample(
        self, n_samples: int = 1, random_state: int | np.random.Generator | None = None
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Rows drawn from the fitted mixture and the segment of each, as scikit-learn gives them.

        Parameters
        ----------
        n_samples : int
        random_state : int or Generator, optional
            By default that of the model.
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
        """Draw from the posterior: credible intervals for every segment, on labels that stay put.

        Parameters
        ----------
        draws : int
            Of each chain, after warm-up.
        tune : int, optional
            Warm-up draws of each chain; by default what the sampler needs, which is little where
            it starts from the modes.
        chains : int
            They start about the modes that the fit found; R-hat needs more than one.
        method : {"nuts", "laplace"}
            The No-U-Turn sampler, or a normal approximation at each mode, weighted by how well it
            fits, which suits large tables; k-hat says whether it can be trusted.
        sampler : str
            "nutpie", or one of PyMC's, which take minutes to compile: "pymc", "pymc-nutpie",
            "metropolis", "demetropolis", "demetropolisz", "slice", "hmc".
        random_state : int, Generator or None
            The same seed gives the same draws; None takes that of the model.
        progress : bool
            Show a bar in a terminal or notebook.

        Returns
        -------
        Posterior

        Raises
        ------
        FitError
            If an argument is out of range, or no chain could start.
        NotFittedError
            If `fit` has not been called.

        Examples
        --------
        ``model.sample_posterior(method="laplace").segments()``; see also the class.
        """
        from bayes_gmm.results.posterior.sample import SamplingPlan, sample_posterior

        fit = self._fit
        seed = seed_of(self.random_state if random_state is None else random_state)
        plan = SamplingPlan(draws, tune, chains, method, sampler, seed, progress)
        return sample_posterior(fit, self._density, self._found, plan, table=self._table)

    def pymc_model(self) -> pm.Model:
        """The PyMC model on the fitted table, in standardised units (see `build_model`)."""
        from bayes_gmm.model.pymc_model import model_of

        fit = self._fit
        return model_of(self._density, fit.features, fit.structure, fit.prior)

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn that missing cells are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
