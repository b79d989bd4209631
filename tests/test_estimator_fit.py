"""What a fit finds and what its numbers mean: scikit-learn's, where the two models are one."""

import numpy as np
import pytest
from example_fits import fitted
from example_tables import three_groups
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from bayes_gmm import BayesGMM, compare
from bayes_gmm.errors import ConvergenceWarning
from bayes_gmm.model.prior import Prior
from bayes_gmm.results.fit.map_fit import MapFit


@pytest.fixture(scope="module")
def pair(X):
    """Ours and scikit-learn's at one optimum, without prior and recording error."""
    with pytest.warns(ConvergenceWarning, match="the posterior has no maximum"):
        ours = fitted(X, 2, prior=Prior.flat(), resolution=None)
    theirs = GaussianMixture(
        2, tol=1e-12, max_iter=5000, reg_covar=0.0, weights_init=ours.weights_,
        means_init=ours.means_, precisions_init=np.linalg.inv(ours.covariances_),
    ).fit(X)  # fmt: skip
    return ours, theirs


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
class TestMeaning:
    """Sign and meaning of every number are scikit-learn's, where the two models are one."""

    def test_parameters(self, pair):
        ours, theirs = pair
        np.testing.assert_allclose(ours.weights_, theirs.weights_, atol=1e-5)
        np.testing.assert_allclose(ours.means_, theirs.means_, atol=1e-4)
        np.testing.assert_allclose(ours.covariances_, theirs.covariances_, atol=1e-4)

    @pytest.mark.parametrize("method", ["score", "bic", "aic"])
    def test_scores(self, pair, X, method):
        ours, theirs = pair
        assert getattr(ours, method)(X) == pytest.approx(getattr(theirs, method)(X), rel=1e-7)

    def test_rows(self, pair, X):
        ours, theirs = pair
        np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), atol=1e-4)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
        assert ours.predict(X).dtype.kind == "i"

    @pytest.mark.parametrize("structure", ["full", "tied", "diag", "spherical"])
    def test_parameters_are_counted_alike(self, X, structure):
        """bic - aic is p (log N - 2)."""
        ours = fitted(X, 3, structure=structure, n_init=2)
        theirs = GaussianMixture(3, covariance_type=structure, random_state=0).fit(X)
        assert ours.bic(X) - ours.aic(X) == pytest.approx(theirs.bic(X) - theirs.aic(X))

    def test_icl_charges_for_doubt(self, X, model):
        certainty = np.log(model.predict_proba(X).max(axis=1))
        assert model.icl(X) == pytest.approx(model.bic(X) - 2.0 * certainty.sum())
        assert model.icl(X) > model.bic(X)

    def test_score_is_the_mean_of_score_samples(self, X, model):
        assert model.score(X) == pytest.approx(model.score_samples(X).mean())
        assert model.log_likelihood_ == pytest.approx(model.score_samples(X).sum())
        weights = np.arange(len(X))
        expected = np.average(model.score_samples(X), weights=weights)
        assert model.score(X, sample_weight=weights) == pytest.approx(expected)

    def test_weights_sum_to_one_and_fall(self, model):
        assert model.weights_.sum() == pytest.approx(1.0)
        assert np.all(np.diff(model.weights_) <= 0.0)

    def test_log_evidence_of_the_only_mode_is_computed_on_access(self):
        """With one component, Laplace's approximation does not depend on the search."""
        X = np.random.default_rng(0).normal(size=(100, 2))
        model = BayesGMM(1).fit(X)
        assert model.map_fit_.modes[0].probability == 1.0
        assert np.isnan(model.map_fit_.modes[0].log_evidence)
        [mode] = model.modes_
        table = compare(X, [1], criteria=("laplace",), progress=False)
        standard = table.best["laplace"].values["log_evidence"] + np.log(X.std(axis=0)).sum() * 100
        assert mode.log_evidence == pytest.approx(standard, abs=1e-6)
        assert model.modes_[0] is mode

    def test_the_climb_is_told(self, model):
        assert model.converged_
        assert np.all(np.diff(model.history_) >= 0.0)
        assert model.n_iter_ == len(model.history_)
        assert model.history_[-1] == pytest.approx(model.log_posterior_)
        assert isinstance(model.map_fit_, MapFit)
        assert model.modes_[0].log_posterior == model.log_posterior_
        assert sum(mode.probability for mode in model.modes_) == pytest.approx(1.0)

    def test_samples_are_of_the_mixture(self, model):
        rows, labels = model.sample(20_000, random_state=1)
        assert rows.shape == (20_000, 3)
        np.testing.assert_allclose(np.bincount(labels) / 20_000, model.weights_, atol=0.015)
        for k in range(3):
            np.testing.assert_allclose(rows[labels == k].mean(axis=0), model.means_[k], atol=0.1)
            np.testing.assert_allclose(np.cov(rows[labels == k].T), model.covariances_[k], atol=0.2)
        assert model.score(rows) == pytest.approx(model.score(three_groups()), abs=0.2)

    def test_a_seed_names_a_sample(self, model):
        np.testing.assert_array_equal(model.sample(5)[0], model.sample(5)[0])
        np.testing.assert_array_equal(model.sample(5, 7)[0], model.sample(5, 7)[0])
        assert not np.array_equal(model.sample(5, 7)[0], model.sample(5, 8)[0])
        with pytest.raises(ValueError, match="n_samples must be .* at least 1, got 0"):
            model.sample(0)


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # shared shapes do not fit
def test_every_structure_finds_the_groups(structure, X):
    model = fitted(X, structure=structure)
    assert model.converged_
    truth = np.repeat([0, 1, 2], [150, 80, 50])
    assert adjusted_rand_score(truth, model.predict(X)) > 0.6


@pytest.mark.parametrize("standardize", [True, False])
def test_a_small_gain_is_not_convergence(standardize):
    """Overlapping normals: scikit-learn's default stops at .394, EM to the end near .303."""
    rng = np.random.default_rng(7)
    x = np.r_[rng.normal(0, 1, 1500), rng.normal(2, 1, 500)][:, None]
    with pytest.warns(ConvergenceWarning, match="the posterior has no maximum"):
        ours = fitted(x, 2, prior=Prior.flat(), resolution=None, standardize=standardize)
    patient = GaussianMixture(2, tol=1e-10, max_iter=5000, means_init=[[0.0], [2.0]]).fit(x)
    assert ours.weights_[1] == pytest.approx(patient.weights_.min(), abs=1e-3)
    assert ours.score(x) >= patient.score(x)
    hasty = GaussianMixture(2, random_state=0).fit(x)
    assert abs(hasty.weights_.min() - ours.weights_[1]) > 0.05
