"""How each interface spells the arguments of `compare`, for advice that names them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spelling:
    """Names of arguments in one interface; a field with braces is filled in by the advice.

    Attributes
    ----------
    components : str
        Numbers from `first` to `last`.
    draws : str
        `n` draws of each chain.
    criteria : str
        BIC and ICL.
    draws_name, prior_name : str
        The bare names of the number of draws and of the prior over numbers of segments.

    Examples
    --------
    >>> PYTHON.between(1, 12), COMMAND_LINE.between(1, 12)
    ('n_components=range(1, 13)', '--components 1-12')
    """

    components: str
    draws: str
    criteria: str
    draws_name: str
    prior_name: str

    def between(self, first: int, last: int) -> str:
        """The argument for all numbers of segments from `first` to `last`."""
        return self.components.format(first=first, last=last, end=last + 1)


PYTHON = Spelling(
    components="n_components=range({first}, {end})",
    draws="draws={n}",
    criteria='criteria=("bic", "icl")',
    draws_name="draws",
    prior_name="k_prior",
)
COMMAND_LINE = Spelling(
    components="--components {first}-{last}",
    draws="--draws {n}",
    criteria="--criteria bic,icl",
    draws_name="--draws",
    prior_name="--k-prior",
)
