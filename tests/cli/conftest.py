"""A table on disk, and what `fit` wrote for it."""

import pytest
from command_line import customers, fit_arguments, write

from bayes_gmm.cli import main


@pytest.fixture
def table(tmp_path):
    return write(customers(), tmp_path / "customers.csv")


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A folder with the table and what `fit` wrote for it."""
    folder = tmp_path_factory.mktemp("fitted")
    table = write(customers(), folder / "customers.csv")
    assert main(fit_arguments(table, "--components", 2, "--out", folder / "out")) == 0
    return folder


@pytest.fixture
def model(fitted):
    return str(fitted / "out" / "model.nc")
