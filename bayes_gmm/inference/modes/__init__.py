"""Finding all modes: starts, splits and merges, and their masses."""
