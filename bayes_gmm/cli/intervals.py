"""What the command line says of a posterior: credible intervals, and how far to trust them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.cli.layout import Columns, beside, column, in_blocks, label_column, under, writer
from bayes_gmm.views.plots import percent

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior import Posterior

CI_PROB = 0.94
"""ArviZ's default."""
GOOD_KHAT = 0.7


def text(posterior: Posterior) -> str:
    """Intervals of shares and means, a line per segment, and the state of the chains."""
    table = posterior.segments(CI_PROB)
    labels = label_column(list(posterior.names))
    shares = column("share", _intervals(table, "share", percent))
    groups = (_feature_group(posterior, table, j) for j in range(len(posterior.features)))
    blocks = in_blocks(labels, beside(labels, shares), groups)
    return "\n\n".join([f"{CI_PROB:.0%} credible intervals", *blocks, _state(posterior)])


def json(posterior: Posterior) -> dict[str, Any]:
    """The same for a program: only what JSON can say."""
    draws = posterior.draws
    return {
        "method": draws.method,
        "sampler": draws.sampler,
        "chains": draws.n_chains,
        "draws": draws.n_draws,
        "ci_prob": CI_PROB,
        **_diagnostics(posterior),
        "modes_visited": {str(m + 1): share for m, share in posterior.modes_visited.items()},
        "segments": posterior.segments(CI_PROB).to_dict(orient="records"),
    }


def _feature_group(posterior: Posterior, table: pd.DataFrame, j: int) -> Columns:
    mixture, feature = posterior.mixture, posterior.features[j]
    write = writer(mixture.means[:, j], mixture.standard_deviations[:, j])
    return under(feature, column("mean", _intervals(table, f"{feature} (mean)", write)))


def _intervals(table: pd.DataFrame, name: str, write: Any) -> list[str]:
    low, middle, high = table[f"{name} from"], table[name], table[f"{name} to"]
    return [
        f"{write(m)} ({write(a)} to {write(b)})" for a, m, b in zip(low, middle, high, strict=True)
    ]


def _diagnostics(posterior: Posterior) -> dict[str, Any]:
    """k-hat, or R-hat, effective sample size and divergences; None for what cannot be told."""
    draws = posterior.draws
    if draws.khat is not None:
        return {"khat": draws.khat}
    summary = posterior.summary(CI_PROB)
    r_hat, ess = float(summary["r_hat"].max()), float(summary["ess_bulk"].min())
    return {
        "r_hat": r_hat if np.isfinite(r_hat) else None,
        "ess_bulk": ess if np.isfinite(ess) else None,
        "divergences": int(np.count_nonzero(draws.stats.get("diverging", ()))),
    }


def _state(posterior: Posterior) -> str:
    draws, found = posterior.draws, _diagnostics(posterior)
    if "khat" in found:
        verdict = "can be trusted" if found["khat"] <= GOOD_KHAT else "does not fit: use nuts"
        return f"Laplace's approximation, Pareto k-hat {found['khat']:.2f}: {verdict}"
    r_hat = "not known of one chain" if found["r_hat"] is None else f"at most {found['r_hat']:.3f}"
    ess = ""
    if found["ess_bulk"] is not None:
        ess = f"   effective draws at least {found['ess_bulk']:,.0f}"
    return (
        f"{draws.n_chains} chains of {draws.n_draws:,} draws   R-hat {r_hat}{ess}   "
        f"divergences {found['divergences']:,}"
    )
