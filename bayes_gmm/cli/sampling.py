"""Options of `fit` that are about the posterior, and which of its draws are reported."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    MultimodalWarning,
    PriorWarning,
)

if TYPE_CHECKING:
    from bayes_gmm.estimator import BayesGMM
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.posterior import Posterior

DRAWS, CHAINS, CI_PROB = 1000, 4, 0.94
"""Of `BayesGMM.sample_posterior`; ArviZ's default."""


@dataclass(frozen=True)
class SamplingOptions:
    """How to draw from the posterior, and what to report of it.

    Attributes
    ----------
    method : {"nuts", "laplace"}
    draws : int
        Of each chain.
    tune : int, optional
        Warm-up draws of each chain; by default the sampler's own number.
    chains : int
    ci_prob : float
        Probability of the intervals.
    segmentation : {"main", "all"}, optional
        The heaviest segmentation alone, or averages over all; by default the heaviest alone where
        it holds 80 % or more of the mass (see `SegmentationSettings`).
    """

    method: str = "nuts"
    draws: int = DRAWS
    tune: int | None = None
    chains: int = CHAINS
    ci_prob: float = CI_PROB
    segmentation: str | None = None

    @classmethod
    def of(cls, method: str, given: dict[str, Any]) -> SamplingOptions | None:
        """What a command gives, where None is an option that it does not; None for no posterior.

        Raises
        ------
        click.UsageError
            If an option is given that the method has no use for.

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
            raise click.UsageError("--tune is for --posterior nuts; laplace has no warm-up")
        return None if method == "none" else cls(method, **given)

    def drawn(self, model: BayesGMM) -> Posterior:
        """The posterior of a fitted model that is to be reported, with a warning of each caveat."""
        from bayes_gmm.results.option_names import COMMAND_LINE
        from bayes_gmm.results.posterior.diagnostics import caveats

        with without_caveats():
            whole = model.sample_posterior(self.draws, self.tune, self.chains, self.method)
            shown = self._shown(whole)
        for caveat in caveats(shown, COMMAND_LINE).values():
            warnings.warn(caveat.text, caveat.category, stacklevel=2)
        return shown

    def _shown(self, whole: Posterior) -> Posterior:
        """The draws of one segmentation, or all."""
        from bayes_gmm.results.posterior.segmentations import heaviest, main_segmentation, masses

        if self.segmentation == "all":
            return whole
        mode = main_segmentation(whole)
        if mode is None and self.segmentation == "main" and len(masses(whole)) > 1:
            mode = heaviest(whole)
        return whole if mode is None else whole.of_mode(mode)


def loaded(model: str) -> MapFit | Posterior:
    """Read a model file, with the caveats of its posterior in the command line's words."""
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.load import load
    from bayes_gmm.results.option_names import COMMAND_LINE
    from bayes_gmm.results.posterior.diagnostics import caveats

    with without_caveats():
        fit = load(model)
    if not isinstance(fit, MapFit):
        for caveat in caveats(fit, COMMAND_LINE).values():
            warnings.warn(f"of the fit in {model}: {caveat.text}", caveat.category, stacklevel=2)
    return fit


@contextmanager
def without_caveats() -> Iterator[None]:
    """Silence the warnings that Python users get; the command line has its own words for them.

    Examples
    --------
    >>> with without_caveats():
    ...     warnings.warn("use of_mode(0)", MultimodalWarning)
    """
    with warnings.catch_warnings():
        for kind in (
            AmbiguousLabelsWarning, ConvergenceWarning, MultimodalWarning, PriorWarning,
        ):  # fmt: skip
            warnings.simplefilter("ignore", kind)
        yield
