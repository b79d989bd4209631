"""An immutable Gaussian mixture density in the user's units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.table import feature_matrix
from bayes_gmm.errors import DataError
from bayes_gmm.model.kernel import log_joint


@dataclass(frozen=True)
class Ellipse:
    """The region of two features that holds a given share of a segment's mass.

    Attributes
    ----------
    center : ndarray, shape (2,)
        In the units of the two features.
    width, height : float
        Full lengths of the axes; `width` is the longer.
    angle : float
        Degrees from the first feature's axis to the longer axis, counter-clockwise.
    prob : float
        Share of the segment's probability mass inside.
    """

    center: Floats
    width: float
    height: float
    angle: float
    prob: float

    def boundary(self, n: int = 200) -> Floats:
        """Points of the boundary, shape (n, 2); the last is the first."""
        t = np.linspace(0.0, 2.0 * np.pi, n)
        along, across = self.width / 2 * np.cos(t), self.height / 2 * np.sin(t)
        cos, sin = np.cos(np.deg2rad(self.angle)), np.sin(np.deg2rad(self.angle))
        offsets = np.stack([cos * along - sin * across, sin * along + cos * across], axis=1)
        return np.asarray(self.center + offsets)


@dataclass(frozen=True)
class Mixture:
    """A Gaussian mixture density, p(x) = sum_k w_k Normal(x; mu_k, Sigma_k + diag(delta^2 / 12)).

    Parameters
    ----------
    weights : array_like, shape (K,)
        Non-negative, summing to 1.
    means : array_like, shape (K, d)
        In the user's units.
    covariances : array_like, shape (K, d, d)
        Of the segments themselves, without recording error.
    resolution : float or array_like, shape (d,)
        Recording resolution delta of each feature, in its units; 0 for none (Sheppard 1898).
    features : sequence of str, optional
        Names of the features; by default x1, x2, ...

    Raises
    ------
    ValueError
        If shapes disagree, weights are no distribution or a covariance is not positive definite.

    Examples
    --------
    >>> mixture = Mixture([0.5, 0.5], [[0.0], [4.0]], [[[1.0]], [[1.0]]])
    >>> mixture.responsibilities([[2.0]])
    array([[0.5, 0.5]])
    """

    weights: Floats
    means: Floats
    covariances: Floats
    resolution: Any = 0.0
    features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        weights = _frozen(self.weights)
        means = _frozen(self.means)
        covariances = _frozen(self.covariances)
        if weights.ndim != 1 or means.ndim != 2 or len(means) != len(weights):
            raise ValueError(
                f"weights must be (K,) and means (K, d), got {weights.shape} and {means.shape}"
            )
        K, d = means.shape
        if not np.all(np.isfinite(means)) or not np.all(np.isfinite(covariances)):
            raise ValueError("means and covariances must be finite")
        if covariances.shape != (K, d, d):
            raise ValueError(f"covariances must be {(K, d, d)}, got {covariances.shape}")
        if not np.all(weights >= 0.0) or abs(weights.sum() - 1.0) > 1e-8:
            raise ValueError(f"weights must be non-negative and sum to 1, got {weights}")
        resolution = _frozen(np.broadcast_to(np.asarray(self.resolution, float), (d,)))
        if not np.all(resolution >= 0.0):
            raise ValueError(f"resolution must not be negative, got {resolution}")
        features = tuple(self.features) or _numbered(d)
        if len(features) != d:
            raise ValueError(f"{len(features)} feature names for {d} features")
        for name, value in (
            ("weights", weights),
            ("means", means),
            ("covariances", covariances),
            ("resolution", resolution),
            ("features", features),
        ):
            object.__setattr__(self, name, value)
        self._standard  # noqa: B018  a covariance that is not positive definite is refused here

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return int(self.means.shape[1])

    @cached_property
    def _standardizer(self) -> Standardizer:
        """Units in which every feature is of order one, so that nothing under- or overflows."""
        variances = np.diagonal(self.covariances, axis1=1, axis2=2)
        shift = self.weights @ self.means
        spread = self.weights @ (variances + (self.means - shift) ** 2)
        return Standardizer(shift, np.sqrt(spread))

    @cached_property
    def _standard(self) -> tuple[Floats, Floats, Floats, Floats]:
        """log weights, means, Cholesky factors and recording variances in standardised units."""
        units = self._standardizer
        sd = np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))
        try:
            with np.errstate(invalid="ignore", divide="ignore"):
                correlations = self.covariances / sd[:, :, None] / sd[:, None, :]
            scale_trils = np.linalg.cholesky(correlations) * (sd / units.scale)[:, :, None]
        except np.linalg.LinAlgError:
            raise ValueError("covariances must be positive definite") from None
        with np.errstate(divide="ignore"):
            log_weights = np.maximum(np.log(self.weights), -1e300)
        rho2 = (self.resolution / units.scale) ** 2 / 12.0
        return log_weights, units.standard_means(self.means), scale_trils, rho2

    def _log_joint(self, X: Any) -> tuple[Floats, Floats]:
        """log w_k p(x_i | k), shape (N, K), and log p(x_i), shape (N,), in the user's units."""
        matrix = feature_matrix(X, self._names_of(X))
        rows = MemoryRows.from_matrix(matrix.values, self._standardizer)
        joint = log_joint(rows.parts, *self._standard, rows.n_rows)
        observed = np.isfinite(matrix.values)
        joint -= (observed @ np.log(self._standardizer.scale))[:, None]
        return joint, np.logaddexp.reduce(joint, axis=1)

    def _names_of(self, X: Any) -> tuple[str, ...] | None:
        """Columns to look for in a frame; by position where the features never had names."""
        named = hasattr(X, "columns") or hasattr(X, "column_names")
        return self.features if named and self.features != _numbered(self.n_features) else None

    def log_prob(self, X: Any) -> Floats:
        """Log density of each row at what it observes, per unit of the features, shape (N,).

        Missing cells (NaN) are integrated out; a row with nothing observed has log density 0.
        """
        return self._log_joint(self._checked(X))[1]

    def responsibilities(self, X: Any) -> Floats:
        """Probability that each row belongs to each component, shape (N, K)."""
        joint, log_prob = self._log_joint(self._checked(X))
        return np.exp(joint - log_prob[:, None])

    def _checked(self, X: Any) -> Any:
        shape = np.shape(X) if not hasattr(X, "shape") else X.shape
        if len(shape) == 2 and shape[1] != self.n_features and not hasattr(X, "columns"):
            raise DataError(
                f"X has {shape[1]} features, but the mixture has {self.n_features}: "
                f"{', '.join(self.features)}"
            )
        return X

    def sample(
        self, n: int, random_state: int | np.random.Generator | None = None
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Draw rows and the component of each; recording error is part of a row.

        Parameters
        ----------
        n : int
            Number of rows.
        random_state : int or Generator, optional

        Returns
        -------
        X : ndarray, shape (n, d)
        components : ndarray of int, shape (n,)
        """
        if n < 0:
            raise ValueError(f"the number of rows to sample must not be negative, got {n}")
        rng = np.random.default_rng(random_state)
        components = rng.choice(self.n_components, size=n, p=self.weights / self.weights.sum())
        X = rng.standard_normal((n, self.n_features))
        units = self._standardizer
        for k, L in enumerate(self._standard[2]):
            rows = components == k
            X[rows] = self.means[k] + (X[rows] @ L.T) * units.scale
        X += rng.standard_normal(X.shape) * (self.resolution / np.sqrt(12.0))
        return X, components

    def ellipse(
        self, k: int, prob: float = 0.95, features: Sequence[int | str] = (0, 1)
    ) -> Ellipse:
        """Ellipse of two features that holds the share `prob` of component k's mass.

        Parameters
        ----------
        k : int
            Component.
        prob : float
            Between 0 and 1; the squared Mahalanobis radius is the chi-square quantile with two
            degrees of freedom.
        features : pair of int or str

        Returns
        -------
        Ellipse
        """
        if not 0.0 < prob < 1.0:
            raise ValueError(f"prob must lie between 0 and 1, got {prob:g}")
        pair = [self._feature_number(f) for f in features]
        if len(pair) != 2:
            raise ValueError(f"an ellipse needs two features, got {len(pair)}")
        variances, axes = np.linalg.eigh(self.covariances[k][np.ix_(pair, pair)])
        across, along = 2.0 * np.sqrt(variances * -2.0 * np.log1p(-prob))
        angle = np.rad2deg(np.arctan2(axes[1, 1], axes[0, 1])) % 180.0
        return Ellipse(self.means[k, pair], float(along), float(across), float(angle), prob)

    def marginal(self, features: Sequence[int | str]) -> Mixture:
        """The mixture of some of the features, in the order given."""
        chosen = [self._feature_number(f) for f in features]
        return Mixture(
            self.weights,
            self.means[:, chosen],
            self.covariances[:, chosen][:, :, chosen],
            self.resolution[chosen],
            tuple(self.features[j] for j in chosen),
        )

    def _feature_number(self, feature: int | str) -> int:
        if isinstance(feature, str):
            if feature not in self.features:
                raise DataError(
                    f"no feature {feature!r}; the mixture has: {', '.join(self.features)}"
                )
            return self.features.index(feature)
        if not -self.n_features <= feature < self.n_features:
            raise DataError(f"no feature {feature}; the mixture has {self.n_features}")
        return int(feature) % self.n_features


def _numbered(n_features: int) -> tuple[str, ...]:
    return tuple(f"x{j + 1}" for j in range(n_features))


def _frozen(value: Any) -> Floats:
    array = np.array(value, dtype=np.float64, order="C")
    array.setflags(write=False)
    return array
