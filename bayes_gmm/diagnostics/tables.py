"""Diagnostics of tables (see `check_table`).

Computed numbers, and fractional values of cells, have at most four significant digits; whole
numbers in cells are written in full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bayes_gmm.diagnostics.kind import TEXT, Kind, OptionNames, Parts, Subject, Values, fixed
from bayes_gmm.errors import DataWarning, file_named, listed, shown
from bayes_gmm.text import cell, counted, figure, is_or_are, percent


def same_for(columns: Sequence[str]) -> str:
    """The end of a warning: other columns with the same kind of diagnostic.

    Examples
    --------
    >>> same_for(["b"])
    "check_table reports the same kind of finding for 'b'"
    """
    return f"check_table reports the same kind of finding for {named(columns)}"


def column(columns: Sequence[str]) -> str:
    """The first column, by name."""
    return f"column {shown(columns[0])}"


def share_of_rows(values: Values) -> str:
    """A number of rows, and their fraction of all rows."""
    return f"{counted(values['rows'], 'row')} ({percent(values['fraction'])})"


def named(columns: Sequence[str]) -> str:
    """Several columns, by name."""
    return listed([shown(name) for name in columns])


def _never_together(columns: Subject, values: Values, options: OptionNames) -> Parts:
    more = f" (and {values['more']} more such pairs)" if values["more"] else ""
    return (
        f"columns {shown(columns[0])} and {shown(columns[1])} are never observed in the same "
        f"row{more}: the table holds no information on their correlation within a segment, so "
        "the prior determines it",
        "leave one out unless you need both",
    )


def _empty_rows(columns: Subject, values: Values, options: OptionNames) -> Parts:
    has = "has" if values["rows"] == 1 else "have"
    return (
        f"{share_of_rows(values)} {has} every column missing: such rows do not affect the fit, and "
        "their memberships equal the shares of the segments",
        "leave them out",
    )


def _total_row(columns: Subject, values: Values, options: OptionNames) -> Parts:
    one = len(columns) == 1
    where = column(columns) if one else f"columns {named(columns)}"
    found = f"{where} {'holds' if one else 'hold'} the sum of all other rows in row {values['row']}"
    return f"{found}: the fit treats these totals as one more observation", "remove the row"


def _missing_column(columns: Subject, values: Values, options: OptionNames) -> Parts:
    found = f"{column(columns)} is missing in all rows, so `fit` raises an error"
    return found, "leave it out"


def _missing_cells(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{column(columns)} is missing in {share_of_rows(values)}: the fit keeps these rows and "
        "integrates the missing cells out, assuming that they are missing at random",
        "",
    )


def _nearly_constant(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{column(columns)} is nearly constant, {cell(values['value'])} in "
        f"{percent(values['fraction'])} of the rows: it only separates the other rows from these",
        "leave it out unless you want to find the other rows",
    )


def _small_weights(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"the weights sum to {figure(values['total'], 4)}, so the {counted(values['rows'], 'row')} "
        f"count as only {figure(values['total'], 4)} observations in BIC, evidence and intervals",
        "divide the weights by their mean if each row is one observation",
    )


def _few_rows(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{counted(values['total'], 'row')} are few for {counted(values['columns'], 'column')}: "
        f"one segment with a full covariance has {values['parameters']:,} parameters, so the prior "
        "has much influence on it",
        f"use {options.diag} ({values['diagonal']:,} parameters) or fewer columns",
    )


def _identifier(columns: Subject, values: Values, options: OptionNames) -> Parts:
    first, last, n = cell(values["first"]), cell(values["last"]), int(values["distinct"])
    if values["pattern"] == "running":
        found = (
            f"looks like a row number ({n:,} whole numbers from {first} to {last}, each in "
            f"{counted(values['times'], 'row')}, which is too regular for a measurement)"
        )
    else:
        found = (
            f"has the name of an identifier and a different whole number in each of its {n:,} rows"
        )
    return f"{column(columns)} {found}: it would split the rows by their numbers", "leave it out"


def _missing_code(columns: Subject, values: Values, options: OptionNames) -> Parts:
    if values["sds"] is None:
        distance = "far more often than any other value"
    else:
        side = "below" if values["value"] < values["nearest"] else "above"
        distance = (
            f"{figure(values['sds'])} robust standard deviations {side} the nearest other value, "
            f"{cell(values['nearest'])}"
        )
    option = options.missing_cells([shown(cell(values["value"]))])
    return (
        f"{column(columns)} is {cell(values['value'])} in {share_of_rows(values)}, {distance}: "
        "this is probably a code for missing values",
        f"set these cells to missing unless the value was measured; for a file, use {option}",
    )


def _atom(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{column(columns)} is {cell(values['value'])} in {percent(values['fraction'])} of the "
        "rows, far more often than any other value: a segment may collapse onto this value, with "
        "almost no variance",
        "fit these rows separately, or interpret such a segment as the rows with this value",
    )


def _collinear(columns: Subject, values: Values, options: OptionNames) -> Parts:
    nearly = "" if values["exact"] else "nearly "
    number, largest = values["condition_number"], TEXT.largest_condition_number
    condition = figure(number) if number <= largest else f"above {figure(largest)}"
    return (
        f"{column(columns)} is {nearly}a linear function of {named(columns[1:])} (condition number "
        f"{condition}): the columns repeat the same information, and BIC counts it more than once",
        "leave one of them out",
    )


def _nearly_collinear(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"columns {named(columns)} are nearly collinear (correlations up to "
        f"{values['correlation']:.4g}, condition number {figure(values['condition_number'])}): the "
        f"other columns explain {100.0 * (1.0 - values['own']):.4g} % of the variance of "
        f"{shown(values['column'])}, so one of them adds little information",
        "leave one out, or use differences or ratios of them",
    )


def _near_copies(columns: Subject, values: Values, options: OptionNames) -> Parts:
    n, groups, largest = values["rows"], int(values["groups"]), int(values["largest"])
    where = f" of a sample of {counted(values['sample'], 'row')}" if values["sampled"] else ""
    in_groups = "1 group" if groups == 1 else f"{groups:,} groups of 2 to {largest:,}"
    if groups > 1 and largest == n / groups:
        in_groups = f"{groups:,} groups of {largest:,}"
    return (
        f"{counted(n, 'row')}{where} ({percent(values['fraction'])}) are near-copies of each "
        f"other, in {in_groups}: every column agrees to within {percent(values['within'])} of its "
        "standard deviation, far closer than other rows, so a segment may collapse onto such a "
        "group",
        "keep one row of each group if the copies are errors",
    )


def _outliers(columns: Subject, values: Values, options: OptionNames) -> Parts:
    scale = " on the log scale" if values["scale"] == "log" else ""
    return (
        f"{column(columns)} has {counted(values['rows'], 'row')} far from the others, the furthest "
        f"at {cell(values['furthest'])}, {figure(values['sds'])} robust standard deviations from "
        f"the median{scale}: such rows distort a segment or form a separate one",
        "correct them, set them to missing, or leave them out",
    )


def _skewed(columns: Subject, values: Values, options: OptionNames) -> Parts:
    logarithm = "logarithm of 1 + x" if values["zeros"] else "logarithm"
    name = "log1p" if values["zeros"] else "log"
    without = [cell(x) for x in values["without"]]
    rest = f" in the rows where it is not {listed(without)}" if without else ""
    there = " in the other rows alone, as two-part columns are not modelled" if without else ""
    negative, n = "", values["negative"]
    if n:
        negative = (
            f"; {counted(n, 'row')} {is_or_are(n)} negative: correct them or set them to missing "
            "first"
        )
    return (
        f"{column(columns)} has a long tail{rest} (skewness {figure(values['skewness'], 2)}; after "
        f"the {logarithm} {figure(values['log_skewness'], 1)}): the fit needs several Gaussian "
        "segments to describe one skewed segment",
        f"fit its {logarithm}{there}, with {options.transform(columns[0], name)}{negative}",
    )


def _skewed_segments(columns: Subject, values: Values, options: OptionNames) -> Parts:
    on_log, own = (
        counted(values[name], "Gaussian segment") for name in ("log_segments", "own_segments")
    )
    return (
        f"{column(columns)} is described better by {on_log} on the log scale than by {own} on its "
        f"own scale (BIC lower by {figure(values['bic_reduction'])}): its segments are probably "
        "skewed, and the fit would split them into several segments",
        f"fit its logarithm, with {options.transform(columns[0], 'log')}, and compare",
    )


def _coarse(columns: Subject, values: Values, options: OptionNames) -> Parts:
    if values["distinct"] <= TEXT.few_values:
        return (
            f"{column(columns)} takes only {values['distinct']} values: treat it as a category",
            "leave it out of the fit unless its steps are those of a measurement",
        )
    return (
        f"{column(columns)} is recorded in steps of {figure(values['step'], 4)}, "
        f"{figure(values['step_in_sds'])} of its standard deviation ({values['distinct']:,} "
        "values): the fit treats the step as rounding error, and segments closer than one step are "
        "hard to distinguish",
        "",
    )


def _duplicates(columns: Subject, values: Values, options: OptionNames) -> Parts:
    return (
        f"{share_of_rows(values)} repeat another row in every column, more than rounding explains: "
        "each counts as one observation",
        "drop them if the copies are errors",
    )


def _rows_in_quotes(subject: Subject, values: Values, options: OptionNames) -> Parts:
    found = f"{file_named(subject[0])}: a quoted cell of row {values['row']} contains "
    found += f"{values['lines']} lines that look like rows"
    return found, "remove the quotation marks unless this is intended"


KINDS: Mapping[str, Kind] = {
    "unusable": Kind("error", fixed("{message}")),
    "missing_column": Kind("error", _missing_column),
    "never_together": Kind("warning", _never_together),
    "total_row": Kind("warning", _total_row, DataWarning),
    "empty_rows": Kind("note", _empty_rows),
    "missing_cells": Kind("note", _missing_cells),
    "constant": Kind("error", fixed("{message}")),
    "nearly_constant": Kind("warning", _nearly_constant),
    "few_rows": Kind("warning", _few_rows),
    "small_weights": Kind("warning", _small_weights),
    "identifier": Kind("warning", _identifier, DataWarning),
    "missing_code": Kind("warning", _missing_code, DataWarning),
    "atom": Kind("warning", _atom, DataWarning),
    "collinear": Kind("warning", _collinear),
    "nearly_collinear": Kind("warning", _nearly_collinear),
    "near_copies": Kind("warning", _near_copies),
    "outliers": Kind("warning", _outliers),
    "skewed": Kind("warning", _skewed),
    "skewed_segments": Kind("warning", _skewed_segments),
    "coarse": Kind("note", _coarse),
    "duplicates": Kind("note", _duplicates),
    "rows_in_quotes": Kind("warning", _rows_in_quotes, DataWarning),
}
"""Kinds of diagnostics of tables, in the order in which `check_table` lists them."""
