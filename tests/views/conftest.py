"""What tests of pictures ask for by name."""

import pytest


@pytest.fixture
def pyplot():
    """Pyplot without a display; its figures are closed afterwards."""
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    yield plt
    plt.close("all")
