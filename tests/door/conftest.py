"""The clean table, its fit, and files of both."""

import pytest
from odd_tables import clean, clean_frame, quick


@pytest.fixture(scope="module")
def X():
    return clean()


@pytest.fixture(scope="module")
def clean_model():
    return quick(clean())


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """The clean table as CSV."""
    path = tmp_path_factory.mktemp("table") / "clean.csv"
    clean_frame().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    """What a fit of the clean table was saved to."""
    return quick(clean_frame()).map_fit_.save(tmp_path_factory.mktemp("model") / "model.nc")
