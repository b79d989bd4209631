"""Units, shifts, number formats, the order of rows and copies of them change nothing in a fit."""

import numpy as np
import pytest
from example_fits import assert_same_fit, fitted
from example_tables import three_groups

from bayes_gmm.errors import DataError
from bayes_gmm.model.prior import Prior
from bayes_gmm.results.comparison.compare import compare


class TestEquivariance:
    """Units, shifts, number formats and the order of rows change nothing but the units."""

    UNITS = (
        (1e-9, 0.0),
        (1e9, 0.0),
        (1.0, 1e6),
        (1.0, 1e8),
        (1e-9, -1e8),
        (1e9, 1e8),
        (np.array([1e-9, 1.0, 1e9]), np.array([1e8, -1e6, 0.0])),
    )

    @pytest.mark.parametrize("decimals", [15, 1], ids=["continuous", "rounded"])
    @pytest.mark.parametrize(("factor", "shift"), UNITS)
    def test_units(self, factor, shift, decimals, X):
        """The shift is in standard deviations; what it rounds off is not the model's doing."""
        X = X.round(decimals)
        origin = shift * X.std(axis=0)
        ours, other = fitted(X), fitted(factor * (X + origin))
        np.testing.assert_allclose(other.weights_, ours.weights_, rtol=0, atol=1e-6)
        np.testing.assert_allclose(
            other.predict_proba(factor * (X + origin)), ours.predict_proba(X), rtol=0, atol=1e-6
        )
        gap = (other.means_ / factor - origin - ours.means_) / X.std(axis=0)
        assert np.abs(gap).max() < 1e-6
        scales = factor * np.ones(3)
        np.testing.assert_allclose(
            other.covariances_ / np.outer(scales, scales), ours.covariances_, atol=1e-5
        )
        assert other.log_posterior_ == pytest.approx(ours.log_posterior_, abs=1e-4)
        assert other.log_likelihood_ == pytest.approx(
            ours.log_likelihood_ - len(X) * np.log(scales).sum(), abs=1e-4
        )

    def test_missing_cells_in_any_unit(self):
        X = three_groups(missing=0.2)
        ours, other = fitted(X), fitted(1e9 * X - 3e9)
        np.testing.assert_allclose(other.weights_, ours.weights_, rtol=0, atol=1e-6)
        np.testing.assert_allclose(
            other.predict_proba(1e9 * X - 3e9), ours.predict_proba(X), rtol=0, atol=1e-6
        )

    @pytest.mark.parametrize("decimals", [15, 1], ids=["continuous", "rounded"])
    def test_single_precision(self, decimals, X):
        X = X.round(decimals)
        ours, other = fitted(X), fitted(X.astype(np.float32))
        np.testing.assert_allclose(other.weights_, ours.weights_, atol=1e-6)
        np.testing.assert_allclose(other.means_, ours.means_, atol=1e-5)
        np.testing.assert_allclose(
            other.predict_proba(X.astype(np.float32)), ours.predict_proba(X), atol=1e-5
        )
        assert other.means_.dtype == np.float64

    @pytest.mark.parametrize("missing", [0.0, 0.2])
    def test_the_order_of_rows(self, missing):
        X = three_groups(missing=missing)
        order = np.random.default_rng(0).permutation(len(X))
        ours, other = fitted(X), fitted(X[order])
        assert_same_fit(other, ours, 1e-8)
        np.testing.assert_allclose(
            other.predict_proba(X[order]), ours.predict_proba(X)[order], atol=1e-8
        )

    @pytest.mark.parametrize("missing", [0.0, 0.2])
    @pytest.mark.parametrize("decimals", [15, 1], ids=["continuous", "rounded"])
    def test_the_order_of_more_rows_than_starts_look_at(self, missing, decimals):
        rng = np.random.default_rng(2)
        X = np.r_[rng.normal(size=(4000, 2)), rng.normal(size=(2000, 2)) * [1, 0.5] + [3, 1]]
        X = X.round(decimals)
        X[rng.random(X.shape) < missing] = np.nan
        weights = rng.integers(1, 3, size=len(X)).astype(float)
        order = rng.permutation(len(X))
        ours, other = fitted(X, 2, weights), fitted(X[order], 2, weights[order])
        assert_same_fit(other, ours)
        np.testing.assert_allclose(
            other.predict_proba(X[order]), ours.predict_proba(X)[order], atol=1e-6
        )

    def test_the_order_of_columns(self, X):
        """Nothing where there are no correlations; little where a Cholesky factor has an order."""
        for structure, tolerance in (("diag", 1e-6), ("full", 1e-2)):
            ours = fitted(X, structure=structure)
            other = fitted(X[:, [2, 0, 1]], structure=structure)
            np.testing.assert_allclose(other.weights_, ours.weights_, atol=tolerance)
            np.testing.assert_allclose(other.means_, ours.means_[:, [2, 0, 1]], atol=10 * tolerance)

    def test_the_table_is_left_alone(self):
        X = three_groups(missing=0.1)
        kept = X.copy()
        fitted(X).predict_proba(X)
        np.testing.assert_array_equal(X, kept)


