"""Checks of a table before a fit: what may cause problems, as findings."""
