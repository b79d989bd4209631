"""`Optimum`: what all optima of the log-posterior are compared by."""

from __future__ import annotations


class Optimum:
    """Anything with a log-posterior and a log volume."""

    log_posterior: float
    log_volume: float

    @property
    def rough_log_mass(self) -> float:
        """Approximate log mass, by which the search compares optima."""
        return self.log_posterior + self.log_volume
