"""Rows in several processes have the sums of the same rows in one."""

import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg
from bayes_gmm.data.spool import cluster
from bayes_gmm.data.spool.store import standard_rows, write_store

FEATURES = ["a", "b"]


class OneProcess:
    """An engine of several workers that are this process."""

    def __init__(self, n_workers):
        self.n_workers = n_workers
        self.calls = []

    def submit(self, worker, function, *arguments):
        self.calls.append(worker)
        future = Future()
        future.set_result(function(*arguments))
        return future


@pytest.fixture
def pattern(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(8000, 2)) + np.array([[0.0, 0.0], [5.0, 2.0]])[rng.integers(0, 2, 8000)]
    X[::40, 0] = np.nan
    for i in range(4):
        part = pd.DataFrame(X[2000 * i : 2000 * (i + 1)], columns=FEATURES)
        part.assign(w=1.0 + i).to_parquet(tmp_path / f"{i}.parquet", row_group_size=500)
    return tmp_path / "*.parquet"


def same_fit(one, other, tolerance=1e-9):
    assert other.log_likelihood_ == pytest.approx(one.log_likelihood_, rel=tolerance)
    for name in ("weights_", "means_", "covariances_"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n_workers", [1, 3, 16])
@pytest.mark.parametrize("weights", [None, "w"])
def test_fits_do_not_depend_on_the_number_of_workers(pattern, tmp_path, n_workers, weights):
    options = {"columns": FEATURES, "weights": weights, "progress": False}
    alone = bg.scan(pattern, cache=tmp_path / "one", **options)
    shared = bg.scan(pattern, cache=tmp_path / "many", client=OneProcess(n_workers), **options)
    assert shared.rows.n_rows == alone.rows.n_rows
    assert shared.rows.total_weight == pytest.approx(alone.rows.total_weight)
    assert shared.rows.measured_weight == pytest.approx(alone.rows.measured_weight)
    np.testing.assert_allclose(shared.rows.cell_weights, alone.rows.cell_weights)
    np.testing.assert_allclose(shared.sample.values, alone.sample.values)
    same_fit(*(bg.BayesGMM(2, random_state=0).fit(each) for each in (alone, shared)))


def test_posteriors_by_laplace_and_no_others(pattern, tmp_path):
    shared = bg.scan(pattern, FEATURES, cache=tmp_path, client=OneProcess(2), progress=False)
    model = bg.BayesGMM(2, random_state=0).fit(shared)
    posterior = model.sample_posterior(draws=100, method="laplace", random_state=0, progress=False)
    assert posterior.draws.n_draws == 100
    with pytest.raises(bg.FitError, match="method='laplace'"):
        model.sample_posterior(draws=50, random_state=0, progress=False)


def test_a_process_without_the_files_writes_them(pattern, tmp_path, monkeypatch):
    shared = bg.scan(pattern, FEATURES, cache=tmp_path, client=OneProcess(2), progress=False)
    model = bg.BayesGMM(2, random_state=0).fit(shared)
    density, theta = model._fitted.density, model._fitted.found[0].theta
    expected = density.log_posterior(theta)
    shared.remove()
    monkeypatch.setattr(cluster, "_MAPPED", {})
    assert density.log_posterior(theta) == expected


def test_records_reach_other_processes(pattern, tmp_path):
    """What an engine sends can be pickled, except for the parts, which Dask's pickler takes."""
    shared = bg.scan(pattern, FEATURES, cache=tmp_path, client=OneProcess(1), progress=False)
    density = bg.BayesGMM(2, random_state=0).fit(shared)._fitted.density
    point, found = density.layout.point(np.zeros(density.layout.size)), []
    submit = shared.rows.engine.submit
    shared.rows.engine.submit = lambda *a: found.append(a[-1]) or submit(*a)
    expected = density.statistics(point)
    store = density.rows.stores[0]
    rows = standard_rows(
        cluster.Path(store.folder), write_store(cluster.Path(store.folder), store.recipe),
        store.units, threads=1,
    )  # fmt: skip
    with ProcessPoolExecutor(1) as pool:
        again = pool.submit(found[0], rows.block).result()
    np.testing.assert_array_equal(again, expected)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_lost_dask_worker_changes_nothing(pattern, tmp_path):
    distributed = pytest.importorskip("distributed")
    import dask.dataframe as dd

    alone = bg.BayesGMM(2, random_state=0).fit(
        bg.scan(pattern, FEATURES, cache=tmp_path / "one", progress=False)
    )
    with (
        distributed.LocalCluster(2, threads_per_worker=1, dashboard_address=None) as local,
        distributed.Client(local) as client,
    ):
        shared = bg.scan(pattern, FEATURES, cache=tmp_path / "many", client=client, progress=False)
        whole = bg.BayesGMM(2, random_state=0).fit(shared)
        same_fit(alone, whole)
        victim = next(iter(client.run(os.getpid).values()))
        passes = []

        def lose():
            while len(passes) < 1:
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)

        thread = threading.Thread(target=lose)
        thread.start()
        submit = shared.rows.engine.submit
        shared.rows.engine.submit = lambda *a: passes.append(1) or submit(*a)
        again = bg.BayesGMM(2, random_state=0).fit(shared)
        thread.join()
        assert len(passes) > 10
        assert again.log_likelihood_ == whole.log_likelihood_
        np.testing.assert_array_equal(again.means_, whole.means_)
        files = sorted(map(str, pattern.parent.glob("*.parquet")))
        frame = dd.read_parquet(files)[FEATURES]
        same_fit(alone, bg.BayesGMM(2, random_state=0).fit(frame))
