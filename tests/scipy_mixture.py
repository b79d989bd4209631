"""What SciPy says of the rows of a mixture."""

import numpy as np
from scipy.stats import multivariate_normal


def scipy_log_joint(mixture, X):
    """log w_k p(x_i | k), each row in what it observes and with recording error, shape (N, K)."""
    V = mixture.covariances + np.diag(mixture.resolution**2 / 12)
    joint = np.tile(np.log(mixture.weights), (len(X), 1))
    for i, x in enumerate(np.asarray(X)):
        o = np.flatnonzero(np.isfinite(x))
        if len(o):
            joint[i] += [
                multivariate_normal(m[o], S[np.ix_(o, o)]).logpdf(x[o])
                for m, S in zip(mixture.means, V, strict=True)
            ]
    return joint
