"""The mixture that a plot shows, and the plane of its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.errors import DataError
from bayes_gmm.model.mixture import Mixture
from bayes_gmm.results.posterior.draws import PosteriorDraws
from bayes_gmm.views.axes import positions, wrapped
from bayes_gmm.views.plane import Plane, discriminant_plane, plane_of_features
from bayes_gmm.views.settings import STYLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from bayes_gmm.views.axes import Features


def mixture_of(model: Any) -> Mixture:
    """The mixture that a plot shows; that of posterior means for a posterior."""
    if isinstance(model, PosteriorDraws):
        return model.mean_mixture
    for candidate in (model, getattr(model, "mixture_", None), getattr(model, "mixture", None)):
        if isinstance(candidate, Mixture):
            return candidate
    kind = type(model).__name__
    raise DataError(
        f"cannot draw a {kind}: give a fitted BayesGMM, a MapFit, a Posterior or a Mixture"
    )


def axes_shown(mixture: Mixture, features: Features) -> Plane | int:
    """The plane of two features, by default of more than two the projection; or one feature."""
    if features is None and mixture.n_features > 2:
        return discriminant_plane(mixture)
    shown = positions(mixture.features, features)
    return plane_of_features(mixture, shown) if len(shown) == 2 else shown[0]


def probabilities(model: Any, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of each segment for each row, averaged over the posterior if there is one."""
    if isinstance(model, PosteriorDraws):
        return np.asarray(model.predict_proba(values))  # type: ignore[attr-defined]
    return mixture_of(model).responsibilities(values)


def name_axes(ax: Axes, plane: Plane) -> None:
    """Label the axes; the labels of directions are long and have a smaller font."""
    for axis, name, width in zip(
        (ax.xaxis, ax.yaxis), plane.mixture.features, (52, 36), strict=True
    ):
        if plane.shown:
            axis.set_label_text(wrapped(name, width), parse_math=False)
        else:
            axis.set_label_text(_at_commas(name, width + 12), parse_math=False)
            axis.label.set_fontsize(STYLE.text_size)


def _at_commas(label: str, width: int) -> str:
    """Break a list into lines after commas."""
    lines = [""]
    for part in label.split(", "):
        fits = len(lines[-1]) + len(part) <= width
        lines = [*lines[:-1], f"{lines[-1]}, {part}"] if fits else [*lines, part]
    return ",\n".join(wrapped(line.removeprefix(", "), 2 * width) for line in lines if line)
