"""Checks of the computation and of the model, each with a sign, a sentence and its figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.kind import COMMAND_LINE
from bayes_gmm.inference.sampling.settings import ImportanceSettings
from bayes_gmm.report.content.records import Check, Figure, State
from bayes_gmm.report.source import Source
from bayes_gmm.report.words import Number, probability
from bayes_gmm.results.posterior.convergence import least_effective
from bayes_gmm.results.posterior.segmentations import SegmentationSettings
from bayes_gmm.results.thresholds import THRESHOLDS
from bayes_gmm.text import counted, first_upper, percent, sentence

if TYPE_CHECKING:
    from bayes_gmm.results.posterior.posterior import Posterior

FAILURES = ("unmixed_chains", "high_khat", "few_draws", "interrupted")
"""Diagnostics of draws that make the intervals unreliable."""


def checks(source: Source) -> tuple[Check, ...]:
    """All checks."""
    posterior = source.posterior
    found = list(_without_draws(source) if posterior is None else _of_draws(source, posterior))
    return (
        *_rows(source), *_missing(source), *found, *_shape(source), *_prior(source), *_fit(source)
    )  # fmt: skip


def _missing(source: Source) -> Iterator[Check]:
    """What was not computed, and how to get it."""
    by_command = source.options == COMMAND_LINE
    said = []
    if source.posterior is None:
        how = (
            f"run fit with {source.options.nuts}"
            if by_command
            else "call model.sample_posterior() and report its result"
        )
        said.append(
            "This is one segmentation without its uncertainty. Intervals of shares and middles, "
            f"and checks of the computation, are missing: {how} to get them."
        )
    if source.rows is None:
        how = "run report with a table" if by_command else "pass the table to write_report"
        said.append(
            "The rows of the table were not available. Members, their probabilities, the profile, "
            f"and checks of the table and of the shape of the segments are missing: {how} to get "
            "them."
        )
    if said:
        yield Check("What is missing", "missing", " ".join(said))


def unchecked_number(source: Source) -> Check:
    """That no check covers the number of segments."""
    return Check(
        "Number of segments", "missing",
        f"Not checked: {source.n_components} was chosen before the fit. Run "
        f"{source.options.compare} to learn how probable other numbers are.",
    )  # fmt: skip


def _rows(source: Source) -> Iterator[Check]:
    """Whether the segments hold for the rows of the table, if they do not."""
    if source.beyond:
        yield Check(
            "Rows of the table", "bad",
            "Many rows of the table are far from every segment: their segments and probabilities "
            "are not meaningful, and neither is what the report says of them.", (),
            _details(source, source.beyond),
        )  # fmt: skip


def _of_draws(source: Source, posterior: Posterior) -> Iterator[Check]:
    by_code = {d.code: d for d in posterior.diagnostics}
    khat = posterior.draws.khat
    if khat is None:
        yield _chains(source, posterior, by_code)
    else:
        yield _approximation(source, float(khat), by_code)
    yield _labels(source, posterior, by_code)
    yield _several(source, posterior, by_code)


def _chains(source: Source, posterior: Posterior, by_code: dict[str, Diagnostic]) -> Check:
    failed = [by_code[code] for code in FAILURES if code in by_code]
    state: State = "bad" if failed else "good"
    said = (
        "Independent repetitions of the computation agree, and they are long enough for the "
        "intervals."
    )
    if failed:
        said = "The computation has not settled, so shares and intervals may be wrong."
    elif posterior.draws.n_chains == 1:
        state, said = "warning", "The computation ran once, so repetitions cannot be compared."
    figures = _chain_figures(source, posterior)
    return Check("Computation", state, said, figures, _details(source, failed))


def _chain_figures(source: Source, posterior: Posterior) -> tuple[Figure, ...]:
    summary, draws = source.summary, posterior.draws
    column = "r_hat_within_modes" if "r_hat_within_modes" in summary else "r_hat"
    r_hat, ess = float(summary[column].max()), float(summary["ess_bulk"].min())
    of = draws.as_sampled
    diverged = int(np.count_nonzero(draws.stats.get("diverging", ())))
    needed = least_effective(of.n_chains, of.n_draws)
    found = [
        Figure("largest R-hat", Number("r_hat", r_hat, f"{r_hat:.3f}"),
               f"about {THRESHOLDS.max_r_hat:g} or less"),
        Figure("smallest effective sample size", Number("ess", ess, f"{ess:,.0f}"),
               f"at least {needed:,.0f}"),
        Figure("divergent draws", Number("divergences", diverged, f"{diverged:,}"),
               f"at most {THRESHOLDS.max_divergent:.0%} of {draws.mode.size:,}".replace("%", " %")),
    ]  # fmt: skip
    return tuple(f for f in found if np.isfinite(f.number.value))


def _approximation(source: Source, khat: float, by_code: dict[str, Diagnostic]) -> Check:
    failed = [by_code[code] for code in FAILURES if code in by_code]
    said = (
        "The fast approximation does not fit, so shares and intervals may be wrong."
        if failed
        else "The fast approximation of the uncertainty fits well."
    )
    figure = Figure(
        "Pareto k-hat", Number("khat", khat, f"{khat:.2f}"),
        f"at most {ImportanceSettings.good_khat:g}",
    )  # fmt: skip
    return Check("Computation", "bad" if failed else "good", said, (figure,),
                 _details(source, failed))  # fmt: skip


def _labels(source: Source, posterior: Posterior, by_code: dict[str, Diagnostic]) -> Check:
    off = posterior.labels.confusion[~np.eye(source.n_components, dtype=bool)]
    largest = float(off.max(initial=0.0))
    found = [by_code[code] for code in ("ambiguous_labels",) if code in by_code]
    said = (
        "Some segments exchange their identities during the computation: read their shares and "
        "middles together, not one by one."
        if found
        else "Every segment can be told apart from the others in nearly all draws."
    )
    figure = Figure("largest probability that two segments are swapped",
                    probability("label_confusion", largest))  # fmt: skip
    return Check("Identity of the segments", "warning" if found else "good", said, (figure,),
                 _details(source, found))  # fmt: skip


def _several(source: Source, posterior: Posterior, by_code: dict[str, Diagnostic]) -> Check:
    found = [by_code[c] for c in ("several_modes", "modes_without_draws") if c in by_code]
    title = "Other ways to divide the rows"
    if found:
        return Check(title, "warning", "Several different segmentations fit these rows; the "
                     "section on other segmentations compares them.", (),
                     _details(source, found))  # fmt: skip
    alone = posterior.segmentation
    if alone is None or not alone.others:
        return Check(
            title, "good",
            f"No other division of the rows into {counted(source.n_components, 'segment')} has a "
            "probability that matters.",
        )  # fmt: skip
    figure = Figure("probability of the reported segmentation",
                    probability("segmentation", alone.mass))  # fmt: skip
    return Check(title, "good", "The report describes the most probable segmentation; others are "
                 "listed in the section on other segmentations.", (figure,))  # fmt: skip


def _without_draws(source: Source) -> Iterator[Check]:
    """Whether other segmentations of the same rows are probable."""
    mass = source.fit.modes[0].probability if source.fit.modes else 1.0
    if mass < SegmentationSettings.main_mass:
        figure = Figure("probability of the reported segmentation", probability("mass", mass),
                        f"at least {percent(SegmentationSettings.main_mass)}")  # fmt: skip
        yield Check("Other ways to divide the rows", "warning", "Other segmentations of the same "
                    "rows are also probable; the section on other segmentations describes them.",
                    (figure,))  # fmt: skip


def _shape(source: Source) -> Iterator[Check]:
    """Whether the rows of each segment are Gaussian, if there are rows."""
    check = source.shape
    if check is None:
        return
    flagged = [d for d in check.diagnostics if d.code == "not_gaussian"]
    said = (
        "Some segments do not have the bell shape that the model assumes: their intervals can be "
        "too narrow, and several of them can be pieces of one."
        if flagged
        else "The rows of each segment form one oval cloud, as the model assumes."
    )
    p = check.p_value
    figure = Figure("p-value of the bell shape", Number("shape", p, _p_value(p)),
                    f"above {check.settings.alpha:g}")  # fmt: skip
    yield Check("Shape of the segments", "warning" if flagged else "good", said, (figure,),
                _details(source, check.diagnostics))  # fmt: skip


def _prior(source: Source) -> Iterator[Check]:
    """How far the prior moves the segments, if this was computed."""
    title = "Weight of prior assumptions"
    given = [d for d in source.diagnostics if d.code == "prior_influence"]
    influence = source.prior_influence
    if influence is None:
        if given:
            yield Check(title, "warning", PRIOR_MOVES, (), _details(source, given))
        return
    found = influence.diagnostics(source.names)
    largest = float(np.nanmax(influence.largest, initial=0.0))
    figure = Figure("largest shift by the prior, in standard deviations",
                    Number("prior_influence", largest, f"{largest:.2f}"), "at most 1")  # fmt: skip
    said = PRIOR_MOVES if found else "The rows determine the segments, not prior assumptions."
    yield Check(title, "warning" if found else "good", said, (figure,), _details(source, found))


PRIOR_MOVES = (
    "Some segments have few rows, so that prior assumptions influence their spread: treat their "
    "typical ranges with caution."
)


def _fit(source: Source) -> Iterator[Check]:
    """The optimisation, and diagnostics of the fit that no other check covers."""
    fit = source.fit
    state: State = "good" if fit.converged else "warning"
    said = (
        "The search for the best segmentation finished."
        if fit.converged
        else "The search for the best segmentation stopped early, so its result is approximate."
    )
    covered = ("not_gaussian", "shape_not_checked", "prior_influence", "transform_chosen")
    rest = [
        d for d in source.diagnostics if d.code not in covered and d.severity != "note"
    ]  # fmt: skip
    yield Check("Search", state, said)
    if rest:
        yield Check("Fit", "warning", "The fit raised the following points.", (),
                    _details(source, rest))  # fmt: skip


def _p_value(p: float) -> str:
    """A p-value without exponents.

    Examples
    --------
    >>> _p_value(0.0314), _p_value(4.1e-13)
    ('0.031', '< 0.001')
    """
    return f"{p:.2g}" if p >= 0.001 else "< 0.001"


def _details(source: Source, found: Sequence[Diagnostic]) -> tuple[str, ...]:
    return tuple(sentence(first_upper(d.text(source.options))) for d in found)
