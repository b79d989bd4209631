"""Profiles: columns outside the model by segment, and what distinguishes segments."""
