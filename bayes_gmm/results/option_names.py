"""Names of options in Python and on the command line, for advice in messages.

Warnings, notes and verdicts appear in both interfaces. Each piece of advice is written once and
filled in with the option names of the interface in use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OptionNames:
    """Names of options, and advice with them, in one interface.

    Fields in braces are filled in by the message.

    Attributes
    ----------
    draws, tune, chains, k_prior : str
        Bare names.
    criteria : str
        The option that computes BIC and ICL.
    nuts : str
        The option that selects NUTS.
    components : str
        The numbers of segments from `first` to `last`.
    with_value : str
        Assignment of a {value} to an {option}.
    simplify : str
        Advice for a posterior that is hard to sample.
    overlap : str
        Advice for segments with ambiguous labels.
    one_mode : str
        Advice to select the draws of the most probable {mode}; modes are counted from 0.

    Examples
    --------
    >>> PYTHON.number(PYTHON.chains, 4), COMMAND_LINE.number(COMMAND_LINE.chains, 4)
    ('chains=4', '--chains 4')
    >>> PYTHON.between(1, 12), COMMAND_LINE.between(1, 12)
    ('n_components=range(1, 13)', '--components 1-12')
    """

    draws: str
    tune: str
    chains: str
    k_prior: str
    criteria: str
    nuts: str
    components: str
    with_value: str
    simplify: str
    overlap: str
    one_mode: str

    def number(self, option: str, value: int) -> str:
        """An option with a number."""
        return self.with_value.format(option=option, value=value)

    def between(self, first: int, last: int) -> str:
        """The option for all numbers of segments from `first` to `last`."""
        return self.components.format(first=first, last=last, end=last + 1)


PYTHON = OptionNames(
    draws="draws",
    tune="tune",
    chains="chains",
    k_prior="k_prior",
    criteria='criteria=("bic", "icl")',
    nuts='method="nuts"',
    components="n_components=range({first}, {end})",
    with_value="{option}={value}",
    simplify="use fewer components or stronger priors",
    overlap="use fewer components, or co_clustering, which does not depend on labels",
    one_mode="use of_mode({mode}) to select the draws of mode {mode}, and fit.modes for the optima",
)
COMMAND_LINE = OptionNames(
    draws="--draws",
    tune="--tune",
    chains="--chains",
    k_prior="--k-prior",
    criteria="--criteria bic,icl",
    nuts="--posterior nuts",
    components="--components {first}-{last}",
    with_value="{option} {value}",
    simplify="use fewer --components",
    overlap="use fewer --components",
    one_mode="use --segmentation main to report only the most probable segmentation",
)
