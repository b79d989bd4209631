"""Findings in one column, made from its distinct values."""

from __future__ import annotations

from collections.abc import Iterator

from bayes_gmm.data.check_settings import CheckSettings
from bayes_gmm.data.checks import check_column, is_constant
from bayes_gmm.data.finding import Finding
from bayes_gmm.data.identifiers import identifier_finding
from bayes_gmm.data.profile import Profile
from bayes_gmm.data.shared_values import atoms_of, codes_of, shared_value_findings
from bayes_gmm.data.tails import tail_findings
from bayes_gmm.errors import DataError


def column_findings(profile: Profile, settings: CheckSettings) -> Iterator[Finding]:
    """All findings in a column."""
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
    codes = codes_of(profile, settings.shared_values)
    rest = profile.without([code.value for code in codes])
    atoms = atoms_of(rest, settings.shared_values)
    rest = rest.without([atom.value for atom in atoms])
    if codes or atoms:
        yield from shared_value_findings(profile, codes, atoms)
    elif profile.counts.max() >= settings.tails.nearly_constant * profile.n_observed:
        yield _nearly_constant(profile)
    yield from tail_findings(rest, [value.value for value in [*codes, *atoms]], settings.tails)
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
