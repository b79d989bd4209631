"""`demo`: the whole way, on customers that come along."""

import shlex

from command_line import POSTERIOR_FILES, names_in

from bayes_gmm.cli import main


def test_demo_goes_the_whole_way_and_says_that_its_data_are_simulated(tmp_path, capsys):
    folder = tmp_path / "demo"
    for _ in range(2):  # a second time over its own files
        assert main(["demo", "--out", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "400 customers are simulated" in out
    assert "5 segments in 400 rows of customers.csv" in out
    assert "94% credible intervals" in out
    assert names_in(folder) == sorted([*POSTERIOR_FILES, "customers.csv"])
    for name in names_in(folder):
        assert str(folder / name) in out


def test_demo_compares_with_the_truth(tmp_path, capsys):
    main(["demo", "--out", str(tmp_path / "demo")])
    line = capsys.readouterr().out.split("Against the truth: ")[1]
    right, possible = int(line.split()[0]), int(line.split("would place ")[1].split(".")[0])
    assert 0.9 * 400 < right < possible + 5  # chance may favour the fit by a few


def test_demo_ends_with_a_command_that_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["demo"])
    program, *arguments = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert program == "bayes-gmm"
    assert main(arguments) == 0
    assert names_in(tmp_path) == ["bayes-gmm-demo", "out"]
    found = [
        (tmp_path / folder / "segments.csv").read_text() for folder in ("bayes-gmm-demo", "out")
    ]
    assert found[0] == found[1]
