"""Loops over the rows of a tile, which the compiler turns into vector instructions.

Buffers are flat, feature j of component k of a tile starts at (k d + j) TILE, and offsets are
unsigned so that no index can be negative. These two facts are what the compiler needs to emit
vector instructions. Features go two at a time so that a value is used twice for each load; an odd
number of features is padded by one that is always 0.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from bayes_gmm.data.compiled import Decorator, compiled
from bayes_gmm.data.rows import TILE

U = np.uintp
S, S2, S3 = U(TILE), U(2 * TILE), U(3 * TILE)

NEGLIGIBLE = 1e-20
"""Responsibilities below this leave every sum of up to 1e4 / eps rows unchanged."""
FAR = 46.0
"""Nats behind another component at which a responsibility is below `NEGLIGIBLE`."""
REORDERING = {"contract", "reassoc", "nsz", "arcp"}
"""What the compiler may do to sums over rows; NaN and infinity keep their meaning."""

vectorised = compiled(fastmath=REORDERING, no_cpython_wrapper=True)
"""For loops over rows, each compiled by itself so that the compiler sees it bare."""
exact = compiled(fastmath={"contract"}, no_cpython_wrapper=True)
"""For what must not be reordered."""
composed: Decorator = numba.njit(inline="always", error_model="numpy")
"""For what strings loops together: compiled once, where it is used."""
entry = compiled(fastmath=REORDERING)
"""For what is called from Python."""


@exact
def exp_nonpositive(x):
    """e^x for x <= 0 to rounding (Cody & Waite 1980): x = n log 2 + r, Taylor in |r| <= log(2) / 2.

    Vectorises, which libm's does not. Below -700 the result is e^-700.
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
def _whiten_first_pair(x, x0, x1, y, p, n, mu, M, inverse, lp, q):
    mu0, mu1, inverse0, inverse1, m10 = mu[0], mu[1], inverse[0], inverse[1], M[1, 0]
    for i in range(n):
        a = (x[x0 + i] - mu0) * inverse0
        b = (x[x1 + i] - mu1 - m10 * a) * inverse1
        y[p + i] = a
        y[p + S + i] = b
        lp[q + i] -= 0.5 * (a * a + b * b)


@vectorised
def _start_pair(x, x0, x1, y, p, y0, n, mu, M, j):
    mu0, mu1 = mu[j], mu[j + 1]
    m00, m01, m10, m11 = M[j, 0], M[j, 1], M[j + 1, 0], M[j + 1, 1]
    for i in range(n):
        a = y[y0 + i]
        b = y[y0 + S + i]
        y[p + i] = x[x0 + i] - mu0 - m00 * a - m01 * b
        y[p + S + i] = x[x1 + i] - mu1 - m10 * a - m11 * b


@vectorised
def _subtract_two(y, p, q, n, M, j, l):
    m00, m01, m10, m11 = M[j, l], M[j, l + 1], M[j + 1, l], M[j + 1, l + 1]
    for i in range(n):
        a = y[q + i]
        b = y[q + S + i]
        y[p + i] -= m00 * a + m01 * b
        y[p + S + i] -= m10 * a + m11 * b


@vectorised
def _subtract_four(y, p, q, n, M, j, l):
    m00, m01, m02, m03 = M[j, l], M[j, l + 1], M[j, l + 2], M[j, l + 3]
    m10, m11, m12, m13 = M[j + 1, l], M[j + 1, l + 1], M[j + 1, l + 2], M[j + 1, l + 3]
    for i in range(n):
        a = y[q + i]
        b = y[q + S + i]
        c = y[q + S2 + i]
        e = y[q + S3 + i]
        y[p + i] -= m00 * a + m01 * b + m02 * c + m03 * e
        y[p + S + i] -= m10 * a + m11 * b + m12 * c + m13 * e


@vectorised
def _finish_pair(y, p, n, M, inverse, j, lp, q):
    inverse0, inverse1, m10 = inverse[j], inverse[j + 1], M[j + 1, j]
    for i in range(n):
        a = y[p + i] * inverse0
        b = (y[p + S + i] - m10 * a) * inverse1
        y[p + i] = a
        y[p + S + i] = b
        lp[q + i] -= 0.5 * (a * a + b * b)


@composed
def whiten(x, start, n_observed, j_from, j_to, mu, M, inverse, n, y, y0, lp, q):
    """Forward substitution: features j_from ... j_to - 1 of y; their part of log p into `lp`."""
    for j in range(j_from, j_to, 2):
        x0 = start + U(j) * n
        x1 = start + U(min(j + 1, n_observed - 1)) * n
        p = y0 + U(j) * S
        if j == 0:
            _whiten_first_pair(x, x0, x1, y, p, n, mu, M, inverse, lp, q)
        else:
            _start_pair(x, x0, x1, y, p, y0, n, mu, M, j)
            l = 2
            while l + 4 <= j:
                _subtract_four(y, p, y0 + U(l) * S, n, M, j, l)
                l += 4
            if l < j:
                _subtract_two(y, p, y0 + U(l) * S, n, M, j, l)
            _finish_pair(y, p, n, M, inverse, j, lp, q)


