"""`load`: a saved fit or posterior."""

from __future__ import annotations

import os

from bayes_gmm.diagnostics.diagnostic import warn
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.fit.map_fit_tree import map_fit_from
from bayes_gmm.results.io.netcdf import damaged, read_tree
from bayes_gmm.results.posterior.posterior import Posterior
from bayes_gmm.results.posterior.posterior_tree import posterior_from


def load(path: str | os.PathLike[str]) -> MapFit | Posterior:
    """Read a saved fit or posterior; its predictions are identical to those of the original.

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
        If there is no such file, if the file is damaged or was not saved by bayes_gmm, or if a
        newer version of bayes_gmm wrote it in an unknown format.

    Warns
    -----
    AmbiguousLabelsWarning, ConvergenceWarning, MultimodalWarning
        All warnings that were issued when the posterior was sampled.
    """
    tree = read_tree(path)
    with damaged(path):
        if tree.attrs["kind"] == "MapFit":
            return map_fit_from(tree)
        posterior = posterior_from(tree, Posterior)
    warn(posterior.diagnostics, stacklevel=2)
    return posterior
