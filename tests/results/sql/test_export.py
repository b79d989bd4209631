"""Queries give the memberships of `predict_proba` on DuckDB and SQLite."""

import sqlite3
from contextlib import closing

import duckdb
import numpy as np
import pandas as pd
import pytest

import bayes_gmm as bg

FUNCTIONS = {
    "ln": (1, np.log), "exp": (1, np.exp), "sqrt": (1, np.sqrt), "power": (2, np.power),
}  # fmt: skip


def sqlite(frame, query):
    """The result of a query on SQLite, whose mathematical functions are optional."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for name, (n_arguments, function) in FUNCTIONS.items():
            try:
                connection.execute(f"SELECT {name}({', '.join('1' * n_arguments)})")
            except sqlite3.OperationalError:
                connection.create_function(
                    name, n_arguments, lambda *x, f=function: float(f(*x)), deterministic=True
                )
        frame.to_sql("customers", connection, index=False)
        return pd.read_sql(query, connection)


def duck(frame, query):
    with duckdb.connect() as connection:
        connection.register("customers", frame)
        return connection.execute(query).df()


RUN = {"duckdb": duck, "sqlite": sqlite}


def mixture(d, K=3, transforms=None, seed=0):
    """Overlapping segments with a recording error, one of them far narrower than the others."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(K, d, d)) * np.r_[0.01, np.ones(K - 1)][:, None, None]
    names = tuple(f'{name} "{j}" (k$)' for j, name in zip(range(d), "abcdef", strict=False))
    return bg.Mixture(
        rng.dirichlet(np.ones(K)), rng.normal(size=(K, d)), A @ A.mT + 1e-4 * np.eye(d),
        np.linspace(0.1, 0.3, d), names, transforms,
    )  # fmt: skip


def rows(of, n=200, missing=0.0, seed=1):
    X, _ = of.sample(n, seed)
    X[np.random.default_rng(seed).random(X.shape) < missing] = np.nan
    return pd.DataFrame(X, columns=list(of.features)).assign(Id=np.arange(n))


def compare(of, frame, dialect):
    """The result, after comparison with `predict_proba`."""
    found = RUN[dialect](frame, bg.export_sql(of, dialect=dialect, id="Id")).sort_values("Id")
    expected = of.responsibilities(frame[list(of.features)])
    names = [f"Segment {k + 1}" for k in range(of.n_components)]
    np.testing.assert_allclose(found[names].to_numpy(dtype=float), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found["probability"], expected.max(axis=1), atol=1e-9)
    sure = np.sort(expected, axis=1)[:, -1] - np.sort(expected, axis=1)[:, -2] > 1e-9
    assert (found["segment"].to_numpy() == np.array(names)[expected.argmax(axis=1)])[sure].all()
    return found


@pytest.mark.parametrize("dialect", RUN)
@pytest.mark.parametrize("d", [1, 3, 6])
def test_memberships_are_those_of_predict_proba(d, dialect):
    of = mixture(d)
    frame = rows(of)
    frame.iloc[0, :-1] = 300.0  # far from every segment
    compare(of, frame, dialect)


@pytest.mark.parametrize("dialect", RUN)
def test_missing_cells_of_few_features_are_integrated_out(dialect):
    of = mixture(3)
    frame = rows(of, missing=0.4)
    assert frame.isna().all(axis=None) or len(frame.isna().drop_duplicates()) == 8
    found = compare(of, frame, dialect)
    assert found.notna()[["segment", "probability"]].all(axis=None)


@pytest.mark.parametrize("dialect", RUN)
def test_rows_with_missing_cells_of_many_features_have_null(dialect):
    of = mixture(6)
    frame = rows(of, missing=0.05)
    query = bg.export_sql(of, dialect=dialect, id="Id")
    found = RUN[dialect](frame, query).sort_values("Id")
    results = found[["segment", "probability", "Segment 1"]].isna().to_numpy()
    missing = frame.isna().any(axis=1).to_numpy()
    assert missing.any()
    assert (results == missing[:, None]).all()
    assert "NULL in all results" in query.splitlines()[1]


