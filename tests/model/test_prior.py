"""Priors against SciPy's densities, LKJ against its definition, bad input refused by name."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from bayes_gmm.model.parameters import Point, log_prior
from bayes_gmm.model.prior import (
    HalfNormal,
    InverseGamma,
    LogNormal,
    Normal,
    Prior,
    lkj_log_constant,
)

FAMILIES = {
    "log-normal": (LogNormal(0.7, 0.4), stats.lognorm(0.4, scale=0.7).logpdf),
    "half-normal": (HalfNormal(1.7), stats.halfnorm(scale=1.7).logpdf),
    "inverse-gamma": (
        InverseGamma(2.5, 0.8),
        lambda sigma: stats.invgamma(2.5, scale=0.8).logpdf(sigma**2) + np.log(2.0 * sigma),
    ),
}


def random_corr_chol(rng, n, d):
    C = np.tril(rng.normal(size=(n, d, d)), -1) + np.eye(d)
    return C / np.linalg.norm(C, axis=2, keepdims=True)


def random_point(K, d, n_correlations=0, seed=0):
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.normal(size=K * d))
    corr_chol = random_corr_chol(rng, n_correlations, d)
    return Point(
        np.log(rng.dirichlet(np.ones(K))), rng.normal(size=(K, d)), scales, corr_chol,
        np.zeros((K, d, d)),
    )  # fmt: skip


def density(prior, point):
    return log_prior(point, prior.constants(*point.means.shape), False)


@pytest.mark.parametrize("concentration", [0.3, 1.0, 2.0, (0.5, 1.0, 7.0)])
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_means_and_scales_have_scipys_densities(family, concentration):
    scales, logpdf = FAMILIES[family]
    point = random_point(3, 2)
    prior = Prior(concentration, Normal(-0.5, 1.3), scales)
    alpha = np.broadcast_to(concentration, 3)
    expected = (
        stats.dirichlet(alpha).logpdf(np.exp(point.log_weights))
        + stats.norm(-0.5, 1.3).logpdf(point.means).sum()
        + logpdf(point.scales).sum()
    )
    assert density(prior, point) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_density_of_a_scale_integrates_to_one(family):
    prior = Prior(1.0, Normal(0.0, math.inf), FAMILIES[family][0])

    def integrand(sigma):
        return math.exp(density(prior, random_point(1, 1)._replace(scales=np.array([sigma]))))

    below, _ = integrate.quad(integrand, 0.0, 1.0, epsabs=1e-11)
    above, _ = integrate.quad(integrand, 1.0, np.inf, epsabs=1e-11)
    assert below + above == pytest.approx(1.0, abs=1e-8)


def test_a_flat_prior_is_constant():
    assert density(Prior.flat(), random_point(3, 4, 3, seed=0)) == pytest.approx(math.log(2.0))
    assert density(Prior.flat(), random_point(3, 4, 3, seed=1)) == pytest.approx(math.log(2.0))


@pytest.mark.parametrize("scales", [LogNormal(), InverseGamma(0.1, 1e-6)])
def test_no_power_outweighs_the_fall_towards_zero_scales(scales):
    """What a component gains by closing on a row is a power of 1 / sigma."""
    prior = Prior(scales=scales)
    shrunk = [random_point(1, 1)._replace(scales=np.array([10.0**-e])) for e in (20, 40, 80)]
    gain = [density(prior, point) + 20 * math.log(1.0 / point.scales[0]) for point in shrunk]
    assert gain[0] > gain[1] > gain[2]


def lkj(prior, C):
    """Log density of one Cholesky factor."""
    d = len(C)
    point = random_point(1, d)
    with_factor = density(prior, point._replace(corr_chol=C[None]))
    return with_factor - density(prior, point)


@pytest.mark.parametrize("eta", [0.5, 1.0, 2.5, 10.0])
def test_lkj_in_two_dimensions_is_a_beta(eta):
    """(1 + r) / 2 ~ Beta(eta, eta)."""
    for r in (-0.99, -0.3, 0.0, 0.7):
        C = np.array([[1.0, 0.0], [r, math.sqrt(1 - r * r)]])
        expected = stats.beta(eta, eta).logpdf((1 + r) / 2) - math.log(2.0)
        assert lkj(Prior(eta=eta), C) == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("d", [3, 4, 6])
@pytest.mark.parametrize("eta", [1.0, 2.0, None])
def test_lkj_is_a_power_of_the_determinant(d, eta):
    """det(R)^(eta - 1), times how R's free entries change with those of its factor."""
    rows, columns = np.tril_indices(d, -1)

    def correlations(entries):
        C = np.zeros((d, d))
        C[rows, columns] = entries
        C[np.diag_indices(d)] = np.sqrt(1.0 - np.sum(C**2, axis=1))
        return (C @ C.T)[rows, columns]

    rng = np.random.default_rng(d)
    expected, found = [], []
    for C in random_corr_chol(rng, 3, d):
        entries, h = C[rows, columns], 1e-6
        jacobian = [
            (correlations(entries + h * e) - correlations(entries - h * e)) / (2 * h)
            for e in np.eye(len(entries))
        ]
        power = ((d + 3) / 2 if eta is None else eta) - 1.0
        expected.append(
            power * np.linalg.slogdet(C @ C.T)[1] + np.linalg.slogdet(np.array(jacobian))[1]
        )
        found.append(lkj(Prior(eta=eta), C))
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-6)