@vectorised
def _scatter_pair(y, p, r, ry, n, a, B, j):
    a0, a1, b00, b10, b11 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        e = y[p + i]
        f = y[p + S + i]
        u = e * r[i]
        v = f * r[i]
        ry[i] = u
        ry[S + i] = v
        a0 += u
        a1 += v
        b00 += u * e
        b10 += v * e
        b11 += v * f
    a[j] += a0
    a[j + 1] += a1
    B[j, j] += b00
    B[j + 1, j] += b10
    B[j + 1, j + 1] += b11


@vectorised
def _scatter_cross(y, q, ry, n, B, j, l):
    b00, b01, b10, b11 = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        u = ry[i]
        v = ry[S + i]
        e = y[q + i]
        f = y[q + S + i]
        b00 += u * e
        b01 += u * f
        b10 += v * e
        b11 += v * f
    B[j, l] += b00
    B[j, l + 1] += b01
    B[j + 1, l] += b10
    B[j + 1, l + 1] += b11


@composed
def scatter(y, y0, r, ry, n, n_padded, a, B):
    """a += sum_i r_i y_i and the lower triangle of B += sum_i r_i y_i y_i'."""
    for j in range(0, n_padded, 2):
        _scatter_pair(y, y0 + U(j) * S, r, ry, n, a, B, j)
        for l in range(0, j, 2):
            _scatter_cross(y, y0 + U(l) * S, ry, n, B, j, l)


@vectorised
def select(y, y0, n_features, chosen, m):
    """Keep the chosen rows, in ascending order, of the first features of y."""
    for j in range(n_features):
        p = y0 + U(j) * S
        for t in range(m):
            y[p + t] = y[p + chosen[t]]


@composed
def survivors(lp, q, best, n, chosen):
    """Rows whose partial log p_ik still leaves component k more than `NEGLIGIBLE`."""
    m = U(0)
    for i in range(n):
        chosen[m] = i
        m += U(lp[q + i] > best[i] - FAR)
    return m


@composed
def gather(x, start, n, d, j_from, y, y0, lp, q, chosen, m, xs, lps):
    """Copy the chosen rows to where they stand side by side; the others' log p becomes -inf."""
    select(y, y0, j_from, chosen, m)
    for j in range(j_from, d):
        for t in range(m):
            xs[U(j) * m + t] = x[start + U(j) * n + chosen[t]]
    for t in range(m):
        lps[t] = lp[q + chosen[t]]
    for i in range(n):
        lp[q + i] = -1e300


@vectorised
def raise_to(best, lp, q, n):
    """best <- max(best, lp)."""
    for i in range(n):
        v = lp[q + i]
        best[i] = v if v > best[i] else best[i]


@vectorised
def exponentiate(lp, best, n, n_components, total):
    """lp <- exp(lp - best) and its sum over components into `total`."""
    for i in range(n):
        total[i] = 0.0
    for k in range(n_components):
        q = U(k) * S
        for i in range(n):
            e = exp_nonpositive(lp[q + i] - best[i])
            lp[q + i] = e
            total[i] += e


@vectorised
def normalise(best, total, weights, first, n):
    """Log-likelihood of a tile; `total` becomes what turns exponentials into omega_i r_ik."""
    loglik = 0.0
    if len(weights) == 0:
        # One logarithm serves many rows: the totals lie between 1 and K.
        product = 1.0
        for i in range(n):
            loglik += best[i]
        for i in range(n):
            product *= total[i]
            if product > 1e200:
                loglik += math.log(product)
                product = 1.0
        loglik += math.log(product)
        for i in range(n):
            total[i] = 1.0 / total[i]
    else:
        for i in range(n):
            weight = weights[first + i]
            loglik += weight * (best[i] + math.log(total[i]))
            total[i] = weight / total[i]
    return loglik


@vectorised
def responsible(lp, q, scale, n, r):
    """r <- omega_i r_ik; returns its sum."""
    n_k = 0.0
    for i in range(n):
        v = lp[q + i] * scale[i]
        r[i] = v
        n_k += v
    return n_k


@composed
def drop_negligible(y, y0, n_padded, r, chosen, kept, n):
    """Narrow y and r to rows that count; a sum over few rows is cheaper than one over zeros."""
    if kept < n:
        for t in range(kept):
            r[t] = r[chosen[t]]
    m = U(0)
    for t in range(kept):
        chosen[m] = t
        m += U(r[t] > NEGLIGIBLE)
    if 4 * m >= 3 * kept:
        return kept
    for t in range(m):
        r[t] = r[chosen[t]]
    select(y, y0, n_padded, chosen, m)
    return m
