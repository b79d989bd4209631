"""Diagnostics of posterior draws; modes are counted from 0."""

from __future__ import annotations

from collections.abc import Mapping

from bayes_gmm.diagnostics.kind import TEXT, Kind, OptionNames, Parts, Subject, Values, fixed
from bayes_gmm.errors import AmbiguousLabelsWarning, ConvergenceWarning, MultimodalWarning
from bayes_gmm.text import counted, duration, is_or_are, percent


def written_r_hat(r_hat: float, decimals: int = 2) -> str:
    """R-hat as text; the huge values of constant chains are truncated.

    Examples
    --------
    >>> written_r_hat(1.0234), written_r_hat(5969253037225964.0)
    ('1.02', 'above 1,000')
    """
    most = TEXT.largest_r_hat
    return f"above {most:,}" if r_hat > most else f"{r_hat:.{decimals}f}"


def _interrupted(subject: Subject, values: Values, options: OptionNames) -> Parts:
    n = values["n_chains"]
    return (
        f"sampling was interrupted: only {counted(n, 'chain')} of "
        f"{counted(values['n_draws'], 'draw')} {is_or_are(n)} kept",
        "sample again to get all draws",
    )


def _few_draws(subject: Subject, values: Values, options: OptionNames) -> Parts:
    n = values["n"]
    return (
        f"there {is_or_are(n)} {counted(n, 'draw')} in total, too few for intervals",
        f"increase {options.draws} to get at least {values['needed']}, preferably 1,000",
    )


def _ambiguous_labels(segments: Subject, values: Values, options: OptionNames) -> Parts:
    pairs = values["pairs"]
    named = ", ".join(
        f"{a} and {b} may be swapped in {percent(fraction)} of the draws"
        for a, b, fraction in pairs[: TEXT.most_named]
    )
    more = len(pairs) - TEXT.most_named
    also = f", and {counted(more, 'more pair')} of segments" if more > 0 else ""
    return f"segments have ambiguous labels: {named}{also}", options.overlap


def _several_modes(subject: Subject, values: Values, options: OptionNames) -> Parts:
    masses = values["masses"]
    main = max(masses, key=lambda m: masses[m])
    return (
        f"averages mix draws from {len(masses)} different segmentations ({_by_mode(masses)})",
        options.one_mode.format(mode=main),
    )


def _modes_without_draws(subject: Subject, values: Values, options: OptionNames) -> Parts:
    masses = values["masses"]
    first, mass = next(iter(masses.items()))
    found = f"no draws from mode {first}, which holds {percent(mass)} of the mass"
    if len(masses) > 1:
        found = f"no draws from other modes that hold mass ({_by_mode(masses)})"
    return found, f"sample with {options.number(options.chains, values['chains'])} or more"


def _one_segmentation(subject: Subject, values: Values, options: OptionNames) -> Parts:
    others = values["others"]
    also = f" (other modes: {_by_mode(others)})" if others else ""
    found = f"all draws are from mode {values['mode']}, which holds "
    return f"{found}{percent(values['mass'])} of the mass{also}", ""


def _unmixed_chains(parameters: Subject, values: Values, options: OptionNames) -> Parts:
    found, increase = [], ""
    if "r_hat" in values:
        found.append(f"R-hat is {written_r_hat(values['r_hat'])} for {values['r_hat_of']}")
    if "ess" in values:
        ess, needed = values["ess"], values["needed"]
        found.append(
            f"effective sample size {ess:,.0f} for {values['ess_of']}, below {needed:,.0f}"
        )
    if found:
        increase = f"increase {options.draws} and {options.tune}, or "
    if "divergent" in values:
        found.append(f"{percent(values['divergent'])} of the draws diverged")
    return f"the chains have not mixed: {', '.join(found)}", f"{increase}{options.simplify}"


def _independent_draws(subject: Subject, values: Values, options: OptionNames) -> Parts:
    khat, bound = values["khat"], values["max_khat"]
    if khat is None:
        fit = "no Pareto k-hat is available for them"
    else:
        good = f"good (at most {bound:g})" if khat <= bound else f"too high (above {bound:g})"
        fit = f"their Pareto k-hat is {khat:.2f}, which is {good}"
    return (
        f"R-hat does not apply to independent draws; {fit}; their effective sample size is the "
        "number of draws, reduced for proposals that were resampled more than once",
        "",
    )


def _by_mode(masses: Mapping[int, float]) -> str:
    return ", ".join(f"mode {m}: {percent(mass)}" for m, mass in masses.items())


def _nuts_cost(subject: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"NUTS will take about {duration(values['seconds'])} ({values['gradients']:,.0f} gradients "
        f"at {duration(values['seconds_each'])})",
        f"{options.laplace} takes about {duration(values['laplace_seconds'])}",
    )


KINDS: Mapping[str, Kind] = {
    "interrupted": Kind("warning", _interrupted, ConvergenceWarning, "sampling was interrupted"),
    "few_draws": Kind(
        "warning", _few_draws, ConvergenceWarning,
        "too few draws for intervals; increase {options.draws}",
    ),
    "ambiguous_labels": Kind(
        "warning", _ambiguous_labels, AmbiguousLabelsWarning,
        "some segments have ambiguous labels",
    ),
    "several_modes": Kind(
        "warning", _several_modes, MultimodalWarning, "the posterior has several segmentations"
    ),
    "modes_without_draws": Kind(
        "warning", _modes_without_draws, MultimodalWarning,
        "no chain visited some of the segmentations that hold mass",
    ),
    "unmixed_chains": Kind(
        "warning", _unmixed_chains, ConvergenceWarning, "the chains have not mixed"
    ),
    "high_khat": Kind(
        "warning",
        fixed(
            "Laplace's approximation does not fit the posterior: Pareto k-hat is {khat:.2f}, above "
            "{max_khat:g}",
            "use {options.nuts}",
        ),
        ConvergenceWarning,
    ),
    "one_chain": Kind(
        "warning",
        lambda _, __, options: (
            "R-hat cannot be computed for 1 chain",
            f"sample with {options.number(options.chains, 4)}",
        ),
        ConvergenceWarning,
    ),
    "independent_draws": Kind("note", _independent_draws),
    "one_segmentation": Kind("note", _one_segmentation),
    "nuts_cost": Kind("note", _nuts_cost),
}  # fmt: skip
