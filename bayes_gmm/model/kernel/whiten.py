"""Forward substitution for the rows of a tile (see `loops` for their conventions)."""

from __future__ import annotations

from bayes_gmm.model.kernel.loops import S2, S3, S, U, exact, vectorised


@vectorised
def _whiten_one(x, x0, w, y, lp, n, mu, inverse, constant):
    for i in range(n):
        a = (x[x0 + i] - mu) * inverse
        w[y + i] = a
        w[lp + i] = constant - 0.5 * a * a


@vectorised
def _whiten_two(x, x0, x1, w, y, lp, n, mu0, mu1, inverse0, inverse1, m10, constant):
    for i in range(n):
        a = (x[x0 + i] - mu0) * inverse0
        b = (x[x1 + i] - mu1 - m10 * a) * inverse1
        w[y + i] = a
        w[y + S + i] = b
        w[lp + i] = constant - 0.5 * (a * a + b * b)


@vectorised
def _whiten_two_after_two(
    x, x0, x1, w, y, y0, y1, lp, n, mu0, mu1, m00, m01, m10, m11, inverse0, inverse1, m
):  # fmt: skip
    for i in range(n):
        a = w[y0 + i]
        b = w[y1 + i]
        e = (x[x0 + i] - mu0 - m00 * a - m01 * b) * inverse0
        f = (x[x1 + i] - mu1 - m10 * a - m11 * b - m * e) * inverse1
        w[y + i] = e
        w[y + S + i] = f
        w[lp + i] -= 0.5 * (e * e + f * f)


@vectorised
def _whiten_two_after_four(
    x, x0, x1, w, y, y0, y1, l, lp, n, mu0, mu1,
    m00, m01, m02, m03, m10, m11, m12, m13, inverse0, inverse1, m,
):  # fmt: skip
    for i in range(n):
        a = w[y0 + i]
        b = w[y1 + i]
        c = w[l + i]
        g = w[l + S + i]
        e = (x[x0 + i] - mu0 - m00 * a - m01 * b - m02 * c - m03 * g) * inverse0
        f = (x[x1 + i] - mu1 - m10 * a - m11 * b - m12 * c - m13 * g - m * e) * inverse1
        w[y + i] = e
        w[y + S + i] = f
        w[lp + i] -= 0.5 * (e * e + f * f)


@vectorised
def _start_two(x, x0, x1, w, y, y0, y1, n, mu0, mu1, m00, m01, m10, m11):
    for i in range(n):
        a = w[y0 + i]
        b = w[y1 + i]
        w[y + i] = x[x0 + i] - mu0 - m00 * a - m01 * b
        w[y + S + i] = x[x1 + i] - mu1 - m10 * a - m11 * b


@vectorised
def _start_two_after_four(
    x, x0, x1, w, y, y0, y1, l, n, mu0, mu1, m00, m01, m02, m03, m10, m11, m12, m13
):  # fmt: skip
    for i in range(n):
        a = w[y0 + i]
        b = w[y1 + i]
        c = w[l + i]
        g = w[l + S + i]
        w[y + i] = x[x0 + i] - mu0 - m00 * a - m01 * b - m02 * c - m03 * g
        w[y + S + i] = x[x1 + i] - mu1 - m10 * a - m11 * b - m12 * c - m13 * g


@vectorised
def _subtract_four(w, y, l, n, m00, m01, m02, m03, m10, m11, m12, m13):
    for i in range(n):
        a = w[l + i]
        b = w[l + S + i]
        c = w[l + S2 + i]
        g = w[l + S3 + i]
        w[y + i] -= m00 * a + m01 * b + m02 * c + m03 * g
        w[y + S + i] -= m10 * a + m11 * b + m12 * c + m13 * g


@vectorised
def _finish_two(
    w, y, l, lp, n, m00, m01, m02, m03, m10, m11, m12, m13, inverse0, inverse1, m
):  # fmt: skip
    for i in range(n):
        a = w[l + i]
        b = w[l + S + i]
        c = w[l + S2 + i]
        g = w[l + S3 + i]
        e = (w[y + i] - m00 * a - m01 * b - m02 * c - m03 * g) * inverse0
        f = (w[y + S + i] - m10 * a - m11 * b - m12 * c - m13 * g - m * e) * inverse1
        w[y + i] = e
        w[y + S + i] = f
        w[lp + i] -= 0.5 * (e * e + f * f)


@exact
def whiten(x, x0, stride, d, mu, M, inverse, constant, n, w, y, lp):
    """Forward substitution: write y of component k, and log p_ik to `lp`.

    Features are processed in pairs, and the terms of earlier features are subtracted four at a
    time. With an odd number of features the first is processed alone; functions for pairs then get
    it twice, the second time with coefficient 0.
    """
    odd = d % 2
    if odd:
        _whiten_one(x, x0, w, y, lp, n, mu[0], inverse[0], constant)
    else:
        _whiten_two(
            x, x0, x0 + stride, w, y, lp, n,
            mu[0], mu[1], inverse[0], inverse[1], M[1, 0], constant,
        )  # fmt: skip
    y1 = y + U(1 - odd) * S
    l = 2 - odd
    y2 = y + U(l) * S
    for j in range(l, d, 2):
        x_j = x0 + U(j) * stride
        y_j = y + U(j) * S
        A, C = M[j], M[j + 1]
        a1, c1 = (0.0, 0.0) if odd else (A[1], C[1])
        if j == l:
            _whiten_two_after_two(
                x, x_j, x_j + stride, w, y_j, y, y1, lp, n, mu[j], mu[j + 1],
                A[0], a1, C[0], c1, inverse[j], inverse[j + 1], C[j],
            )  # fmt: skip
        elif j == l + 2:
            _whiten_two_after_four(
                x, x_j, x_j + stride, w, y_j, y, y1, y2, lp, n, mu[j], mu[j + 1],
                A[0], a1, A[l], A[l + 1], C[0], c1, C[l], C[l + 1],
                inverse[j], inverse[j + 1], C[j],
            )  # fmt: skip
        else:
            h = l
            if (j - l) % 4:
                _start_two_after_four(
                    x, x_j, x_j + stride, w, y_j, y, y1, y2, n, mu[j], mu[j + 1],
                    A[0], a1, A[l], A[l + 1], C[0], c1, C[l], C[l + 1],
                )  # fmt: skip
                h += 2
            else:
                _start_two(
                    x, x_j, x_j + stride, w, y_j, y, y1, n, mu[j], mu[j + 1], A[0], a1, C[0], c1
                )
            while h + 4 < j:
                _subtract_four(
                    w, y_j, y + U(h) * S, n, A[h], A[h + 1], A[h + 2], A[h + 3],
                    C[h], C[h + 1], C[h + 2], C[h + 3],
                )  # fmt: skip
                h += 4
            _finish_two(
                w, y_j, y + U(h) * S, lp, n, A[h], A[h + 1], A[h + 2], A[h + 3],
                C[h], C[h + 1], C[h + 2], C[h + 3], inverse[j], inverse[j + 1], C[j],
            )  # fmt: skip
