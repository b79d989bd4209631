"""Search of the modes: starts, split-and-merge moves, and masses of the modes."""
