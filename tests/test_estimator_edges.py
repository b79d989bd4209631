"""Small tables and odd ones, densities without a maximum, and errors by name."""

import numpy as np
import pytest
from example_fits import fitted
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

from bayes_gmm.errors import ConvergenceWarning, DataError, FitError
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.model.prior import LKJ, HalfNormal, LogNormal, Normal, Prior
from bayes_gmm.model.structure import Structure


class TestSmallAndOdd:
    @pytest.mark.parametrize("K", [1, 2])
    @pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
    def test_one_feature(self, structure, K):
        """Structures that differ in correlations only are then one."""
        rng = np.random.default_rng(5)
        x = np.r_[rng.normal(0, 1, 100), rng.normal(6, 2, 100)][:, None]
        model = fitted(x, K, structure=structure)
        assert model.converged_
        assert model.covariances_.shape == (K, 1, 1)
        without = Structure(structure.scales, "none")
        assert model.log_posterior_ == pytest.approx(
            fitted(x, K, structure=without).log_posterior_, abs=1e-8
        )

    @pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
    def test_one_component(self, X):
        model = fitted(X, 1)
        assert model.weights_.tolist() == [1.0]
        assert np.all(model.predict(X) == 0)
        np.testing.assert_array_equal(model.predict_proba(X), 1.0)
        assert len(model.modes_) == 1
        np.testing.assert_allclose(model.means_[0], X.mean(axis=0), atol=0.01)
        np.testing.assert_allclose(model.covariances_[0], np.cov(X.T), rtol=0.1, atol=0.1)
        assert model.icl(X) == pytest.approx(model.bic(X))

    @pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
    def test_as_many_components_as_rows(self):
        X = np.random.default_rng(6).normal(size=(6, 2))
        model = fitted(X, 6)
        assert model.converged_
        assert np.isfinite(model.log_posterior_)

    @pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
    def test_two_rows(self):
        model = fitted([[0.0, 1.0], [2.0, 5.0]], 1)
        np.testing.assert_allclose(model.means_, [[1.0, 3.0]], atol=0.01)

    @pytest.mark.filterwarnings("ignore:.*cannot be estimated:bayes_gmm.errors.DataWarning")
    def test_binary_columns(self):
        """Every row is tied with many; the resolution keeps segments from closing on a value."""
        rng = np.random.default_rng(7)
        group = rng.random(500) < 0.4
        X = (rng.random((500, 5)) < np.where(group, 0.9, 0.15)[:, None]).astype(float)
        model = fitted(X, 2)
        assert model.converged_
        found = [
            adjusted_rand_score(group, mode.mixture.responsibilities(X).argmax(axis=1))
            for mode in model.modes_
        ]
        assert max(found) > 0.9  # binary columns are not Gaussian: another mode is heavier
        separate = fitted(X, 2, prior=Prior(covariances=LKJ()))
        assert adjusted_rand_score(group, separate.predict(X)) > 0.7

    @pytest.mark.filterwarnings(
        "ignore:.*(fewer than|coincide|cannot be estimated):bayes_gmm.errors.DataWarning"
    )
    def test_values_too_rare_for_the_rows_that_starts_look_at(self):
        """Ten thousand equal rows and three others: the starts may see but one value."""
        X = np.zeros((10_000, 2))
        X[[5, 700, 9000]] = [[1.0, 0.0], [0.0, 2.0], [3.0, 1.0]]
        model = fitted(X, 3)
        assert np.isfinite(model.log_posterior_)
        assert np.isfinite(model.score_samples(X)).all()

    def test_a_column_that_is_the_sum_of_others(self):
        """One mode, to the end: rows in a plane leave a ridge that the climb must follow."""
        X = np.random.default_rng(8).normal(size=(80, 2))
        model = fitted(np.c_[X, X.sum(axis=1)], 1)
        assert model.converged_

    @pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
    def test_a_far_outlier_gets_a_segment(self):
        rng = np.random.default_rng(9)
        X = np.r_[rng.normal(size=(200, 2)), [[1e4, 1e4]]]
        labels = fitted(X, 2).predict(X)
        assert np.flatnonzero(labels != labels[0]).tolist() == [200]


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
class TestWarnings:
    def test_a_density_without_maximum_warns(self, X):
        for prior in (
            Prior.flat(),
            Prior(covariances=LKJ(scales=HalfNormal(1.0))),
            Prior(covariances=LKJ(1.0)),
        ):
            with pytest.warns(ConvergenceWarning, match="no maximum: with resolution=None"):
                fitted(X, 2, prior=prior, resolution=None, n_init=2)

    @pytest.mark.parametrize(
        "options",
        [
            {"resolution": None},
            {"prior": Prior.flat()},
            {"prior": Prior(covariances=LKJ(0.0)), "resolution": 0.1},
            {"prior": Prior(covariances=LKJ(0.0)), "resolution": None, "structure": "diag"},
        ],
    )
    def test_one_with_a_maximum_does_not(self, X, options):
        fitted(X, 2, n_init=2, **options)

    def test_shared_scales_have_a_maximum(self, X):
        """No component can close on a row alone where all have one covariance."""
        fitted(X, 2, structure="tied", prior=Prior.flat(), resolution=None)


