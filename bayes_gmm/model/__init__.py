"""The model: priors, structures, the density and the kernel it rests on."""
