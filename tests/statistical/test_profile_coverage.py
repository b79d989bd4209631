"""Intervals of a profile hold the population: a short version of benchmarks/profile_coverage.py."""

import pytest
from profile_coverage import Setting, coverage

pytestmark = pytest.mark.slow


def test_intervals_of_a_profile_hold_means_and_shares():
    """Nominal .94 over 10 tables; hard assignment, and sampled memberships, hold fewer."""
    found = coverage(Setting(separation=3.0, n_rows=400), n_tables=10).iloc[:-1]
    assert found["profile"].mean() > 0.86
    assert found["hard"].mean() < found["profile"].mean() - 0.08
    assert found.loc["by segment", "sampled"] < found.loc["by segment", "profile"] - 0.1
