"""What `import bayes_gmm` gives, and what it leaves to be imported later."""

import subprocess
import sys

import pytest

import bayes_gmm

HEAVY = ("pymc", "pytensor", "arviz", "matplotlib", "sklearn", "numba", "pandas", "scipy", "xarray")

PROMISED = [
    "BayesGMM",
    "Prior",
    "Normal",
    "LogNormal",
    "HalfNormal",
    "InverseGamma",
    "Structure",
    "Mixture",
    "MapFit",
    "Posterior",
    "compare",
    "Comparison",
    "Candidate",
    "build_model",
    "read_table",
    "load",
    "datasets",
    "plots",
    "DataError",
    "FitError",
    "ConvergenceWarning",
    "AmbiguousLabelsWarning",
    "MultimodalWarning",
    "ShapeCheck",
    "ShapeWarning",
]


def in_a_new_interpreter(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_the_package_imports_nothing_heavy():
    loaded = in_a_new_interpreter("import sys, bayes_gmm; print(*sys.modules)")
    assert "bayes_gmm" in loaded
    assert not {name.split(".")[0] for name in loaded} & set(HEAVY)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("Prior", ("pymc", "arviz", "matplotlib", "sklearn", "pandas")),
        ("Mixture", ("pymc", "pytensor", "arviz", "matplotlib", "sklearn")),
        ("Posterior", ("pymc", "pytensor", "arviz", "arviz_stats", "matplotlib", "xarray")),
        ("BayesGMM", ("pymc", "pytensor", "arviz", "matplotlib", "xarray")),
        ("DataError", HEAVY),
    ],
)
def test_a_name_loads_what_it_needs_alone(name, without):
    loaded = in_a_new_interpreter(f"import sys; from bayes_gmm import {name}; print(*sys.modules)")
    assert not {module.split(".")[0] for module in loaded} & set(without)


@pytest.mark.parametrize("name", bayes_gmm.__all__)
def test_every_public_name_loads(name):
    assert getattr(bayes_gmm, name) is not None
    assert name in dir(bayes_gmm)


@pytest.mark.parametrize("name", PROMISED)
def test_what_was_promised_is_public(name):
    assert name in bayes_gmm.__all__


def test_a_star_import_gives_them_all():
    names: dict[str, object] = {}
    exec("from bayes_gmm import *", names)
    assert set(bayes_gmm.__all__) <= set(names)


def test_a_name_that_is_none():
    with pytest.raises(AttributeError, match="module 'bayes_gmm' has no attribute 'BayesGM'"):
        bayes_gmm.BayesGM  # noqa: B018


def test_the_version_is_a_version():
    major, minor, patch = bayes_gmm.__version__.split(".")[:3]
    assert (major + minor).isdigit()
    assert patch[0].isdigit()
