"""A clean table, quick fits of it, odd names of columns, and checks of answers and errors."""

import numpy as np
import pandas as pd
import pytest

from bayes_gmm.cli import main
from bayes_gmm.errors import DataError, FitError
from bayes_gmm.estimator import BayesGMM

NAMES = {
    "comma": "Spend, yearly",
    "newline": "Spend\nyearly",
    "tab and spaces": " Spend\t ",
    "empty": "",
    "quotes": "\"Spend\" of 'all'",
    "semicolon": "a;=1+1",
    "HTML": "<script>alert(1)</script>",
    "entity": "&lt;b&gt;",
    "formula": "=cmd|' /C calc'!A0",
    "minus": "-Spend",
    "at": "@SUM(1)",
    "TeX": "$x^{2$",
    "format": "%s {0} {}",
    "path": "../a/b",
    "dots": "..",
    "CJK": "年齢",
    "emoji": "😀",
    "right to left": "שָׁלוֹם",
    "escape": "\x1b[31mred\x07",
    "long": "x" * 10_000,
    "like a result": "segment",
    "like a number": "1e5",
    "like an array's": "x2",
    "missing": "nan",
}
"""Names of columns that are hard to print or to store."""


def clean():
    """Two groups of 20 rows: multiples of 1/8, which every type of number holds exactly."""
    rng = np.random.default_rng(0)
    X = np.r_[rng.normal(0.0, 1.0, (20, 2)), rng.normal(6.0, 1.0, (20, 2))]
    return np.round(8.0 * X) / 8.0


def clean_frame(**columns):
    """The same with names, and with columns in place of its own or besides."""
    return pd.DataFrame(clean(), columns=["a", "b"]).assign(**columns)


def quick(X, K=2, sample_weight=None, **options):
    return BayesGMM(K, n_init=1, random_state=0, **options).fit(X, sample_weight=sample_weight)


def assert_same_answer(model, clean_model, rtol=1e-9):
    np.testing.assert_allclose(model.means_, clean_model.means_, rtol=rtol, atol=rtol)
    np.testing.assert_allclose(model.weights_, clean_model.weights_, rtol=rtol)
    np.testing.assert_allclose(model.covariances_, clean_model.covariances_, rtol=rtol, atol=rtol)


def assert_groups_found(model, X):
    """No NaN anywhere, and the two groups of the clean table apart."""
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-9)
    assert np.isfinite(model.score_samples(X)).all()
    assert np.isfinite(model.means_).all()
    labels = probabilities.argmax(axis=1)
    assert len(set(labels[:20])) == len(set(labels[20:40])) == 1
    assert labels[0] != labels[20]


def assert_refused(call, *words):
    """In one line that holds all of the words."""
    with pytest.raises((DataError, FitError)) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message
    assert message.isprintable()
    for word in words:
        assert word in message


def answer(capsys, *arguments):
    """Exit code, stdout and stderr of the command line."""
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def assert_failed(capsys, *arguments, words=(), code=1):
    """With nothing on stdout and, but for wrong usage, one line on stderr."""
    found, out, err = answer(capsys, *arguments)
    assert (found, out) == (code, "")
    assert code == 2 or (err.startswith("bayes-gmm: error: ") and err.count("\n") == 1)
    assert "Traceback" not in err
    for word in words:
        assert word in " ".join(err.split())
