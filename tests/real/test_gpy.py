"""GPy's kernels, link functions and likelihoods, up to third derivatives, and paramz' transformations."""

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradient, check_vjp
from real.real_check import RealCheck, planted

pytest.importorskip("GPy", reason="GPy is not installed (pip install '.[real]')")

import GPy
from GPy.likelihoods import link_functions
from paramz import transformations

RANDOM = np.random.default_rng(13)
X = RANDOM.normal(size=(3, 2))
OTHER = RANDOM.normal(size=(2, 2))
WEIGHTS = RANDOM.normal(size=(3, 2))
F = np.array([-0.8, 0.4, 1.3])
LINKS: dict[str, Any] = {
    "Probit": link_functions.Probit(),
    "ScaledProbit": link_functions.ScaledProbit(1.4),
    "Cloglog": link_functions.Cloglog(),
    "Log": link_functions.Log(),
    "Log_ex_1": link_functions.Log_ex_1(),
    "Reciprocal": link_functions.Reciprocal(),
}
KERNELS: dict[str, Any] = {
    "RBF": lambda **k: GPy.kern.RBF(2, **k),
    "Exponential": lambda **k: GPy.kern.Exponential(2, **k),
    "Matern32": lambda **k: GPy.kern.Matern32(2, **k),
    "Matern52": lambda **k: GPy.kern.Matern52(2, **k),
    "RatQuad": lambda **k: GPy.kern.RatQuad(2, **k),
    "Cosine": lambda **k: GPy.kern.Cosine(2, **k),
    "ExpQuadCosine": lambda **k: GPy.kern.ExpQuadCosine(2, **k),
    "Sinc": lambda **k: GPy.kern.Sinc(2, **k),
    "OU": lambda **k: GPy.kern.OU(2, **k),
    "Poly": lambda **k: GPy.kern.Poly(2, order=3.0),
    "MLP": lambda **k: GPy.kern.MLP(2),
    "Linear": lambda **k: GPy.kern.Linear(2),
    "StdPeriodic": lambda **k: GPy.kern.StdPeriodic(2),
}
COUNTS = np.array([0.0, 2.0, 5.0])
POSITIVE = np.array([0.4, 1.7, 2.2])
LIKELIHOODS: dict[str, tuple[Any, Any, Any]] = {
    "Poisson": (GPy.likelihoods.Poisson(), POSITIVE, COUNTS),
    "Exponential": (GPy.likelihoods.Exponential(), POSITIVE, POSITIVE[::-1]),
    "Gamma": (GPy.likelihoods.Gamma(beta=1.3), POSITIVE, POSITIVE[::-1]),
    "StudentT": (GPy.likelihoods.StudentT(deg_free=5, sigma2=0.7), F, F[::-1] + 0.3),
    "Gaussian": (GPy.likelihoods.Gaussian(variance=0.6), F, F[::-1]),
    "Bernoulli": (GPy.likelihoods.Bernoulli(), np.array([0.2, 0.5, 0.7]), np.array([0.0, 1.0, 1.0])),
    "Weibull": (GPy.likelihoods.Weibull(beta=1.4), POSITIVE, POSITIVE[::-1]),
    "LogLogistic": (GPy.likelihoods.LogLogistic(r=1.6), POSITIVE, POSITIVE[::-1]),
}
TRANSFORMATIONS: dict[str, Any] = {
    "Logexp": transformations.Logexp(),
    "Exponent": transformations.Exponent(),
    "NegativeLogexp": transformations.NegativeLogexp(),
    "Square": transformations.Square(),
    "Logistic": transformations.Logistic(-1.0, 2.0),
}


WRONG = {
    "Square": "the derivative of x ** 2 is taken for 2 |x|",
    "Exponent": "beyond 36 the function is cut off, and its derivative is not",
}


def column(x: Any) -> Any:
    return np.reshape(x, (-1, 1))


def each(name: str, f: Any, derivative: Any, x: Any, expected: str = "PASS", **options: Any) -> RealCheck:
    """A function applied to each entry, and its derivative."""

    def pulled_back(c: Any, x: Any) -> Any:
        return c * derivative(x)

    return RealCheck(name, check_vjp, (f, pulled_back, x), options, expected)


def by_inputs(name: str) -> RealCheck:
    kernel = KERNELS[name]()
    return RealCheck(
        f"kern.{name}.gradients_X",
        check_gradient,
        (lambda X: np.sum(WEIGHTS * kernel.K(X, OTHER)), lambda X: kernel.gradients_X(WEIGHTS, X, OTHER), X),
    )


