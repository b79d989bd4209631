"""Report of a posterior: credible intervals and diagnostics of the draws."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_gmm.cli.layout import Columns, beside, column, in_lines, mean_and_range, under, writer
from bayes_gmm.cli.other_modes import json_of
from bayes_gmm.cli.settings import REPORT
from bayes_gmm.diagnostics.diagnostic import without_warnings
from bayes_gmm.diagnostics.draws import written_r_hat
from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.inference.sampling.settings import ImportanceSettings
from bayes_gmm.results.posterior.segmentations import masses
from bayes_gmm.results.thresholds import THRESHOLDS
from bayes_gmm.text import counted, percent, share_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from bayes_gmm.results.posterior.posterior import Posterior


Table = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Intervals:
    """Tables of a posterior, computed once, with their diagnostics.

    Attributes
    ----------
    posterior : Posterior
    ci_prob : float
        Probability of the intervals.
    """

    posterior: Posterior
    ci_prob: float = REPORT.ci_prob

    @cached_property
    def segments(self) -> pd.DataFrame:
        """A row per segment (see `Posterior.segments`)."""
        with without_warnings():
            return self.posterior.segments(self.ci_prob)

    @cached_property
    def summary(self) -> pd.DataFrame:
        """A row per segment and parameter (see `Posterior.summary`)."""
        with without_warnings():
            return self.posterior.summary(self.ci_prob)

    @property
    def heading(self) -> str:
        """Heading of the table."""
        return f"posterior means ({100 * self.ci_prob:g} % credible intervals)"

    def shares(self) -> Columns:
        """The share of each segment, with its interval."""
        written = (share_interval(m, a, b) for a, m, b in self._table("share").tolist())
        return column("share", [f"{m} % ({a} to {b} %)" for m, a, b in written])

    def feature(self, j: int) -> Columns:
        """The mean of one feature with its interval, and its standard deviation, under its name.

        A transformed feature has its median with its interval, its mean and its central 68 %.
        """
        name = self.posterior.features[j]
        if j in self.posterior.mixture.transforms.changed:
            medians = self._table(f"{name} (median)")
            write = _writer(medians)
            cells = [f"{write(m)} ({write(a)} to {write(b)})" for a, m, b in medians]
            more = [self._table(f"{name} ({what})")[:, 1] for what in ("mean", "16 %", "84 %")]
            return under(name, beside(column("median", cells), *mean_and_range(write, *more)))
        means, sds = self._table(f"{name} (mean)"), self._table(f"{name} (sd)")
        write = _writer(means)
        cells = [f"{write(m)} ({write(a)} to {write(b)})" for a, m, b in means]
        write = _writer(sds)
        return under(
            name, beside(column("mean", cells), column("sd", [write(s) for s in sds[:, 1]]))
        )

    def state(self) -> str:
        """Diagnostics of the draws in one or two lines."""
        return in_lines(self._state(self._diagnostics()))

    def bounds(self, k: int) -> dict[str, Any]:
        """Bounds of the intervals of segment k, for a program."""
        share = self._table("share")[k]
        return {
            bound: {"share": float(share[i]), **self.numbers(k, i)}
            for bound, i in (("lower", 0), ("upper", 2))
        }

    def numbers(self, k: int, i: int) -> dict[str, dict[str, float]]:
        """Lower bounds (i = 0), estimates (1) or upper bounds (2) of the features in segment k."""
        return {
            what: {feature: float(table[k, i]) for feature, table in tables.items()}
            for what, tables in self._described.items()
        }

    @cached_property
    def _described(self) -> dict[str, dict[str, Table]]:
        """Tables of the features by quantity, such as mean and sd."""
        found: dict[str, dict[str, Table]] = {}
        for j, feature in enumerate(self.posterior.features):
            for what in self.posterior.mixture.described(j):
                found.setdefault(what, {})[feature] = self._table(f"{feature} ({what})")
        return found

    def json(self) -> dict[str, Any]:
        """JSON-compatible record of the posterior."""
        posterior, draws = self.posterior, self.posterior.draws
        alone = posterior.segmentation
        return {
            "method": draws.method,
            "sampler": draws.sampler,
            "chains": draws.n_chains,
            "draws": draws.n_draws,
            "ci_prob": self.ci_prob,
            **self._diagnostics(),
            "diagnostics": [found.json(COMMAND_LINE) for found in posterior.diagnostics],
            "mode_fractions": {str(m): share for m, share in posterior.mode_fractions.items()},
            "segmentation": None if alone is None else json_of(alone, posterior.names),
            "segments": self.segments.to_dict(orient="records"),
        }

    def _table(self, name: str) -> Table:
        """Lower bound, mean and upper bound of a quantity of each segment, shape (K, 3)."""
        table = self.segments[[f"{name} lower", name, f"{name} upper"]]
        return np.asarray(table.to_numpy(dtype=float))

    def _diagnostics(self) -> dict[str, Any]:
        """k-hat, or R-hat, effective sample size and divergences; None for unknown values.

        R-hat is computed within modes if the chains visited several modes.
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
        """Whether the chains visited several modes."""
        return "r_hat_within_modes" in self.summary

    def _state(self, found: dict[str, Any]) -> list[str]:
        draws = self.posterior.draws
        if "khat" in found:
            trusted = found["khat"] <= ImportanceSettings.good_khat
            verdict = "reliable" if trusted else f"unreliable, use {COMMAND_LINE.nuts}"
            return [f"Laplace's approximation, Pareto k-hat {found['khat']:.2f}: {verdict}"]
        unknown = "not available for one chain" if draws.n_chains == 1 else "not available"
        r_hat = unknown if found["r_hat"] is None else written_r_hat(found["r_hat"], 3)
        r_hat = f"at most {r_hat}" if r_hat[0].isdigit() else r_hat
        alone = len(masses(self.posterior)) < 2
        name = f"R-hat within {'the main mode' if alone else 'modes'}" if self._several else "R-hat"
        of = "" if self.posterior.segmentation is None else " of this segmentation"
        chains = counted(draws.n_chains, "chain")
        said = [f"{chains} of {draws.n_draws:,} draws{of}", f"{name} {r_hat}"]
        if found["ess_bulk"] is not None:
            said.append(f"effective sample size at least {found['ess_bulk']:,.0f}")
        said.append(f"divergences {found['divergences']:,}")
        if self._several and alone:
            said.append(
                f"chains also visited modes with less than {percent(THRESHOLDS.min_mode_mass)} mass"
            )
        return said


def _writer(table: Table) -> Callable[[float], str]:
    """Write numbers with the decimals that show half the narrowest interval to two digits."""
    half = 0.5 * (table[:, 2] - table[:, 0])
    half = half[half > 0.0]
    scale = half if len(half) else np.maximum(np.abs(table[:, 1]), 1e-3)
    return writer(table[:, 1], 10.0 * scale)
