"""Draws are what they say they are."""

import re

import numpy as np
import pytest

from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.model.parameters import Layout
from bayes_gmm.model.structure import Structure

LAYOUT = Layout(2, 1, Structure())
MODE = np.zeros((2, 3), int)


@pytest.mark.parametrize(
    ("theta", "mode", "stats", "message"),
    [
        (np.zeros((2, 3, 4)), MODE, {}, "theta must have shape (chains, draws, 5), got (2, 3, 4)"),
        (np.zeros((3, 5)), MODE, {}, "theta must have shape (chains, draws, 5), got (3, 5)"),
        (np.zeros((2, 3, 5)), MODE[0], {}, "mode must have shape (2, 3), got (3,)"),
        (np.zeros((2, 3, 5)), MODE, {"lp": MODE.T}, "lp must have shape (2, 3), got (3, 2)"),
    ],
)
def test_shapes_are_checked(theta, mode, stats, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Draws(theta, LAYOUT, mode, stats)
