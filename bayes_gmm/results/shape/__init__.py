"""Check whether the rows of each segment are Gaussian."""
