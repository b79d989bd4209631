"""From rows and a prior to modes of the posterior."""
