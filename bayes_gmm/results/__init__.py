"""Results of fits: modes, posterior draws, comparisons, and their files."""
