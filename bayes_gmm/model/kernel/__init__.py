"""One pass over the rows: log densities, responsibilities, and their sums."""