@pytest.mark.parametrize("d", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("eta", [0.7, 1.0, 4.0])
def test_lkj_integrates_to_one(d, eta):
    """Row j + 1 of the factor is a point of the unit ball in j dimensions, at radius t."""
    exponents = Prior(eta=eta).constants(1, d).corr_exponents
    log_total = 0.0
    for j in range(1, d):
        sphere = 2.0 * math.pi ** (j / 2) / math.gamma(j / 2)
        # As t = sin(a), the diagonal entry is cos(a), and dt brings another.
        ball, _ = integrate.quad(
            lambda a, j=j: math.sin(a) ** (j - 1) * math.cos(a) ** (exponents[j] + 1),
            0.0, math.pi / 2,
        )  # fmt: skip
        log_total += math.log(sphere * ball)
    assert lkj_log_constant(eta, d) == pytest.approx(-log_total, rel=1e-9, abs=1e-12)


def test_defaults_depend_on_components_and_features():
    for K, d in [(1, 1), (5, 2), (3, 7)]:
        explicit = Prior(2.0, Normal(0.0, 3.0), LogNormal(K ** (-1 / d), 0.75), (d + 3) / 2)
        for default, given in zip(Prior().constants(K, d), explicit.constants(K, d), strict=True):
            np.testing.assert_allclose(default, given, rtol=1e-14)


def test_priors_are_values():
    assert Prior() == Prior()
    assert hash(Prior(np.array([1.0, 2.0]))) == hash(Prior([1, 2]))
    assert Prior(np.array([1.0, 2.0])) == Prior((1.0, 2.0)) != Prior(1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Prior(0.0), "concentration must be positive, got 0.0"),
        (lambda: Prior([1.0, -2.0]), r"concentration must be positive, got \[1.0, -2.0\]"),
        (lambda: Prior("a"), "concentration must be an array of numbers, got 'a'"),
        (lambda: Prior([1, "b"]), r"concentration must be an array of numbers, got \[1, 'b'\]"),
        (lambda: Prior(None), "concentration must be positive, got None"),
        (lambda: Prior([[1.0, 2.0]]), r"concentration must be positive, got \[\[1.0, 2.0\]\]"),
        (lambda: Prior(eta="steep"), "eta must be a number, got 'steep'"),
        (lambda: Normal(0, "x"), "the scale of Normal must be a number, got 'x'"),
        (lambda: Normal(None), "the location of Normal must be a number, got None"),
        (lambda: Normal([0.0, 1.0]), "the location of Normal must be a number, got"),
        (lambda: Normal(0, "3"), "the scale of Normal must be a number, got '3'"),
        (lambda: Normal(0, True), "the scale of Normal must be a number, got True"),
        (lambda: Normal(0, 1e-200), "the scale of Normal must lie between .* got 1e-200"),
        (lambda: LogNormal(1e300), "the median of LogNormal must lie between .* got 1e.300"),
        (lambda: LogNormal("x"), "the median of LogNormal must be a number, got 'x'"),
        (lambda: LogNormal(10**400), "the median of LogNormal must be a number, got 1000"),
        (lambda: HalfNormal({}), "the scale of HalfNormal must be a number, got {}"),
        (lambda: InverseGamma(1.0, 1j), "the scale of InverseGamma must be a number, got 1j"),
        (lambda: Prior(math.nan), "concentration must be positive, got nan"),
        (lambda: Prior(math.inf), "concentration must be positive, got inf"),
        (lambda: Prior([]).constants(2, 1), "concentration must be positive"),
        (lambda: Prior([1.0, 2.0]).constants(3, 1), "has 2 values for 3 components"),
        (lambda: Prior(means=3.0), "means must be a Normal, got 3.0"),
        (lambda: Prior(scales=Normal()), "scales must be a LogNormal, HalfNormal or InverseGamma"),
        (lambda: Prior(eta=-1), "eta must be 0 or positive, got -1"),
        (lambda: Prior(eta=math.inf), "eta must be 0 or positive, got inf"),
        (lambda: Prior(eta=math.nan), "eta must be 0 or positive, got nan"),
        (lambda: Normal(math.nan), "location of Normal must be finite, got nan"),
        (lambda: Normal(0.0, 0.0), "scale of Normal must be positive, got 0"),
        (lambda: LogNormal(-1.0), "median of LogNormal must be positive and finite, got -1"),
        (lambda: LogNormal(None, math.inf), "spread of LogNormal must be .* finite, got inf"),
        (lambda: HalfNormal(-2), "scale of HalfNormal must be positive, got -2"),
        (lambda: InverseGamma(0.0), "shape of InverseGamma must be .* finite, got 0"),
        (lambda: InverseGamma(1.0, math.inf), "scale of InverseGamma must be .*, got inf"),
    ],
)
def test_bad_numbers_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()
