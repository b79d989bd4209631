"""What options mean, and those that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

MOST_NUMBERS = 100
"""Numbers of segments that are compared at once."""


class Resolution(click.ParamType):
    """How finely columns are recorded: auto, none or a number."""

    name = "auto|none|number"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | float | None:
        """Turn the text into what `BayesGMM(resolution=...)` takes."""
        if value in ("auto", "none"):
            return None if value == "none" else "auto"
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            self.fail(f"{value!r} is not auto, none or a number from 0 up", param, ctx)
        return number


class OutPath(click.Path):
    """A file or folder to write to; an empty name, as of an unset variable, is none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Turn the text into a path."""
        if not str(value).strip():
            self.fail("the name is empty", param, ctx)
        if "\0" in str(value):
            self.fail("the name holds a zero byte", param, ctx)
        return super().convert(value, param, ctx)


class Numbers(click.ParamType):
    """Whole numbers from 1 up: 1-8, or 2,3,5-7."""

    name = "1-8|2,3"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Turn the text into numbers, each once, the least first."""
        if isinstance(value, tuple):
            return value
        numbers: set[int] = set()
        for part in in_parts(value):
            first, _, last = part.partition("-")
            ends = [end.strip() for end in (first, last or first)]
            if not all(end.isascii() and end.isdigit() for end in ends):
                self.fail(f"{part!r} is not a number or a range such as 1-8", param, ctx)
            low, high = map(int, ends)
            if not 1 <= low <= high:
                self.fail(f"{part!r} does not run from 1 or more upwards", param, ctx)
            if high - low >= MOST_NUMBERS:
                self.fail(f"{part!r} has more than {MOST_NUMBERS} numbers", param, ctx)
            numbers |= set(range(low, high + 1))
        if not numbers:
            self.fail("it names no number of segments", param, ctx)
        return tuple(sorted(numbers))


class Starts(click.ParamType):
    """How many starts: auto, or a whole number from 1 up."""

    name = "auto|number"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | int:
        """Turn the text into what `BayesGMM(n_init=...)` takes."""
        if value == "auto":
            return "auto"
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and int(text) >= 1):
            self.fail(f"{value!r} is not auto or a whole number from 1 up", param, ctx)
        return int(text)


class Shares(click.ParamType):
    """Numbers from 0 up, separated by commas: 1,1,0.5."""

    name = "1,1,0.5"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Turn the text into numbers, in its order."""
        if isinstance(value, tuple):
            return value
        shares = []
        for part in value.split(","):
            try:
                shares.append(float(part))
            except ValueError:
                self.fail(f"{part.strip()!r} is not a number", param, ctx)
        return tuple(shares)


def in_parts(text: str) -> list[str]:
    """What stands between commas, each once.

    Examples
    --------
    >>> in_parts("full, tied,full")
    ['full', 'tied']
    """
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


features_to_segment_by = click.option(
    "--features",
    multiple=True,
    required=True,
    metavar="A,B",
    help="Columns to segment by; repeat for names that contain commas.",
)
seed_of_starts = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the random starts."
)
number_of_starts = click.option(
    "--n-init",
    type=Starts(),
    default="auto",
    show_default=True,
    help="How many random starts; auto goes on until they find nothing new.",
)
OF_POSTERIOR = ("draws", "tune", "chains", "ci_prob", "segmentation")
"""Options of `draws_of_posterior`, by the names of its function's arguments."""


def draws_of_posterior(command: Any) -> Any:
    """Add the options of how to draw from the posterior, and what to report of it.

    Those that are not given are None.
    """
    options = [
        click.option(
            "--draws",
            type=click.IntRange(min=1),
            help="Draws of each chain; 1000 by default.",
        ),
        click.option(
            "--tune",
            type=click.IntRange(min=1),
            help="Warm-up draws of each chain of nuts; chosen by the sampler by default.",
        ),
        click.option(
            "--chains",
            type=click.IntRange(min=1),
            help="Chains, which R-hat compares; 4 by default.",
        ),
        click.option(
            "--ci",
            "ci_prob",
            type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
            help="Probability of the intervals; 0.94 by default.",
        ),
        click.option(
            "--segmentation",
            type=click.Choice(["main", "all"]),
            help="Where the draws are of several segmentations: the heaviest alone, or averages "
            "over all. By default main where it holds 80 % or more of the mass.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


resolution_of_columns = click.option(
    "--resolution",
    type=Resolution(),
    default="auto",
    show_default=True,
    help="How finely the columns are recorded, in their units.",
)
weights_of_rows = click.option(
    "--weights", metavar="COLUMN", help="Column that says how many rows a row stands for."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, no text.")
