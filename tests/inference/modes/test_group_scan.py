"""Small tight groups: found wherever they lie, whether rows are copies or weigh as many."""

import numpy as np
import pytest

from bayes_gmm import BayesGMM
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.inference.modes.group_scan import ScanSettings, group_starts
from bayes_gmm.inference.modes.multistart import _below
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.modes.runs import in_turn
from bayes_gmm.model.prior import LKJ, Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table


def planted(kind, seed=0, n_rows=120, m=10, d=3, sd=1e-3):
    """Rows of which the first m lie in a ball, on a line or in a plane, and which those are."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, d))
    if kind == "ball":
        X[:m] = 0.3 + sd * rng.normal(size=(m, d))
    elif kind == "copies":
        X[:m] = 0.3
    elif kind == "line":
        X[:m] = np.outer(np.linspace(-1.2, 1.2, m), [1.0, -0.5, 0.2]) + sd * rng.normal(size=(m, d))
    else:
        X[:m, 2] = 0.5 * X[:m, 0] - 0.3 * X[:m, 1] + sd * rng.normal(size=m)
    return X


def scanned(X, weights=None, K=2, structure="full", prior=None, seed=0, **options):
    density, units = density_of_table(
        feature_matrix(X), K, structure=Structure.parse(structure), prior=prior or Prior(),
        weights=weights, **options,
    )  # fmt: skip
    Z = units.apply(X)
    sample = Sample.of(Z, weights)
    density = density.on(sample.rows)
    rng = np.random.default_rng(seed)
    below = _below(density, sample, rng, in_turn) if K > 1 else None
    starts = group_starts(density, sample, below.density, below.run, rng) if below else []
    return Z, starts


def is_group(start, rows):
    """Whether the last component has the mean of these rows and as many of them, to within two."""
    near = np.abs(start.means[-1] - rows.mean(axis=0)).max() < 0.15
    return near and abs(start.n[-1] - len(rows)) <= 2.0


@pytest.mark.parametrize(("kind", "m"), [("ball", 8), ("copies", 8), ("line", 10), ("plane", 14)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_group_is_a_start(kind, m, seed):
    """Under a prior that lets so few rows be a component (a hierarchical Wishart does not)."""
    X = planted(kind, seed, m=m)
    Z, starts = scanned(X, seed=seed, prior=Prior(covariances=LKJ(2.5)))
    assert any(is_group(start, Z[:m]) for start in starts)
    assert len(starts) <= ScanSettings().starts


def test_the_group_is_not_padded():
    Z, starts = scanned(planted("ball", m=8))
    start = next(start for start in starts if is_group(start, Z[:8]))
    assert start.n[-1] == 8.0
    own = np.linalg.eigvalsh(start.covariances[-1])
    assert own.max() < 1e-5
    assert own.min() > 0.0


def test_weights_are_copies():
    X = planted("ball", m=3)
    copies = np.r_[4, 4, 4, np.ones(117, dtype=int)]
    (_, weighted), (_, copied) = scanned(X, copies.astype(float)), scanned(np.repeat(X, copies, 0))
    assert len(weighted) == len(copied) > 0
    for one, other in zip(weighted[:2], copied[:2], strict=True):
        np.testing.assert_allclose(one.means[-1], other.means[-1], atol=1e-6)
        np.testing.assert_allclose(one.n[-1], other.n[-1])


def test_the_order_of_rows_does_not_matter():
    X = planted("line")
    order = np.random.default_rng(3).permutation(len(X))
    (_, one), (_, other) = scanned(X), scanned(X[order])
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a.means, b.means, atol=1e-8)


def test_rows_with_missing_cells_are_passed_over():
    X = planted("ball", m=8)
    X[20:60, 0] = np.nan
    Z, starts = scanned(X)
    assert any(is_group(start, Z[:8]) for start in starts)


def test_nothing_is_scanned_where_no_group_can_be_a_component():
    X = planted("ball")
    assert scanned(X, K=1)[1] == []
    assert scanned(X, structure="tied")[1] == []
    assert scanned(X, prior=Prior.flat(), resolution=None)[1] == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.DataWarning")
@pytest.mark.parametrize("kind", ["ball", "copies", "line"])
def test_the_search_finds_the_group(kind):
    """From every seed: a component of its own, though k-means does not find it."""
    X = planted(kind, n_rows=60, d=2 if kind == "ball" else 3)
    for seed in range(3):
        model = BayesGMM(2, random_state=seed).fit(X)
        assert any(_has_group(mode.mixture, X) for mode in model.modes_)


def _has_group(mixture, X):
    """Whether the thinnest component holds the first ten rows and few others."""
    thin = np.linalg.eigvalsh(mixture.covariances)[:, 0].argmin()
    rows = mixture.responsibilities(X)[:, thin]
    return rows[:10].sum() > 8.0 and rows.sum() < 15.0
