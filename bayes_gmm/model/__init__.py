"""The model: priors, structures, the density, and the kernel that computes it."""
