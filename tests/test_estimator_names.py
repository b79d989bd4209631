"""Odd names of columns: the same in every answer and file, or refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from odd_tables import NAMES, assert_refused, clean, clean_frame, quick

from bayes_gmm.results.load import load


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_name_is_the_same_in_a_fit_and_its_file(name, clean_model, tmp_path):
    model = quick(clean_frame().rename(columns={"b": name}))
    back = load(model.map_fit_.save(tmp_path / "model.nc"))
    assert back.features == ("a", name)
    turned = clean_frame(other=1.0).rename(columns={"b": name})[["other", name, "a"]]
    np.testing.assert_allclose(
        back.predict_proba(turned), clean_model.predict_proba(clean()), atol=1e-9
    )
    assert list(back.segments().columns[2:4]) == ["a (mean)", "a (sd)"]


REFUSED = {
    "twice": (lambda: clean_frame().set_axis(["b", "b"], axis=1), "has 2 columns named 'b'"),
    "twice, of HTML": (
        lambda: clean_frame().set_axis(["<b>", "<b>"], axis=1),
        "has 2 columns named '<b>'",
    ),
    "no name, twice": (lambda: clean_frame().set_axis(["", ""], axis=1), "2 columns named ''"),
    "as text the same": (
        lambda: clean_frame().set_axis([1.5, "1.5"], axis=1),
        "has 2 columns named '1.5'",
    ),
    "one missing, one said to be": (
        lambda: clean_frame().set_axis([np.nan, "nan"], axis=1),
        "has 2 columns named 'nan'",
    ),
    "twice in arrow": (
        lambda: pa.table(list(clean().T.copy()), names=["é\n", "é\n"]),
        "has 2 columns named 'é\\n'",
    ),
    "zero byte": (
        lambda: clean_frame().rename(columns={"b": "b\0"}),
        "column 'b\\x00' has a name that cannot be stored",
    ),
    "half a character": (
        lambda: clean_frame().set_axis(pd.Index(["a", "b\ud800"], dtype=object), axis=1),
        "column 'b\\ud800' has a name that cannot be stored",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_names_refused(case):
    make, *words = REFUSED[case]
    assert_refused(lambda: quick(make()), *words)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["A", "b"], ("no column 'a' in the table; did you mean 'A'?", "It has: A, b")),
        (["x", "b"], ("no column 'a' in the table; it has: x, b",)),
        (["\x1b[2J", "b"], ("no column 'a'", "it has: \\x1b[2J, b")),
        ([f"c{j}" for j in range(500)], ("no column 'a'", "c11 and 488 more")),
    ],
    ids=["case", "other", "escape", "many"],
)
def test_a_column_that_is_not_there(columns, words):
    model = quick(clean_frame())
    assert_refused(lambda: model.predict(pd.DataFrame(1.0, index=[0], columns=columns)), *words)
