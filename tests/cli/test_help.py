"""Help: what it lists, and that it loads nothing heavy."""

import subprocess
import sys

import pytest

from bayes_gmm.cli import main


@pytest.mark.parametrize(
    "arguments", [["--help"], ["fit", "--help"], ["compare", "--help"], ["predict", "-h"]]
)
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys; from bayes_gmm.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'numba', 'sklearn'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else code)"
    )
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("Usage: bayes-gmm")


def test_help_lists_what_there_is(capsys):
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out.split("Commands:\n")[1].split("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == [
        "compare",
        "demo",
        "export-sql",
        "fit",
        "predict",
        "profile",
        "report",
    ]


def test_module_runs_as_a_program():
    run = subprocess.run([sys.executable, "-m", "bayes_gmm.cli", "nonsense"], capture_output=True)
    assert run.returncode == 2
    assert b"No such command 'nonsense'" in run.stderr