def test_rows_with_nothing_measured_count_nowhere():
    """Not in a criterion or score, of the fitted table or of others; they are given segments."""
    X = three_groups(missing=0.1, apart=2.0)
    X = X[np.isfinite(X).any(axis=1)]
    padded = np.r_[X, np.full((40, X.shape[1]), np.nan)]
    without, with_them = fitted(X), fitted(padded)
    assert_same_fit(with_them, without)
    assert with_them.map_fit_.bic == pytest.approx(without.map_fit_.bic, rel=1e-9)
    assert with_them.map_fit_.n_rows == len(padded)
    for method in ("bic", "aic", "icl", "score"):
        expected = getattr(without, method)(X)
        assert getattr(with_them, method)(padded) == pytest.approx(expected, rel=1e-6), method
    assert len(with_them.predict(padded)) == len(padded)
    columns = ["log_likelihood", "bic", "icl", "aic", "log_evidence"]
    one, other = (
        compare(
            table, [2, 3], criteria=("bic", "icl", "aic", "laplace"), random_state=0, progress=False
        ).table[columns]
        for table in (X, padded)
    )
    np.testing.assert_allclose(one, other, rtol=1e-6)
    with pytest.raises(DataError, match="no row with positive weight and an observed cell"):
        without.score(padded, sample_weight=np.isnan(padded).all(axis=1))


class TestRowWeights:
    @pytest.mark.parametrize("missing", [0.0, 0.2])
    @pytest.mark.parametrize("decimals", [15, 1], ids=["continuous", "rounded"])
    def test_a_weight_of_two_is_two_copies(self, missing, decimals):
        """And of 0 none, in every number of a fit."""
        X = three_groups(missing=missing, apart=2.0).round(decimals)
        copies = np.random.default_rng(3).integers(0, 4, size=len(X))
        table = np.repeat(X, copies, axis=0)
        weighted, copied = fitted(X, 3, copies), fitted(table)
        assert_same_fit(weighted, copied)
        assert weighted.log_posterior_ == pytest.approx(copied.log_posterior_, abs=1e-6)
        for method in ("bic", "aic", "icl", "score"):
            ours = getattr(weighted, method)(X, sample_weight=copies)
            assert ours == pytest.approx(getattr(copied, method)(table), rel=1e-8)
        assert weighted.map_fit_.total_weight == copied.map_fit_.total_weight == copies.sum()
        assert weighted.map_fit_.n_rows == np.count_nonzero(copies)
        assert weighted.modes_[0].log_evidence == pytest.approx(
            copied.modes_[0].log_evidence, abs=1e-5
        )

    def test_beyond_the_rows_that_starts_look_at(self):
        rng = np.random.default_rng(4)
        X = np.r_[rng.normal(size=(3000, 2)), rng.normal([4, 0], 1, size=(2000, 2))]
        copies = rng.integers(0, 4, size=len(X))
        assert_same_fit(fitted(X, 2, copies), fitted(np.repeat(X, copies, axis=0), 2))

    def test_equal_weights_are_no_weights(self, X, model):
        assert_same_fit(fitted(X, 3, np.ones(len(X))), model, 1e-9)

    @pytest.mark.filterwarnings("ignore:.*(fewer than|coincide):bayes_gmm.errors.DataWarning")
    @pytest.mark.parametrize("concentration", [0.1, 0.5, 2.0])
    def test_weights_may_sum_to_one(self, X, concentration):
        """A table that counts for one row in all says little, but something."""
        model = fitted(X, 3, np.full(len(X), 1 / len(X)), prior=Prior(concentration))
        assert np.isfinite(model.log_posterior_)
        assert model.weights_.sum() == pytest.approx(1.0)

    @pytest.mark.parametrize(
        ("weights", "message"),
        [
            (np.ones(3), "sample_weight has 3 values for 280 rows"),
            (np.r_[-1.0, np.ones(279)], "sample_weight is -1 in row 1; weights must be at least 0"),
            (np.r_[np.ones(279), np.nan], "sample_weight is nan in row 280"),
            (np.full(280, 1e300), r"sample_weight sums to 2.8e\+302 rows"),
            (np.zeros(280), "sample_weight is zero in all 280 rows"),
        ],
    )
    def test_weights_that_cannot_be_used(self, weights, message, X):
        with pytest.raises(DataError, match=message):
            fitted(X, 3, weights)
