"""What a reader can change, by the names that Python and the command line have for it.

Warnings and notes are read by people who called a method, and by people who typed a command. Each
advice is written once, with the names of the interface that its reader uses.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Remedies:
    """Names of options, and phrases with them, for one kind of reader.

    Attributes
    ----------
    draws, tune, chains : str
        The options of the sampler.
    simplify : str
        How to get a posterior that is easier to sample.
    overlap : str
        What to do about segments that change places.
    nuts : str
        The option that samples by NUTS.
    with_number : str
        How an {option} is given a {value}.
    alone : str
        How to get the draws of the mode with this {number}, at this {position} of the fit's modes.
    """

    draws: str
    tune: str
    chains: str
    simplify: str
    overlap: str
    nuts: str
    with_number: str
    alone: str

    def number(self, option: str, value: int) -> str:
        """An option with a number.

        Examples
        --------
        >>> PYTHON.number(PYTHON.chains, 4), COMMAND_LINE.number(COMMAND_LINE.chains, 4)
        ('chains=4', '--chains 4')
        """
        return self.with_number.format(option=option, value=value)


PYTHON = Remedies(
    draws="draws",
    tune="tune",
    chains="chains",
    simplify="use fewer components or stronger priors",
    nuts='method="nuts"',
    overlap="use fewer components, or co_clustering, which needs no labels",
    with_number="{option}={value}",
    alone="use of_mode({position}) for the draws of mode {number} alone, and fit.modes for the "
    "optimum of each",
)
COMMAND_LINE = Remedies(
    draws="--draws",
    tune="--tune",
    chains="--chains",
    simplify="use fewer --components",
    nuts="--posterior nuts",
    overlap="use fewer --components",
    with_number="{option} {value}",
    alone="use --segmentation main for the draws of mode {number} alone",
)
