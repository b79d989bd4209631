"""Priors against SciPy's densities, LKJ against its definition, bad input refused by name."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy import integrate, stats

from bayes_gmm.model.parameters import Point, log_prior
from bayes_gmm.model.prior import (
    LKJ,
    HalfNormal,
    HierarchicalWishart,
    InverseGamma,
    LogNormal,
    Normal,
    Prior,
    lkj_log_constant,
)
from bayes_gmm.model.structure import Structure

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
    prior = Prior(concentration, Normal(-0.5, 1.3), LKJ(scales=scales))
    alpha = np.broadcast_to(concentration, 3)
    expected = (
        stats.dirichlet(alpha).logpdf(np.exp(point.log_weights))
        + stats.norm(-0.5, 1.3).logpdf(point.means).sum()
        + logpdf(point.scales).sum()
    )
    assert density(prior, point) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_density_of_a_scale_integrates_to_one(family):
    prior = Prior(1.0, Normal(0.0, math.inf), LKJ(scales=FAMILIES[family][0]))

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
    prior = Prior(covariances=LKJ(scales=scales))
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
        assert lkj(Prior(covariances=LKJ(eta)), C) == pytest.approx(expected, rel=1e-10, abs=1e-12)


@pytest.mark.parametrize("d", [3, 4, 6])
@pytest.mark.parametrize("eta", [1.0, 2.0, 3.5])
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
        expected.append(
            (eta - 1.0) * np.linalg.slogdet(C @ C.T)[1] + np.linalg.slogdet(np.array(jacobian))[1]
        )
        found.append(lkj(Prior(covariances=LKJ(eta)), C))
    np.testing.assert_allclose(np.diff(found), np.diff(expected), rtol=1e-6)


@pytest.mark.parametrize("d", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("eta", [0.7, 1.0, 4.0])
def test_lkj_integrates_to_one(d, eta):
    """Row j + 1 of the factor is a point of the unit ball in j dimensions, at radius t."""
    exponents = Prior(covariances=LKJ(eta)).constants(1, d).corr_exponents
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


@pytest.mark.parametrize(
    ("structure", "d", "expected"),
    [
        ("full", 1, LKJ(1.0)),
        ("full", 2, HierarchicalWishart()),
        ("tied", 4, HierarchicalWishart()),
        ("diag", 5, LKJ(1.0)),
        ("component-feature/shared", 5, LKJ(1.0)),
    ],
)
def test_the_default_depends_on_the_number_of_features_and_the_structure(structure, d, expected):
    structure = Structure.parse(structure)
    assert Prior().covariance_prior(structure, d) == expected
    explicit = Prior(2.0, Normal(0.0, 3.0), expected).constants(4, d, structure)
    for default, given in zip(Prior().constants(4, d, structure), explicit, strict=True):
        np.testing.assert_array_equal(default, given)


@pytest.mark.parametrize(("K", "d"), [(1, 1), (5, 2), (3, 7)])
def test_numbers_left_out_depend_on_components_and_features(K, d):
    left_out = Prior(covariances=LKJ(2.0)).constants(K, d)
    given = Prior(covariances=LKJ(2.0, LogNormal(K ** (-1 / d), 0.75))).constants(K, d)
    assert left_out.first == pytest.approx(given.first, rel=1e-14)
    wishart = Prior(covariances=HierarchicalWishart()).constants(K, d)
    assert (wishart.c0, wishart.g0) == ((d + 2) / 2, d / 2)
    typical = 0.2 if K == 1 else 0.25
    np.testing.assert_allclose(wishart.G0, d / (d + 2) / typical**2 * np.eye(d), rtol=1e-14)


def exact_log_wishart(factors, constants):
    """Log density of precision matrices in exact fractions, but for logarithms."""
    d = factors.shape[1]
    total = [[Fraction(x) for x in row] for row in constants.G0.tolist()]
    value = constants.wishart_constant
    for L in factors:
        inverse = exact_inverse([[Fraction(x) for x in row] for row in L.tolist()])
        for i, j, l in product(range(d), repeat=3):
            total[i][j] += inverse[l][i] * inverse[l][j]
        value -= 2.0 * (constants.c0 - (d + 1) / 2) * sum(math.log(L[j, j]) for j in range(d))
    power = constants.g0 + len(factors) * constants.c0
    return value - power * math.log(exact_determinant(total))


def exact_inverse(L):
    """Of a lower triangular matrix of fractions."""
    d = len(L)
    inverse = [[Fraction(0)] * d for _ in range(d)]
    for j in range(d):
        for i in range(j, d):
            rest = Fraction(int(i == j)) - sum(L[i][l] * inverse[l][j] for l in range(j, i))
            inverse[i][j] = rest / L[i][i]
    return inverse


def exact_determinant(A):
    """By elimination, which needs no pivoting where A is positive definite."""
    A, result = [row[:] for row in A], Fraction(1)
    for j in range(len(A)):
        result *= A[j][j]
        for i in range(j + 1, len(A)):
            factor = A[i][j] / A[j][j]
            A[i] = [x - factor * y for x, y in zip(A[i], A[j], strict=True)]
    return result


class TestHierarchicalWishart:
    """Against its definition: P_k ~ W(c_0, C_0) given C_0 ~ W(g_0, G_0), integrated over C_0."""

    @pytest.mark.parametrize(("m", "d"), [(1, 1), (2, 1), (1, 2), (3, 2), (2, 4)])
    def test_the_density_is_the_average_over_the_scale_matrix(self, m, d):
        """By importance sampling of C_0 from W(g_0 + m c_0, G_0 + sum P), where it is exact."""
        rng = np.random.default_rng(10 * m + d)
        c0, g0, G0 = d + 0.5, d + 1.0, 0.5 * np.eye(d) + 0.2
        A = rng.normal(size=(m, d, d))
        P = A @ A.mT + np.eye(d)
        C0 = stats.wishart(2 * (g0 + m * c0), np.linalg.inv(2 * (G0 + P.sum(axis=0)))).rvs(
            random_state=rng
        )
        C0 = np.reshape(C0, (d, d))

        def log_wishart(X, c, C):
            return stats.wishart(2 * c, np.linalg.inv(2 * C)).logpdf(X)

        expected = (
            sum(log_wishart(P_k, c0, C0) for P_k in P)
            + log_wishart(C0, g0, G0)
            - log_wishart(C0, g0 + m * c0, G0 + P.sum(axis=0))
        )
        point = random_point(m, d)._replace(
            scale_trils=np.linalg.cholesky(np.linalg.inv(P)), means=np.zeros((m, d))
        )
        prior = Prior(
            1.0, Normal(0.0, math.inf), HierarchicalWishart(c0, g0, G0.tolist())
        )  # fmt: skip
        constants = prior.constants(m, d)
        found = log_prior(point, constants, 0.0) - constants.weights_constant
        assert found == pytest.approx(expected, rel=1e-10)

    def test_a_component_given_the_others_has_the_ratio_of_both_densities(self):
        rng = np.random.default_rng(0)
        constants = Prior(covariances=HierarchicalWishart(3.0, 2.5)).constants(3, 3)
        L = np.tril(rng.normal(size=(2, 3, 3, 3)), -1) + np.exp(rng.normal(size=(3, 1))) * np.eye(3)
        L[1, 1:] = L[0, 1:]  # two mixtures that differ in the first component
        inverse = np.linalg.inv(L[0, 1:])
        alone = constants.given_others(inverse.mT @ inverse).with_components(np.ones(1), 1)
        joint, given = (
            [
                log_prior(random_point(K, 3)._replace(scale_trils=factors[:K]), prior, 0.0)
                for factors in L
            ]
            for K, prior in ((3, constants), (1, alone))
        )
        assert np.diff(joint) == pytest.approx(np.diff(given), rel=1e-10)

    def test_narrow_components_lose_no_digits(self):
        """P of order 1e12 beside one of order 1."""
        prior = Prior(1.0, Normal(0.0, math.inf), HierarchicalWishart())
        constants = prior.constants(2, 3)
        narrow = np.array([[1.0, 0, 0], [0.5, 1e-6, 0], [1.0, 2e-6, 1e-6]])
        factors = np.stack([narrow, np.eye(3)])
        expected = exact_log_wishart(factors, constants)
        found = log_prior(random_point(2, 3)._replace(scale_trils=factors), constants, 0.0)
        assert found == pytest.approx(expected, rel=1e-9)

    @pytest.mark.parametrize("structure", ["diag", "component-feature/shared", "spherical"])
    def test_structures_that_tie_entries_are_refused(self, structure):
        prior = Prior(covariances=HierarchicalWishart())
        with pytest.raises(ValueError, match="HierarchicalWishart needs structure 'full' or"):
            prior.constants(2, 3, Structure.parse(structure))


@pytest.mark.parametrize("name", ["eta", "scales"])
def test_arguments_of_the_former_prior_name_the_new_spelling(name):
    with pytest.raises(TypeError, match=rf"Prior\(covariances=bg.LKJ\({name}=2.0\)\)"):
        Prior(**{name: 2.0})


@pytest.mark.parametrize("structure", [Structure.parse("full"), Structure.parse("tied")])
def test_a_prior_on_another_number_of_components(structure):
    """All but the default median of scales is that of a prior made for the number."""
    three = Prior(1.5).constants(3, 4, structure)
    moved = three.with_components(np.full(2, 1.5), structure.n_covariances(2, 4))
    expected = Prior(1.5).constants(2, 4, structure)._replace(first=three.first)
    for found, given in zip(moved, expected, strict=True):
        np.testing.assert_allclose(found, given, rtol=1e-14)


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
        (lambda: Prior(covariances=LKJ("steep")), "eta must be a number, got 'steep'"),
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
        (
            lambda: Prior(covariances=LKJ(scales=Normal())),
            "scales must be a LogNormal, HalfNormal or InverseGamma",
        ),
        (lambda: Prior(covariances=LKJ(-1)), "eta must be 0 or positive, got -1"),
        (lambda: Prior(covariances=LKJ(math.inf)), "eta must be 0 or positive, got inf"),
        (lambda: Prior(covariances=LKJ(math.nan)), "eta must be 0 or positive, got nan"),
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
