"""Caveats of tables, fits, draws and comparisons: records, and their text in each interface."""
