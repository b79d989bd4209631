"""Tables of segments and of differences between two segments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.results.posterior.parameters import central_interval

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior.draws import PosteriorDraws


def segments_table(posterior: PosteriorDraws, ci_prob: float) -> pd.DataFrame:
    """See `Posterior.segments`."""
    import pandas as pd

    columns: dict[str, Any] = {"segment": list(posterior.names)}
    for name, draws in _quantities(posterior):
        low, high = central_interval(draws, ci_prob, axis=(0, 1))
        columns[name] = draws.mean(axis=(0, 1))
        columns[f"{name} lower"], columns[f"{name} upper"] = low, high
    return pd.DataFrame(columns)


def contrast_table(posterior: PosteriorDraws, a: int, b: int, ci_prob: float) -> pd.DataFrame:
    """See `Posterior.contrast`."""
    import pandas as pd

    rows = {}
    for name, draws in _quantities(posterior):
        difference = draws[..., a] - draws[..., b]
        low, high = central_interval(difference, ci_prob, axis=(0, 1))
        rows[name] = {
            posterior.names[a]: draws[..., a].mean(),
            posterior.names[b]: draws[..., b].mean(),
            "difference": difference.mean(),
            "lower": low,
            "upper": high,
            "P(difference > 0)": _share_above_zero(difference),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _quantities(posterior: PosteriorDraws) -> Iterator[tuple[str, Floats]]:
    """Quantities of a segment in a report, with draws (chain, draw, K)."""
    of = posterior.parameters
    yield "share", of.weights
    for j, feature in enumerate(posterior.features):
        yield f"{feature} (mean)", of.means[..., j]
        yield f"{feature} (sd)", of.scales[..., j]


def _share_above_zero(difference: Floats) -> float:
    """Share of draws above 0; draws at 0, of what segments share, count half."""
    return float(np.mean(difference > 0.0) + 0.5 * np.mean(difference == 0.0))
