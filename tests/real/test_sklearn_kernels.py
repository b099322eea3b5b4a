"""scikit-learn's kernels of Gaussian processes by the logarithms of their hyperparameters, and likelihoods of them."""

from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck import check_jacobian, check_value_and_gradient
from real.real_check import RealCheck, planted

pytest.importorskip("sklearn", reason="scikit-learn is not installed (pip install '.[real]')")

from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process import kernels as k

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(3, 2))
Y = np.array([0.4, -0.8, 1.1])
FIXED: dict[str, Any] = {"optimizer": None}

KERNELS: dict[str, Any] = {
    "ConstantKernel": k.ConstantKernel(1.7),
    "WhiteKernel": k.WhiteKernel(0.4),
    "RBF": k.RBF(0.9),
    "RBF, a scale per axis": k.RBF([0.9, 1.4]),
    "Matern 1/2": k.Matern(1.1, nu=0.5),
    "Matern 3/2": k.Matern([1.1, 0.6], nu=1.5),
    "Matern 5/2": k.Matern([1.1, 0.6], nu=2.5),
    "Matern 0.8": k.Matern(1.1, nu=0.8),
    "RationalQuadratic": k.RationalQuadratic(0.8, alpha=1.3),
    "ExpSineSquared": k.ExpSineSquared(0.8, periodicity=1.7),
    "DotProduct": k.DotProduct(0.6),
    "PairwiseKernel": k.PairwiseKernel(0.5, metric="rbf"),
    "sum": k.DotProduct(0.9) + k.WhiteKernel(0.2),
    "product": k.ConstantKernel(1.7) * k.DotProduct(0.9),
    "exponentiation": k.Exponentiation(k.DotProduct(0.6), 3),
}


DIFFERENCED = {"Matern 0.8": "FAIL", "PairwiseKernel": "UNDECIDED"}
"""Kernels that the package differentiates by a forward difference of step 1e-10, and what is said of that.

Six or seven digits are right: an error above 1e-6 fails, and one below is asked about.
"""


def of_hyperparameters(kernel: Any) -> tuple[Any, Any, Any]:
    """The kernel's matrix and the derivative that the package computes, as functions of theta; theta."""
    return (
        lambda theta: kernel.clone_with_theta(theta)(X),
        lambda theta: kernel.clone_with_theta(theta)(X, eval_gradient=True)[1],
        np.array(kernel.theta),
    )


def likelihood(model: Any, y: Any) -> tuple[Any, Any]:
    model.fit(X, y)
    return lambda theta: model.log_marginal_likelihood(theta, eval_gradient=True), np.array(model.kernel_.theta)


def planted_pair(kernel: Any, factor: Any) -> tuple[Any, Any]:
    """The kernel, and the derivative that the package computes times a factor."""
    f, derivative, _ = of_hyperparameters(kernel)
    return f, planted(derivative, factor)


def planted_likelihood(given: tuple[Any, Any]) -> tuple[Any, Any]:
    f, theta = given
    return lambda theta: (f(theta)[0], 2 * f(theta)[1]), theta


CHECKS = [
    *(
        RealCheck(name, check_jacobian, of_hyperparameters(kernel), expected=DIFFERENCED.get(name, "PASS"))
        for name, kernel in KERNELS.items()
    ),
    RealCheck(
        "regression likelihood",
        check_value_and_gradient,
        likelihood(GaussianProcessRegressor(KERNELS["sum"], **FIXED), Y),
    ),
    RealCheck(
        "regression likelihood, two outputs",
        check_value_and_gradient,
        likelihood(GaussianProcessRegressor(KERNELS["product"] + k.WhiteKernel(0.3), **FIXED), np.c_[Y, Y**2]),
    ),
    RealCheck(
        "classification likelihood",
        check_value_and_gradient,
        likelihood(GaussianProcessClassifier(KERNELS["RBF"], max_iter_predict=30, **FIXED), Y > 0),
    ),
]
RBF, WRONG = KERNELS["RBF"], k.Matern(1.1, nu=1.5)
PLANTED = [
    RealCheck(
        "RBF by its scales, not by their logarithms",
        check_jacobian,
        (*planted_pair(RBF, np.exp(-RBF.theta)), np.array(RBF.theta)),
        expected="FAIL",
    ),
    RealCheck(
        "Matern 3/2 with the derivative of Matern 5/2",
        check_jacobian,
        (of_hyperparameters(WRONG)[0], of_hyperparameters(k.Matern(1.1, nu=2.5))[1], np.array(WRONG.theta)),
        expected="FAIL",
    ),
    RealCheck(
        "likelihood, the half forgotten",
        check_value_and_gradient,
        planted_likelihood(likelihood(GaussianProcessRegressor(KERNELS["product"], alpha=0.1, **FIXED), Y)),
        expected="FAIL",
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("name", DIFFERENCED)
def test_the_derivatives_by_differences_have_six_digits(name: str) -> None:
    """In forty digits: the kernel as its documentation writes it, by the logarithm of its one parameter."""
    kernel = KERNELS[name]
    distance = mpmath.sqrt(sum(mpmath.mpf(float(a - b)) ** 2 for a, b in zip(X[0], X[1], strict=True)))

    def written(theta: Any) -> Any:
        if name == "PairwiseKernel":
            return mpmath.exp(-mpmath.exp(theta) * distance**2)
        nu = mpmath.mpf(0.8)
        z = mpmath.sqrt(2 * nu) * distance / mpmath.exp(theta)
        return 2 ** (1 - nu) / mpmath.gamma(nu) * z**nu * mpmath.besselk(nu, z)

    with mpmath.workdps(40):
        truth = float(mpmath.diff(written, mpmath.mpf(float(kernel.theta[0]))))
    values, theirs = kernel(X, eval_gradient=True)
    assert values[0, 1] == pytest.approx(float(written(mpmath.mpf(float(kernel.theta[0])))), rel=1e-12)
    assert 1e-9 < abs(theirs[0, 1, 0] / truth - 1) < 1e-4
