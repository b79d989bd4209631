"""Climbing to one mode: EM, then Newton."""