class TestCollinear:
    """Columns that are exact functions of others, in the plain mixture: an unbounded density."""

    @pytest.mark.parametrize(("K", "structure"), [(1, "full"), (2, "tied"), (2, "full")])
    @pytest.mark.parametrize("covariances", [None, LKJ(1.0)])
    def test_they_are_named(self, X, K, structure, covariances):
        Z = np.c_[X[:, :2], X[:, 0] - X[:, 1]]
        prior = Prior(covariances=covariances)
        with pytest.raises(DataError, match="x[123]' is a linear function") as raised:
            fitted(Z, K, structure=structure, prior=prior, resolution=None)
        assert {name for name in ("x1", "x2", "x3") if name in str(raised.value)} == {
            "x1", "x2", "x3"
        }  # fmt: skip

    @pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # one segment of two groups
    def test_one_step_suffices(self, X):
        """A recording error across the plane bounds the density."""
        Z = np.c_[X[:, :2], X[:, 0] - X[:, 1]]
        assert fitted(Z, 1, resolution=[0.0, 0.0, 0.01]).converged_


class TestErrors:
    """One line that names the culprit, says what was found, and what to do."""

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"n_components": 0}, "n_components must be a whole number of at least 1, got 0"),
            ({"n_components": -1}, "n_components must be .* got -1"),
            ({"n_components": 2.5}, "n_components must be .* got 2.5"),
            ({"n_components": True}, "n_components must be .* got True"),
            ({"n_components": "5"}, "n_components must be .* got '5'"),
            ({"n_components": 281}, "n_samples=280 usable rows, fewer than n_components=281"),
            ({"n_init": 0}, "n_init must be a whole number of at least 1, got 0"),
            ({"n_init": "many"}, "n_init must be .* got 'many'"),
            ({"structure": "ful"}, "structure 'ful' is unknown; use full, tied"),
            ({"structure": 3}, "structure 3 is unknown"),
            ({"structure": ["full"]}, r"structure \['full'\] is unknown"),
            (
                {"prior": Prior(covariances=LKJ(1e100))},
                "every optimisation diverged; give a resolution or a str",
            ),
            ({"resolution": True}, "resolution is True"),
            ({"resolution": 1e3}, "resolution is 1000 for column 'x1', whose values lie within"),
            ({"resolution": -1.0}, "resolution is -1.0"),
            ({"resolution": "fine"}, "resolution is 'fine'"),
            ({"resolution": [1.0, 2.0]}, "resolution has 2 entries for 3 columns"),
            (
                {"n_components": 2, "prior": Prior((1.0, 2.0, 3.0))},
                "concentration has 3 values for 2 components; give one number, or one for each",
            ),
            ({"prior": "flat"}, "prior must be a Prior, got 'flat'"),
            ({"random_state": -1}, "random_state must be .* got -1"),
            ({"standardize": "no"}, "standardize must be True or False, got 'no'"),
        ],
    )
    def test_parameters_out_of_range(self, options, message, X):
        with pytest.raises(ValueError, match=message) as caught:
            BayesGMM(**{"n_components": 2, **options}).fit(X)
        assert isinstance(caught.value, FitError | DataError)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("left", [FloatingPointError, np.linalg.LinAlgError])
    def test_a_search_that_leaves_floating_point_is_a_fit_error(self, monkeypatch, X, left):
        def find_modes(*_, **__):
            raise left("not positive definite")

        monkeypatch.setattr("bayes_gmm.results.fit.fit.find_modes", find_modes)
        with pytest.raises(FitError, match="numerical overflow in the search .not positive"):
            BayesGMM(2).fit(X)

    @pytest.mark.parametrize(
        ("build", "message"),
        [
            (
                lambda: Prior(covariances=LKJ(scales=LogNormal(1.0, -0.5))),
                "spread of LogNormal must be .* got -0.5",
            ),
            (
                lambda: Prior(covariances=LKJ(scales=LogNormal(-1.0))),
                "median of LogNormal must be .* got -1",
            ),
            (lambda: Prior(means=Normal(0.0, -3.0)), "scale of Normal must be positive, got -3"),
            (
                lambda: Prior(covariances=LKJ(scales=HalfNormal(0.0))),
                "scale of HalfNormal must be positive, got 0",
            ),
            (lambda: Prior(concentration=-2.0), "concentration must be positive, got -2.0"),
            (lambda: Prior(covariances=LKJ(-1.0)), "eta must be 0 or positive, got -1"),
        ],
    )
    def test_priors_that_are_none(self, build, message):
        with pytest.raises(ValueError, match=message):
            build()

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            (np.empty((0, 2)), "X has 0 rows"),
            (np.ones((5, 2)), "column 'x1' is constant: it is 1 in all 5 rows"),
            ([[1.0, np.inf], [2.0, 3.0]], "column 'x2' is infinite in row 1"),
            ([[1.0, np.nan], [2.0, np.nan]], "column 'x2' is missing in all 2 rows"),
            ([[1.0, "a"], [2.0, "b"]], "column 'x2' is not numeric: row 1 holds 'a'"),
            ([1.0, 2.0, 3.0], "X has one dimension"),
            (np.repeat([[0.0, 1.0], [1.0, 3.0]], 5, axis=0), "2 distinct rows, fewer than"),
        ],
    )
    def test_tables_that_cannot_be_used(self, table, message):
        with pytest.raises(DataError, match=message) as caught:
            BayesGMM(3).fit(table)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("method", ["predict", "predict_proba", "score_samples", "icl"])
    def test_a_row_beyond_floating_point(self, X, model, method):
        far = X.copy()
        far[7, 2] = 1e200
        with pytest.raises(DataError, match="column 'x3' is 1e.200 in row 8, so far from every"):
            getattr(model, method)(far)

    def test_a_failed_fit_leaves_no_model(self, X):
        model = BayesGMM(0)
        with pytest.raises(FitError, match="n_components"):
            model.fit(X)
        with pytest.raises(NotFittedError, match="not fitted"):
            model.predict(X)