@pytest.mark.parametrize("dialect", RUN)
@pytest.mark.parametrize(
    "spec",
    ["log", "log1p", ("log1p", 20.0), "sqrt", "logit", ("yeo-johnson", 0.5), ("yeo-johnson", 0.0),
     ("yeo-johnson", 2.0)],
)  # fmt: skip
def test_transformations(spec, dialect):
    rng = np.random.default_rng(2)
    of = bg.Mixture(
        [0.3, 0.7], [[-0.5, 0.0], [0.5, 1.0]], [0.2 * np.eye(2), 0.3 * np.eye(2)], 0.1,
        ("Spend", "Visits"), {"Spend": spec},
    )  # fmt: skip
    values = rng.uniform(0.01, 0.99, 50) if spec in ("logit", "log", "sqrt") else None
    if values is None:
        values = rng.uniform(-3, 3, 50) if spec[0] == "yeo-johnson" else rng.uniform(0, 50, 50)
    frame = pd.DataFrame({"Spend": values, "Visits": rng.normal(size=50), "Id": range(50)})
    compare(of, frame, dialect)


@pytest.mark.parametrize("dialect", RUN)
def test_values_that_are_not_allowed_count_as_missing(dialect):
    of = bg.Mixture(
        [0.5, 0.5], [[0.0, 0.0], [2.0, 1.0]], [np.eye(2)] * 2, 0.0, ("a", "b"), {"a": "log"}
    )
    frame = pd.DataFrame({"a": [0.0, -1.0], "b": [0.5, 0.7], "Id": [0, 1]})
    found = RUN[dialect](frame, bg.export_sql(of, dialect=dialect, id="Id")).sort_values("Id")
    expected = of.responsibilities([[np.nan, 0.5], [np.nan, 0.7]])
    np.testing.assert_allclose(found[["Segment 1", "Segment 2"]], expected, atol=1e-9)


@pytest.mark.parametrize("dialect", RUN)
def test_names_of_a_posterior_are_quoted(posterior, dialect):
    named = posterior.rename({"Segment 1": """It's "x"; DROP TABLE customers --"""})
    frame = pd.DataFrame(posterior.table.values, columns=list(posterior.features))
    found = RUN[dialect](frame, bg.export_sql(named, dialect=dialect))
    assert set(found["segment"]) == set(named.names)
    np.testing.assert_allclose(
        found[list(named.names)], posterior.fit.predict_proba(frame), atol=1e-9
    )


def test_one_segment():
    of = bg.Mixture([1.0], [[0.0]], [[[1.0]]], features=("a",))
    for dialect, run in RUN.items():
        found = run(pd.DataFrame({"a": [0.0, 1.0]}), bg.export_sql(of, dialect=dialect))
        assert found["Segment 1"].tolist() == [1.0, 1.0]


def test_bigquery_and_postgres_quote_names_and_turn_nan_into_null():
    of = bg.Mixture([1.0], [[0.0]], [[[1.0]]], features=("a`b\\",))
    query = bg.export_sql(of, "shop.customers", "bigquery")
    assert "`a\\`b\\\\`" in query
    assert "FROM `shop`.`customers`" in query
    assert "IF(IS_NAN(CAST(" in query
    of = bg.Mixture([1.0], [[0.0]], [[[1.0]]], features=('a"b',))
    query = bg.export_sql(of, "shop.customers", "postgres")
    assert 'NULLIF(CAST("a""b" AS DOUBLE PRECISION), \'NaN\')' in query


@pytest.mark.parametrize(
    ("of", "options", "message"),
    [
        (bg.Mixture([1.0], [[0.0]], [[[1.0]]]), {"dialect": "oracle"}, "no SQL dialect 'oracle'"),
        (bg.Mixture([1.0], [[0.0]], [[[1.0]]], features=("Segment",)), {}, "would have the name"),
        (bg.Mixture([1.0], [[0.0]], [[[1.0]]], features=("a" * 64,)), {"dialect": "postgres"},
         "1 to 63 bytes"),
        ("model.nc", {}, "cannot export a str"),
    ],
)  # fmt: skip
def test_errors_name_the_cause(of, options, message):
    with pytest.raises(bg.DataError, match=message):
        bg.export_sql(of, **options)
