"""Findings about a table, and their text."""
