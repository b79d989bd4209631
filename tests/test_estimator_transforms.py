"""A fit with transformations equals the fit of a table that was transformed by hand."""

import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg
from bayes_gmm.model.typicality import typicality, warn_rows_beyond


def table_of(seed=0, n=(80, 40)):
    """Two segments, Gaussian in (log Spend, Age), with a missing cell."""
    rng = np.random.default_rng(seed)
    a = rng.normal([0.0, 30.0], [0.8, 5.0], (n[0], 2))
    b = rng.normal([4.0, 40.0], [0.8, 5.0], (n[1], 2))
    by_hand = np.concatenate([a, b])
    by_hand[3, 0] = np.nan
    X = by_hand.copy()
    X[:, 0] = np.exp(X[:, 0])
    # The same numbers as the fit sees: log(exp(y)) differs from y in the last bit.
    by_hand[:, 0] = np.log(X[:, 0])
    return pd.DataFrame(X, columns=["Spend", "Age"]), pd.DataFrame(
        by_hand, columns=["Spend", "Age"]
    )


@pytest.fixture(scope="module")
def both():
    X, by_hand = table_of()
    jacobian = -np.nansum(by_hand["Spend"])
    a = bg.BayesGMM(2, transforms={"Spend": "log"}, random_state=0, n_init=4).fit(X)
    b = bg.BayesGMM(2, random_state=0, n_init=4).fit(by_hand)
    return X, by_hand, jacobian, a, b


@pytest.fixture(scope="module")
def posteriors(both):
    options = {"draws": 60, "chains": 2, "progress": False}
    return both[3].sample_posterior(**options), both[4].sample_posterior(**options)


def test_optimum_is_the_same_and_likelihood_differs_by_the_jacobian(both):
    X, by_hand, jacobian, a, b = both
    np.testing.assert_array_equal(a.means_, b.means_)
    np.testing.assert_array_equal(a.covariances_, b.covariances_)
    assert a.log_posterior_ == b.log_posterior_
    for found in (a.log_likelihood_, a.score_samples(X).sum()):
        assert found == pytest.approx(b.log_likelihood_ + jacobian, abs=1e-9)
    assert a.map_fit_.bic == pytest.approx(b.map_fit_.bic - 2.0 * jacobian, abs=1e-9)
    assert a.icl(X) == pytest.approx(b.icl(by_hand) - 2.0 * jacobian, abs=1e-9)
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(by_hand), atol=1e-12)


def test_draws_are_the_same_and_elpd_differs_by_the_jacobian(both, posteriors):
    X, by_hand, jacobian, _, _ = both
    a, b = posteriors
    np.testing.assert_array_equal(a.draws.theta, b.draws.theta)
    assert a.loo().elpd == pytest.approx(b.loo().elpd + jacobian, abs=1e-9)
    assert a.loo(X, max_rows=50).elpd == pytest.approx(
        b.loo(by_hand, max_rows=50).elpd + jacobian, abs=1e-9
    )
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(by_hand), atol=1e-12)


def test_criteria_of_a_comparison_differ_by_the_jacobian(both):
    X, by_hand, jacobian, _, _ = both
    options = {"criteria": ("bic", "icl", "laplace", "evidence", "loo"), "draws": 50, "chains": 2,
               "random_state": 0, "progress": False}  # fmt: skip
    a = bg.compare(X, [2], transforms={"Spend": "log"}, **options).table.iloc[0]
    b = bg.compare(by_hand, [2], **options).table.iloc[0]
    shifts = {"log_likelihood": 1.0, "bic": -2.0, "icl": -2.0, "log_evidence": 1.0,
              "log_evidence_laplace": 1.0, "elpd_loo": 1.0, "log_posterior": 0.0}  # fmt: skip
    for column, times in shifts.items():
        assert a[column] == pytest.approx(b[column] + times * jacobian, abs=1e-9), column


def test_imputations_samples_and_replicates_are_in_the_users_units(both, posteriors):
    X, by_hand, _, fit, plain = both
    a, b = posteriors
    bounds, on_log = a.impute(X), b.impute(by_hand)
    np.testing.assert_allclose(np.log(bounds[["lower", "upper"]]), on_log[["lower", "upper"]])
    assert a.completed(X)["Spend"].notna().all()
    np.testing.assert_allclose(a.completed(X)["Spend"].drop(3), X["Spend"].drop(3), rtol=0)
    np.testing.assert_allclose(np.log(fit.sample(50)[0][:, 0]), plain.sample(50)[0][:, 0])
    new = [p.to_datatree(t, posterior_predictive=True, random_state=0)["posterior_predictive/x"]
           for p, t in ((a, X), (b, by_hand))]  # fmt: skip
    np.testing.assert_allclose(np.log(new[0][..., 0]), new[1][..., 0], atol=1e-12)


