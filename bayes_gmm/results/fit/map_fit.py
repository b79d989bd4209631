"""`MapFit`: a fitted mixture with its modes, in the user's units."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.data.validate import check_weights
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import FitError
from bayes_gmm.inference.modes.masses import ModeMasses
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.model.density import Density
from bayes_gmm.model.mixture import Mixture, segment_labels
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.classification import Classification
from bayes_gmm.results.fit.information_criteria import Criteria
from bayes_gmm.results.io.file_format import file_attributes
from bayes_gmm.results.io.mixture_group import mixture_group
from bayes_gmm.results.io.prior_json import prior_to_json
from bayes_gmm.results.names import renamed
from bayes_gmm.text import counted, figure, html_block, percent

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

    from bayes_gmm.results.profile.record import Profile
    from bayes_gmm.results.shape.record import ShapeCheck

MODE_NUMBERS = ("log_posterior", "log_evidence", "probability", "probability_error")
FIT_NUMBERS: dict[str, type] = {
    "n_rows": int,
    "total_weight": float,
    "measured_weight": float,
    "log_posterior": float,
    "log_likelihood": float,
    "converged": bool,
    "n_iter": int,
}


@dataclass(frozen=True, eq=False)
class Mode:
    """An optimum of the posterior.

    Attributes
    ----------
    mixture : Mixture
        The mixture in the user's units, with components numbered like those of the first mode.
    log_posterior : float
        Joint log density of the table, weights, means and covariances, in standardised units. The
        density of covariances is that of (scales, corr_chol), or of precision matrices under a
        hierarchical Wishart prior.
    log_evidence : float
        Laplace's approximation of the logarithm of its mass; NaN if unknown. For the only mode of a
        fit, `BayesGMM.modes_` computes it on first access.
    probability : float
        Approximate mass relative to the total mass of the modes found: by tempering (see
        `bayes_gmm.inference.evidence.mode_masses`) if `fit` found modes of comparable mass, else
        from `log_evidence`. Modes that were not found are not included. NaN if unknown. Posterior
        draws give a better estimate.
    probability_error : float
        Monte Carlo standard error of `probability` by tempering; NaN for Laplace's approximation.
    """

    mixture: Mixture
    log_posterior: float
    log_evidence: float
    probability: float
    probability_error: float = math.nan

    def __repr__(self) -> str:
        return (
            f"Mode({counted(self.mixture.n_components, 'segment')}, "
            f"log_posterior={self.log_posterior:.2f}, log_evidence={self.log_evidence:.2f}, "
            f"probability={self.probability:.4g})"
        )


@dataclass(frozen=True, eq=False)
class MapFit:
    """The mode of the posterior with the most mass, and the other modes found.

    Attributes
    ----------
    mixture : Mixture
        The mixture in the user's units; components are sorted by decreasing weight.
    prior : Prior
    structure : Structure
    standardizer : Standardizer
        Transformation between the user's units and the standardised units of the prior.
    features : tuple of str
    n_rows : int
        Number of rows with positive weight.
    total_weight : float
        Sum of the row weights; equal to the number of rows if all weights are 1.
    measured_weight : float
        Sum of the weights of rows with at least one observed cell, the N of the BIC.
    log_posterior : float
        Joint log density of (weights, means, scales, corr_chol) and the table, in standardised
        units; equal to that of the PyMC model with ``jacobian=False``.
    log_likelihood : float
        Log-likelihood of the table, in the user's units.
    converged : bool
        Whether the gradient vanished.
    n_iter : int
        Number of iterations.
    history : ndarray
        Non-decreasing log-posterior during EM and the subsequent optimisation.
    modes : tuple of Mode
        All modes in order of decreasing mass; the first is this fit.
    rho2 : ndarray, shape (d,)
        Variances of the recording error in the density, in standardised units. They exceed those
        of rounding (see `bayes_gmm.data.resolution`); the covariances that are reported include the
        difference.
    names : tuple of str
        Names of the segments: "Segment 1", ..., or those set by `rename`.
    """

    mixture: Mixture
    prior: Prior
    structure: Structure
    standardizer: Standardizer
    features: tuple[str, ...]
    n_rows: int
    total_weight: float
    measured_weight: float
    log_posterior: float
    log_likelihood: float
    converged: bool
    n_iter: int
    history: Floats
    modes: tuple[Mode, ...]
    rho2: Floats
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.names:
            object.__setattr__(self, "names", tuple(segment_labels(self.mixture.n_components)))

    def __repr__(self) -> str:
        return (
            f"MapFit({counted(self.mixture.n_components, 'segment')} in "
            f"{counted(self.n_rows, 'row')}, {counted(len(self.features), 'feature')}, structure "
            f"{self.structure.name!r}, log_posterior={self.log_posterior:.2f}, "
            f"{counted(len(self.modes), 'mode')}, converged={self.converged})"
        )

    def _repr_html_(self) -> str:
        table = self.segments()
        table["share"] = [percent(share) for share in table["share"]]
        notes = [
            f"Structure {self.structure.name!r}; BIC {self.bic:,.1f}; "
            f"{counted(len(self.modes), 'mode')} found. Estimates at the mode with the most mass, "
            "without intervals.",
            *(str(found) for found in unfinished(self)),
        ]
        title = f"{counted(len(table), 'segment')} in {counted(self.n_rows, 'row')} (MAP)"
        return html_block(
            title, table.to_html(index=False, border=0, float_format=figure, max_cols=20), notes
        )

    @classmethod
    def from_modes(
        cls,
        density: Density,
        found: tuple[Run, ...],
        *,
        standardizer: Standardizer,
        features: tuple[str, ...],
        prior: Prior,
        structure: Structure,
        masses: ModeMasses | None = None,
        transforms: Transforms | None = None,
        log_jacobian: float = 0.0,
    ) -> MapFit:
        """Convert modes from standardised units to the user's units.

        Parameters
        ----------
        density : Density
        found : tuple of Run
            Proper modes (see `proper_modes`); the first is the fit.
        standardizer : Standardizer
        features : tuple of str
        prior : Prior
        structure : Structure
        masses : ModeMasses, optional
            Masses of the modes; by default by Laplace's approximation.
        transforms : Transforms, optional
        log_jacobian : float
            Log-Jacobian of the transformations, summed over weighted rows.
        """
        best = found[0]
        masses = masses or ModeMasses.by_laplace([mode.log_evidence for mode in found])
        modes = tuple(
            Mode(
                _mixture(density, mode, standardizer, features, transforms), mode.log_posterior,
                mode.log_evidence, float(share), float(error),
            )
            for mode, share, error in zip(found, masses.fractions, masses.errors, strict=True)
        )  # fmt: skip
        standard = float(density.statistics(best.point(density))[0])
        return cls(
            mixture=modes[0].mixture,
            prior=prior,
            structure=structure,
            standardizer=standardizer,
            features=features,
            n_rows=density.rows.n_rows,
            total_weight=density.rows.total_weight,
            measured_weight=density.rows.measured_weight,
            log_posterior=best.log_posterior,
            log_likelihood=standard - log_units(density, standardizer, log_jacobian),
            converged=best.converged,
            n_iter=len(best.history),
            history=np.array(best.history),
            modes=modes,
            rho2=density.rho2,
        )

    @property
    def beyond_rounding(self) -> Floats:
        """Variances of the recording error in the density minus those of rounding, shape (d,).

        They are part of the covariances that are reported.
        """
        rounding = (self.mixture.resolution / self.standardizer.scale) ** 2 / 12.0
        return np.maximum(self.rho2 - rounding, 0.0)

    @property
    def n_parameters(self) -> int:
        """Number of free parameters of the mixture."""
        return self.structure.n_parameters(self.mixture.n_components, self.mixture.n_features)

    @property
    def bic(self) -> float:
        """Bayesian information criterion on the fitted table; lower is better (see `Criteria`)."""
        return Criteria(self.log_likelihood, self.n_parameters, self.measured_weight).bic

    def predict_proba(self, X: Any) -> Floats:
        """Probability of each segment for each row at the MAP, shape (N, K)."""
        return self.mixture.responsibilities(X)

    def predict(self, X: Any) -> npt.NDArray[np.int64]:
        """The most probable segment of each row, 0 ... K - 1, shape (N,)."""
        return self.predict_proba(X).argmax(axis=1)

    def score_samples(self, X: Any) -> Floats:
        """Log density of the observed cells of each row, in the user's units, shape (N,)."""
        return self.mixture.log_prob(X)

    def segments(self) -> pd.DataFrame:
        """One row per segment: share, and mean and standard deviation of each feature.

        A transformed feature has its median, its mean and the bounds of the central 68 % of the
        segment (quantiles at 16 % and 84 %), in the user's units.
        """
        import pandas as pd

        columns: dict[str, Any] = {
            "segment": list(self.names),
            "share": self.mixture.weights,
        }
        for j, name in enumerate(self.features):
            for what, values in self.mixture.described(j).items():
                columns[f"{name} ({what})"] = values
        return pd.DataFrame(columns)

    def profile(
        self, table: Any, columns: Sequence[str] | str | None = None, weights: Any = None
    ) -> Profile:
        """Profile the segments in columns that the model does not contain, without intervals.

        Parameters
        ----------
        table : data frame
            The features of the model, by name, beside the columns to profile.
        columns : str or sequence of str, optional
            Columns to profile; by default all except the features.
        weights : array_like, shape (n_rows,), optional
            Row weights: a weight of 2 counts the row twice.

        Returns
        -------
        Profile
            With the columns of `Posterior.profile`, except intervals and probabilities.
        """
        from bayes_gmm.results.profile.profile import profile_of, single

        drawn = single(self.mixture, self.standardizer)
        return profile_of(self.mixture, drawn, table, columns, weights, names=self.names)

    def classification(self, X: Any, sample_weight: Any = None) -> Classification:
        """Expected errors of assigning each row to its most probable segment.

        Parameters
        ----------
        X : table or array, shape (N, d)
        sample_weight : array_like, shape (N,), optional
            Row weights: a weight of 2 counts the row twice.

        Returns
        -------
        Classification
            Expected share of the rows by assigned and true segment, and the relative entropy.
        """
        matrix = self.mixture.matrix_of(X)
        weights = check_weights(sample_weight, matrix.n_rows)
        return Classification.of(self.predict_proba(matrix), self.names, weights)

    def check(self, X: Any, sample_weight: Any = None) -> ShapeCheck:
        """Check whether the rows of each segment look like a Gaussian sample.

        The check compares the skewness and kurtosis of the rows of each segment with those of
        Gaussian rows, along features, principal directions and the directions of largest departure,
        and over all features.

        Parameters
        ----------
        X : table or array, shape (N, d)
            Rows to check. Of more than 5,000 distinct rows, a sample of 5,000 is checked.
        sample_weight : array_like, shape (N,), optional
            Row weights: a weight of 2 counts the row twice. Copies do not change the shape.

        Returns
        -------
        ShapeCheck
        """
        from bayes_gmm.results.shape.check import check_mixture, weights_to_check

        matrix = self.mixture.matrix_of(X)
        return check_mixture(
            self.mixture, self.standardizer, matrix, weights_to_check(matrix, sample_weight),
            names=self.names,
        )  # fmt: skip

    def rename(self, names: Mapping[str, str]) -> MapFit:
        """The same fit with new names for some segments.

        Tables, pictures, files, reports and SQL queries of the fit use the names.

        Parameters
        ----------
        names : mapping of str to str
            New names by old names.

        Raises
        ------
        DataError
            If there is no such segment, or two segments would have the same name.

        Examples
        --------
        >>> import bayes_gmm as bg
        >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
        >>> fit = bg.BayesGMM(n_components=5, n_init=4, random_state=0).fit(X).map_fit_
        >>> fit.rename({"Segment 1": "Everyday shoppers"}).segments()["segment"].tolist()[:2]
        ['Everyday shoppers', 'Segment 2']
        """
        return replace(self, names=renamed(self.names, names))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the fit to a NetCDF file, which `bayes_gmm.load` reads.

        Raises
        ------
        DataError
            If `path` is not a file name, or a column name has a character that no file can store.
        OSError
            If the file cannot be written; an existing file is left unchanged.
        """
        from bayes_gmm.results.io.netcdf import write_tree

        return write_tree(self.to_datatree(), path)

    def to_datatree(self) -> DataTree:
        """The fit as the groups of its file (see `bayes_gmm.results.fit.map_fit_tree`)."""
        import xarray as xr

        names = list(self.features)
        units = {
            "shift": self.standardizer.shift, "scale": self.standardizer.scale, "rho2": self.rho2,
        }  # fmt: skip
        nodes = {
            "/": xr.Dataset(
                coords={"feature": names, "feature_bis": names}, attrs=self._attributes()
            ),
            "/map": mixture_group(self.mixture, self.names),
            "/standardizer": xr.Dataset(
                {name: ("feature", np.asarray(values)) for name, values in units.items()}
            ),
            "/history": xr.Dataset({"log_posterior": ("iteration", np.asarray(self.history))}),
        }
        for number, mode in enumerate(self.modes, start=1):
            numbers = {name: float(getattr(mode, name)) for name in MODE_NUMBERS}
            nodes[f"/modes/mode_{number}"] = mixture_group(mode.mixture).assign(numbers)
        return xr.DataTree.from_dict(nodes)

    def _attributes(self) -> dict[str, Any]:
        numbers = {
            name: int(getattr(self, name)) if kind is bool else getattr(self, name)
            for name, kind in FIT_NUMBERS.items()
        }
        return {
            **file_attributes("MapFit"),
            "structure": self.structure.name,
            "prior": prior_to_json(self.prior),
            "n_modes": len(self.modes),
            **numbers,
        }


def unfinished(fit: MapFit) -> list[Diagnostic]:
    """A diagnostic if the optimisation has not converged."""
    return [] if fit.converged else [Diagnostic("not_converged", values={"n_iter": fit.n_iter})]


def log_units(density: Density, standardizer: Standardizer, log_jacobian: float = 0.0) -> float:
    """Log density of the standardised table minus that of the table in the user's units."""
    return float(density.rows.cell_weights @ np.log(standardizer.scale)) - log_jacobian


