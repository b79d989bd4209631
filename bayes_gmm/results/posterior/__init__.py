"""Draws of the posterior and what is computed from them."""
