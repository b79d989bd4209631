"""Names of options in each interface, for advice that a reader can follow.

Warnings, notes and verdicts are read by people who called a method, and by people who typed a
command. Each advice is written once, with the names of the interface that its reader uses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OptionNames:
    """Names of options, and phrases with them, in one interface.

    A field with braces is filled in by the advice.

    Attributes
    ----------
    draws, tune, chains, k_prior : str
        Bare names.
    criteria : str
        The option that computes BIC and ICL.
    nuts : str
        The option that samples by NUTS.
    components : str
        The numbers of segments from `first` to `last`.
    with_value : str
        How an {option} is given a {value}.
    simplify : str
        How to get a posterior that is easier to sample.
    overlap : str
        What to do about segments that change places.
    one_mode : str
        How to get the draws of the heaviest {mode} alone; modes are counted from 0.

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
    overlap="use fewer components, or co_clustering, which needs no labels",
    one_mode="use of_mode({mode}) for the draws of mode {mode} alone, and fit.modes for the optima",
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
    one_mode="use --segmentation main for the draws of the heaviest alone",
)
