"""New names of segments by --name and --names, in every command that writes names."""

import json

import pandas as pd
import pytest
from command_line import customers, fit_arguments, names_in, write

from bayes_gmm.cli import main
from bayes_gmm.cli.naming import by_old_name, name_changes
from bayes_gmm.errors import DataError
from bayes_gmm.results.load import load

TABLE = pd.DataFrame(
    {"Segment": ["Segment 2", 1, ""], "size": [1, 2, 3], "Name ": ["B", " A ", ""]}
)
"""Names as in a copy of segments.csv to which a user has added a column."""


@pytest.fixture(params=["names.csv", "names.xlsx", "names.parquet"])
def names_file(request, tmp_path):
    path = tmp_path / request.param
    match path.suffix:
        case ".csv":
            TABLE.to_csv(path, index=False, sep=";")
        case ".xlsx":
            TABLE.to_excel(path, index=False)
        case _:
            TABLE.astype({"Segment": str}).to_parquet(path)
    return str(path)


def test_names_in_a_file_and_single_names(names_file):
    changes = name_changes([("2", "B")], names_file)
    assert by_old_name(changes, ["Segment 1", "Segment 2"]) == {"Segment 2": "B", "Segment 1": "A"}


def test_a_number_that_is_a_name_is_a_name():
    assert by_old_name([("2", "x")], ["2", "1"]) == {"2": "x"}
    assert by_old_name([("2", "x")], ["a", "b"]) == {"b": "x"}
    assert by_old_name([("9", "x")], ["a", "b"]) == {"9": "x"}  # which renaming refuses


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("segment,title\n1,A\n", "must have one column named segment and one named name"),
        ("segment,name,name\n1,A,B\n", "must have one column named segment"),
        ("1,A\n2,B\n", "must have one column named segment"),
        ("segment,name\n,A\n", "no segment for the name in row 1"),
        ("segment,name\n1,Ü, A\n", "is ragged: the header has 2 cells, row 1 has 3: '1,Ü, A'"),
        ("segment,name\n1\n2,B\n", "row 1 has 1"),
        ('segment,name\n1,"A\n2,B\n', "a cell of row 1 opens with a quotation mark"),
        ("", "is empty"),
        (None, "no file"),
    ],
)
def test_files_without_names_are_refused(tmp_path, text, message):
    path = tmp_path / "names.csv"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        name_changes([], str(path))


def test_names_in_one_of_several_sheets_are_refused_without_advice_on_another_option(tmp_path):
    path = tmp_path / "names.xlsx"
    with pd.ExcelWriter(path) as book:
        for sheet in ("Names", "Names of last year"):
            TABLE.to_excel(book, sheet_name=sheet, index=False)
    with pytest.raises(DataError, match="only visible sheet") as refused:
        name_changes([], str(path))
    assert "--sheet" not in str(refused.value)


def test_two_names_for_a_segment_are_refused():
    with pytest.raises(DataError, match="'Segment 1' has two new names, 'A' and 'B'"):
        by_old_name([("1", "A"), ("Segment 1", "B")], ["Segment 1"])


@pytest.mark.parametrize("posterior", ["none", "laplace"])
@pytest.mark.filterwarnings("ignore::bayes_gmm.errors.ConvergenceWarning")
def test_fit_uses_the_names_in_everything_it_writes(table, tmp_path, posterior, capsys):
    names, out = tmp_path / "names.csv", tmp_path / "out"
    TABLE.to_csv(names, index=False)
    drawn = [] if posterior == "none" else ["--draws", 50]
    options = ["--names", names, "--posterior", posterior, *drawn, "--out", out, "--json"]
    assert main(fit_arguments(table, "--components", 2, *options)) == 0
    said = json.loads(capsys.readouterr().out)
    assert [each["segment"] for each in said["segments"]] == ["A", "B"]
    assert pd.read_csv(out / "segments.csv")["segment"].tolist() == ["A", "B"]
    assert {"A", "B"} <= set(pd.read_csv(out / "assignments.csv"))
    assert load(out / "model.nc").names == ("A", "B")
    for written in out.glob("*.[ch][st][vm]*"):
        assert "Segment 1" not in written.read_text(encoding="utf-8"), written.name


def test_other_commands_rename_a_saved_map(model, table, tmp_path, capsys):
    options = ["--name", "1=A", "--name", "Segment 2=B"]
    for command, out in [
        (["predict", model, table], "y.csv"),
        (["profile", model, table, "--columns", "City"], "p"),
        (["report", model, table], "r.html"),
        (["export-sql", model], "q.sql"),
    ]:
        assert main([*command, *options, "--out", str(tmp_path / out)]) == 0
    written = [
        tmp_path / "p" / "profile.csv",
        *map(tmp_path.joinpath, ("y.csv", "r.html", "q.sql")),
    ]
    for path in written:
        text = path.read_text(encoding="utf-8")
        assert "Segment 1" not in text, path.name
        assert "Segment 2" not in text, path.name
    assert load(model).names == ("Segment 1", "Segment 2")
    assert "Segment" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name", "Segment 3=x"], "no segment 'Segment 3'"),
        (["--name", "3=x"], "no segment '3'"),
        (["--name", "1=Segment 2"], "two segments would be named 'Segment 2'"),
        (["--names", "absent.csv"], "no file 'absent.csv'"),
    ],
)
def test_wrong_names_are_refused_before_the_fit(
    model, tmp_path, options, message, monkeypatch, capsys
):
    table = write(customers(4), tmp_path / "t.csv")
    monkeypatch.setattr("bayes_gmm.estimator.BayesGMM.fit", None)
    for command in (
        fit_arguments(table, "--components", 2),
        ["predict", model, table],
        ["report", model],
    ):
        assert main([*command, *options, "--out", str(tmp_path / "out")]) == 1
        said = capsys.readouterr()
        assert message in said.err.splitlines()[-1]
    assert names_in(tmp_path) == ["t.csv"]
