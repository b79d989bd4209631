"""Findings in one column, made from its distinct values."""

from __future__ import annotations

from collections.abc import Iterator

from bayes_gmm.data.checks.column_parts import ColumnParts
from bayes_gmm.data.checks.identifiers import identifier_finding
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.checks.shared_values import shared_value_findings
from bayes_gmm.data.checks.tails import tail_findings
from bayes_gmm.data.findings.finding import Finding
from bayes_gmm.data.validate import check_column, is_constant
from bayes_gmm.errors import DataError


def column_findings(column: ColumnParts, settings: CheckSettings) -> Iterator[Finding]:
    """All findings in a column."""
    profile = column.profile
    yield from _missing(profile)
    try:
        check_column(profile.name, profile.values, profile.n_rows, profile.n_observed)
    except DataError as error:
        if len(profile.values):
            kind = "constant" if is_constant(profile.values) else "unusable"
            yield Finding((profile.name,), kind, 1.0, {"message": str(error)})
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


def _missing(profile: Profile) -> Iterator[Finding]:
    n_missing = profile.n_rows - profile.n_observed
    if not len(profile.values):
        yield Finding((profile.name,), "missing", 1.0, {"rows": profile.n_rows})
    elif n_missing > 1e-12 * profile.n_rows:
        values = {"rows": n_missing}
        yield Finding((profile.name,), "missing", n_missing / profile.n_rows, values)


def _nearly_constant(profile: Profile) -> Finding:
    place = int(profile.counts.argmax())
    share = float(profile.counts[place]) / profile.n_rows
    values = {"value": float(profile.values[place]), "rows": float(profile.counts[place])}
    return Finding((profile.name,), "constant", share, values)


def _coarse(profile: Profile) -> Finding:
    values = {"step": profile.step, "distinct": len(profile.values)}
    return Finding((profile.name,), "coarse", profile.step / profile.sd, values)
