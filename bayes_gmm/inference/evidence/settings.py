"""Settings of estimates of the evidence and of masses of modes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class BridgeSettings:
    """Settings of bridge sampling."""

    fewest: int = 100
    """Minimum number of draws of a mode for a bridge; with fewer, Laplace's mass is used."""
    firm: float = 100.0
    """Effective sample size at which a bridge is reliable."""
    shaky: float = 3.0
    """Effective sample size below which a bridge is rejected."""
    tolerance: float = 1e-9
    """Error of the solution for a log mass, in nats."""
    widest: float = 30.0
    """Distance between the bounds of a log mass, in nats, above which its error is infinite."""
    proposals_per_mode: int = 1000
    """Number of proposals for the mass of each mode."""
    proposals: int = 2000
    """Number of proposals for the evidence, for each half of the draws of a group of modes."""
    parts: tuple[int, ...] = (1, 8)
    """Numbers of components of the proposals, which are tried in turn."""
    good: float = 0.5
    """Effective sample size per proposal at which no larger mixture is tried."""
    crossings: int = 10
    """Minimum number of crossings between two modes at which they share one bridge."""


@dataclass(frozen=True)
class ProposalSettings:
    """Settings of the mixture of t distributions that is fitted to draws."""

    steps: int = 6
    """Iterations of EM, which need not converge: any proposals are valid."""
    fewest: int = 5
    """Minimum number of vectors per component, in addition to half of their length."""
    vectors_per_parameter: float = 2.0
    """Minimum number of vectors per parameter at which coordinates from their own covariance are a
    candidate for shrinkage; with fewer the covariance is nearly singular."""


@dataclass(frozen=True)
class BayesFactorSettings:
    """Settings of the evidence of K components from that of K - 1."""

    error: float = 0.2
    """Error of the direct estimate, in nats, above which this estimate is computed too, if the
    posterior of K - 1 must be sampled for it."""
    error_with_neighbour: float = 0.05
    """The same if the posterior of K - 1 has been sampled already, so that the cost is low."""
    most_draws: int = 2000
    """Maximum number of draws from each posterior for a bridge, over both halves."""
    parts: int = 4
    """Maximum number of components of the density g."""
    rounds: int = 3
    """Iterations to estimate g and the probability that each component is the additional one."""
    fewest_starts: int = 100
    """Minimum number of vectors from which the initial points of chains are chosen."""
    starts_per_chain: int = 4
    """Minimum number of these vectors per chain."""
    dispersion: float = 0.5
    """Standard deviation of initial points relative to that of these vectors."""


@dataclass(frozen=True)
class EvidenceSettings:
    """Settings of an estimate of the evidence by bridge sampling."""

    bridge: BridgeSettings = field(default_factory=BridgeSettings)
    proposals: ProposalSettings = field(default_factory=ProposalSettings)
    bayes_factor: BayesFactorSettings = field(default_factory=BayesFactorSettings)
