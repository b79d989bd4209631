"""Types of command-line options, and the options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click


@dataclass(frozen=True)
class OptionLimits:
    """Bounds on the values of options."""

    most_numbers: int = 100
    """Largest number of segment counts in one comparison."""


LIMITS = OptionLimits()


class Resolution(click.ParamType):
    """Recording step of the columns: auto, none or a number."""

    name = "auto|none|number"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | float | None:
        """Convert the text to a value of `BayesGMM(resolution=...)`."""
        if value in ("auto", "none"):
            return None if value == "none" else "auto"
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number < float("inf"):
            self.fail(f"{value!r} is not auto, none or a number of at least 0", param, ctx)
        return number


class OutPath(click.Path):
    """Output file or folder; an empty name, such as that of an unset variable, is refused."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Convert the text to a path."""
        if not str(value).strip():
            self.fail("the name is empty", param, ctx)
        if "\0" in str(value):
            self.fail("the name contains a zero byte", param, ctx)
        return super().convert(value, param, ctx)


class Numbers(click.ParamType):
    """Positive integers and ranges: 1-8, or 2,3,5-7."""

    name = "1-8|2,3"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        """Convert the text to sorted, distinct integers."""
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
                self.fail(f"{part!r} is not an ascending range from 1 or more", param, ctx)
            if high - low >= LIMITS.most_numbers:
                self.fail(f"{part!r} has more than {LIMITS.most_numbers} numbers", param, ctx)
            numbers |= set(range(low, high + 1))
        if not numbers:
            self.fail("give at least one number of segments", param, ctx)
        return tuple(sorted(numbers))


class Starts(click.ParamType):
    """Number of starts: auto, or a positive integer."""

    name = "auto|number"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | int:
        """Convert the text to a value of `BayesGMM(n_init=...)`."""
        if value == "auto":
            return "auto"
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and int(text) >= 1):
            self.fail(f"{value!r} is not auto or a whole number of at least 1", param, ctx)
        return int(text)


