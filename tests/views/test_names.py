"""Names of segments and columns are drawn as they are, whatever Matplotlib makes of a dollar."""

from dataclasses import replace

import pytest
from matplotlib.text import Text

from bayes_gmm.views import plots

pytestmark = pytest.mark.usefixtures("pyplot")

NAMES = {"Segment 1": r"$\frac$ _{", "Segment 2": "$10 to $20 ^"}
FEATURES = (r"cost $\frac$", "Spend $ per $100_")


@pytest.fixture(scope="module")
def odd(posterior):
    """Named as a shop that sells in dollars might."""
    fit = posterior.fit
    mixture = replace(fit.mixture, features=FEATURES)
    table = replace(posterior.table, features=FEATURES)
    fit = replace(fit, mixture=mixture, features=FEATURES)
    return replace(posterior, fit=fit, table=table).rename(NAMES)


PICTURES = {
    "segments": lambda odd: plots.segments(odd, odd.table).figure,
    "curves": lambda odd: plots.segments(odd, odd.table, features=0).figure,
    "map": lambda odd: plots.segments(odd.fit, odd.table).figure,
    "forest": plots.forest,
    "membership": lambda odd: plots.membership(odd, odd.table).figure,
    "trace": plots.trace,
    "ranks": plots.ranks,
}


@pytest.mark.slow
@pytest.mark.parametrize("picture", PICTURES)
def test_dollars_are_dollars(odd, picture):
    figure = PICTURES[picture](odd)
    figure.canvas.draw()
    with_dollars = [text for text in figure.findobj(Text) if "$" in text.get_text()]
    assert with_dollars
    assert [text.get_text() for text in with_dollars if text.get_parse_math()] == []
    seen = " ".join(text.get_text().replace("\n", " ") for text in with_dollars)
    assert FEATURES[0] in seen
    if picture not in ("map", "membership"):  # which have numbers for names
        assert NAMES["Segment 1"] in seen
