"""`Optimum`: what all optima of the log-posterior are compared by."""

from __future__ import annotations

from bayes_gmm.data.rows import Floats


class Optimum:
    """A vector with its log-posterior and a log volume."""

    theta: Floats
    log_posterior: float
    log_volume: float

    @property
    def rough_log_mass(self) -> float:
        """Approximate log mass, by which the search compares optima."""
        return self.log_posterior + self.log_volume
