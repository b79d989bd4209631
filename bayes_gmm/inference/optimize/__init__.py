"""Optimisation to one mode: EM, then Newton's method."""
