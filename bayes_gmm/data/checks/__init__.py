"""Checks of a table before a fit, which report possible problems as findings."""
