"""Tables larger than memory: one pass over the source writes tiles to memory-mapped files."""
