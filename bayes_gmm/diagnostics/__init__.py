"""Caveats of tables, fits, draws and comparisons: records, and their text for each audience."""