def proper_modes(
    density: Density,
    found: Sequence[Run],
    standardizer: Standardizer,
    features: tuple[str, ...],
) -> tuple[Run, ...]:
    """Modes whose covariance matrices are positive definite; unbounded densities have others.

    Raises
    ------
    FitError
        If there is none.
    """
    proper = []
    for mode in found:
        with suppress(ValueError):
            _mixture(density, mode, standardizer, features)
            proper.append(mode)
    if not proper:
        raise FitError(
            "every optimum found has a component whose rows lie in a plane; give a resolution, or "
            "leave out columns that others determine (check_table names them); failing that, use "
            "fewer components, or a prior that keeps scales away from 0"
        )
    return tuple(proper)


def _mixture(
    density: Density,
    mode: Run,
    standardizer: Standardizer,
    features: tuple[str, ...],
    transforms: Transforms | None = None,
) -> Mixture:
    """The mode in the user's units; a ValueError where a covariance matrix is singular."""
    point = mode.point(density)
    weights = np.exp(point.log_weights)
    return Mixture(
        weights / weights.sum(),
        standardizer.means(point.means),
        standardizer.covariances(
            point.scale_trils @ point.scale_trils.mT + np.diag(density.beyond_rounding)
        ),
        density.steps * standardizer.scale,
        features,
        transforms,
    )
