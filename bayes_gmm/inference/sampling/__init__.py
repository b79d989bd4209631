"""Posterior draws: NUTS, importance sampling, and the labels of draws."""
