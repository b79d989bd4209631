"""`BayesGMM` has scikit-learn's manners: parameters, clones, pipelines, seeds, its own checks."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from example_tables import FEATURES
from joblib import Parallel, delayed
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from bayes_gmm.estimator import BayesGMM
from bayes_gmm.model.prior import Prior


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
class TestScikitLearnsManners:
    def test_parameters_are_stored_as_given(self):
        prior = Prior(1.5)
        options = {
            "n_components": 4, "structure": "tied", "prior": prior, "transforms": {"x1": "log"},
            "standardize": False, "resolution": 0.5, "n_init": 7, "random_state": 3,
        }  # fmt: skip
        model = BayesGMM(**options)
        assert model.get_params() == options
        assert model.set_params(structure="diag").structure == "diag"
        copy = clone(model)
        assert copy is not model
        assert copy.get_params() == {**options, "structure": "diag"}
        with pytest.raises(ValueError, match="Invalid parameter 'colour'"):
            model.set_params(colour="red")

    def test_fitting_changes_no_parameter(self, X):
        model = BayesGMM(2, prior=None, random_state=0)
        before = model.get_params()
        assert model.fit(X) is model
        assert model.get_params() == before

    def test_a_clone_is_not_fitted(self, model, X):
        with pytest.raises(NotFittedError, match="BayesGMM instance is not fitted"):
            clone(model).predict(X)

    @pytest.mark.parametrize(
        "method", ["predict", "predict_proba", "score_samples", "score", "bic", "aic", "icl"]
    )
    def test_nothing_can_be_asked_before_a_fit(self, method, X):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            getattr(BayesGMM(2), method)(X)

    def test_nor_read(self):
        for name in ("weights_", "means_", "covariances_", "mixture_", "modes_", "converged_"):
            assert not hasattr(BayesGMM(2), name)
        with pytest.raises(NotFittedError, match="not fitted yet"):
            BayesGMM(2).sample()
        with pytest.raises(NotFittedError, match="not fitted yet"):
            BayesGMM(2).pymc_model()

    def test_in_a_pipeline(self, X, model):
        """Scaling beforehand changes nothing: the model does it anyway."""
        pipeline = make_pipeline(StandardScaler(), BayesGMM(3, random_state=0)).fit(1e3 * X + 7.0)
        np.testing.assert_allclose(
            pipeline.predict_proba(1e3 * X + 7.0), model.predict_proba(X), atol=1e-6
        )
        assert pipeline.score(1e3 * X + 7.0) == pytest.approx(
            model.score(X) + np.log(X.std(axis=0)).sum(), abs=1e-6
        )

    def test_in_a_grid_search(self, X):
        """Held-out density, higher is better: more than one segment wins."""
        search = GridSearchCV(BayesGMM(random_state=0), {"n_components": [1, 3]}, cv=2)
        shuffled = np.random.default_rng(0).permutation(X)
        assert search.fit(shuffled).best_params_ == {"n_components": 3}

    def test_memberships_are_features_for_a_next_step(self, X):
        frame = pd.DataFrame(X, columns=FEATURES, index=range(7, 7 + len(X)))
        pipeline = make_pipeline(StandardScaler(), BayesGMM(3, random_state=0))
        with_names = pipeline.set_output(transform="pandas").fit(frame).transform(frame)
        assert list(with_names) == ["Segment 1", "Segment 2", "Segment 3"]
        assert with_names.index.equals(frame.index)
        np.testing.assert_array_equal(with_names, pipeline.predict_proba(frame))
        assert tuple(pipeline[-1].feature_names_in_) == FEATURES
        model = BayesGMM(3, random_state=0).set_output(transform="pandas")
        pd.testing.assert_frame_equal(model.fit_transform(frame), model.transform(frame))

    def test_weights_are_routed_through_a_pipeline(self, X):
        weights = np.random.default_rng(0).integers(0, 3, len(X)).astype(float)
        alone = BayesGMM(2, random_state=0).fit(X, sample_weight=weights)
        with config_context(enable_metadata_routing=True):
            model = BayesGMM(2, random_state=0)
            model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            pipeline = make_pipeline(scaler, model).fit(X, sample_weight=weights)
            np.testing.assert_allclose(pipeline[-1].weights_, alone.weights_, atol=1e-7)
            shift = np.log(X.std(axis=0)).sum()
            assert pipeline.score(X, sample_weight=weights) == pytest.approx(
                alone.score(X, sample_weight=weights) + shift, abs=1e-6
            )
            search = GridSearchCV(model, {"n_components": [1, 3]}, cv=2)
            order = np.random.default_rng(0).permutation(len(X))
            search.fit(X[order], sample_weight=weights[order])
        assert search.best_params_ == {"n_components": 3}

    def test_fits_run_in_parallel_processes(self, X):
        models = [BayesGMM(K, random_state=0) for K in (2, 3)]
        fitted = Parallel(n_jobs=2)(delayed(model.fit)(X) for model in models)
        for model, there in zip(models, fitted, strict=True):
            np.testing.assert_allclose(there.means_, model.fit(X).means_, rtol=1e-9)

    def test_fit_predict_is_fit_then_predict(self, X, model):
        labels = BayesGMM(3, random_state=0).fit_predict(X)
        np.testing.assert_array_equal(labels, model.predict(X))

    def test_a_model_can_be_pickled(self, X, model):
        copy = pickle.loads(pickle.dumps(model))
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))

    def test_a_model_can_be_fitted_again(self, X):
        model = BayesGMM(2, random_state=0).fit(pd.DataFrame(X, columns=FEATURES))
        again = model.fit(X[:, :2])
        assert again.means_.shape == (2, 2)
        assert again.n_features_in_ == 2
        assert not hasattr(again, "feature_names_in_")


@pytest.mark.slow
@parametrize_with_checks([BayesGMM(random_state=0)])
def test_scikit_learns_own_checks(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


class TestSeeds:
    def test_a_seed_names_a_fit(self, X):
        a, b = (BayesGMM(3, random_state=5).fit(X) for _ in range(2))
        np.testing.assert_array_equal(a.weights_, b.weights_)
        np.testing.assert_array_equal(a.history_, b.history_)

    def test_a_generator_is_a_seed(self, X):
        a = BayesGMM(3, random_state=np.random.default_rng(5)).fit(X)
        b = BayesGMM(3, random_state=5).fit(X)
        np.testing.assert_array_equal(a.means_, b.means_)

    def test_any_seed_finds_the_best(self, X, model):
        for seed in range(1, 6):
            assert BayesGMM(3, random_state=seed).fit(X).log_posterior_ == pytest.approx(
                model.log_posterior_, abs=1e-8
            )

    @pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
    def test_numpys_global_state_is_not_touched(self, X):
        np.random.seed(0)  # noqa: NPY002
        BayesGMM(2, random_state=0, n_init=2).fit(X).sample(3)
        after = np.random.random(3)  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
        np.testing.assert_array_equal(after, np.random.random(3))  # noqa: NPY002
