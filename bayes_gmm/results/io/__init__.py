"""Files that hold a model."""
