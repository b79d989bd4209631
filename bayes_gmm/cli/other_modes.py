"""Text on other segmentations (modes) of the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from math import isnan
from typing import TYPE_CHECKING, Any

from bayes_gmm.cli.layout import fill, shortened, writer
from bayes_gmm.cli.settings import REPORT
from bayes_gmm.results.posterior.segment_changes import changes_of_mixtures
from bayes_gmm.results.posterior.segmentation import OtherSegmentation, Segmentation, SegmentChange
from bayes_gmm.text import counted, percent

if TYPE_CHECKING:
    from bayes_gmm.model.mixture import Mixture
    from bayes_gmm.results.fit.map_fit import MapFit
    from bayes_gmm.results.posterior.draws import PosteriorDraws

Writers = Mapping[str, Callable[[float], str]]
"""A number format for each feature."""


def of_fit(fit: MapFit) -> Segmentation:
    """The segmentation of the MAP, with those of the other modes."""
    others = tuple(
        OtherSegmentation(m, mode.probability, changes_of_mixtures(fit.mixture, mode.mixture))
        for m, mode in enumerate(fit.modes)
        if m > 0 and not mode.probability < REPORT.least_mass  # NaN: not computed
    )
    return Segmentation(0, fit.modes[0].probability, others)


def text_of_fit(fit: MapFit, names: Sequence[str]) -> str:
    """The masses of other modes and their differences from the MAP; empty without other modes."""
    found = of_fit(fit)
    if not found.others:
        return ""
    error = fit.modes[0].probability_error
    by = (
        "Laplace's approximation"
        if isnan(error)
        else f"tempering, with a standard error of {percent(error)}"
    )
    head = (
        "Other segmentations of the same rows (their probabilities were not computed):"
        if isnan(found.mass)
        else f"This segmentation holds about {percent(found.mass)} of the probability mass, by "
        f"{by}; use --posterior nuts to sample the posterior. Other segmentations of the same rows:"
    )
    lines = [*_paragraph(head), *_lines(found.others, names, writers_of(fit.mixture))]
    if any(other.mass > found.mass for other in found.others):
        lines += _paragraph(
            "Another segmentation may hold more: masses that differ by less than three standard "
            "errors are not ranked."
        )
    return "\n".join(lines)


def text_of_posterior(posterior: PosteriorDraws) -> str:
    """The segmentations of the draws and their differences; empty if there is only one."""
    found = posterior.segmentation
    if found is None:
        return _text_of_average(posterior)
    if not found.others:
        return ""
    head = (
        f"The estimates are for the main segmentation, which holds {percent(found.mass)} of the "
        "probability mass (use --segmentation all to average over all segmentations). Other "
        "segmentations of the same rows:"
    )
    lines = _lines(found.others, posterior.names, writers_of(posterior.mixture))
    return "\n".join([*_paragraph(head), *lines])


def _text_of_average(posterior: PosteriorDraws) -> str:
    from bayes_gmm.results.posterior.segmentations import masses

    found = masses(posterior)
    if len(found) < 2:
        return ""
    shares = ", ".join(percent(mass) for mass in found.values())
    return "\n".join(
        _paragraph(
            f"The estimates average over {len(found)} segmentations, which hold {shares} of the "
            "probability mass (use --segmentation main to report only the most probable one)."
        )
    )


def json_of(segmentation: Segmentation, names: Sequence[str]) -> dict[str, Any]:
    """JSON-compatible record; modes are counted from 0, as in ``MapFit.modes``."""
    record = asdict(segmentation)
    for other in record["others"]:
        for change in other["changes"]:
            change["segment"] = names[change["segment"]]
    return record


def writers_of(mixture: Mixture) -> dict[str, Callable[[float], str]]:
    """A number format for each feature, in the user's units: the smallest sd has two digits."""
    sds = mixture.standard_deviations
    return {
        name: writer(mixture.medians[:, j], 10.0 * t.moments(mixture.means[:, j], sds[:, j])[1])
        for j, (name, t) in enumerate(
            zip(mixture.features, mixture.transforms.entries, strict=True)
        )
    }


def _paragraph(text: str) -> list[str]:
    return fill(text).splitlines()


def _lines(
    others: Sequence[OtherSegmentation], names: Sequence[str], writers: Writers
) -> list[str]:
    lines = []
    for other in others[: REPORT.modes]:
        said = [sentence(change, names, writers) for change in other.changes[: REPORT.changes]]
        more = len(other.changes) - REPORT.changes
        also = f"; {counted(more, 'more segment')}" if more > 0 else ""
        head = f"  {'' if isnan(other.mass) else percent(other.mass):>6}   "
        lines.append(fill("; ".join(said) + also, head, " " * 11))
    if len(others) > REPORT.modes:
        lines.append(f"  and {len(others) - REPORT.modes} more")
    return lines


def sentence(change: SegmentChange, names: Sequence[str], writers: Writers) -> str:
    """One difference as text.

    Examples
    --------
    >>> change = SegmentChange(0, "mean", ("Age",), 25.1, 77.9, 6.8)
    >>> sentence(change, ["Segment 1"], {"Age": "{:.1f}".format})
    'Segment 1: mean Age 77.9 instead of 25.1'
    """
    features = " and ".join(shortened(feature) for feature in change.features)
    write: Callable[[float], str] = "{:.2f}".format
    if change.quantity == "share":
        write = percent
    elif change.quantity in ("mean", "median", "sd"):
        write = writers[change.features[0]]
    what = f"{change.quantity} {'of ' * (change.quantity == 'correlation')}{features}".rstrip()
    there, here = write(change.there), write(change.here)
    return f"{shortened(names[change.segment])}: {what} {there} instead of {here}"
