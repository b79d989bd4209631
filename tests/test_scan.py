"""Fits of scanned tables are those of the same tables in memory."""

import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg

FEATURES = ["Age", "Spend"]
MEANS = np.array([[30.0, 3.0], [50.0, 4.0], [70.0, 2.0]])


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(0)
    k = rng.choice(3, 6000, p=[0.5, 0.3, 0.2])
    X = MEANS[k] + rng.normal(size=(6000, 2)) * [4.0, 0.3]
    table = pd.DataFrame({"Age": X[:, 0].round(), "Spend": np.exp(X[:, 1])})
    table.insert(0, "Customer", [f"C{i:05}" for i in range(6000)])
    table.loc[::50, "Age"] = np.nan
    return table


@pytest.fixture(scope="module")
def scanned(frame, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scan")
    for i in range(3):
        part = frame.iloc[2000 * i : 2000 * (i + 1)]
        part.to_parquet(folder / f"part-{i}.parquet", row_group_size=700, index=False)
    return bg.scan(
        folder / "part-*.parquet", FEATURES, transforms={"Spend": "log"}, cache=folder,
        progress=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def both(frame, scanned):
    in_memory = bg.BayesGMM(3, transforms={"Spend": "log"}, random_state=0)
    return in_memory.fit(frame[FEATURES]), bg.BayesGMM(3, random_state=0).fit(scanned)


def test_the_optimum_is_that_in_memory(both):
    one, other = both
    assert other.converged_
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-6)
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=1e-9)
    assert other.map_fit_.bic == pytest.approx(one.map_fit_.bic, rel=1e-9)
    np.testing.assert_allclose(other.mixture_.resolution, one.mixture_.resolution, rtol=1e-6)


def test_the_density_is_that_in_memory(both):
    one, other = (model._fitted for model in both)
    theta = one.found[0].theta
    assert other.density.log_posterior(theta) == pytest.approx(
        one.density.log_posterior(theta), rel=1e-9
    )


def test_memberships_of_all_rows_are_written(both, frame, scanned, tmp_path):
    other = both[1]
    path = bg.write_assignments(other, scanned, tmp_path / "scored.parquet", ["Customer"])
    table = pd.read_parquet(path)
    assert table["Customer"].tolist() == frame["Customer"].tolist()
    expected = other.predict_proba(frame[FEATURES])
    np.testing.assert_allclose(table[list(other.map_fit_.names)], expected, atol=1e-12)
    top = np.array(other.map_fit_.names)[expected.argmax(axis=1)]
    assert table["segment"].tolist() == top.tolist()
    np.testing.assert_allclose(table["typicality"], other.typicality(frame[FEATURES]), atol=1e-9)


@pytest.mark.parametrize("method", ["laplace", "nuts"])
def test_posteriors_agree(both, method, tmp_path, scanned):
    draws = [
        model.sample_posterior(draws=300, method=method, random_state=1, progress=False)
        for model in both
    ]
    widths = [posterior.parameters.means.std(axis=(0, 1)) for posterior in draws]
    np.testing.assert_allclose(widths[1], widths[0], rtol=0.25)
    with pytest.raises(bg.DataError, match="rows"):
        draws[1].loo()
    table = pd.read_parquet(bg.write_assignments(draws[1], scanned, tmp_path / "p.parquet"))
    assert len(table) == 6000


def test_comparison(scanned, frame):
    options = {"criteria": ("bic", "laplace"), "random_state": 0, "progress": False}
    found = bg.compare(scanned, [2, 3, 4], **options)
    expected = bg.compare(frame[FEATURES], [2, 3, 4], transforms={"Spend": "log"}, **options)
    np.testing.assert_allclose(found.table["bic"], expected.table["bic"], rtol=1e-6)
    np.testing.assert_allclose(
        found.table["log_evidence"], expected.table["log_evidence"], rtol=1e-6
    )


def test_automatic_transformations(frame, tmp_path):
    frame.to_parquet(tmp_path / "t.parquet")
    found = bg.scan(
        tmp_path / "t.parquet", FEATURES, transforms="auto", cache=tmp_path, progress=False
    )
    assert found.transforms.specs(found.features) == {"Spend": "log"}


class TestErrors:
    def test_options_that_belong_to_the_scan(self, scanned):
        with pytest.raises(bg.FitError, match=r"bg.scan\(transforms"):
            bg.BayesGMM(2, transforms="auto").fit(scanned)
        with pytest.raises(bg.FitError, match=r"bg.scan\(weights"):
            bg.BayesGMM(2).fit(scanned, sample_weight=np.ones(6000))
        with pytest.raises(bg.FitError, match="standardize=False"):
            bg.BayesGMM(2, standardize=False).fit(scanned)
        with pytest.raises(bg.FitError, match="loo needs a table in memory"):
            bg.compare(scanned, [1, 2], criteria=("loo",))

    def test_columns_of_the_file(self, both, scanned, tmp_path):
        with pytest.raises(bg.DataError, match="no column 'Id'"):
            bg.write_assignments(both[1], scanned, tmp_path / "x.parquet", ["Id"])
        assert not list(tmp_path.iterdir())

    def test_other_uses_of_a_scan(self, both, scanned, frame, tmp_path):
        with pytest.raises(bg.DataError, match="use write_assignments"):
            both[1].predict(scanned)
        with pytest.raises(bg.DataError, match="of type DataFrame"):
            bg.write_assignments(both[1], frame, tmp_path / "x.parquet")
        with pytest.raises(bg.DataError, match=r"end its name in .parquet"):
            bg.write_assignments(both[1], scanned, tmp_path / "x.csv")
        with pytest.raises(bg.DataError, match="there is no folder"):
            bg.write_assignments(both[1], scanned, tmp_path / "no" / "x.parquet")


def test_a_million_rows_have_the_likelihood_of_those_in_memory(tmp_path):
    rng = np.random.default_rng(0)
    X = MEANS[rng.integers(0, 3, 10**6)] + rng.normal(size=(10**6, 2)) * [4.0, 0.3]
    pd.DataFrame(X, columns=FEATURES).to_parquet(tmp_path / "t.parquet", row_group_size=10**5)
    found = bg.scan(tmp_path / "t.parquet", cache=tmp_path, progress=False)
    model = bg.BayesGMM(3, random_state=0).fit(found)
    assert model.converged_
    assert model.log_likelihood_ == pytest.approx(model.score_samples(X).sum(), rel=1e-9)