def by_parameters(name: str) -> RealCheck:
    def value(parameters: Any) -> Any:
        kernel = KERNELS[name]()
        kernel[:] = parameters
        return np.sum(WEIGHTS * kernel.K(X, OTHER))

    def gradient(parameters: Any) -> Any:
        kernel = KERNELS[name]()
        kernel[:] = parameters
        kernel.update_gradients_full(WEIGHTS, X, OTHER)
        return kernel.gradient.copy()

    at = np.linspace(0.7, 1.4, KERNELS[name]().size)
    return RealCheck(
        f"kern.{name}.update_gradients_full",
        check_gradient,
        (value, gradient, at),
        {"domain": {"parameters": (0.05, 20.0)}},
    )


def order(name: str, k: int) -> RealCheck:
    """The derivative of order k of a likelihood by what its link gives."""
    likelihood, at, y = LIKELIHOODS[name]
    functions = [
        likelihood.logpdf_link,
        likelihood.dlogpdf_dlink,
        likelihood.d2logpdf_dlink2,
        likelihood.d3logpdf_dlink3,
    ]
    given, wanted = functions[k - 1 : k + 1]
    bounds = (1e-6, 1 - 1e-6) if name == "Bernoulli" else (1e-6, None) if np.all(at > 0) else (None, None)
    return each(
        f"likelihoods.{name}, order {k}",
        lambda f: np.ravel(given(column(f), column(y))),
        lambda f: np.ravel(wanted(column(f), column(y))),
        at,
        domain={"f": bounds},
    )


CHECKS = [
    *(each(f"link {name}.dtransf_df", link.transf, link.dtransf_df, F) for name, link in LINKS.items()),
    *(each(f"link {name}.d2transf_df2", link.dtransf_df, link.d2transf_df2, F) for name, link in LINKS.items()),
    *(each(f"link {name}.d3transf_df3", link.d2transf_df2, link.d3transf_df3, F) for name, link in LINKS.items()),
    *(
        RealCheck(
            f"paramz {name}.gradfactor",
            check_vjp,
            (t.f, lambda c, x, t=t: t.gradfactor(t.f(x), c), F),
            expected="FAIL" if name in WRONG else "PASS",
            why=WRONG.get(name, ""),
        )
        for name, t in TRANSFORMATIONS.items()
    ),
    *(order(name, k) for name in LIKELIHOODS for k in (1, 2, 3)),
    *(by_inputs(name) for name in KERNELS if name != "Poly"),  # gradients_X of Poly raises NotImplementedError
    *(by_parameters(name) for name in ("RBF", "Matern52", "RatQuad", "Poly", "MLP", "Linear")),
]
KERNEL, POISSON = KERNELS["Matern52"](), GPy.likelihoods.Poisson()
PLANTED = [
    RealCheck(
        "kern.Matern52, the derivative by the other argument",
        check_gradient,
        (lambda X: np.sum(WEIGHTS * KERNEL.K(X, OTHER)), lambda X: -KERNEL.gradients_X(WEIGHTS, X, OTHER), X),
        expected="FAIL",
    ),
    each(
        "link Probit, off by a thousandth",
        LINKS["Probit"].transf,
        planted(LINKS["Probit"].dtransf_df, 1.001),
        F,
        "FAIL",
    ),
    each("link Cloglog, the order below", LINKS["Cloglog"].dtransf_df, LINKS["Cloglog"].dtransf_df, F, "FAIL"),
    each(
        "likelihoods.Poisson, the counts forgotten",
        lambda f: np.ravel(POISSON.logpdf_link(column(f), column(COUNTS))),
        lambda f: -np.ones_like(f),
        POSITIVE,
        "FAIL",
        domain={"f": (1e-6, None)},
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()


def test_the_square_has_a_negative_slope_at_negative_numbers() -> None:
    square = transformations.Square()
    x, h = np.array([-0.8]), 2.0**-20
    slope = (square.f(x + h) - square.f(x - h)) / (2 * h)
    assert slope == pytest.approx(-1.6, rel=1e-9)
    assert square.gradfactor(square.f(x), np.ones(1)) == pytest.approx(1.6, rel=1e-12)


def test_the_exponential_that_is_cut_off_is_constant_there() -> None:
    exponent = transformations.Exponent()
    assert exponent.f(np.array([40.0])) == exponent.f(np.array([41.0]))
    assert exponent.gradfactor(exponent.f(np.array([40.0])), np.ones(1)) > 1e15
