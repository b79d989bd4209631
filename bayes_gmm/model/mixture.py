"""An immutable Gaussian mixture density in the user's units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import index
from typing import Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.columns import choose_columns
from bayes_gmm.data.feature_matrix import feature_matrix
from bayes_gmm.data.frames import as_frame
from bayes_gmm.data.matrix import FeatureMatrix, ModelMatrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transform import Transform
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.errors import DataError, listed, shown
from bayes_gmm.model.checks import (
    array_of_numbers,
    checked_covariances,
    checked_resolution,
    number,
    whole_number,
)
from bayes_gmm.model.ellipse import Ellipse
from bayes_gmm.model.kernel.kernel import log_joint
from bayes_gmm.text import counted


@dataclass(frozen=True, eq=False)
class Mixture:
    """A Gaussian mixture density, p(x) = sum_k w_k Normal(x; mu_k, Sigma_k + diag(delta^2 / 12)).

    Parameters
    ----------
    weights : array_like, shape (K,)
        Mixture weights, non-negative with sum 1.
    means : array_like, shape (K, d)
        Means in the user's units.
    covariances : array_like, shape (K, d, d)
        Covariances of the segments, without recording error.
    resolution : float or array_like, shape (d,)
        Recording resolution delta of each feature, in its units; 0 for none (Sheppard 1898).
    features : sequence of str, optional
        Names of the features; by default x1, x2, ...
    transforms : mapping, optional
        Transformations of features by name, such as ``{"Spend": "log"}``. Means, covariances and
        resolution are then those of the transformed features; rows and densities are in the
        user's units.

    Raises
    ------
    ValueError
        If shapes differ, weights do not sum to 1 or a covariance is not positive definite.

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
    transforms: Any = None

    def __post_init__(self) -> None:
        weights = array_of_numbers("weights", self.weights)
        means = array_of_numbers("means", self.means)
        if weights.ndim != 1 or means.ndim != 2 or len(means) != len(weights) or not means.size:
            raise ValueError(
                f"weights must be (K,) and means (K, d), got {weights.shape} and {means.shape}"
            )
        if not np.all(weights >= 0.0) or abs(weights.sum() - 1.0) > 1e-8:
            raise ValueError(f"weights must be non-negative and sum to 1, got {weights}")
        if not np.all(np.isfinite(means)):
            raise ValueError("means must be finite")
        K, d = means.shape
        settled: dict[str, Any] = {
            "weights": weights,
            "means": means,
            "covariances": checked_covariances(
                array_of_numbers("covariances", self.covariances), K, d
            ),
            "resolution": checked_resolution(array_of_numbers("resolution", self.resolution), d),
            "features": _feature_names(self.features, d),
        }
        settled["transforms"] = Transforms.of(self.transforms, settled["features"])
        for name, value in settled.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)
        self._standard  # noqa: B018  raises if a covariance is not positive definite

    def __repr__(self) -> str:
        return (
            f"Mixture({counted(self.n_components, 'component')}, "
            f"{counted(self.n_features, 'feature')})"
        )

    @property
    def n_components(self) -> int:
        """Number of components K."""
        return len(self.weights)

    @property
    def n_features(self) -> int:
        """Number of features d."""
        return int(self.means.shape[1])

    @property
    def standard_deviations(self) -> Floats:
        """Standard deviation of each feature in each component, shape (K, d)."""
        return np.sqrt(np.diagonal(self.covariances, axis1=1, axis2=2))

    @property
    def medians(self) -> Floats:
        """Medians of the components in the user's units, shape (K, d): means if not transformed."""
        transforms: Transforms = self.transforms
        return transforms.inverse(self.means)

    def described(self, j: int) -> dict[str, Floats]:
        """Location and spread of feature j in each component (see `Transform.described`)."""
        transform: Transform = self.transforms.entries[j]
        return transform.described(self.means[:, j], self.standard_deviations[:, j])

    @cached_property
    def _standardizer(self) -> Standardizer:
        """Units in which every feature is of order one, to avoid under- and overflow."""
        shift = self.weights @ self.means
        spread = self.weights @ (self.standard_deviations**2 + (self.means - shift) ** 2)
        return Standardizer(shift, np.sqrt(spread))

    @cached_property
    def _standard(self) -> tuple[Floats, Floats, Floats, Floats]:
        """log weights, means, Cholesky factors and recording variances in standardised units."""
        units = self._standardizer
        sd = self.standard_deviations
        try:
            with np.errstate(over="ignore", invalid="ignore"):
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
        matrix = self.matrix_of(X)
        rows = MemoryRows.from_matrix(matrix.values, self._standardizer)
        joint = log_joint(rows.parts, *self._standard, rows.n_rows)
        log_prob = np.logaddexp.reduce(joint, axis=1)
        unreachable = ~np.isfinite(log_prob)
        if unreachable.any():
            raise self.unreachable_row(matrix.values, int(unreachable.argmax()))
        jacobian = matrix.log_units(self._standardizer.scale)
        joint -= jacobian[:, None]
        return joint, log_prob - jacobian

    def unreachable_row(self, values: Floats, row: int) -> DataError:
        """Error for a row, on the scale of the model, whose density is 0 in floating point."""
        j = int(np.nanargmax(np.abs(self._standardizer.standard_means(values[row]))))
        return DataError(
            f"column {shown(self.features[j])} is "
            f"{self.transforms.entries[j].inverse(values[row, j]):g} in row {row + 1}, so far "
            "from every segment that its density is zero in floating point; "
            "correct it or set it to missing (NaN)"
        )

    def _names_of(self, X: Any) -> tuple[str, ...] | None:
        """Columns to select in a frame; None selects by position if the features have no names."""
        frame = as_frame(X) if hasattr(X, "columns") or hasattr(X, "column_names") else None
        if frame is None:
            return None
        nameless = self.features == _numbered(self.n_features)
        return None if nameless and not set(self.features) <= set(frame.columns) else self.features

    def matrix_of(self, X: Any) -> ModelMatrix:
        """The features of the mixture in a table, transformed; a `ModelMatrix` is unchanged."""
        return X if isinstance(X, ModelMatrix) else self.transforms.apply(self.columns_of(X))

    def columns_of(self, X: Any) -> FeatureMatrix:
        """The features of the mixture in a table: by name if both have names, else by position."""
        matrix = feature_matrix(X, self._names_of(X))
        if matrix.n_features != self.n_features:
            raise DataError(
                f"X has {matrix.n_features} features, but BayesGMM is expecting {self.n_features} "
                f"features as input: {listed(self.features)}"
            )
        return matrix

    def log_prob(self, X: Any) -> Floats:
        """Log density of the observed cells of each row, in the units of the features, shape (N,).

        Missing cells (NaN) are integrated out; a row without observed cells has log density 0.
        """
        return self._log_joint(X)[1]

    def responsibilities(self, X: Any) -> Floats:
        """Probability that each row belongs to each component, shape (N, K)."""
        joint, log_prob = self._log_joint(X)
        shares = np.exp(joint - log_prob[:, None])
        # Far from all components, rounding errors of the log density would change the sum.
        return shares / shares.sum(axis=1, keepdims=True)

    def sample(
        self, n: int, random_state: int | np.random.Generator | None = None
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Draw rows, with recording error, and the component of each.

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
        n = whole_number("n", n, least=0)
        rng = np.random.default_rng(random_state)
        components = rng.choice(self.n_components, size=n, p=self.weights / self.weights.sum())
        X = rng.standard_normal((n, self.n_features))
        units = self._standardizer
        for k, L in enumerate(self._standard[2]):
            rows = components == k
            X[rows] = self.means[k] + (X[rows] @ L.T) * units.scale
        X += rng.standard_normal(X.shape) * (self.resolution / np.sqrt(12.0))
        return self.transforms.inverse(X), components

    def ellipse(
        self, k: int, prob: float = 0.95, features: Sequence[int | str] = (0, 1)
    ) -> Ellipse:
        """Ellipse of two features that holds the probability `prob` of component k.

        Parameters
        ----------
        k : int
            Component, 0 ... K - 1.
        prob : float
            Between 0 and 1; the squared Mahalanobis radius is the chi-square quantile with two
            degrees of freedom.
        features : pair of int or str
            Names, or positions from 0.

        Returns
        -------
        Ellipse

        Raises
        ------
        DataError
            If there is no such component or feature, or both features are the same.
        """
        prob = number("prob", prob)
        if not 0.0 < prob < 1.0:
            raise ValueError(f"prob must lie between 0 and 1, got {prob:g}")
        k = _position(k, self.n_components, "component")
        pair = self._positions(features)
        if len(pair) != 2:
            raise DataError(f"an ellipse needs two features, got {len(pair)}")
        variances, axes = np.linalg.eigh(self.covariances[k][np.ix_(pair, pair)])
        across, along = 2.0 * np.sqrt(variances * -2.0 * np.log1p(-prob))
        angle = np.rad2deg(np.arctan2(axes[1, 1], axes[0, 1])) % 180.0
        return Ellipse(self.means[k, pair], float(along), float(across), float(angle), prob)

    def marginal(self, features: Sequence[int | str] | int | str) -> Mixture:
        """Marginal mixture of some of the features, in the given order.

        Raises
        ------
        DataError
            If there is no such feature, no feature is given, or a feature is given twice.

        Examples
        --------
        >>> mixture = Mixture([1.0], [[1.0, 2.0]], [[[4.0, 0.5], [0.5, 9.0]]], features=("a", "b"))
        >>> mixture.marginal("b").standard_deviations.tolist()
        [[3.0]]
        """
        chosen = self._positions(features)
        return Mixture(
            self.weights,
            self.means[:, chosen],
            self.covariances[:, chosen][:, :, chosen],
            self.resolution[chosen],
            tuple(self.features[j] for j in chosen),
            self.transforms.only(chosen),
        )

    def _positions(self, features: Sequence[int | str] | int | str) -> list[int]:
        """Positions of different features, each given by its name or position."""
        if isinstance(features, str) or not isinstance(features, Iterable):
            features = [features]
        names = [
            f if isinstance(f, str) else self.features[_position(f, self.n_features, "feature")]
            for f in features
        ]
        return [self.features.index(f) for f in choose_columns(self.features, names, "the mixture")]


def segment_labels(n_components: int) -> list[str]:
    """Default names of the components in reports.

    Examples
    --------
    >>> segment_labels(3)
    ['Segment 1', 'Segment 2', 'Segment 3']
    """
    return [f"Segment {k + 1}" for k in range(n_components)]


def _position(given: Any, n: int, what: str) -> int:
    """A position counted from 0; negative positions are counted from the end."""
    try:
        position = index(given)
    except TypeError:
        position = n
    if not -n <= position < n:
        raise DataError(f"no {what} {shown(given)}; the mixture has {n}, counted from 0")
    return position % n


def _feature_names(features: Sequence[str] | str, n_features: int) -> tuple[str, ...]:
    """The given names, which must be different; by default x1, x2, ..."""
    given = (features,) if isinstance(features, str) else features
    names = tuple(str(name) for name in given) or _numbered(n_features)
    if len(names) != n_features:
        raise ValueError(f"{len(names)} feature names for {n_features} features")
    return choose_columns(names, None, "the mixture")


def _numbered(n_features: int) -> tuple[str, ...]:
    """Default names of features: x1, x2, ..."""
    return tuple(f"x{j + 1}" for j in range(n_features))