def test_imputed_mean_is_that_of_the_predictive_distribution(both, posteriors):
    X, _, _, _, _ = both
    a, _ = posteriors
    row = X.iloc[[3]]
    found = a.impute(row, max_draws=1).iloc[0]
    one = bg.Mixture(
        *(np.asarray(v[0, 0]) for v in (a.parameters.weights, a.parameters.means,
                                        a.parameters.covariances)),
        a.mixture.resolution, a.features, a.mixture.transforms,
    )  # fmt: skip
    x = np.exp(np.linspace(-6.0, 9.0, 20001))
    p = np.exp(one.log_prob(np.column_stack([x, np.full(len(x), row["Age"].iloc[0])])))
    p /= np.trapezoid(p, x)
    mean = np.trapezoid(p * x, x)
    assert found["mean"] == pytest.approx(mean, rel=1e-4)
    assert found["sd"] == pytest.approx(np.sqrt(np.trapezoid(p * (x - mean) ** 2, x)), rel=1e-3)


def test_segments_are_described_in_the_users_units(both, posteriors):
    _, _, _, fit, plain = both
    a, b = posteriors
    m, s = b.parameters.means[..., 0], b.parameters.scales[..., 0]
    exact = {
        "median": np.exp(m), "mean": np.exp(m + s**2 / 2.0),
        "16 %": np.exp(m - 0.99445788 * s), "84 %": np.exp(m + 0.99445788 * s),
    }  # fmt: skip
    found, untouched = a.segments(ci_prob=0.9), b.segments(ci_prob=0.9)
    for what, draws in exact.items():
        name = f"Spend ({what})"
        np.testing.assert_allclose(found[name], np.median(draws, axis=(0, 1)))
        bounds = np.quantile(draws, [0.05, 0.95], axis=(0, 1))
        np.testing.assert_allclose(found[[f"{name} lower", f"{name} upper"]].T, bounds)
    np.testing.assert_array_equal(found["Age (sd) upper"], untouched["Age (sd) upper"])
    at_map = fit.map_fit_.segments()
    np.testing.assert_allclose(at_map["Spend (median)"], np.exp(plain.means_[:, 0]))
    medians = a.tree["posterior/medians"]
    np.testing.assert_allclose(medians.sel(feature="Spend").values, np.exp(m))
    assert "medians[Segment 1, Spend]" in a.summary().index
    assert "medians" not in b.tree["posterior"]


def test_contrast_of_a_log_column_is_a_ratio(posteriors):
    a, b = posteriors
    found = a.contrast(1, 0)
    m = b.parameters.means[..., 0]
    ratio = np.exp(m[..., 1] - m[..., 0])
    row = found.loc["Spend (median)"]
    assert row["ratio"] == pytest.approx(np.median(ratio))
    np.testing.assert_allclose(
        row[["ratio lower", "ratio upper"]].tolist(), np.quantile(ratio, [0.03, 0.97])
    )
    assert found.loc[["share", "Age (mean)"], "ratio"].isna().all()
    assert "ratio" not in b.contrast(1, 0)


def test_file_keeps_transformations(both, posteriors, tmp_path):
    X = both[0]
    for saved in (both[3].map_fit_, posteriors[0]):
        loaded = bg.load(saved.save(tmp_path / "model.nc"))
        assert loaded.mixture.transforms == saved.mixture.transforms
        np.testing.assert_array_equal(loaded.predict_proba(X), saved.predict_proba(X))


def test_only_segments_on_one_scale_are_aligned(posteriors):
    a, b = posteriors
    with pytest.raises(bg.DataError, match="transformations"):
        a.align_to(b)


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")
def test_identity_changes_nothing():
    X, _ = table_of(n=(40, 20))
    plain = bg.BayesGMM(2, random_state=0, n_init=2).fit(X)
    named = bg.BayesGMM(2, transforms={"Spend": "identity"}, random_state=0, n_init=2).fit(X)
    np.testing.assert_array_equal(named.covariances_, plain.covariances_)
    np.testing.assert_array_equal(named.score_samples(X), plain.score_samples(X))


