"""SciPy's functions and their derivatives: special functions, splines, distributions, matrices, transforms."""

from typing import Any

import numpy as np
import pytest
from scipy import fft, interpolate, linalg, optimize, signal, special, stats
from scipy.spatial.transform import Rotation

from gradcheck import (
    check_adjoint,
    check_gradient,
    check_hessian,
    check_hvp,
    check_jvp,
    check_vjp,
)
from real.real_check import RealCheck, planted

RANDOM = np.random.default_rng(11)
X5 = np.array([1.3, 0.7, 0.8, 1.9, 1.2])
KNOTS = np.array([0.0, 0.7, 1.5, 2.2, 3.4])
VALUES = RANDOM.normal(size=5)
INSIDE = np.array([0.3, 1.1, 2.9])


def slope(name: str, f: Any, derivative: Any, x: Any, expected: str = "PASS", **options: Any) -> RealCheck:
    """A function of one number, applied to each entry, and its derivative."""
    return RealCheck(name, check_vjp, (f, lambda c, x: c * derivative(x), np.asarray(x)), options, expected)


def score(name: str, distribution: Any, derivative: Any, x: Any, **options: Any) -> RealCheck:
    """A distribution's own density as the derivative of its own probabilities, or what follows from them."""
    return slope(f"stats.{name}", distribution, derivative, x, **options)


CUBIC = interpolate.CubicSpline(KNOTS, VALUES)
PCHIP = interpolate.PchipInterpolator(KNOTS, VALUES)
AKIMA = interpolate.Akima1DInterpolator(KNOTS, VALUES)
BSPLINE = interpolate.make_interp_spline(KNOTS, VALUES, k=3)
POLY = np.polynomial.Polynomial(VALUES)
CHEBYSHEV = np.polynomial.Chebyshev(VALUES)
MATRIX = RANDOM.normal(size=(2, 2)) * 0.4
KERNEL = RANDOM.normal(size=3)

