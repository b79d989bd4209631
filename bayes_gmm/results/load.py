"""`load`: a saved fit or posterior."""

from __future__ import annotations

import os

from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.map_fit_tree import map_fit_from
from bayes_gmm.results.io.netcdf import damaged, read_tree
from bayes_gmm.results.posterior.diagnostics import warn
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.posterior_tree import posterior_from


def load(path: str | os.PathLike[str]) -> MapFit | Posterior:
    """Read what ``save`` has written; its predictions are the original's exactly.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    MapFit or Posterior

    Raises
    ------
    DataError
        If `path` names no file, if the file is damaged or not one of ours, or if a newer bayes_gmm
        wrote it in a format that this one does not know.

    Warns
    -----
    AmbiguousLabelsWarning, ConvergenceWarning, MultimodalWarning
        Of all that was warned of when the posterior was drawn.
    """
    tree = read_tree(path)
    with damaged(path):
        if tree.attrs["kind"] == "MapFit":
            return map_fit_from(tree)
        posterior = posterior_from(tree, Posterior)
    warn(posterior)
    return posterior
