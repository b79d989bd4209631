"""`bayes-gmm report`."""

import json

from command_line import error_line, names_in

from bayes_gmm.cli import main


def test_a_model_and_a_table_make_a_report(model_file, clean_table, tmp_path, capsys):
    out = tmp_path / "report.html"
    arguments = ["report", str(model_file), str(clean_table), "--name", "Segment 1=Everyday <b>"]
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["files"] == {"report": str(out)}
    assert printed.err == ""
    text = out.read_text(encoding="utf-8")
    assert "Everyday &lt;b&gt;" in text
    assert "--posterior nuts" in text
    assert names_in(tmp_path) == ["report.html"]


def test_a_model_alone_makes_a_report(model_file, tmp_path, capsys):
    out = tmp_path / "report.html"
    assert main(["report", str(model_file), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"written {out}\n"
    assert "Segment 1" in out.read_text(encoding="utf-8")


def test_an_unknown_segment_is_refused(model_file, tmp_path, capsys):
    arguments = ["report", str(model_file), "--name", "Segment 99=x"]
    assert main([*arguments, "--out", str(tmp_path / "report.html")]) == 1
    assert "Segment 99" in error_line(capsys)
    assert names_in(tmp_path) == []


def test_a_wrong_renaming_is_wrong_usage(model_file, tmp_path, capsys):
    arguments = ["report", str(model_file), "--name", "Segment 1"]
    assert main([*arguments, "--out", str(tmp_path / "report.html")]) == 2
    assert "OLD=NEW" in capsys.readouterr().err