CHECKS = [
    RealCheck("optimize.rosen_der", check_gradient, (optimize.rosen, optimize.rosen_der, X5)),
    RealCheck("optimize.rosen_hess", check_hessian, (optimize.rosen, optimize.rosen_hess, X5)),
    RealCheck("optimize.rosen_hess_prod", check_hvp, (optimize.rosen, optimize.rosen_hess_prod, X5)),
    slope("special.jvp", lambda x: special.jv(2.5, x), lambda x: special.jvp(2.5, x), [0.7, 3.0]),
    slope("special.yvp", lambda x: special.yv(1, x), lambda x: special.yvp(1, x), [0.7, 3.0]),
    slope("special.ivp", lambda x: special.iv(0.5, x), lambda x: special.ivp(0.5, x), [0.7, 3.0]),
    slope("special.kvp", lambda x: special.kv(2, x), lambda x: special.kvp(2, x), [0.7, 3.0]),
    slope(
        "special.spherical_jn",
        lambda x: special.spherical_jn(2, x),
        lambda x: special.spherical_jn(2, x, True),
        [0.7, 3.0],
    ),
    slope("special.airy", lambda x: special.airy(x)[0], lambda x: special.airy(x)[1], [-1.0, 0.7]),
    slope("special.digamma", special.gammaln, special.digamma, [0.4, 2.5]),
    slope("special.polygamma", special.digamma, lambda x: special.polygamma(1, x), [0.4, 2.5]),
    slope("special.expit", special.expit, lambda x: special.expit(x) * special.expit(-x), [-3.0, 0.4]),
    slope("special.log_expit", special.log_expit, lambda x: special.expit(-x), [-3.0, 0.4]),
    slope("special.ndtri", special.ndtri, lambda p: 1 / stats.norm.pdf(special.ndtri(p)), [0.1, 0.6]),
    slope(
        "special.ellipj",
        lambda u: special.ellipj(u, 0.3)[0],
        lambda u: np.prod(special.ellipj(u, 0.3)[1:3], axis=0),
        [0.4, 1.2],
    ),
    slope(
        "special.ellipk",
        special.ellipk,
        lambda m: (special.ellipe(m) / (1 - m) - special.ellipk(m)) / (2 * m),
        [0.2, 0.7],
    ),
    slope(
        "special.lambertw",
        lambda x: np.real(special.lambertw(x)),
        lambda x: np.real(special.lambertw(x) / (x * (1 + special.lambertw(x)))),
        [0.5, 2.0],
    ),
    slope("special.dawsn", special.dawsn, lambda x: 1 - 2 * x * special.dawsn(x), [0.5, 2.0]),
    slope("special.fresnel", lambda x: special.fresnel(x)[0], lambda x: np.sin(np.pi * x**2 / 2), [0.5, 1.4]),
    slope(
        "special.hyp2f1",
        lambda z: special.hyp2f1(1.0, 0.5, 1.7, z),
        lambda z: 0.5 / 1.7 * special.hyp2f1(2.0, 1.5, 2.7, z),
        [0.2, -0.6],
    ),
    slope("interpolate.CubicSpline", CUBIC, CUBIC.derivative(), INSIDE),
    slope("interpolate.PchipInterpolator", PCHIP, PCHIP.derivative(), INSIDE),
    slope("interpolate.Akima1DInterpolator", AKIMA, AKIMA.derivative(), INSIDE, domain={"x": (0.0, 3.4)}),
    slope("interpolate.BSpline", BSPLINE, BSPLINE.derivative(), INSIDE),
    slope("interpolate.BSpline, twice", BSPLINE.derivative(), BSPLINE.derivative(2), INSIDE),
    slope("numpy.Polynomial", POLY, POLY.deriv(), INSIDE),
    slope("numpy.Chebyshev", CHEBYSHEV, CHEBYSHEV.deriv(), INSIDE),
    score("norm.pdf", stats.norm.cdf, stats.norm.pdf, [-1.0, 0.5]),
    score("t.pdf", lambda x: stats.t.cdf(x, 4.0), lambda x: stats.t.pdf(x, 4.0), [-1.0, 0.5]),
    score("gamma.pdf", lambda x: stats.gamma.cdf(x, 2.3), lambda x: stats.gamma.pdf(x, 2.3), [0.4, 2.5]),
    score("beta.pdf", lambda x: stats.beta.cdf(x, 2.3, 1.4), lambda x: stats.beta.pdf(x, 2.3, 1.4), [0.4, 0.7]),
    score("genextreme.pdf", lambda x: stats.genextreme.cdf(x, 0.2), lambda x: stats.genextreme.pdf(x, 0.2), [0.4, 2.5]),
    RealCheck("linalg.expm_frechet", check_jvp, (linalg.expm, lambda p, t: linalg.expm_frechet(p[0], t[0])[1], MATRIX)),
    RealCheck("fft.fft", check_adjoint, (fft.fft, lambda y: 6 * fft.ifft(y), np.ones(6) + 0j, np.ones(6) + 0j)),
    RealCheck(
        "fft.dct",
        check_adjoint,
        (lambda x: fft.dct(x, norm="ortho"), lambda y: fft.idct(y, norm="ortho"), np.ones(6), np.ones(6)),
    ),
    RealCheck("fft.dst", check_adjoint, (lambda x: fft.dst(x, 1), lambda y: fft.dst(y, 1), np.ones(6), np.ones(6))),
    RealCheck(
        "signal.convolve",
        check_adjoint,
        (lambda x: signal.convolve(x, KERNEL), lambda y: signal.correlate(y, KERNEL, "valid"), np.ones(6), np.ones(8)),
    ),
    RealCheck(
        "signal.lfilter",
        check_adjoint,
        (
            lambda x: signal.lfilter([1.0, 0.4], [1.0, -0.6], x),
            lambda y: signal.lfilter([1.0, 0.4], [1.0, -0.6], y[::-1])[::-1],
            np.ones(6),
            np.ones(6),
        ),
    ),
    RealCheck(
        "linalg.toeplitz",
        check_adjoint,
        (
            lambda x: linalg.matmul_toeplitz((VALUES, VALUES[::-1] * VALUES[0] / VALUES[-1]), x),
            lambda y: linalg.matmul_toeplitz((VALUES[::-1] * VALUES[0] / VALUES[-1], VALUES), y),
            np.ones(5),
            np.ones(5),
        ),
    ),
    RealCheck(
        "spatial.Rotation",
        check_adjoint,
        (
            Rotation.from_rotvec([0.3, -0.5, 0.9]).apply,
            Rotation.from_rotvec([0.3, -0.5, 0.9]).inv().apply,
            np.ones(3),
            np.ones(3),
        ),
    ),
]
PLANTED = [
    RealCheck(
        "optimize.rosen_der, off by a ten-thousandth",
        check_gradient,
        (optimize.rosen, planted(optimize.rosen_der, [1.0, 1.0, 1.0001, 1.0, 1.0]), X5),
        {"elsewhere": False},
        expected="FAIL",
    ),
    slope(
        "special.jvp of another order",
        lambda x: special.jv(2.5, x),
        lambda x: special.jvp(1.5, x),
        [0.7, 3.0],
        expected="FAIL",
    ),
    slope("interpolate.BSpline, its second derivative", BSPLINE, BSPLINE.derivative(2), INSIDE, expected="FAIL"),
    RealCheck(
        "linalg.expm_frechet, the matrix exponential times the tangent",
        check_jvp,
        (linalg.expm, lambda p, t: linalg.expm(p[0]) @ t[0], MATRIX),
        {"elsewhere": False},
        expected="FAIL",
    ),
    RealCheck(
        "fft.fft, not scaled", check_adjoint, (fft.fft, fft.ifft, np.ones(6) + 0j, np.ones(6) + 0j), expected="FAIL"
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()
