"""Loops over the rows of a tile, which the compiler vectorises.

All buffers are parts of one flat array `w`: `y`, `lp`, `best`, ... are the offsets at which they
begin, and the `TILE` values of feature j of component k begin at y + (k d + j) TILE. Offsets are
unsigned integers, which cannot be negative, and coefficients are scalar arguments, because the
compiler vectorises such loops and calls are cheap. Features are processed in pairs, so that each
value is used twice per load.
"""

from __future__ import annotations

import math

import numpy as np

from bayes_gmm.data.rows import TILE
from bayes_gmm.jit.compiled import compiled

U = np.uintp
S, S2, S3 = U(TILE), U(2 * TILE), U(3 * TILE)

vectorised = compiled(from_python=False, reordered=True)
"""For loops over rows; each is compiled as a separate function, so that it is vectorised."""
exact = compiled(from_python=False)
"""For functions in which the order of operations must be kept."""


@exact
def exp_nonpositive(x):
    """e^x for x <= 0 to rounding (Cody & Waite 1980): x = n log 2 + r, Taylor in |r| <= log(2) / 2.

    Unlike that of libm, it is vectorised. Below -700 the result is e^-700.
    """
    x = max(x, -700.0)
    shifted = x * 1.4426950408889634 + 6755399441055744.0
    n = shifted - 6755399441055744.0
    r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10
    p = 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    bits = np.float64(p).view(np.int64) + (np.float64(shifted).view(np.int64) << np.int64(52))
    return np.int64(bits).view(np.float64)


@vectorised
def raise_to(w, best, lp, n):
    """best <- max(best, lp)."""
    for i in range(n):
        v = w[lp + i]
        w[best + i] = v if v > w[best + i] else w[best + i]


@vectorised
def exponentiate(w, lp, best, total, n, n_components):
    """lp <- exp(lp - best), and total <- its sum over components."""
    for i in range(n):
        w[total + i] = 0.0
    for k in range(n_components):
        q = lp + U(k) * S
        for i in range(n):
            e = exp_nonpositive(w[q + i] - w[best + i])
            w[q + i] = e
            w[total + i] += e


@vectorised
def normalise(w, best, total, weights, first, n):
    """Log-likelihood of a tile; total <- the factors that turn exponentials into omega_i r_ik."""
    loglik = 0.0
    if len(weights) == 0:
        # One logarithm for the product of many totals, each of which lies between 1 and K.
        product = 1.0
        for i in range(n):
            loglik += w[best + i]
        whole = n - n % U(4)
        for i in range(U(0), whole, U(4)):
            t = total + i
            product *= (w[t] * w[t + U(1)]) * (w[t + U(2)] * w[t + U(3)])
            if product > 1e200:
                loglik += math.log(product)
                product = 1.0
        for i in range(whole, n):
            product *= w[total + i]
        loglik += math.log(product)
        for i in range(n):
            w[total + i] = 1.0 / w[total + i]
    else:
        for i in range(n):
            weight = weights[first + i]
            loglik += weight * (w[best + i] + math.log(w[total + i]))
            w[total + i] = weight / w[total + i]
    return loglik
