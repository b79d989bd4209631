"""What the command line says of a posterior: credible intervals, and how far to trust them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_gmm.cli.layout import Columns, beside, column, in_blocks, label_column, under, writer
from bayes_gmm.inference.laplace import GOOD_KHAT
from bayes_gmm.results.checks import written_r_hat
from bayes_gmm.results.wording import percent

if TYPE_CHECKING:
    import pandas as pd

    from bayes_gmm.results.posterior import Posterior

CI_PROB = 0.94
"""ArviZ's default."""


@dataclass(frozen=True, eq=False)
class Intervals:
    """A posterior's tables, each made once, and what a reader wants to know of them.

    Attributes
    ----------
    posterior : Posterior
    """

    posterior: Posterior

    @cached_property
    def segments(self) -> pd.DataFrame:
        """A row per segment (see `Posterior.segments`)."""
        return self.posterior.segments(CI_PROB)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row per segment and parameter (see `Posterior.summary`)."""
        return self.posterior.summary(CI_PROB)

    def text(self) -> str:
        """Intervals of shares and means, a line per segment, and the state of the chains."""
        posterior = self.posterior
        labels = label_column(list(posterior.names))
        shares = column("share", _intervals(self.segments, "share", percent))
        groups = (self._feature_group(j) for j in range(len(posterior.features)))
        blocks = in_blocks(labels, beside(labels, shares), groups)
        state = self._state(self._diagnostics())
        return "\n\n".join([f"{CI_PROB:.0%} credible intervals", *blocks, state])

    def json(self) -> dict[str, Any]:
        """The same for a program: only what JSON can say."""
        posterior, draws = self.posterior, self.posterior.draws
        return {
            "method": draws.method,
            "sampler": draws.sampler,
            "chains": draws.n_chains,
            "draws": draws.n_draws,
            "ci_prob": CI_PROB,
            **self._diagnostics(),
            "modes_visited": {str(m + 1): share for m, share in posterior.modes_visited.items()},
            "segments": self.segments.to_dict(orient="records"),
        }

    def _feature_group(self, j: int) -> Columns:
        mixture, feature = self.posterior.mixture, self.posterior.features[j]
        write = writer(mixture.means[:, j], mixture.standard_deviations[:, j])
        return under(feature, column("mean", _intervals(self.segments, f"{feature} (mean)", write)))

    def _diagnostics(self) -> dict[str, Any]:
        """k-hat, or R-hat, effective sample size and divergences; None for what is not known.

        R-hat is that within modes where chains were in several.
        """
        draws = self.posterior.draws
        if draws.khat is not None:
            return {"khat": draws.khat}
        r_hat = float(self.summary["r_hat_within_modes" if self._several else "r_hat"].max())
        ess = float(self.summary["ess_bulk"].min())
        return {
            "r_hat": r_hat if np.isfinite(r_hat) else None,
            "ess_bulk": ess if np.isfinite(ess) else None,
            "divergences": int(np.count_nonzero(draws.stats.get("diverging", ()))),
        }

    @property
    def _several(self) -> bool:
        """Whether chains were in several modes, between which R-hat is large."""
        return "r_hat_within_modes" in self.summary

    def _state(self, found: dict[str, Any]) -> str:
        draws = self.posterior.draws
        if "khat" in found:
            verdict = "can be trusted" if found["khat"] <= GOOD_KHAT else "does not fit: use nuts"
            return f"Laplace's approximation, Pareto k-hat {found['khat']:.2f}: {verdict}"
        unknown = "not known of one chain" if draws.n_chains == 1 else "not known"
        r_hat = unknown if found["r_hat"] is None else written_r_hat(found["r_hat"], 3)
        r_hat = f"at most {r_hat}" if r_hat[0].isdigit() else r_hat
        name = "R-hat within modes" if self._several else "R-hat"
        ess = ""
        if found["ess_bulk"] is not None:
            ess = f"   effective draws at least {found['ess_bulk']:,.0f}"
        return (
            f"{draws.n_chains} chains of {draws.n_draws:,} draws   {name} {r_hat}{ess}   "
            f"divergences {found['divergences']:,}"
        )


def _intervals(table: pd.DataFrame, name: str, write: Any) -> list[str]:
    low, middle, high = table[f"{name} from"], table[name], table[f"{name} to"]
    return [
        f"{write(m)} ({write(a)} to {write(b)})" for a, m, b in zip(low, middle, high, strict=True)
    ]
