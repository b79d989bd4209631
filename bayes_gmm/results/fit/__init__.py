"""The MAP fit: from a table to its modes."""
