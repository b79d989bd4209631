"""The density of a table: transformation, standardisation and recording error of its rows."""

from __future__ import annotations

from typing import Any

from bayes_gmm.data.matrix import FeatureMatrix
from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.resolution import recording_of, recording_variances
from bayes_gmm.data.rows import Floats
from bayes_gmm.data.standardize import Standardizer
from bayes_gmm.data.transforms import Transforms
from bayes_gmm.model.checks import truth
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure


def density_of_table(
    matrix: FeatureMatrix,
    n_components: int,
    *,
    structure: Structure,
    prior: Prior,
    resolution: Any = "auto",
    weights: Floats | None = None,
    standardize: bool = True,
    transforms: Transforms | None = None,
) -> tuple[Density, Standardizer]:
    """The density of a checked table, and its standardisation.

    Parameters
    ----------
    matrix : FeatureMatrix
    n_components : int
    structure : Structure
    prior : Prior
    resolution : "auto", None, float or sequence of n_features floats
        Smallest step of each column, in the user's units.
    weights : ndarray, shape (n_rows,), optional
    standardize : bool
        False leaves the table unchanged.
    transforms : Transforms, optional
        Applied before columns are standardised.

    Raises
    ------
    ValueError
        If an argument is invalid.
    """
    standardize = truth("standardize", standardize)
    transforms = transforms or Transforms.identity(matrix.n_features)
    rows = transforms.apply(matrix)
    own_units = Standardizer.fit(rows.values, weights)
    units = own_units if standardize else Standardizer.identity(matrix.n_features)
    recording = recording_of(
        resolution, matrix.values, own_units.scale, weights, matrix.features,
        transforms=transforms,
    )  # fmt: skip
    standard = MemoryRows.from_matrix(rows.values, units, weights)
    density = Density(
        standard,
        Layout(n_components, matrix.n_features, structure),
        prior.constants(n_components, matrix.n_features, structure),
        recording_variances(recording, standard.cell_weights) / units.scale**2,
        recording.resolution / units.scale,
    )
    return density, units
