"""Comparison of numbers of segments and of structures."""
