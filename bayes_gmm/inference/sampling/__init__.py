"""Draws of the posterior: NUTS, importance sampling, and their labels."""
