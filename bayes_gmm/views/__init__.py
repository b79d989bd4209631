"""Plots of fits and comparisons. Matplotlib is imported when a plot is drawn."""
