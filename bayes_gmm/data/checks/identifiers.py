"""Columns that only identify the rows."""

from __future__ import annotations

import re
from math import lgamma, log
from typing import Any

import numpy as np

from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import IdentifierSettings
from bayes_gmm.data.rows import LARGEST_WHOLE, Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic


def identifier_finding(
    profile: Profile, settings: IdentifierSettings | None = None
) -> Diagnostic | None:
    """A finding for a running number, or for unique whole numbers under an identifier's name.

    The order of the rows does not matter. A running number may have gaps, as long as random draws
    from its range would practically never all be different. Values may repeat if all occur equally
    often.

    Examples
    --------
    >>> customer = np.random.default_rng(0).permutation(np.arange(1001.0, 1201.0))
    >>> identifier_finding(Profile.of("Customer", customer)).values["pattern"]
    'running'
    >>> age = np.random.default_rng(0).normal(50.0, 15.0, 200).round()
    >>> identifier_finding(Profile.of("Age", age)) is None
    True
    """
    settings = settings or IdentifierSettings()
    profile = profile.numbers or profile
    if len(profile.values) < settings.fewest or not _whole(profile.values, settings.values_first):
        return None
    unique = profile.n_distinct == profile.n_entries
    balanced = float(profile.counts.max() - profile.counts.min()) <= 1e-9 * profile.counts.max()
    running = (unique or balanced) and _log_chance(profile) < log(settings.chance)
    if running:
        return _finding(profile, "running")
    return _finding(profile, "unique") if unique and is_identifier(profile.name, settings) else None


def is_identifier(name: str, settings: IdentifierSettings | None = None) -> bool:
    """Whether the name of a column says that it holds identifiers.

    Examples
    --------
    >>> [name for name in ("CustomerID", "cust_id", "Valid", "Income (k$)") if is_identifier(name)]
    ['CustomerID', 'cust_id']
    """
    settings = settings or IdentifierSettings()
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)
    whole = re.sub(r"[^a-z]", "", name.lower())
    return whole in settings.names or any(word.lower() in settings.names for word in words)


def _whole(values: Floats, first: int) -> bool:
    step = max(1, len(values) // first)
    if not np.array_equal(values[::step], np.rint(values[::step])):
        return False
    return bool(max(-values[0], values[-1]) < LARGEST_WHOLE) and np.array_equal(
        values, np.rint(values)
    )


def _log_chance(profile: Profile) -> float:
    """Log probability that as many uniform draws from the range are all different.

    Draws from any other distribution on the range repeat more often.
    """
    n, step = profile.n_distinct, float(np.gcd.reduce(np.diff(profile.values).astype(np.int64)))
    cells = max(profile.span / step + 1.0, n)
    if n > 1e-4 * cells:
        return lgamma(cells + 1.0) - lgamma(cells - n + 1.0) - n * log(cells)
    return -0.5 * n * (n - 1.0) / cells


def _finding(profile: Profile, pattern: str) -> Diagnostic:
    distinct = profile.n_distinct
    values: dict[str, Any] = {
        "pattern": pattern, "distinct": distinct, "times": profile.n_entries / distinct,
        "first": float(profile.values[0]), "last": float(profile.values[-1]),
        "fraction": profile.n_observed / profile.n_rows,
    }  # fmt: skip
    return Diagnostic("identifier", (profile.name,), values)
