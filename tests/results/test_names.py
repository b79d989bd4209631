"""A segment's name is text that tables, pictures and files can carry."""

import pytest

from bayes_gmm.errors import DataError
from bayes_gmm.results.names import component_index, renamed

NAMES = ("Segment 1", "Segment 2")


@pytest.mark.parametrize("name", ["", " ", "\t\n", None, 7, ["a"], float("nan")])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(DataError, match="name of a segment must be non-empty text, got"):
        renamed(NAMES, {"Segment 1": name})


@pytest.mark.parametrize("name", ["a\x00b", "\x00", "trail\x00", "\ud800", "half \udfff"])
def test_what_no_file_can_carry_is_refused(name):
    with pytest.raises(DataError, match="has a character that cannot be stored") as caught:
        renamed(NAMES, {"Segment 1": name})
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("changes", [["A", "B"], "A", None, 3, {"A"}])
def test_names_come_as_a_mapping(changes):
    found = type(changes).__name__
    with pytest.raises(DataError, match=rf'such as \{{"Segment 1": "Careful"\}}, got a {found}'):
        renamed(NAMES, changes)


@pytest.mark.parametrize("segment", [None, 1.0, True, ("Segment 1",)])
def test_a_segment_is_named_or_counted(segment):
    with pytest.raises(DataError, match="a segment must be given by name or position, got"):
        component_index(NAMES, segment)


def test_two_may_change_names():
    assert renamed(NAMES, {"Segment 1": "Segment 2", 1: "Segment 1"}) == NAMES[::-1]
