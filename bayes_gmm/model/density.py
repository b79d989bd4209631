"""The log-posterior of a mixture on rows, and its gradient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Block, Floats, Rows
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.jit.addresses import address_of, call
from bayes_gmm.jit.compiled import compiled
from bayes_gmm.model.kernel.kernel import Expectations, LogLikelihoods, kernel_address
from bayes_gmm.model.parameters import Layout, Point, log_prior, pull_back, unpack
from bayes_gmm.model.prior.constants import HALF_NORMAL, PriorConstants, constants_of_one
from bayes_gmm.model.structure import Structure


@dataclass(frozen=True, eq=False)
class Density:
    """log p(rows, theta) of a Bayesian Gaussian mixture, in standardised units.

    Attributes
    ----------
    rows : Rows
        The standardised table.
    layout : Layout
        Components, features and structure of the unconstrained vector theta.
    prior : PriorConstants
    rho2 : ndarray, shape (d,)
        Variances of the recording error; zeros for the plain mixture.
    resolution : ndarray, shape (d,), optional
        Steps to which the columns were rounded; by default those whose rounding error has the
        variances `rho2`.
    """

    rows: Rows
    layout: Layout
    prior: PriorConstants
    rho2: Floats
    resolution: Floats | None = None

    def __post_init__(self) -> None:
        if self.prior.n_covariances not in (0, self.layout.n_covariances):
            raise ValueError(
                f"the prior has {self.prior.n_covariances} free covariance matrices, "
                f"but the layout has {self.layout.n_covariances}"
            )

    @property
    def steps(self) -> Floats:
        """Steps to which the columns were rounded, shape (d,)."""
        return np.sqrt(12.0 * self.rho2) if self.resolution is None else self.resolution

    @property
    def beyond_rounding(self) -> Floats:
        """Variances of the recording error minus those of rounding, shape (d,).

        The covariances that are reported are those of theta plus these variances.
        """
        return np.maximum(self.rho2 - self.steps**2 / 12.0, 0.0)

    @cached_property
    def _ties(self) -> Floats:
        """For each column, the largest total weight of rows that have the same value."""
        return self.rows.largest_ties()

    @property
    def has_maximum(self) -> bool:
        """Whether the density is bounded when a component collapses onto rows that share a value.

        It is bounded with recording error in every feature or with shared scales. Otherwise the
        prior of scales must vanish at 0, and if components have their own correlations, eta must be
        at least (d + 3) / 2: with a lower eta, the likelihood of d rows in a subspace rises faster
        than the prior falls. Under a hierarchical Wishart prior on m matrices, the density rises
        with the precision lambda of a component across W rows in a hyperplane as
        lambda^(W / 2 - g_0 - (m - 1) c_0 - (d + 1) / 2). W is the number of rows that share a value
        of a column; other hyperplanes are not considered.
        """
        layout, prior = self.layout, self.prior
        if layout.n_components == 1 or np.all(self.rho2 > 0.0):
            return True
        if prior.n_covariances:
            most = 2.0 * (prior.g0 + (prior.n_covariances - 1) * prior.c0) + layout.n_features + 1.0
            return prior.n_covariances == 1 or bool(np.all(self._ties[self.rho2 == 0.0] < most))
        own_scales = layout.structure.scales.startswith("component")
        own_correlations = layout.n_correlations == layout.n_components
        shrinks = own_scales and prior.family == HALF_NORMAL
        flattens = own_correlations and prior.corr_exponents[-1] < layout.n_features + 1.0
        return not (shrinks or flattens)

    def rises_in_plane(self, weight: float) -> bool:
        """Whether the density is unbounded if all rows lie in one plane across several features.

        Components then collapse onto the plane even with shared parameters. With the precision
        lambda of q of m covariances across W rows, the density under a hierarchical Wishart prior
        rises as lambda^(W / 2 + q (c_0 - (d + 1) / 2) - g_0 - m c_0). Under LKJ, with C the factor
        of the correlations, it rises as C_dd^-W, and the prior falls as C_dd^(2 (eta - 1)).

        Parameters
        ----------
        weight : float
            Weight W of the rows in the plane, whose features have no recording error.
        """
        layout, prior = self.layout, self.prior
        if not layout.n_correlations:
            return False
        if not prior.n_covariances:
            return weight > float(prior.corr_exponents[-1])
        each = prior.c0 - 0.5 * (layout.n_features + 1.0)
        most = max(each, each * prior.n_covariances)
        return 0.5 * weight + most > prior.g0 + prior.n_covariances * prior.c0

    def statistics(self, point: Point) -> Floats:
        """[loglik, n_k, d/d mu, d/d Sigma] of all rows at a point (see `kernel`)."""
        return self.rows.sum_blocks(self._at(point))

    def _at(self, point: Point) -> Expectations:
        return Expectations(point.log_weights, point.means, point.scale_trils, self.rho2)

    def log_posterior(self, theta: Floats, *, jacobian: bool = False) -> float:
        """log p(rows | theta) + log p(theta).

        Parameters
        ----------
        theta : ndarray, shape (layout.size,)
        jacobian : bool
            False gives the density of (weights, means, scales, corr_chol), whose mode is the MAP;
            True gives the density of theta, which samplers need.
        """
        return float(self.log_posteriors(theta[None], jacobian=jacobian)[0])

    def log_posteriors(self, thetas: Floats, *, jacobian: bool = False) -> Floats:
        """Log-posteriors at several vectors, shape (n,); a quarter cheaper than with gradients."""
        if (block := self.rows.piece) is not None:
            return self._evaluated(block, thetas, jacobian, 0)[0]
        points = [self.layout.point(theta) for theta in thetas]
        prior = [log_prior(point, self.prior, float(jacobian)) for point in points]
        return np.asarray(self._log_likelihoods(points) + prior)

    def _log_likelihoods(self, points: Sequence[Point]) -> Floats:
        """Log-likelihoods at several points, with one pass over the blocks of rows."""
        return self.rows.sum_blocks(LogLikelihoods(tuple(map(self._at, points))))

    def value_and_gradient(self, theta: Floats, *, jacobian: bool = False) -> tuple[float, Floats]:
        """The log-posterior and its gradient with respect to theta."""
        values, gradients = self.values_and_gradients(theta[None], jacobian=jacobian)
        return float(values[0]), gradients[0]

    def values_and_gradients(
        self, thetas: Floats, *, jacobian: bool = False
    ) -> tuple[Floats, Floats]:
        """Log-posteriors and gradients at several vectors, shapes (n,) and (n, size)."""
        if (block := self.rows.piece) is not None:
            return self._evaluated(block, thetas, jacobian, self.layout.size)
        values, gradients = np.empty(len(thetas)), np.empty((len(thetas), self.layout.size))
        for i, theta in enumerate(thetas):
            point = self.layout.point(theta)
            values[i], gradients[i] = self.from_statistics(
                point, self.statistics(point), jacobian=jacobian
            )
        return values, gradients

    def _evaluated(
        self, block: Block, thetas: Floats, jacobian: bool, width: int
    ) -> tuple[Floats, Floats]:
        """Log-posteriors and gradients; `width` is the size of a gradient, 0 for no gradients."""
        values, gradients = np.empty(len(thetas)), np.empty((len(thetas), width))
        evaluate(
            kernel_address(), block, np.ascontiguousarray(thetas), self.layout.point(thetas[0]),
            self.layout.indices, self.prior, self.rho2, float(jacobian), values, gradients,
        )  # fmt: skip
        return values, gradients

    def from_statistics(
        self, point: Point, stats: Floats, *, jacobian: bool = False
    ) -> tuple[float, Floats]:
        """The log-posterior and its gradient, from the statistics of the rows."""
        gradient = np.empty(self.layout.size)
        pull_back(stats, self.layout.indices, point, self.prior, float(jacobian), gradient)
        return float(stats[0] + log_prior(point, self.prior, float(jacobian))), gradient

    def on(self, rows: Rows) -> Density:
        """The same density on other rows."""
        return replace(self, rows=rows)


@compiled()
def evaluate(kernel, block, thetas, point, indices, prior, rho2, jacobian, values, gradients):
    """Write the log-posterior and its gradient at every theta, for rows in one block.

    Gradients are not computed if `gradients` has no columns.
    """
    K, d = point.means.shape
    wanted = gradients.shape[1] > 0
    stats, not_kept = np.empty(1 + K * (1 + d + d * d) if wanted else 1), np.empty((0, 0))
    rows = (block.values, block.tiles, block.observed, block.weights, block.order)
    mixture = (point.log_weights, point.means, point.scale_trils)
    for i in range(len(thetas)):
        unpack(thetas[i], indices, point)
        for t in range(len(stats)):
            stats[t] = 0.0
        call(kernel, (*rows, *mixture, rho2, stats, not_kept))
        values[i] = stats[0] + log_prior(point, prior, jacobian)
        if wanted:
            pull_back(stats, indices, point, prior, jacobian, gradients[i])


@cache
def evaluate_address() -> int:
    """Address of the machine code of `evaluate`."""
    layout = Layout(1, 1, Structure())
    theta = np.zeros(layout.size)
    rows = MemoryRows.from_matrix(np.zeros((1, 1)), Standardizer.identity(1))
    return address_of(
        evaluate, 0, rows.gathered(), theta[None], layout.point(theta), layout.indices,
        constants_of_one(), theta, 0.0, theta, theta[None],
    )  # fmt: skip
