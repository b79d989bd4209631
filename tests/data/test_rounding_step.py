"""Grids found, and not imagined, in a few distinct values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bayes_gmm.data.rounding_step import find_grid

KINDS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skew": lambda rng, n: rng.exponential(size=n),
    "heavy": lambda rng, n: rng.standard_t(3, size=n),
    "two": lambda rng, n: np.concatenate(
        [rng.normal(-3, 0.3, n // 2), rng.normal(2, 1, n - n // 2)]
    ),
}


@given(
    seed=st.integers(0, 100_000),
    kind=st.sampled_from(sorted(KINDS)),
    n=st.sampled_from([60, 200, 1000]),
    step=st.floats(5e-3, 1.0),
    origin=st.floats(-10.0, 10.0),
)
def test_rounded_draws_show_their_step(seed, kind, n, step, origin):
    draws = KINDS[kind](np.random.default_rng(seed), n)
    found = find_grid(np.unique(np.rint(draws / step) * step + origin)).step
    assert found == pytest.approx(step, rel=1e-9)


@given(
    seed=st.integers(0, 100_000),
    kind=st.sampled_from(sorted(KINDS)),
    n=st.sampled_from([8, 15, 40, 200, 1000, 6000]),
)
def test_no_step_in_continuous_draws(seed, kind, n):
    draws = np.sort(KINDS[kind](np.random.default_rng(seed), n))
    assert find_grid(draws).step == 0.0


def test_few_values_are_seldom_a_grid_by_chance():
    rng = np.random.default_rng(11)
    found = [find_grid(np.sort(rng.normal(size=m))).step for m in (3, 4, 5, 6) for _ in range(50)]
    assert np.count_nonzero(found) <= 1


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0.0, 1.0], 1.0),
        ([0.0, 1.0, 2.0], 1.0),
        ([10.0, 25.0, 60.0, 95.0], 5.0),
        ([0.0, 0.25, 1.7, 3.3], 0.05),
        ([9.99, 19.99, 49.99, 99.99], 10.0),
        ([1.0, 2.0, 3.0, 4.0, 4.5, 5.0], 0.5),
        ([1.0, 2.0, 3.0, 3.27, 4.0, 5.0], 1.0),
        ([3.0], 0.0),
        ([], 0.0),
    ],
)
def test_few_values(values, step):
    assert find_grid(np.array(values)).step == pytest.approx(step, rel=1e-9)


@pytest.mark.parametrize(
    ("step", "decimals"), [(1 / 60, 3), (1 / 7, 2), (1 / 12, 2), (1 / 3, 2), (1 / 8, 2)]
)
def test_a_step_written_with_too_few_decimals(step, decimals):
    rng = np.random.default_rng(3)
    values = np.unique((rng.integers(0, 250, size=300) * step).round(decimals))
    assert find_grid(values).step == pytest.approx(step, rel=1e-3)


def step_with_strays(seed, strays):
    rng = np.random.default_rng(seed)
    on_grid = np.unique(rng.normal(0.0, 3.0, size=300).round(1))
    odd = rng.uniform(-9.0, 9.0, size=strays)
    return find_grid(np.unique(np.concatenate([on_grid, odd]))).step


@given(seed=st.integers(0, 100_000), strays=st.integers(0, 4))
def test_stray_values_do_not_hide_the_step(seed, strays):
    """They may halve it, where by chance they fit half a step better."""
    assert 0.1 / step_with_strays(seed, strays) == pytest.approx(1.0, rel=1e-6) or (
        0.1 / step_with_strays(seed, strays) == pytest.approx(2.0, rel=1e-6) and strays > 1
    )


def test_stray_values_hardly_ever_halve_the_step():
    steps = np.array([step_with_strays(seed, 3) for seed in range(300)])
    assert np.mean(np.isclose(steps, 0.1)) >= 0.99
