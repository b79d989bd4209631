"""The words of an error: one line, the culprit by name."""

import pytest

from bayes_gmm.errors import (
    AmbiguousLabelsWarning,
    ConvergenceWarning,
    DataError,
    FitError,
    MultimodalWarning,
    listed,
    nearest,
    shown,
)


def test_errors_are_value_errors_and_warnings_user_warnings():
    assert issubclass(DataError, ValueError)
    assert issubclass(FitError, ValueError)
    for warning in (ConvergenceWarning, AmbiguousLabelsWarning, MultimodalWarning):
        assert issubclass(warning, UserWarning)


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb", {"a": "b\nc"}, ["x" * 500], "x" * 500])
def test_shown_is_one_short_line(value):
    text = shown(value)
    assert "\n" not in text
    assert "\r" not in text
    assert len(text) <= 60


def test_listed_names_the_first_and_counts_the_rest():
    assert listed([f"x{j}" for j in range(15)], most=2) == "x0, x1 and 13 more"
    assert "\n" not in listed(["a\nb", "c"])


@pytest.mark.parametrize(
    ("meant", "names", "found"),
    [
        ("income", ["Age", "Annual Income (k$)", "Spending"], "Annual Income (k$)"),
        ("Spendng", ["Age", "Annual Income (k$)", "Spending"], "Spending"),
        ("AGE", ["Age", "Annual Income (k$)"], "Age"),
        ("zzzz", ["Age"], None),
        ("", ["Age"], None),
        ("Age", [], None),
    ],
)
def test_nearest_finds_the_name_that_was_meant(meant, names, found):
    assert nearest(meant, names) == found
