"""The check of whether the rows of each segment are Gaussian."""