def test_unit_of_a_log_column_changes_nothing_else():
    X, _ = table_of(n=(40, 20))
    X["Spend"] = X["Spend"].round(2) + 0.01
    cents = X.assign(Spend=(X["Spend"] * 100.0).round())
    one, other = (
        bg.BayesGMM(2, transforms={"Spend": "log"}, random_state=0, n_init=2).fit(t)
        for t in (X, cents)
    )
    np.testing.assert_allclose(other.predict_proba(cents), one.predict_proba(X), atol=1e-6)
    n = X["Spend"].notna().sum()
    expected = one.log_likelihood_ - n * np.log(100.0)
    assert other.log_likelihood_ == pytest.approx(expected, abs=1e-6)


def test_pymc_model_is_that_of_transformed_rows(both):
    X, by_hand = both[0][["Spend"]].dropna(), both[1][["Spend"]].dropna()
    built = bg.build_model(X, 2, transforms={"Spend": "log"}), bg.build_model(by_hand, 2)
    plain = {"mode": "FAST_COMPILE"}
    values = [m.compile_logp(**plain)(m.initial_point()) for m in built]
    assert values[0] == values[1]


@pytest.mark.filterwarnings("ignore::bayes_gmm.DataWarning")
def test_logs_of_small_counts_keep_their_recording_error():
    x = np.random.default_rng(0).poisson(0.7, 400) + 1.0
    fit = bg.BayesGMM(2, transforms={"x1": "log"}, random_state=0, n_init=4).fit(x[:, None])
    assert fit.mixture_.resolution[0] ** 2 == pytest.approx(np.mean(1.0 / x**2))
    assert "narrow_segments" in {found.code for found in fit.diagnostics_}


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")
def test_comparison_of_transformations_prefers_the_right_scale():
    X = table_of()[0].dropna()
    options = {"criteria": ("bic", "laplace", "loo"), "draws": 30, "chains": 2,
               "random_state": 0, "progress": False}  # fmt: skip
    found = bg.compare(X, [1, 2], transforms=[None, "auto"], **options)
    assert found.structures == ("full, no transformation", "full, auto")
    for criterion in options["criteria"]:
        best = found.best[criterion]
        assert (best.n_components, best.structure) == (2, "full, auto")
    assert best.fit.mixture.transforms.specs(("Spend", "Age")) == {"Spend": "log"}
    gaussian = np.random.default_rng(0).normal(5.0, 1.0, (300, 1))
    own = bg.compare(
        gaussian, [1], transforms=["auto", {"x1": "log"}], criteria=("bic", "laplace"),
        random_state=0, progress=False,
    )  # fmt: skip
    assert {c.structure for c in own.best.values()} == {"full, auto"}
    assert own.best["bic"].fit.mixture.transforms.is_identity
    with pytest.raises(bg.FitError, match="twice"):
        bg.compare(X, [1], transforms=["auto", "auto"])


def test_choice_of_a_fit_is_among_its_diagnostics():
    X = table_of(n=(60, 30))[0]
    model = bg.BayesGMM(2, transforms="auto", random_state=0, n_init=2).fit(X)
    chosen = {d.subject[0]: d.values["transform"] for d in model.diagnostics_}
    assert chosen == {"Spend": "log", "Age": None}


def test_plots_have_logarithmic_axes_and_mapped_ellipses(both, posteriors):
    X, _, _, fit, _ = both
    axes = bg.plots.segments(posteriors[0], X)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "linear")
    ellipse = fit.mixture_.ellipse(0, 0.95).boundary()
    bounds = [p.get_xy()[:, 0] for p in bg.plots.segments(fit).patches if hasattr(p, "get_xy")]
    assert any(np.isclose(x.max(), np.exp(ellipse[:, 0].max()), rtol=1e-3) for x in bounds)
    assert bg.plots.segments(posteriors[0], X, "Spend").get_xscale() == "log"


def test_typicality_is_that_on_the_transformed_scale(both):
    X, by_hand, _, fit, plain = both
    found = typicality(fit.mixture_, X), typicality(plain.mixture_, by_hand)
    np.testing.assert_array_equal(*found)
    far = X.assign(Spend=X["Spend"] * 1e6)
    with pytest.warns(bg.DataWarning) as caught:
        warn_rows_beyond(fit.mixture_, far)
    assert caught[0].message.diagnostic.code == "rows_beyond"
