"""Marginal likelihoods and masses of modes."""
