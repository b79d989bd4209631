"""Options of `fit` for the posterior, and the choice of the draws to report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bayes_gmm.cli.settings import REPORT

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class SamplingOptions:
    """Options of posterior sampling and its report; defaults as in `sample_posterior`.

    Attributes
    ----------
    method : {"nuts", "laplace"}
    draws : int
        Draws in each chain.
    tune : int, optional
        Warm-up draws of each chain; by default the sampler's own number.
    chains : int
    ci_prob : float
        Probability of the intervals.
    segmentation : {"main", "all"}, optional
        Report only the most probable segmentation, or average over all; by default the most
        probable one if it holds 80 % or more of the mass (see `SegmentationSettings`).
    """

    method: str = "nuts"
    draws: int = 1000
    tune: int | None = None
    chains: int = 4
    ci_prob: float = REPORT.ci_prob
    segmentation: str | None = None

    @classmethod
    def of(cls, method: str, given: dict[str, Any]) -> SamplingOptions | None:
        """Options from the arguments of a command, where None means not given.

        Raises
        ------
        click.UsageError
            If an option is given that does not apply to the method.

        Examples
        --------
        >>> SamplingOptions.of("laplace", {"draws": 500, "tune": None}).draws
        500
        >>> SamplingOptions.of("none", {"draws": 500})
        Traceback (most recent call last):
        ...
        click.exceptions.UsageError: --draws needs a posterior; add --posterior nuts or laplace
        """
        given = {name: value for name, value in given.items() if value is not None}
        options = {name: "--ci" if name == "ci_prob" else f"--{name}" for name in given}
        if method == "none" and given:
            named = ", ".join(options.values())
            need = "needs" if len(given) == 1 else "need"
            raise click.UsageError(f"{named} {need} a posterior; add --posterior nuts or laplace")
        if method == "laplace" and "tune" in given:
            raise click.UsageError("--tune needs --posterior nuts; laplace has no warm-up")
        return None if method == "none" else cls(method, **given)
