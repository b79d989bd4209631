"""Tables as users have them: frames of any make, missing cells."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from example_fits import fitted
from example_tables import FEATURES, three_groups
from scipy.special import logsumexp
from scipy_mixture import scipy_log_joint
from sklearn.metrics import adjusted_rand_score

from bayes_gmm.errors import DataError


class TestMissingCells:
    def test_the_log_likelihood_is_of_what_is_observed(self):
        X = three_groups(missing=0.25)
        model = fitted(X)
        expected = logsumexp(scipy_log_joint(model.mixture_, X), axis=1)
        np.testing.assert_allclose(model.score_samples(X), expected, atol=1e-9)
        assert model.log_likelihood_ == pytest.approx(expected.sum(), abs=1e-8)

    def test_groups_are_found_where_a_quarter_of_the_cells_is_missing(self):
        X, full = three_groups(missing=0.25), three_groups()
        model = fitted(X)
        assert model.converged_
        truth = np.repeat([0, 1, 2], [150, 80, 50])
        assert adjusted_rand_score(truth, model.predict(full)) > 0.75
        np.testing.assert_allclose(model.weights_, fitted(full).weights_, atol=0.08)

    def test_a_row_that_observes_nothing_says_nothing(self, X, model):
        """It changes no parameter but draws the weights towards where they are already."""
        more = fitted(np.r_[X, np.full((1, 3), np.nan)])
        np.testing.assert_allclose(more.means_, model.means_, atol=0.01)
        assert more.score_samples([[np.nan] * 3])[0] == pytest.approx(0.0, abs=1e-12)
        np.testing.assert_allclose(more.predict_proba([[np.nan] * 3])[0], more.weights_)


class TestFrames:
    @pytest.mark.parametrize(
        "frame",
        [
            lambda X: pd.DataFrame(X, columns=FEATURES),
            lambda X: pl.DataFrame(X, schema=list(FEATURES)),
            lambda X: pa.table(dict(zip(FEATURES, X.T, strict=True))),
        ],
        ids=["pandas", "polars", "pyarrow"],
    )
    def test_frames_are_tables_with_names(self, frame, X, model):
        table = frame(X)
        named = fitted(table)
        assert named.feature_names_in_.tolist() == list(FEATURES)
        assert named.n_features_in_ == 3
        assert named.mixture_.features == FEATURES
        np.testing.assert_array_equal(named.means_, model.means_)
        np.testing.assert_array_equal(named.predict_proba(table), model.predict_proba(X))
        np.testing.assert_array_equal(named.predict_proba(X), model.predict_proba(X))
        turned = table.select([FEATURES[j] for j in (2, 0, 1)]) if not isinstance(
            table, pd.DataFrame
        ) else table[[FEATURES[j] for j in (2, 0, 1)]]  # fmt: skip
        np.testing.assert_array_equal(named.predict_proba(turned), model.predict_proba(X))

    def test_an_array_has_no_names(self, model):
        assert not hasattr(model, "feature_names_in_")
        assert model.n_features_in_ == 3

    def test_lists_are_tables(self, X, model):
        np.testing.assert_array_equal(fitted(X.tolist()).means_, model.means_)

    def test_columns_are_known_by_name(self, X):
        model = fitted(pd.DataFrame(X, columns=FEATURES), n_init=1)
        misspelt = pd.DataFrame(X, columns=["Age", "Incme", "Visits"])
        with pytest.raises(DataError, match="no column 'Income' in .* did you mean 'Incme'"):
            model.predict(misspelt)
        extra = misspelt.assign(Income=X[:, 1])
        np.testing.assert_array_equal(model.predict(extra), model.predict(X))
        with pytest.raises(DataError, match="column 'Age' is not numeric: row 1 holds 'young'"):
            model.predict(extra.assign(Age="young"))

    @pytest.mark.parametrize(
        "method", ["predict", "predict_proba", "score_samples", "score", "bic"]
    )
    def test_columns_are_counted(self, X, model, method):
        with pytest.raises(DataError, match="X has 2 features"):
            getattr(model, method)(X[:, :2])

    def test_a_named_table_after_a_nameless_one(self, X, model):
        """As scikit-learn has it: columns are then taken by position."""
        named = pd.DataFrame(X, columns=FEATURES)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            np.testing.assert_array_equal(model.predict(named), model.predict(X))
