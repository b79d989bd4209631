"""The check of the shape of segments: laws, and what it says of known shapes."""

import warnings

import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg
from bayes_gmm.data.subsample import distinct_rows
from bayes_gmm.results.shape.check import check_mixture
from bayes_gmm.results.shape.complete_rows import Gaussians, completed_rows, drawn_segments
from bayes_gmm.results.shape.pieces import PiecesSettings, overlapping_groups, pieces_of_segments
from bayes_gmm.results.shape.record import ShapeCheckSettings

FEATURES = ["Income ($)", "Age"]


def two_segments(shape=None, n=150, seed=0):
    """A Gaussian segment and, far away, one of the shape."""
    rng = np.random.default_rng(seed)
    other = rng.normal(size=(n, 2)) if shape is None else shape(rng, (n, 2))
    return pd.DataFrame(np.r_[rng.normal(size=(n + 50, 2)), 30.0 + other], columns=FEATURES)


def lognormal(rng, size):
    return rng.lognormal(0.0, 0.8, size)


def heavy(rng, size):
    return rng.standard_normal(size) / np.sqrt(rng.chisquare(3, (size[0], 1)) / 3)


def uniform(rng, size):
    return rng.uniform(-2.0, 2.0, size)


def fitted(X, K=2, **options):
    weights = options.pop("sample_weight", None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bg.ShapeWarning)
        return bg.BayesGMM(K, n_init=4, random_state=0, **options).fit(X, sample_weight=weights)


@pytest.fixture(scope="module")
def skewed():
    X = two_segments(lognormal)
    return fitted(X), X


class TestWhatIsFlagged:
    @pytest.mark.parametrize(
        ("shape", "departure"),
        [(lognormal, "skewed"), (heavy, "heavy tails"), (uniform, "flat")],
    )
    def test_the_segment_and_how_it_departs(self, shape, departure):
        check = fitted(two_segments(shape)).shape_check_
        assert check.flagged == (1,)
        assert check.departures(1)[0].departure == departure
        assert check.p_value < 1e-3

    def test_gaussian_segments_are_not(self):
        check = fitted(two_segments()).shape_check_
        assert check.flagged == ()
        assert check.diagnostics == ()

    def test_both_skewed_features_are_named(self, skewed):
        statistic = skewed[0].shape_check_.departures(1)[0]
        assert sorted(statistic.features) == [0, 1]
        assert statistic.observed > statistic.upper

    def test_two_peaks_along_no_feature(self):
        rng = np.random.default_rng(0)
        x = rng.normal(size=(400, 6))
        x += 2.2 * np.sign(rng.normal(size=(400, 1))) / np.sqrt(6.0)
        [departure, *_] = fitted(x, 1).shape_check_.departures(0)
        assert (departure.departure, departure.features) == ("flat", ())
        u = np.array(departure.direction)
        assert abs(u.sum()) / np.linalg.norm(u) > 0.9 * np.sqrt(6.0)

    def test_few_rows_are_not_checked(self):
        X = np.random.default_rng(0).normal(size=(70, 2))
        X[60:] += 50.0
        check = fitted(X).shape_check_
        assert check.checked == (True, False)
        assert check.table["direction"].iloc[-1] == "too few rows to check"

    def test_small_departures_of_many_rows_are_not_flagged(self):
        rng = np.random.default_rng(0)
        X = rng.gamma(600.0, size=(4900, 1))  # skewness .08
        model = fitted(X, 1)
        strict = ShapeCheckSettings(alpha=0.2, min_skewness=0.0, min_excess=0.0)
        assert not model.shape_check_.flagged
        assert check_mixture(
            model.map_fit_.mixture, model.map_fit_.standardizer, model._fitted.table, None, strict
        ).flagged


class TestLaws:
    def test_fit_warns_in_the_callers_line(self):
        with pytest.warns(bg.ShapeWarning) as caught:
            bg.BayesGMM(2, n_init=2, random_state=0).fit(two_segments(lognormal))
        assert issubclass(bg.ShapeWarning, bg.DataWarning)
        assert caught[0].filename == __file__

    def test_the_methods_find_what_fit_found(self, skewed):
        model, X = skewed
        assert model.check(X) == model.shape_check_ == model.map_fit_.check(X)

    def test_the_order_of_rows_is_of_no_account(self, skewed):
        model, X = skewed
        found = model.check(X.sample(frac=1.0, random_state=0))
        assert found == model.shape_check_

    def test_weights_are_copies_and_copies_add_nothing(self, skewed):
        model, X = skewed
        twice = model.check(pd.concat([X, X]))
        weighted = model.check(X, np.full(len(X), 2.0))
        assert weighted == twice
        assert twice.n_rows == pytest.approx(model.shape_check_.n_rows)

    def test_a_weight_of_0_is_absence(self, skewed):
        model, X = skewed
        weights = np.where(np.arange(len(X)) % 3, 1.0, 0.0)
        assert model.check(X, weights) == model.check(X[weights > 0.0])

    def test_units_are_of_no_account(self, skewed):
        model, X = skewed
        other = fitted(X * [1e6, 1e-6] + [5.0, 3.0]).shape_check_
        assert other.flagged == model.shape_check_.flagged
        for a, b in zip(other.departures(1), model.shape_check_.departures(1), strict=True):
            assert a.features == b.features
            assert a.observed == pytest.approx(b.observed, rel=1e-4)

    def test_bounds_are_where_the_p_value_is_alpha(self, skewed):
        for s in skewed[0].shape_check_.statistics:
            assert (s.p_value < 0.02) == (not s.lower <= s.observed <= s.upper)

    def test_long_tables_are_sampled(self):
        X = np.random.default_rng(0).normal(size=(60_000, 1))
        [n] = fitted(X, 1).shape_check_.n_rows
        assert 4000 < n <= 5000

    def test_nothing_to_check(self, skewed):
        with pytest.raises(bg.DataError, match="nothing to check"):
            skewed[0].check(skewed[1] * np.nan)


