"""Inference: modes of the posterior, draws and the evidence."""
