"""Options and fixtures of tests in several packages."""

import pytest
from example_tables import three_groups
from separate_rows import SeparateRows

from bayes_gmm.model.structure import Structure

LONG = (
    "test_notebooks.py",
    "test_pymc_samplers.py",
    "test_right_posteriors.py",
    "test_calibration.py",
)
"""Files that take longest."""


def pytest_collection_modifyitems(items):
    """Begin with long files, so that no worker is left with one of them at the end.

    xdist keeps this order because of `--no-loadscope-reorder`.
    """
    items.sort(key=lambda item: item.path.name not in LONG)


def pytest_addoption(parser):
    parser.addoption(
        "--rows", choices=["memory", "separate"], default="memory",
        help="store rows of densities in one block, or in several separate ones",
    )  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def stored_rows(request):
    """Rows of densities as the option says, for modules that import `MemoryRows` by name."""
    if request.config.getoption("--rows") == "memory":
        yield
        return
    import bayes_gmm.model.table_density

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bayes_gmm.model.table_density, "MemoryRows", SeparateRows)
        yield


@pytest.fixture(autouse=True)
def stored_rows_of_module(request, monkeypatch):
    """The same for rows that a test module makes itself."""
    separate = request.config.getoption("--rows") == "separate"
    if separate and hasattr(request.module, "MemoryRows"):
        monkeypatch.setattr(request.module, "MemoryRows", SeparateRows)


@pytest.fixture(params=Structure.all(), ids=lambda structure: structure.name)
def structure(request):
    """Each of the twelve in turn."""
    return request.param


@pytest.fixture(scope="module")
def X():
    """Rows in three groups."""
    return three_groups()


@pytest.fixture(scope="module")
def model(X):
    """Their fit."""
    from example_fits import fitted

    return fitted(X)


@pytest.fixture(scope="session")
def posterior():
    """Two groups of customers: 4 chains of 250 draws."""
    from example_posteriors import two_segments

    return two_segments()


@pytest.fixture(scope="session")
def clean_model():
    """A quick fit of the clean table."""
    from odd_tables import clean, quick

    return quick(clean())


@pytest.fixture(scope="session")
def clean_table(tmp_path_factory):
    """The clean table as CSV."""
    from odd_tables import clean_frame

    path = tmp_path_factory.mktemp("table") / "clean.csv"
    clean_frame().to_csv(path, index=False)
    return path


@pytest.fixture(scope="session")
def model_file(tmp_path_factory):
    """What a fit of the clean table was saved to."""
    from odd_tables import clean_frame, quick

    return quick(clean_frame()).map_fit_.save(tmp_path_factory.mktemp("model") / "model.nc")
