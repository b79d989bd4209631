"""Every code of a diagnostic is provoked once; its record and texts suit all readers."""

import json
import re
import warnings
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from example_posteriors import fit_and_density, normal_draws

import bayes_gmm as bg
from bayes_gmm.cli.messages import line_of
from bayes_gmm.cli.writing import write_csv
from bayes_gmm.data.io.dialect import CsvFormat
from bayes_gmm.diagnostics.diagnostic import KINDS, Diagnostic, warn
from bayes_gmm.diagnostics.kind import COMMAND_LINE, PYTHON
from bayes_gmm.errors import DiagnosticWarning, FitError
from bayes_gmm.inference.evidence.log_evidence import LogEvidence
from bayes_gmm.inference.sampling.coordinates import Frame
from bayes_gmm.inference.sampling.cost import cost_of
from bayes_gmm.inference.sampling.importance import high_khat
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.relabel import Relabelling
from bayes_gmm.model.typicality import rows_beyond, typicality
from bayes_gmm.results.comparison import cell, compare
from bayes_gmm.results.fit.coinciding_segments import coinciding_segments
from bayes_gmm.results.fit.map_fit import unfinished
from bayes_gmm.results.fit.prior_influence import PriorInfluence
from bayes_gmm.results.posterior import diagnostics
from bayes_gmm.results.posterior.observed_data import other_rows
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.segmentation import Segmentation
from bayes_gmm.results.posterior.summary import of_columns

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(50.0, 10.0, (400, 3)), columns=["Age", "Income", "Visits"])


def with_column(column, rows=400):
    return lambda: bg.check_table(TABLE.iloc[:rows].assign(Other=column[:rows]))


def with_cells(cells):
    """Rows and columns to set to missing."""
    table = TABLE.copy()
    for rows, columns in cells:
        table.loc[rows, columns] = np.nan
    return lambda: bg.check_table(table)


OF_TABLES = {
    "text_column": with_column(["text"] * 400),
    "date_column": with_column(pd.date_range("2024-01-01", periods=400)),
    "leading_zeros": with_column([f"{x:05d}" for x in range(400)]),
    "mixed_cells": with_column(["?"] * 9 + ["7.5"] * 391),
    "contradicting_notations": with_column(["1,5", "2.5"] * 200),
    "repeated_name": lambda: bg.check_table(TABLE.set_axis(["Age", "Other", "Other"], axis=1)),
    "cell_type": with_column([[1.0]] * 400),
    "unusable": with_column([np.inf] * 400),
    "total_row": lambda: bg.check_table(pd.concat([TABLE, TABLE.sum().to_frame().T])),
    "missing_column": with_column([np.nan] * 400),
    "never_together": with_cells([(slice(0, 199), "Age"), (slice(200, 400), "Visits")]),
    "empty_rows": with_cells([(slice(0, 3), list(TABLE))]),
    "missing_cells": with_cells([(slice(0, 9), "Age")]),
    "constant": with_column([1.0] * 400),
    "nearly_constant": with_column([1.0] * 12 + [0.0] * 388),
    "few_rows": lambda: bg.check_table(TABLE.iloc[:30]),
    "small_weights": lambda: bg.check_table(TABLE, sample_weight=np.full(400, 0.01)),
    "identifier": with_column(np.arange(400.0)),
    "missing_code": with_column(np.r_[np.full(20, -999.0), TABLE["Age"][20:]]),
    "atom": with_column(np.r_[np.zeros(150), TABLE["Age"][150:]]),
    "collinear": with_column(TABLE["Age"] + TABLE["Income"]),
    "nearly_collinear": lambda: bg.check_table(blurred(0.05)),
    "near_copies": lambda: bg.check_table(
        np.r_[TABLE.iloc[:300], TABLE.iloc[:100] + 1e-6 * RNG.normal(size=(100, 3))]
    ),
    "outliers": with_column(np.r_[1e6, TABLE["Age"][1:]]),
    "skewed": with_column(RNG.lognormal(10.0, 1.5, 400)),
    "skewed_segments": lambda: bg.check_table(
        np.r_[RNG.lognormal(2.0, 0.5, 600), RNG.lognormal(5.0, 0.5, 400)][:, None]
    ),
    "coarse": with_column(RNG.integers(1, 6, 400).astype(float)),
    "duplicates": lambda: bg.check_table(np.r_[TABLE, TABLE.iloc[:100]]),
    "cells_read": lambda: bg.check_table(TABLE.assign(Other=[f"${x:.2f}" for x in TABLE["Age"]])),
}


