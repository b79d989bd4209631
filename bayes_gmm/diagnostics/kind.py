"""Kinds of diagnostics, and the names of options that their texts use in each interface.

A text is written once, with fields for the option names of Python or of the command line.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class OptionNames:
    """Names of options, and advice with them, in one interface.

    Fields in braces are filled in by the message.

    Attributes
    ----------
    draws, tune, chains, k_prior : str
        Names without values.
    resolution, no_resolution : str
        The option for the recording resolution, and its value for none.
    diag : str
        The option for segments without correlations.
    criteria : str
        The option that computes BIC and ICL.
    nuts, laplace : str
        The options that select NUTS and the normal approximation.
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
    auto_transforms : str
        The option that chooses transformations.
    see_shape : str
        Where the user finds the check of the shape of segments.
    missing : str
        The option for cells that stand for missing values, with their {texts}.
    between_texts : str
        What separates these texts.
    encoding : str
        The option for the encoding of a file.
    compare : str
        What compares numbers of segments.
    members : str
        What lists the segment of every row.

    Examples
    --------
    >>> PYTHON.number(PYTHON.chains, 4), COMMAND_LINE.number(COMMAND_LINE.chains, 4)
    ('chains=4', '--chains 4')
    >>> PYTHON.between(1, 12), COMMAND_LINE.between(1, 12)
    ('n_components=range(1, 13)', '--components 1-12')
    >>> PYTHON.missing_cells(["'?'", "'-'"]), COMMAND_LINE.missing_cells(["'?'", "'-'"])
    ("missing=['?', '-']", "--missing '?' --missing '-'")
    """

    draws: str
    tune: str
    chains: str
    k_prior: str
    resolution: str
    no_resolution: str
    diag: str
    criteria: str
    nuts: str
    laplace: str
    components: str
    with_value: str
    simplify: str
    overlap: str
    one_mode: str
    auto_transforms: str
    see_shape: str
    missing: str
    between_texts: str
    encoding: str
    compare: str
    members: str

    def number(self, option: str, value: int) -> str:
        """An option with a number."""
        return self.with_value.format(option=option, value=value)

    def transform(self, column: str, transform: str) -> str:
        """The option that transforms a column.

        Examples
        --------
        >>> PYTHON.transform("Spend", "log"), COMMAND_LINE.transform("My spend", "log")
        ("transforms={'Spend': 'log'}", "--transform 'My spend=log'")
        """
        if self.auto_transforms.startswith("--"):
            return f"--transform {shlex.quote(f'{column}={transform}')}"
        return f"transforms={ {column: transform} }"

    def between(self, first: int, last: int) -> str:
        """The option for all numbers of segments from `first` to `last`."""
        return self.components.format(first=first, last=last, end=last + 1)

    def missing_cells(self, texts: Sequence[str]) -> str:
        """The option that reads cells with these texts, in quotes, as missing."""
        return self.missing.format(texts=self.between_texts.join(texts))


PYTHON = OptionNames(
    draws="draws",
    tune="tune",
    chains="chains",
    k_prior="k_prior",
    resolution="resolution",
    no_resolution="resolution=None",
    diag="structure='diag'",
    criteria='criteria=("bic", "icl")',
    nuts='method="nuts"',
    laplace='method="laplace"',
    components="n_components=range({first}, {end})",
    with_value="{option}={value}",
    simplify="use fewer components or stronger priors",
    overlap="use fewer components, or co_clustering, which does not depend on labels",
    one_mode="use of_mode({mode}) to select the draws of mode {mode}, and fit.modes for the optima",
    auto_transforms='transforms="auto"',
    see_shape=" (see shape_check_)",
    missing="missing=[{texts}]",
    between_texts=", ",
    encoding="the argument encoding",
    compare="bg.compare",
    members="posterior.membership(X), or model.predict_proba(X) without a posterior",
)
COMMAND_LINE = OptionNames(
    draws="--draws",
    tune="--tune",
    chains="--chains",
    k_prior="--k-prior",
    resolution="--resolution",
    no_resolution="--resolution none",
    diag="structure diag",
    criteria="--criteria bic,icl",
    nuts="--posterior nuts",
    laplace="--posterior laplace",
    components="--components {first}-{last}",
    with_value="{option} {value}",
    simplify="use fewer --components",
    overlap="use fewer --components",
    one_mode="use --segmentation main to report only the most probable segmentation",
    auto_transforms="--transform auto",
    see_shape="",
    missing="--missing {texts}",
    between_texts=" --missing ",
    encoding="the option --encoding",
    compare="bayes-gmm compare",
    members="assignments.csv, which bayes-gmm fit --out writes, or bayes-gmm predict",
)


Severity = Literal["error", "warning", "note"]
Subject = Sequence[str]
Values = Mapping[str, Any]
Parts = tuple[str, str]
Text = Callable[[Subject, Values, OptionNames], Parts]
"""Makes the finding and the advice ("" if there is none) from the subject and the values."""


@dataclass(frozen=True)
class TextSettings:
    """Limits on the length of texts."""

    most_named: int = 3
    """Pairs or groups of segments, departures or features that are listed."""
    most_segments: int = 5
    """Segments that are listed by name."""
    most_departures: int = 2
    """Departures from a Gaussian that are described for one segment."""
    most_items: int = 6
    """Numbers or structures of a comparison that are listed individually."""
    tiny: float = 0.0005
    """Probability below which no digits are written."""
    narrow: float = 0.02
    """Width of a Monte Carlo interval of a probability below which it is omitted."""
    largest_r_hat: int = 1000
    """Largest R-hat that is written as a number; constant chains have a huge one."""
    few_values: int = 5
    """Number of values up to which a column is called a category."""
    largest_condition_number: float = 1e6
    """Largest condition number that is written; larger ones depend on rounding."""
    most_columns: int = 6
    """Columns that are listed by name."""
    most_cells: int = 4
    """Cells of a row that are listed."""


TEXT = TextSettings()


@dataclass(frozen=True)
class Kind:
    """Severity and text of the diagnostics with one code.

    Attributes
    ----------
    severity : {"error", "warning", "note"}
        "error": a result cannot be computed; "warning": results may be misleading; "note": for
        information.
    text : callable
        See `Text`.
    category : type of Warning, optional
        Category of its warning, if it is issued as one.
    brief : str, optional
        A few words for tables with many diagnostics, with option names in braces; by default the
        whole text.
    """

    severity: Severity
    text: Text
    category: type[Warning] | None = None
    brief: str = ""


def fixed(found: str, remedy: str = "") -> Text:
    """Text with option names and values in braces.

    Examples
    --------
    >>> fixed("{n} draws", "increase {options.draws}")((), {"n": 3}, COMMAND_LINE)
    ('3 draws', 'increase --draws')
    """

    def text(subject: Subject, values: Values, options: OptionNames) -> Parts:
        return (
            found.format(options=options, **values),
            remedy.format(options=options, **values),
        )

    return text
