"""Compiled code: numba with a cache on disk, addresses of compiled functions, and threads."""
