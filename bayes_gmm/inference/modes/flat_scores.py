"""Scores of balls, lines and hyperplanes as tight groups of rows, compiled (see `group_scan`)."""

from __future__ import annotations

import numpy as np

from bayes_gmm.jit.addresses import compile_for
from bayes_gmm.jit.compiled import compiled


def compile_score_flats() -> None:
    """Compile `score_flats` without running it."""
    rows, vector = np.zeros((1, 1)), np.zeros(1)
    sets, sizes = np.zeros((1, 1), np.int64), np.zeros(1, np.int64)
    compile_for(
        score_flats, rows, vector, vector, sets, 1.0, 1.0, 1.0, 1.0, 1.0, vector, sizes, sets
    )


@compiled()
def score_flats(
    rows, weights, background, through, total, rho2, spare, along, reach, scores, sizes, nearest
):
    """For the flat through each set of rows, write its score and its nearest rows."""
    d = len(rows)
    s = through.shape[1] - 1
    basis = np.empty((d, d))
    origin = np.empty(d)
    for f in range(len(through)):
        for j in range(d):
            origin[j] = rows[j, through[f, 0]]
        whole = True
        for l in range(s):
            for j in range(d):
                basis[l, j] = rows[j, through[f, l + 1]] - origin[j]
            whole = whole and _orthonormal(basis, l)
        if not whole:
            scores[f] = -np.inf
            continue
        if 2 * s >= d:
            _normal(basis, s)
        scores[f], sizes[f] = score_flat(
            rows, weights, background, origin, basis[:s], basis[s:], total, rho2,
            spare, along, reach, nearest[f],
        )  # fmt: skip


@compiled(from_python=False)
def _orthonormal(basis, l):
    """Orthonormalise row l against the rows before it; False if it is linearly dependent."""
    d = basis.shape[1]
    before = 0.0
    for j in range(d):
        before += basis[l, j] ** 2
    for _again in range(2):
        for m in range(l):
            along = 0.0
            for j in range(d):
                along += basis[l, j] * basis[m, j]
            for j in range(d):
                basis[l, j] -= along * basis[m, j]
    left = 0.0
    for j in range(d):
        left += basis[l, j] ** 2
    if not left > 1e-12 * before:
        return False
    for j in range(d):
        basis[l, j] /= np.sqrt(left)
    return True


@compiled(from_python=False)
def _normal(basis, s):
    """Complete an orthonormal basis by row s = d - 1: the residual of the best unit vector."""
    d = basis.shape[1]
    best, shortest = 0, 2.0
    for j in range(d):
        length = 0.0
        for l in range(s):
            length += basis[l, j] ** 2
        if length < shortest:
            best, shortest = j, length
    for j in range(d):
        basis[s, j] = 1.0 if j == best else 0.0
    _orthonormal(basis, s)


@compiled(reordered=True)
def score_flat(
    rows, weights, background, origin, basis, normals, total, rho2, spare, along, reach, nearest
):
    """The best score of a flat, and the number of its rows (the first ones in `nearest`).

    Distances are computed from the normals if there are fewer of them than axes of the flat.
    """
    d, n = rows.shape
    s, size = len(basis), len(nearest)
    c = d - s
    distance = np.zeros(n)
    along_axis = np.empty(n)
    if c > s:
        for j in range(d):
            for i in range(n):
                distance[i] += (rows[j, i] - origin[j]) ** 2
    for l in range(s if c > s else c):
        axis = basis[l] if c > s else normals[l]
        sign = -1.0 if c > s else 1.0
        for i in range(n):
            along_axis[i] = 0.0
        for j in range(d):
            for i in range(n):
                along_axis[i] += (rows[j, i] - origin[j]) * axis[j]
        for i in range(n):
            distance[i] += sign * along_axis[i] ** 2
    held = np.full(
        size, reach**2
    )  # squared distances of the nearest rows so far, in increasing order
    n_held = 0
    for i in range(n):
        if distance[i] < held[size - 1]:
            at = size - 1
            while at > 0 and distance[i] < held[at - 1]:
                held[at], nearest[at] = held[at - 1], nearest[at - 1]
                at -= 1
            held[at], nearest[at] = distance[i], i
            n_held += 1
    best, n_best = -np.inf, 0
    W = q = B = 0.0
    for m in range(min(n_held, size)):
        i = nearest[m]
        W += weights[i]
        q += weights[i] * max(held[m], 0.0)
        B += weights[i] * background[i]
        few = s > 0 and m < s + 1  # two distinct rows on a line are not a group
        if few or s + 1 + spare > W:
            continue
        if 0.5 * total < W:
            break
        t2 = q / (c * (W - s - 1)) + rho2
        score = W * np.log(W / total) - B - 0.5 * q / t2 - 0.5 * W * c * np.log(2.0 * np.pi * t2)
        score -= 0.5 * W * s * (np.log(2.0 * np.pi * along) + 1.0) + 0.5 * c * np.log(1.0 / t2)
        if score > best:
            best, n_best = score, m + 1
    return best, n_best
