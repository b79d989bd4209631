"""Findings in one column."""

from __future__ import annotations

from collections.abc import Iterator

from bayes_gmm.data.checks.column_parts import ColumnParts
from bayes_gmm.data.checks.identifiers import identifier_finding
from bayes_gmm.data.checks.missing_codes import shared_value_findings
from bayes_gmm.data.checks.outliers import tail_findings
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.validate import check_column, is_constant
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError


def column_findings(column: ColumnParts, settings: CheckSettings) -> Iterator[Diagnostic]:
    """All findings in a column."""
    profile = column.profile
    yield from _missing(profile)
    try:
        check_column(profile.name, profile.values, profile.n_rows, profile.n_observed)
    except DataError as error:
        if len(profile.values):
            code = "constant" if is_constant(profile.values) else "unusable"
            yield Diagnostic(code, (profile.name,), {"message": str(error)})
        return
    identifier = identifier_finding(profile, settings.identifiers)
    if identifier is not None:
        yield identifier
        return
    if column.shared:
        yield from shared_value_findings(profile, column.codes, column.atoms)
    elif profile.counts.max() >= settings.tails.nearly_constant * profile.n_observed:
        yield _nearly_constant(profile)
    yield from tail_findings(column.rest, column.shared, settings.tails, far=column.far)
    if profile.step >= settings.tails.coarse * profile.sd:
        yield _coarse(profile)


def _missing(profile: Profile) -> Iterator[Diagnostic]:
    n_missing = profile.n_rows - profile.n_observed
    if not len(profile.values):
        yield Diagnostic("missing_column", (profile.name,), {"rows": profile.n_rows})
    elif n_missing > 1e-12 * profile.n_rows:
        values = {"rows": n_missing, "fraction": n_missing / profile.n_rows}
        yield Diagnostic("missing_cells", (profile.name,), values)


def _nearly_constant(profile: Profile) -> Diagnostic:
    place = int(profile.counts.argmax())
    rows = float(profile.counts[place])
    values = {
        "value": float(profile.values[place]), "rows": rows, "fraction": rows / profile.n_rows,
    }  # fmt: skip
    return Diagnostic("nearly_constant", (profile.name,), values)


def _coarse(profile: Profile) -> Diagnostic:
    values = {
        "step": profile.step, "step_in_sds": profile.step / profile.sd,
        "distinct": len(profile.values),
    }  # fmt: skip
    return Diagnostic("coarse", (profile.name,), values)