class Shares(click.ParamType):
    """Non-negative numbers, separated by commas: 1,1,0.5."""

    name = "1,1,0.5"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Convert the text to numbers, in the given order."""
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
    """Distinct entries of a comma-separated list.

    Examples
    --------
    >>> in_parts("full, tied,full")
    ['full', 'tied']
    """
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def chosen_to_plot(given: Sequence[str], features: Sequence[str]) -> tuple[str, ...] | None:
    """The features of --plot-features; None if the option is not given.

    Raises
    ------
    click.BadParameter
        If a feature is not fitted, or there are not one or two.

    Examples
    --------
    >>> chosen_to_plot(["Age,Score"], ["Age", "Income", "Score"])
    ('Age', 'Score')
    """
    if not given:
        return None
    whole = [
        part for value in given for part in ([value] if value in features else in_parts(value))
    ]
    hint = ["--plot-features"]
    if unknown := [name for name in whole if name not in features]:
        raise click.BadParameter(f"{unknown[0]!r} is not in --features", param_hint=hint)
    if len(whole) not in (1, 2) or len(set(whole)) < len(whole):
        raise click.BadParameter(
            f"give one or two different features, got {len(whole)}", param_hint=hint
        )
    return tuple(whole)


features_to_segment_by = click.option(
    "--features",
    multiple=True,
    required=True,
    metavar="A,B",
    help="Columns to fit; repeat the option for names that contain commas.",
)
seed_of_starts = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the random number generator.",
)
number_of_starts = click.option(
    "--n-init",
    type=Starts(),
    default="auto",
    show_default=True,
    help=(
        "Number of random starts; auto adds starts until they find no new optimum, and then splits "
        "and merges segments."
    ),
)
OF_POSTERIOR = ("draws", "tune", "chains", "ci_prob", "segmentation")
"""Options that `draws_of_posterior` adds, by the names of their arguments."""


def probability_of_intervals(command: Any) -> Any:
    """Add the option for the probability of credible intervals."""
    return click.option(
        "--ci",
        "ci_prob",
        type=click.FloatRange(0.0, 1.0, min_open=True, max_open=True),
        default=0.94,
        show_default=True,
        help="Probability of the intervals.",
    )(command)


def draws_of_posterior(command: Any) -> Any:
    """Add the options for posterior sampling and for its report.

    Options that are not given are None.
    """
    options = [
        click.option(
            "--draws",
            type=click.IntRange(min=1),
            help="Draws in each chain; 1000 by default.",
        ),
        click.option(
            "--tune",
            type=click.IntRange(min=1),
            help="Warm-up draws in each chain of nuts; by default the sampler chooses the number.",
        ),
        click.option(
            "--chains",
            type=click.IntRange(min=1),
            help="Number of chains; 4 by default. R-hat needs at least 2.",
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
            help="If the posterior has several segmentations (modes), report only the most "
            "probable one (main) or average over all. By default main if it holds 80 % or more "
            "of the probability mass.",
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
    help="Recording step (rounding unit) of the columns, in their units.",
)


class Transformation(click.ParamType):
    """A column and its transformation, COLUMN=NAME or COLUMN=NAME:PARAMETER; or auto."""

    name = "column=log|auto"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str | None, Any]:
        """Column (None for all other columns) and its transformation."""
        from bayes_gmm.data.transforms import parse_transform

        if isinstance(value, tuple):
            return value
        if value == "auto":
            return None, "auto"
        column, equals, text = value.rpartition("=")
        if not equals or not column:
            self.fail(f"{value!r} is not COLUMN=TRANSFORMATION or auto", param, ctx)
        if text == "auto":
            return column, "auto"
        name, colon, number = text.partition(":")
        try:
            spec = (name, float(number)) if colon else name
            parse_transform(spec)
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return column, spec


def transforms_of(
    given: Sequence[tuple[str | None, Any]], features: Sequence[str]
) -> dict[str, Any] | None:
    """The argument `transforms` from the values of --transform.

    Examples
    --------
    >>> transforms_of([("Spend", "log"), (None, "auto")], ["Age", "Spend"])
    {'Age': 'auto', 'Spend': 'log'}
    """
    if not given:
        return None
    rest = dict.fromkeys(features, "auto") if any(name is None for name, _ in given) else {}
    return {**rest, **{name: spec for name, spec in given if name is not None}}


class Alternatives(click.ParamType):
    """Transformations to compare: none, auto or given, separated by commas."""

    name = "none,auto,given"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """The names."""
        if isinstance(value, tuple):
            return value
        names = in_parts(value)
        for name in names:
            if name not in ("none", "auto", "given"):
                self.fail(f"{name!r} is not one of none, auto, given", param, ctx)
        return tuple(names)


def check_alternatives(compared: Sequence[str], given: Sequence[Any]) -> None:
    """Refuse --compare-transforms with 'given' but without --transform, and the reverse."""
    if compared and given and "given" not in compared:
        said = "add 'given' for the transformations of --transform"
    elif "given" in compared and not given:
        said = "'given' needs the option --transform"
    else:
        return
    raise click.BadParameter(said, param_hint="'--compare-transforms'")


def alternatives_of(
    given: Sequence[tuple[str | None, Any]], compared: Sequence[str], features: Sequence[str]
) -> Any:
    """The argument `transforms` of `compare` from --transform and --compare-transforms.

    Examples
    --------
    >>> alternatives_of([], ["none", "auto"], ["Spend"])
    [None, 'auto']
    >>> alternatives_of([("Spend", "log")], ["none", "given"], ["Spend"])
    [None, {'Spend': 'log'}]
    """
    by_column = transforms_of(given, features)
    known = {"none": None, "auto": "auto", "given": by_column}
    return [known[name] for name in compared] if compared else by_column


transforms_of_columns = click.option(
    "--transform",
    "transforms",
    type=Transformation(),
    multiple=True,
    help="Transformation of a column, such as Spend=log (also log1p, sqrt, logit, "
    "yeo-johnson:0.5); auto chooses for all other columns. Repeat the option for more columns.",
)
alternatives_of_transforms = click.option(
    "--compare-transforms",
    "compared_transforms",
    type=Alternatives(),
    default=(),
    metavar="A,B",
    help="Transformations to compare, such as none,auto: none, auto (chosen for each column), and "
    "given (those of --transform).",
)
weights_of_rows = click.option(
    "--weights",
    metavar="COLUMN",
    help="Column of row weights, the number of observations each row represents.",
)
as_json = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object instead of text."
)


def reading_of_cells(command: Any) -> Any:
    """Add the options for missing cells, for the encoding of a file and for the sheet."""
    missing = click.option(
        "--missing",
        multiple=True,
        metavar="TEXT",
        help="Text of cells with missing values, such as '?', besides empty cells and NA; repeat "
        "the option for several.",
    )
    encoding = click.option(
        "--encoding",
        metavar="NAME",
        help="Encoding of a CSV file, such as cp1250; inferred by default.",
    )
    sheet = click.option(
        "--sheet",
        metavar="NAME",
        help="Sheet of an Excel workbook; by default the only visible one with data.",
    )
    return missing(encoding(sheet(command)))


id_of_rows = click.option(
    "--id",
    "id_column",
    metavar="COLUMN",
    help="Column that identifies the rows: written beside the results, never fitted.",
)


def check_order(model: str, table: str) -> None:
    """Refuse a table and a model in the wrong order."""
    from bayes_gmm.results.io.netcdf import is_netcdf

    if is_netcdf(table) and not is_netcdf(model):
        raise click.UsageError(
            f"TABLE '{table}' is a model file, and MODEL '{model}' is not; give the model first"
        )


OTHER_ENDINGS = frozenset({".csv", ".html", ".nc", ".parquet", ".pq", ".xls", ".xlsx", ".ods"})
"""Endings of files of other kinds, which programs would open as such."""


def check_output(out: Path, *inputs: str, endings: Sequence[str]) -> None:
    """Refuse an output file of another kind, or one that is an input."""
    if out.suffix.lower() in OTHER_ENDINGS.difference(endings):
        kind = " or ".join(ending[1:].upper() for ending in endings)
        raise click.UsageError(
            f"--out is '{out}', but the output is {kind}; use the ending {' or '.join(endings)}"
        )
    for name in inputs:
        if out.exists() and Path(name).exists() and out.samefile(name):
            raise click.UsageError(f"--out is the input file '{name}'; choose another file")


def check_output_folder(out: Path) -> None:
    """Refuse the name of a workbook for an output folder."""
    if out.suffix.lower() in (".xls", ".xlsx", ".ods") and not out.is_dir():
        raise click.UsageError(
            f"--out is '{out}', but the output is a folder; give the name of a folder"
        )
