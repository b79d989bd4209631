"""Diagnostics of fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bayes_gmm.diagnostics.kind import TEXT, Kind, OptionNames, Parts, Subject, Values, fixed
from bayes_gmm.errors import (
    ConvergenceWarning,
    DataWarning,
    PriorWarning,
    ShapeWarning,
    listed,
    one_line,
    shown,
)
from bayes_gmm.text import counted, figure, in_words, is_or_are, percent

ADVICE = {
    "skewed": "transform skewed columns ({options.auto_transforms})",
    "heavy tails": "check rows with extreme values for outliers",
    "flat": "try more segments if there are several peaks",
}


def _small_segments(segments: Subject, values: Values, options: OptionNames) -> Parts:
    n, d, needed = len(segments), values["n_features"], values["needed"]
    hold, their = ("holds", "its") if n == 1 else ("hold", "their")
    remedies = ["fewer segments"] * (values["n_components"] > 1)
    remedies += ["a structure with fewer parameters, such as 'diag'"] * (needed > 2)
    what = f"covariance, of {d} features" if d > 1 else f"standard deviation{'s' * (n > 1)}"
    return (
        f"{n} of {counted(values['n_components'], 'segment')} {hold} fewer than "
        f"{counted(needed, 'row')}, as few as {figure(min(values['rows']), 2)} "
        f"({listed(segments, TEXT.most_segments)}): the prior determines {their} {what}",
        f"use {' or '.join(remedies) or 'more rows'}",
    )


def _narrow_segments(segments: Subject, values: Values, options: OptionNames) -> Parts:
    n, scale = len(segments), " (on the scale of the model)" * values["on_model_scale"]
    is_, its = ("is", "its") if n == 1 else ("are", "their")
    return (
        f"{listed(segments, TEXT.most_segments)} {is_} narrow in {shown(values['column'])}, which "
        f"is recorded in steps of {figure(values['step'])}{scale}: {its} standard deviation there "
        f"is at most {figure(values['largest'])} and cannot be estimated, and {its} intervals do "
        "not say so",
        "treat the column as a category, or leave it out",
    )


def _coinciding_segments(segments: Subject, values: Values, options: OptionNames) -> Parts:
    groups, n_distinct = values["groups"], values["n_distinct"]
    named = "; ".join(listed(group, TEXT.most_segments) for group in groups[: TEXT.most_named])
    more = len(groups) - TEXT.most_named
    also = f"; and {counted(more, 'more group')}" if more > 0 else ""
    are = "segment is" if n_distinct == 1 else "segments are"
    return (
        f"{len(segments)} of {values['n_components']} segments coincide ({named}{also}): they have "
        "the same location and shape (Bhattacharyya coefficient at least "
        f"{figure(values['coefficient'], 2)}), so only {n_distinct} {are} distinct",
        "use fewer segments",
    )


def _prior_influence(segments: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        "the prior moves standard deviations or correlations by more than "
        f"{values['threshold']:g} posterior standard deviation, by up to "
        f"{figure(max(values['shifts']), 2)} ({listed(segments, TEXT.most_segments)}): the rows of "
        "these segments determine some parameters poorly",
        "compare with another prior, or use fewer segments or a structure with fewer parameters",
    )


def _not_gaussian(segments: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{not_gaussian(segments, values)}: intervals of non-Gaussian segments can be too narrow, "
        "and other segments can be pieces of them",
        shape_advice(values, options) + options.see_shape,
    )


def not_gaussian(segments: Subject, values: Values) -> str:
    """The segments that are not Gaussian, with their main departures; long lists are shortened.

    Parameters
    ----------
    segments : sequence of str
    values : mapping
        "departures" has one list for each segment, the main departure first, with departure,
        direction ("feature", "combination" or "all") and features of each.
    """
    named = [
        f"{one_line(name)} ({departure_text(departures[0])})"
        for name, departures in zip(segments, values["departures"][: TEXT.most_named], strict=False)
    ]
    more = len(segments) - len(named)
    named += [f"{more} more"] * (more > 0)
    return f"{in_words(named, 'and')} {is_or_are(len(segments))} not Gaussian"


def shape_advice(values: Values, options: OptionNames) -> str:
    """Advice for the main departures of the segments."""
    main = {departures[0]["departure"] for departures in values["departures"]}
    advice = [text.format(options=options) for kind, text in ADVICE.items() if kind in main]
    return in_words(advice, "and")


def departure_text(departure: Values) -> str:
    """One departure from a Gaussian, in a few words.

    Examples
    --------
    >>> departure_text({"departure": "skewed", "direction": "combination", "features": ["a", "b"]})
    "skewed along a combination of 'a' and 'b'"
    """
    kind = departure["departure"]
    what = "flat or with several peaks" if kind == "flat" else kind
    return f"{what} {_where(departure['direction'], departure['features'])}"


def _where(direction: str, features: Sequence[str]) -> str:
    names = [f"'{one_line(name)}'" for name in features[: TEXT.most_named]]
    if direction == "all":
        return "over all features"
    if direction == "combination":
        return f"along {combination(names, 'a ')}"
    more = len(features) - len(names)
    return f"in {in_words([*names, *[f'{more} more'] * (more > 0)], 'and')}"


def combination(names: Sequence[str], article: str = "") -> str:
    """Text for the main features of a direction.

    Examples
    --------
    >>> combination(["Income", "Age"]), combination(["Income"])
    ('combination of Income and Age', 'mostly Income')
    """
    if len(names) == 1:
        return f"mostly {names[0]}"
    return f"{article}combination of {in_words(names, 'and')}"


def _shape_not_checked(segments: Subject, values: Values, options: OptionNames) -> Parts:
    return f"too few rows to check the shape of {listed(segments)}", ""


def _transform_chosen(subject: Subject, values: Values, options: OptionNames) -> Parts:
    if values["transform"] is None:
        what = f"is not transformed: {written_transform(values['next'])} changes"
    else:
        what = f"is transformed by {written_transform(values['transform'])}, which lowers"
    mixtures = "mixtures of all columns" if values["joint"] else "univariate mixtures"
    bic = f"the BIC of {mixtures} by {figure(values['bic_reduction'])}"
    return f"column {shown(subject[0])} {what} {bic}", ""


def written_transform(spec: Any) -> str:
    """A transformation in words.

    Examples
    --------
    >>> written_transform("log"), written_transform(("log1p", 20.0))
    ("'log'", "'log1p' with parameter 20")
    """
    if isinstance(spec, str):
        return f"'{spec}'"
    name, parameter = spec
    return f"'{name}' with parameter {figure(parameter, 4)}"


def _rows_beyond(columns: Subject, values: Values, options: OptionNames) -> Parts:
    named = [
        f"{shown(name)} (median {figure(median)}, fitted mean {figure(mean)})"
        for name, median, mean in zip(columns, values["medians"], values["means"], strict=True)
    ]
    where = f", most of them in {listed(named, TEXT.most_named)}" if named else ""
    return (
        f"{values['rows']:,} of {counted(values['total'], 'row')} ({percent(values['fraction'])}) "
        f"are beyond all segments{where}: their segments and probabilities are not meaningful",
        "check that the columns have the units and the meaning of the fitted table",
    )


def _other_rows(_: Subject, values: Values, options: OptionNames) -> Parts:
    n, fitted = values["rows"], values["fitted"]
    why = (
        f"there are {n:,}, and the fit has {fitted:,}"
        if n != fitted
        else "their likelihood under the model is not that of the fit"
    )
    return (
        f"these rows are not the rows that were fitted: {why}",
        "their segments and probabilities are predictions, and sizes and profiles describe these "
        "rows",
    )


KINDS: Mapping[str, Kind] = {
    "no_maximum": Kind(
        "warning",
        fixed(
            "the posterior has no maximum: with {options.no_resolution} and this prior a component "
            "can shrink onto a few rows without limit",
            "set {options.resolution}, or use the result as a local optimum",
        ),
        ConvergenceWarning,
    ),
    "not_converged": Kind(
        "warning",
        fixed(
            "the optimisation stopped after {n_iter} steps before the gradient vanished, so the "
            "optimum is approximate"
        ),
        ConvergenceWarning,
    ),
    "small_segments": Kind("warning", _small_segments, DataWarning),
    "coinciding_segments": Kind("warning", _coinciding_segments, DataWarning),
    "narrow_segments": Kind("warning", _narrow_segments, DataWarning),
    "prior_influence": Kind(
        "warning",
        _prior_influence,
        PriorWarning,
        "the prior moves some segments by more than 1 posterior standard deviation",
    ),
    "not_gaussian": Kind("warning", _not_gaussian, ShapeWarning),
    "shape_not_checked": Kind("note", _shape_not_checked),
    "transform_chosen": Kind("note", _transform_chosen),
    "other_rows": Kind("warning", _other_rows),
    "other_weights": Kind(
        "warning",
        fixed(
            "the total weight of these rows is {weight:,.6g}, and that of the fit is "
            "{fitted_weight:,.6g}",
            "give the row weights of the fit",
        ),
    ),
    "rows_beyond": Kind("warning", _rows_beyond, DataWarning),
}
