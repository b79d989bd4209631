"""The hierarchical Wishart prior: precision matrices with a common, unknown scale matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import shown
from bayes_gmm.model.checks import array_of_numbers, positive


@dataclass(frozen=True)
class HierarchicalWishart:
    r"""Wishart precisions with a Wishart scale matrix (Stephens 1997; Fruehwirth-Schnatter 2006).

    .. math::
        P_k = \Sigma_k^{-1}, \quad P_k \mid C_0 \sim W(c_0, C_0), \quad C_0 \sim W(g_0, G_0)

    where W(c, C) has the density
    :math:`|C|^c / \Gamma_d(c) \, |P|^{c - (d + 1) / 2} \exp(-tr(C P))`.
    The scale matrix is integrated out (`wishart_log_constant` gives the normalising constant Z):

    .. math::
        p(P_1, \dots, P_K) = Z \prod_k |P_k|^{c_0 - (d + 1) / 2}
            \Big|G_0 + \sum_k P_k\Big|^{-(g_0 + K c_0)}

    The prior shrinks components towards each other: given the covariances, the expected scale
    matrix is their harmonic mean, so that narrow directions are widened little. Correlations have
    prior standard deviations of 0.76, 0.61 and 0.55 for two, five and ten features (0.58 is that of
    a uniform correlation).

    The defaults were chosen by the coverage of intervals with fixed true parameters and by tables
    with known groups (see ``benchmarks/interval_coverage.py``). Larger c0 shrinks components
    towards each other; a smaller G0 widens narrow components when rows are few.

    Parameters
    ----------
    c0 : float, optional
        Degrees of freedom of the precisions, more than (d - 1) / 2; None means (d + 2) / 2.
        The prior counts as 2 c0 additional rows in each component.
    g0 : float, optional
        Degrees of freedom of the scale matrix, more than (d - 1) / 2; None means d / 2.
    G0 : float, sequence of d floats or d x d matrix, optional
        Scale matrix of the scale matrix, in standardised units; one number is multiplied by the
        identity, several are a diagonal. None means ``(g0 / c0) / 0.25^2`` with several
        covariance matrices. A standard deviation, relative to that of the column, then has a prior
        with median 0.27 for two features, 0.40 for five and 0.54 for ten, and with 90 % of its
        probability in (0.07, 0.90), (0.16, 1.1) and (0.26, 1.5). With one covariance matrix, None
        means ``(g0 / c0) / 0.2^2``, and these figures are 4/5 as large, because the narrow
        directions are then estimated from the rows of a single matrix.

    Examples
    --------
    >>> HierarchicalWishart(c0=4.0)
    HierarchicalWishart(c0=4.0, g0=None, G0=None)
    """

    c0: float | None = None
    g0: float | None = None
    G0: float | tuple[float, ...] | tuple[tuple[float, ...], ...] | None = None
    typical_scales: ClassVar[tuple[float, float]] = (0.2, 0.25)
    """(G_0 c_0 / g_0)^(-1/2) by default, in standard deviations of the column: with one covariance
    matrix, and with several."""

    def __post_init__(self) -> None:
        for name in ("c0", "g0"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, positive(f"{name} of HierarchicalWishart", given))
        if self.G0 is not None:
            object.__setattr__(self, "G0", _scale_matrix(self.G0))

    def settled(self, n_features: int, n_covariances: int) -> tuple[float, float, Floats]:
        """c_0, g_0 and the matrix G_0 in standardised units.

        Parameters
        ----------
        n_features : int
        n_covariances : int
            Number of covariance matrices with this prior.

        Raises
        ------
        ValueError
            If a number is too small for d features or G0 has another size.
        """
        d = n_features
        c0 = (d + 2) / 2 if self.c0 is None else self.c0
        g0 = d / 2 if self.g0 is None else self.g0
        for name, value in (("c0", c0), ("g0", g0)):
            if value <= (d - 1) / 2:
                raise ValueError(
                    f"{name} of HierarchicalWishart must be more than (d - 1) / 2 = "
                    f"{(d - 1) / 2:g} for {d} features, got {value:g}"
                )
        if self.G0 is None:
            one, several = self.typical_scales
            typical = one if n_covariances == 1 else several
            return c0, g0, g0 / c0 / typical**2 * np.eye(d)
        G0 = np.asarray(self.G0, dtype=np.float64)
        if G0.ndim and G0.shape[0] != d:
            raise ValueError(f"G0 of HierarchicalWishart is for {len(G0)} features, not for {d}")
        return c0, g0, G0.copy() if G0.ndim == 2 else np.diag(np.broadcast_to(G0, (d,)))


def _scale_matrix(given: Any) -> float | tuple[Any, ...]:
    """G0 as a float, or as nested tuples, which have a hash."""
    name = "G0 of HierarchicalWishart"
    values = array_of_numbers(name, given)
    if values.ndim > 2 or not values.size or not np.all(np.isfinite(values)):
        raise ValueError(
            f"{name} must be a number, d numbers or a d x d matrix, got {shown(given)}"
        )
    if values.ndim == 2:
        square = values.shape[0] == values.shape[1] and np.allclose(values, values.T, rtol=1e-10)
        if not square or np.linalg.eigvalsh(values).min() <= 0.0:
            raise ValueError(f"{name} must be a symmetric positive definite matrix")
        return tuple(tuple(row) for row in values.tolist())
    if np.any(values <= 0.0):
        raise ValueError(f"{name} must be positive, got {shown(given)}")
    return float(values) if values.ndim == 0 else tuple(values.tolist())