def test_a_posterior_is_checked_over_its_draws(posterior):
    check = posterior.check()
    assert check.names == posterior.names
    assert check.flagged == ()
    renamed = posterior.rename({"Segment 1": "Young"}).check(posterior.table.values)
    assert renamed.names[0] == "Young"
    assert [s.p_value for s in renamed.statistics] == [s.p_value for s in check.statistics]


class TestCompleteRows:
    def test_they_have_the_moments_of_the_model(self):
        rng = np.random.default_rng(0)
        S = np.array([[1.0, 0.8], [0.8, 1.0]])
        model = Gaussians(np.array([[1.0, -1.0]]), S[None], np.array([0.8, 0.0]))
        x = rng.multivariate_normal([1.0, -1.0], S, size=40_000)
        x[:, 0] = np.round(x[:, 0] / 0.8) * 0.8
        x[rng.random(len(x)) < 0.5, 1] = np.nan
        y = completed_rows(x, np.zeros(len(x), np.int64), model, rng)
        np.testing.assert_allclose(y.mean(axis=0), [1.0, -1.0], atol=0.03)
        np.testing.assert_allclose(np.cov(y.T), S, atol=0.03)

    def test_exact_rows_are_left_as_they_are(self):
        x = np.random.default_rng(0).normal(size=(20, 2))
        model = Gaussians(np.zeros((1, 2)), np.eye(2)[None], np.full(2, 1e-3))
        segments = np.zeros(20, np.int64)
        assert completed_rows(x, segments, model, np.random.default_rng(0)) is x

    def test_segments_are_drawn_with_their_probabilities(self):
        r = np.tile([0.2, 0.5, 0.3], (20_000, 1))
        counts = np.bincount(drawn_segments(r, np.random.default_rng(0)), minlength=3)
        np.testing.assert_allclose(counts / 20_000, [0.2, 0.5, 0.3], atol=0.02)


def test_distinct_rows_merge_copies_and_sample_by_weight():
    values = np.arange(3.0).repeat([1, 2, 997])[:, None]
    rows, weights = distinct_rows(values, None, 10)
    assert dict(zip(values[rows, 0], weights, strict=True)) == {0.0: 1.0, 1.0: 2.0, 2.0: 997.0}
    many = np.r_[np.arange(1000.0), np.full(1000, -1.0)][:, None]
    rows, weights = distinct_rows(many, None, 100)
    assert weights.sum() == 100.0
    assert weights[many[rows, 0] == -1.0].sum() == pytest.approx(50.0, abs=1.0)


class TestPieces:
    def test_overlapping_segments_form_groups(self):
        mixture = bg.Mixture(
            [0.3, 0.3, 0.2, 0.2], [[0.0], [2.0], [4.0], [30.0]], np.ones((4, 1, 1))
        )
        assert overlapping_groups(mixture, PiecesSettings()).tolist() == [0, 0, 0, 1]

    def test_two_lognormal_segments_are_counted_in_pieces(self):
        rng = np.random.default_rng(2)
        X = np.r_[lognormal(rng, (300, 2)), 25.0 + 1.5 * lognormal(rng, (300, 2))]
        compared = bg.compare(
            X, range(1, 6), criteria=["bic"], n_init=4, random_state=0, progress=False
        )
        best = compared.best["bic"]
        pieces = compared.pieces_in(best)
        assert best.n_components > 2
        assert 2 <= pieces.n_groups < pieces.n_components == best.n_components
        assert pieces.segments
        assert "not Gaussian" in str(compared.verdicts["bic"])

    def test_clear_gaussian_segments_are_not(self):
        X = two_segments()
        compared = bg.compare(
            X, range(1, 4), criteria=["bic"], n_init=4, random_state=0, progress=False
        )
        assert compared.best["bic"].n_components == 2
        assert compared.pieces_in(compared.best["bic"]) is None

    def test_without_the_smaller_fit_nothing_is_said(self):
        near = bg.Mixture([0.5, 0.5], [[0.0], [1.0]], np.ones((2, 1, 1)))
        assert pieces_of_segments(near, {}) is None
