"""Time of a log-density and its gradient, called the way that nutpie calls them."""

from __future__ import annotations

import ctypes
import time

import numpy as np


def microseconds(function: int, data: int, start: np.ndarray) -> float:
    """Of a call of the C function at an address; the least of five means."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_uint64, *[ctypes.c_void_p] * 4)
    call = kind(function)
    point, gradient, value = start.copy(), np.empty_like(start), np.empty(1)
    addresses = (*(array.ctypes.data for array in (point, gradient, value)), data)
    means = []
    for _ in range(5):
        begin, calls = time.perf_counter(), 0
        while time.perf_counter() - begin < 0.2:
            call(len(point), *addresses)
            calls += 1
        means.append((time.perf_counter() - begin) / calls)
    return 1e6 * min(means)
