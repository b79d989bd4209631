"""Plots of a fit, in the user's units.

==================  ================================================================  =============
`segments`          points, ellipses and means; for a posterior also credible bands   any fit
`pairs`             every pair of features, with the densities of each                any fit
`projection`        the plane of the two directions that separate the segments most   any fit
`forest`            shares and means of the segments with credible intervals          a `Posterior`
`membership`        membership probability of each row, in the plane of two features  a `Posterior`
`co_clustering`     probability that two rows belong to the same segment              a `Posterior`
`missingness`       patterns of missing cells by segment                              any fit
`check`             departure of the rows of each segment from a Gaussian             any fit
`profile`           means and shares of other columns by segment                      a `Profile`
`trace`, `ranks`    convergence of the chains, by ArviZ                               a `Posterior`
`comparison`        criteria over the number of segments, and its probability         a `Comparison`
==================  ================================================================  =============

A segment has the same colour in all plots. A function that draws one panel takes `ax` and returns
the axes; a function that draws several takes `figure` and returns the figure, whose `axes` are its
panels. By default they draw on a new figure. They neither show nor save it: for example
``segments(posterior, X).figure.savefig("a.png")`` or ``pairs(posterior, X).savefig("a.png")``.

``save_segments``, ``save_forest``, ``save_comparison`` and ``save_profile`` write an image file.

Matplotlib is imported on the first call. A function that is given axes or a figure does
not change the current figure, the backend or the style.
"""

from __future__ import annotations

from bayes_gmm.views.chains import ranks, trace
from bayes_gmm.views.co_clustering import co_clustering
from bayes_gmm.views.comparison import comparison, save_comparison
from bayes_gmm.views.forest import forest, save_forest
from bayes_gmm.views.membership import membership
from bayes_gmm.views.missingness import missingness
from bayes_gmm.views.pairs import pairs
from bayes_gmm.views.profile import profile, save_profile
from bayes_gmm.views.segments import projection, save_segments, segments
from bayes_gmm.views.shape_check import check

__all__ = [
    "check",
    "co_clustering",
    "comparison",
    "forest",
    "membership",
    "missingness",
    "pairs",
    "profile",
    "projection",
    "ranks",
    "save_comparison",
    "save_forest",
    "save_profile",
    "save_segments",
    "segments",
    "trace",
]