def blurred(sd):
    """A column, and the same with noise."""
    x = RNG.normal(size=400)
    return np.c_[x, x + sd * RNG.normal(size=400)]


@pytest.fixture(scope="module")
def one_segment():
    """A fit of one segment, and a posterior of it."""
    X = RNG.normal(size=(60, 1))
    fit, density, thetas = fit_and_density(X, 1)
    draws = normal_draws(density, thetas[0], (2, 100))
    return SimpleNamespace(fit=fit, density=density, draws=draws)


def posterior_of(one_segment, **changes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        draws = replace(one_segment.draws, **changes)
        return Posterior.from_draws(one_segment.fit, one_segment.density, draws)


def cost_at(density, theta):
    factor = np.eye(len(theta))
    return cost_of(
        density, Peak(theta, factor), Frame(factor, None, 0.8, 300), draws=9, tune=9, chains=1
    )


def doubled(fit):
    """A fit of the same segment twice."""
    mixture = fit.mixture
    twice = bg.Mixture(
        [0.5, 0.5], np.repeat(mixture.means, 2, axis=0), np.repeat(mixture.covariances, 2, axis=0),
        mixture.resolution, mixture.features,
    )  # fmt: skip
    return replace(fit, mixture=twice, names=())


def fitted(X, K=1, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DiagnosticWarning)
        return bg.BayesGMM(K, n_init=1, random_state=0, **options).fit(X).diagnostics_


def beyond(mixture, X):
    [found] = rows_beyond(mixture, X, typicality(mixture, X))
    assert found.subject == mixture.features
    assert (found.values["rows"], found.values["total"]) == (len(X), len(X))
    assert found.values["medians"] == (X[0, 0],)
    assert found.values["means"] == pytest.approx(mixture.means[0])
    return [found]


OF_FITS = {
    "no_maximum": lambda _: fitted(
        RNG.normal(size=(30, 1)), 2, prior=bg.Prior.flat(), resolution=None
    ),
    "not_converged": lambda one: unfinished(replace(one.fit, converged=False)),
    "small_segments": lambda _: fitted(RNG.normal(size=(5, 5)), 1),
    "narrow_segments": lambda _: fitted(
        np.column_stack([RNG.choice([1.0, 1.0, 1.0, 2.0, 7.0], 500), RNG.normal(size=500)]), 2
    ),
    "coinciding_segments": lambda one: coinciding_segments(doubled(one.fit)),
    "prior_influence": lambda _: PriorInfluence(np.array([2.3]), np.array([0.4])).diagnostics(
        ["A"]
    ),
    "not_gaussian": lambda _: fitted(RNG.lognormal(0.0, 0.8, 200)[:, None]),
    "shape_not_checked": lambda _: fitted(RNG.normal(size=(15, 1))),
    "transform_chosen": lambda _: fitted(RNG.lognormal(size=(60, 1)), transforms="auto"),
    "other_rows": lambda one: other_rows(one.fit, one.fit.mixture.matrix_of([[0.0]]), None),
    "other_weights": lambda one: other_rows(
        one.fit,
        one.fit.mixture.matrix_of(np.zeros((one.fit.n_rows, 1))),
        np.full(one.fit.n_rows, 2.0),
    ),
    "rows_beyond": lambda one: beyond(one.fit.mixture, np.full((9, 1), 1e3)),
}


def apart(draws):
    """Chains in different places."""
    theta = draws.theta.copy()
    theta[0] += 1.0
    return theta


OF_DRAWS = {
    "interrupted": lambda one: posterior_of(one, interrupted=True).diagnostics,
    "few_draws": lambda one: diagnostics.few_draws(SimpleNamespace(mode=np.zeros((1, 9)))),
    "ambiguous_labels": lambda _: diagnostics.ambiguous_labels(
        Relabelling(np.array([[[0, 1]]]), np.array([[0.0, 0.3], [0.3, 0.0]])), ["A", "B"]
    ),
    "several_modes": lambda _: diagnostics.several_modes(
        SimpleNamespace(mode_fractions={0: 0.7, 1: 0.3}, modes_missed={})
    ),
    "modes_without_draws": lambda _: diagnostics.several_modes(
        SimpleNamespace(mode_fractions={0: 1.0}, modes_missed={1: 0.2})
    ),
    "unmixed_chains": lambda one: posterior_of(one, theta=apart(one.draws)).diagnostics,
    "high_khat": lambda _: high_khat(np.inf),
    "one_chain": lambda one: of_columns(
        posterior_of(one, theta=one.draws.theta[:1], mode=one.draws.mode[:1], stats={})
    ),
    "independent_draws": lambda one: of_columns(posterior_of(one, method="laplace")),
    "one_segmentation": lambda _: [Segmentation(0, 0.9).diagnostic],
    "nuts_cost": lambda one: [cost_at(one.density, one.draws.theta[0, 0])],
}


def compared(criterion="bic", n=20, K=(1,), draws=30):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = bg.compare(
            RNG.normal(size=(n, 1)), K, criteria=(criterion,), draws=draws, chains=1,
            random_state=0, progress=False,
        )  # fmt: skip
    return [diagnostic for each in found.diagnostics.values() for diagnostic in each]


def raising(error):
    def function(*_, **__):
        raise error

    return function


FAILED = FitError("the cause")
DEGENERATE = np.linalg.LinAlgError("singular")
OF_COMPARISONS = {
    "not_fitted": (None, None, None, {"K": (1, 5), "n": 4}),
    "fit_interrupted": (compare, "fitted_cell", raising(KeyboardInterrupt), {}),
    "draws_interrupted": (
        cell.FittedCell, "with_draws", raising(KeyboardInterrupt), {"criterion": "loo"}
    ),
    "no_draws": (cell.FittedCell, "with_draws", raising(FAILED), {"criterion": "loo"}),
    "no_loo": (Posterior, "loo", raising(FAILED), {"criterion": "loo"}),
    "constant_draws_loo": (Posterior, "loo", raising(DEGENERATE), {"criterion": "loo"}),
    "no_evidence": (cell, "bridge_evidence", raising(FAILED), {"criterion": "evidence"}),
    "few_draws_evidence": (cell, "bridge_evidence", raising(DEGENERATE), {"criterion": "evidence"}),
    "evidence_below_laplace": (
        cell, "bridge_evidence", lambda *_, **__: LogEvidence(-1e3, 0.1, "bridge"),
        {"criterion": "evidence"},
    ),
    "no_laplace": (cell, "laplace_evidence", raising(FAILED), {"criterion": "laplace"}),
    "not_normal": (
        cell, "laplace_evidence", lambda *_, **__: LogEvidence(np.nan, np.nan, "laplace"),
        {"criterion": "laplace"},
    ),
}  # fmt: skip
ROWS = "1,x\n" * 20
OF_FILES = {
    "rows_in_quotes": "a,note\n" + ROWS + '2,"12 inch\n3,9 inch"\n',
    "left_out": "a,note\n" + ROWS,
    "lines_above": "Sales of 2024\n\na,note\n" + ROWS,
    "second_header": "a,b\nEUR,kg\n" + ROWS.replace("x", "7"),
    "guessed_encoding": ("a,Łódź\n" + ROWS).encode("cp1250"),
}


OF_WORKBOOKS = {"sheet_read": 1, "error_cells": "#DIV/0!", "formula_cells": "=1+1"}
"""A cell of a sheet beside an empty one."""


OF_PROFILES = {
    "not_profiled": {"Country": ["DE"] * 20},
    "possible_codes": {"Region": [1, 2, 3, 2] * 5},
}


def test_every_code_has_a_case():
    cases = {
        *OF_TABLES,
        *OF_FITS,
        *OF_DRAWS,
        *OF_COMPARISONS,
        *OF_FILES,
        *OF_PROFILES,
        *OF_WORKBOOKS,
    }
    assert cases | {"written_as_utf8"} == set(KINDS)


def check(found, code):
    """A diagnostic with the code is found, and suits all readers."""
    [diagnostic] = [each for each in found if each.code == code][:1]
    record = json.loads(json.dumps(diagnostic.json(), allow_nan=False))
    assert record["code"] == code
    assert record["severity"] in ("error", "warning", "note")
    assert record["subject"] == list(diagnostic.subject)
    assert record["values"].keys() == diagnostic.values.keys()
    for text in (diagnostic.text(PYTHON), diagnostic.text(COMMAND_LINE), diagnostic.brief()):
        assert text == " ".join(text.split())
        assert not re.search(r"\{[\w.]*\}", text)  # an option that was not filled in
    assert str(diagnostic).startswith(diagnostic.found)
    assert str(diagnostic).endswith(diagnostic.remedy)
    assert "--" not in str(diagnostic)
    assert not {"of_mode", "structure='", "chains="} & set(diagnostic.text(COMMAND_LINE).split())


@pytest.mark.parametrize("code", OF_TABLES)
def test_diagnostics_of_tables(code):
    check(OF_TABLES[code](), code)


@pytest.mark.parametrize("code", {**OF_FITS, **OF_DRAWS})
def test_diagnostics_of_fits_and_draws(code, one_segment):
    check({**OF_FITS, **OF_DRAWS}[code](one_segment), code)


@pytest.mark.parametrize("code", OF_COMPARISONS)
def test_diagnostics_of_comparisons(code, monkeypatch):
    where, name, function, options = OF_COMPARISONS[code]
    if where is not None:
        monkeypatch.setattr(where, name, function)
    check(compared(**options), code)


@pytest.mark.parametrize("code", OF_PROFILES)
def test_diagnostics_of_profiles(code, one_segment):
    fit = one_segment.fit
    table = pd.DataFrame(fit.mixture.sample(20, random_state=0)[0], columns=list(fit.features))
    table = table.assign(Basket=np.arange(20.0) ** 2 % 7.5, **OF_PROFILES[code])
    check(fit.profile(table).diagnostics, code)


@pytest.mark.parametrize("code", OF_FILES)
def test_diagnostics_of_files(code, tmp_path):
    content = OF_FILES[code]
    (tmp_path / "t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.warns(bg.DataWarning) as caught:
        bg.read_table(tmp_path / "t.csv")
    check([warning.message.diagnostic for warning in caught], code)


@pytest.mark.parametrize("code", OF_WORKBOOKS)
def test_diagnostics_of_workbooks(code, tmp_path):
    rows = pd.DataFrame({"a": [OF_WORKBOOKS[code], *range(20)], "b": range(21)}, dtype=object)
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        rows.to_excel(book, sheet_name="Data", index=False)
        pd.DataFrame().to_excel(book, sheet_name="Empty", index=False)
    check(bg.check_table(tmp_path / "t.xlsx"), code)


def test_a_file_whose_encoding_lacks_a_character(tmp_path):
    with pytest.warns(bg.DataWarning) as caught:
        write_csv(
            pd.DataFrame({"City": ["北京"]}), tmp_path / "t.csv", CsvFormat(encoding="cp1252")
        )
    check([warning.message.diagnostic for warning in caught], "written_as_utf8")
    assert pd.read_csv(tmp_path / "t.csv")["City"].tolist() == ["北京"]


def test_an_error_about_a_column_carries_its_record(tmp_path):
    (tmp_path / "t.csv").write_text("a\n" + "1\n" * 9 + "?\n")
    with pytest.raises(bg.DataError) as caught:
        bg.read_table(tmp_path / "t.csv", ["a"])
    check([caught.value.diagnostic], "mixed_cells")
    assert "--missing '?'" in line_of(caught.value)


@pytest.mark.parametrize("code", [code for code, kind in KINDS.items() if kind.category])
def test_a_warning_carries_its_record(code):
    """Its text is not needed: values are taken from the record."""
    diagnostic = SimpleNamespace(code=code)
    warning = KINDS[code].category(diagnostic)
    assert isinstance(warning, DiagnosticWarning)
    assert warning.diagnostic is diagnostic


def test_warnings_are_issued_in_the_line_of_the_caller():
    def fit():
        warn([Diagnostic("one_chain")], stacklevel=2)

    with pytest.warns(bg.ConvergenceWarning) as caught:
        fit()
    assert caught[0].filename == __file__
    assert caught[0].lineno == fit.__code__.co_firstlineno + 4
