"""Weighted sums over the rows of a tile (see `loops` for their conventions)."""

from __future__ import annotations

from bayes_gmm.jit.compiled import inlined
from bayes_gmm.model.kernel.loops import S2, S3, S, U, exact, vectorised

NEGLIGIBLE = 1e-20
"""Responsibilities below this value do not change sums of up to 1e4 / eps rows."""


@vectorised
def responsible(w, lp, scale, r, n):
    """r <- omega_i r_ik; return its sum."""
    n_k = 0.0
    for i in range(n):
        v = w[lp + i] * w[scale + i]
        w[r + i] = v
        n_k += v
    return n_k


@exact
def drop_negligible(w, y, d, r, chosen, n):
    """Move rows of non-negligible weight to the front of y and r; return their number.

    Nothing is moved if they are more than half of the rows.
    """
    m = U(0)
    for i in range(n):
        chosen[m] = i
        m += U(w[r + i] > NEGLIGIBLE)
    if 2 * m > n:
        return n
    for j in range(d):
        p = y + U(j) * S
        for t in range(m):
            w[p + t] = w[p + chosen[t]]
    for t in range(m):
        w[r + t] = w[r + chosen[t]]
    return m


@vectorised
def _scatter_two_and_all(w, lp, scale, y, n):
    total, a0, a1, b00, b10, b11 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        r = w[lp + i] * w[scale + i]
        e = w[y + i]
        f = w[y + S + i]
        u = e * r
        v = f * r
        total += r
        a0 += u
        a1 += v
        b00 += u * e
        b10 += v * e
        b11 += v * f
    return total, a0, a1, b00, b10, b11


@vectorised
def _scatter_one(w, y, r, n):
    a0, b00 = 0.0, 0.0
    for i in range(n):
        e = w[y + i]
        u = e * w[r + i]
        a0 += u
        b00 += u * e
    return a0, b00


@vectorised
def _scatter_two(w, y, r, ry, n):
    a0, a1, b00, b10, b11 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        e = w[y + i]
        f = w[y + S + i]
        u = e * w[r + i]
        v = f * w[r + i]
        w[ry + i] = u
        w[ry + S + i] = v
        a0 += u
        a1 += v
        b00 += u * e
        b10 += v * e
        b11 += v * f
    return a0, a1, b00, b10, b11


@vectorised
def _scatter_two_by_one(w, ry, y, n):
    b0, b1 = 0.0, 0.0
    for i in range(n):
        e = w[y + i]
        b0 += w[ry + i] * e
        b1 += w[ry + S + i] * e
    return b0, b1


@vectorised
def _scatter_two_by_two(w, ry, y, n):
    b00, b01, b10, b11 = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        u = w[ry + i]
        v = w[ry + S + i]
        e = w[y + i]
        f = w[y + S + i]
        b00 += u * e
        b01 += u * f
        b10 += v * e
        b11 += v * f
    return b00, b01, b10, b11


@vectorised
def _scatter_two_by_four(w, ry, y, n):
    b00, b01, b02, b03 = 0.0, 0.0, 0.0, 0.0
    b10, b11, b12, b13 = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        u = w[ry + i]
        v = w[ry + S + i]
        e = w[y + i]
        f = w[y + S + i]
        g = w[y + S2 + i]
        h = w[y + S3 + i]
        b00 += u * e
        b01 += u * f
        b02 += u * g
        b03 += u * h
        b10 += v * e
        b11 += v * f
        b12 += v * g
        b13 += v * h
    return b00, b01, b02, b03, b10, b11, b12, b13


@exact
def scatter(w, y, r, ry, n, d, a, B):
    """a += sum_i r_i y_i and the lower triangle of B += sum_i r_i y_i y_i'."""
    odd = d % 2
    if odd:
        a0, b00 = _scatter_one(w, y, r, n)
        a[0] += a0
        B[0, 0] += b00
    for j in range(odd, d, 2):
        a0, a1, b00, b10, b11 = _scatter_two(w, y + U(j) * S, r, ry, n)
        a[j] += a0
        a[j + 1] += a1
        B[j, j] += b00
        B[j + 1, j] += b10
        B[j + 1, j + 1] += b11
        if odd:
            b00, b10 = _scatter_two_by_one(w, ry, y, n)
            B[j, 0] += b00
            B[j + 1, 0] += b10
        l = odd
        while l + 4 <= j:
            b00, b01, b02, b03, b10, b11, b12, b13 = _scatter_two_by_four(w, ry, y + U(l) * S, n)
            B[j, l] += b00
            B[j, l + 1] += b01
            B[j, l + 2] += b02
            B[j, l + 3] += b03
            B[j + 1, l] += b10
            B[j + 1, l + 1] += b11
            B[j + 1, l + 2] += b12
            B[j + 1, l + 3] += b13
            l += 4
        if l < j:
            b00, b01, b10, b11 = _scatter_two_by_two(w, ry, y + U(l) * S, n)
            B[j, l] += b00
            B[j, l + 1] += b01
            B[j + 1, l] += b10
            B[j + 1, l + 1] += b11


@inlined
def scatter_pair(w, lp, scale, y, n, a, B):
    """`responsible` and `scatter` for two features."""
    n_k, a0, a1, b00, b10, b11 = _scatter_two_and_all(w, lp, scale, y, n)
    a[0] += a0
    a[1] += a1
    B[0, 0] += b00
    B[1, 0] += b10
    B[1, 1] += b11
    return n_k
