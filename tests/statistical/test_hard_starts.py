"""Shapes that starts by k-means miss: the best known optimum, from nearly every seed."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.estimator import BayesGMM
from bayes_gmm.inference.modes.guesses import Moments
from bayes_gmm.inference.modes.row_sample import Sample
from bayes_gmm.inference.optimize.em import run_em
from bayes_gmm.inference.optimize.newton import polish
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.model.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.model.table_density import density_of_table

pytestmark = pytest.mark.slow

SEEDS = 20


class Shape:
    """A mixture, rows drawn group by group, and their groups."""

    def __init__(self, sizes, means, covariances, seed):
        rng = np.random.default_rng(seed)
        self.labels = np.repeat(np.arange(len(sizes)), sizes)
        self.truth = Mixture(np.array(sizes) / sum(sizes), means, covariances)
        self.X = np.concatenate([
            rng.multivariate_normal(m, S, size=n)
            for n, m, S in zip(sizes, means, covariances, strict=True)
        ])  # fmt: skip

    @property
    def best_ari(self):
        """Of the true parameters, which nothing fitted can be asked to beat."""
        return adjusted_rand_score(self.labels, self.truth.responsibilities(self.X).argmax(axis=1))

    def best_known(self):
        """Log-posterior of the optimum that is climbed to from the groups themselves."""
        K = self.truth.n_components
        density, units = density_of_table(
            feature_matrix(self.X), K, structure=Structure(), prior=Prior()
        )
        Z = units.apply(self.X)
        sample = Sample.of(Z)
        start = Moments.of_labels(sample, self.labels[np.lexsort(Z.T)], K)
        run = run_em(
            density, start.theta(density.layout, density.prior), max_iter=200, tolerance=1e-3
        )
        return polish(density, run.theta).log_posterior


def rotated(covariance, degrees):
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    R = np.array([[c, -s], [s, c]])
    return R @ covariance @ R.T


def cigars(seed):
    """Sd 10 and .5, two to either side of the axis, the whole turned by 45 degrees."""
    long = rotated(np.diag([100.0, 0.25]), 45)
    side = np.sqrt(0.5) * np.array([[2.0, -2.0], [-2.0, 2.0]])
    return Shape([300, 300], side, [long, long], seed)


def crossing(seed):
    return Shape([600, 600], np.zeros((2, 2)), [np.diag([25, 0.25]), np.diag([0.25, 25])], seed)


def nested(seed):
    return Shape([500, 500], np.zeros((2, 2)), [0.09 * np.eye(2), 16.0 * np.eye(2)], seed)


def sizes(seed):
    means = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])
    return Shape([1000, 60, 25], means, [np.eye(2), 0.16 * np.eye(2), 0.16 * np.eye(2)], seed)


def grid(seed):
    k = np.arange(25)
    means = 4.0 * np.column_stack([k // 5, k % 5])
    return Shape([40] * 25, means, [0.36 * np.eye(2)] * 25, seed)


def test_the_shapes_are_what_they_say():
    """Rows have the sizes, means and covariances that the truth has."""
    for shape in (cigars(0), crossing(0), nested(0), sizes(0), grid(0)):
        counts = np.bincount(shape.labels)
        for k, n in enumerate(counts):
            rows, L = shape.X[shape.labels == k], np.linalg.cholesky(shape.truth.covariances[k])
            Y = np.linalg.solve(L, (rows - shape.truth.means[k]).T)
            assert np.abs(Y.mean(axis=1)).max() < 4.0 / np.sqrt(n)
            np.testing.assert_allclose(np.cov(Y, ddof=0), np.eye(2), atol=5.0 / np.sqrt(n))
        np.testing.assert_allclose(shape.truth.weights, counts / counts.sum())
    along = cigars(0).X @ [[1, -1], [1, 1]] / np.sqrt(2.0)
    np.testing.assert_allclose(along.std(axis=0), [10.0, np.sqrt(4.25)], rtol=0.1)


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # by chance, of many tables
def test_two_cigars_are_told_apart_from_every_seed():
    """Starts by k-means cut across both, and no number of them helps."""
    shape = cigars(0)
    assert shape.best_ari == 1.0
    for seed in range(SEEDS):
        labels = BayesGMM(2, random_state=seed).fit(shape.X).predict(shape.X)
        assert adjusted_rand_score(shape.labels, labels) == 1.0


@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # by chance, of many tables
def test_in_every_table_of_two_cigars():
    """As well as the true parameters tell them apart, but for a row on the border."""
    for seed in range(1, 15):
        shape = cigars(seed)
        labels = BayesGMM(2, random_state=seed).fit(shape.X).predict(shape.X)
        found = adjusted_rand_score(shape.labels, labels)
        assert found >= shape.best_ari - (0.01 if shape.best_ari < 1.0 else 0.0)


@pytest.mark.parametrize("shape", [crossing, nested, sizes, grid], ids=lambda shape: shape.__name__)
@pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # by chance, of many tables
def test_the_best_known_optimum_from_nearly_every_seed(shape):
    """A table and a start for each of 20 seeds; at most one falls short.

    Rows are told apart as well as the true parameters tell them, but for some on the border.
    """
    short = []
    for seed in range(SEEDS):
        table = shape(seed)
        model = BayesGMM(table.truth.n_components, random_state=seed).fit(table.X)
        assert model.converged_
        short.append(table.best_known() - model.log_posterior_ > 1e-4)
        found = adjusted_rand_score(table.labels, model.predict(table.X))
        assert short[-1] or found > table.best_ari - 0.02
    assert sum(short) <= 0.05 * SEEDS
