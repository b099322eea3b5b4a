"""Pymanopt's Riemannian gradients and Hessians, from Euclidean ones, along its own curves."""

from typing import Any

import numpy as np
import pytest

from gradcheck import check_gradient, check_hessian
from real.real_check import RealCheck, planted

pytest.importorskip("pymanopt", reason="Pymanopt is not installed (pip install '.[real]')")

from pymanopt import manifolds

RANDOM = np.random.default_rng(29)
MANIFOLDS: dict[str, tuple[Any, str]] = {
    "Sphere": (manifolds.Sphere(4), "retraction"),
    "Oblique": (manifolds.Oblique(3, 2), "retraction"),
    "Stiefel": (manifolds.Stiefel(4, 2, retraction="polar"), "retraction"),
    "Grassmann": (manifolds.Grassmann(4, 2), "retraction"),
    "Positive": (manifolds.Positive(2, 3), "exp"),
    "SymmetricPositiveDefinite": (manifolds.SymmetricPositiveDefinite(3), "retraction"),
    "Symmetric": (manifolds.Symmetric(3), "exp"),
    "SkewSymmetric": (manifolds.SkewSymmetric(3), "exp"),
    "Euclidean": (manifolds.Euclidean(3, 2), "exp"),
    "PoincareBall": (manifolds.PoincareBall(3), "exp"),
    "PSDFixedRank": (manifolds.PSDFixedRank(4, 2), "exp"),
    "Elliptope": (manifolds.Elliptope(4, 2), "retraction"),
}


QUOTIENTS = ("Grassmann", "PSDFixedRank", "Elliptope")
"""Manifolds whose points stand for x x^T: their Hessians are those of functions of that alone."""
POLAR = ("Stiefel", "Grassmann")
"""Curves through a singular value decomposition: gradcheck cannot follow it at s = 0, where all are equal."""
AT_ZERO_OVER_ZERO = ("PoincareBall",)
"""Its curve is tanh(n) / (n + (n == 0)) with n = |s|: smooth, but the sweep through it is 0/0 at s = 0."""


def cubic(shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """A function, its gradient, and its Hessian times a vector."""
    weights = RANDOM.normal(size=shape)
    return lambda x: np.sum(weights * x + x**3 / 3), lambda x: weights + x**2, lambda x, v: 2 * x * v


def invariant() -> tuple[Any, Any, Any]:
    """The same of a function of x x^T."""
    half = RANDOM.normal(size=(4, 4))
    S = half + half.T
    return (
        lambda x: np.sum(S * (x @ x.T)) / 2 + np.sum((x @ x.T) ** 2) / 4,
        lambda x: S @ x + x @ x.T @ x,
        lambda x, v: S @ v + v @ x.T @ x + x @ v.T @ x + x @ x.T @ v,
    )


def pulled_back(name: str) -> tuple[Any, Any, Any, Any]:
    """A function along s -> R(x, s_1 v_1 + s_2 v_2), the package's gradient and Hessian at s = 0; a flat Hessian."""
    manifold, curve = MANIFOLDS[name]
    np.random.seed(3)  # noqa: NPY002 - what the package draws its points from
    x = manifold.random_point()
    tangents = [manifold.random_tangent_vector(x) for _ in range(2)]
    f, slope, product = invariant() if name in QUOTIENTS else cubic(x.shape)

    def along(s: Any) -> Any:
        return f(getattr(manifold, curve)(x, s[0] * tangents[0] + s[1] * tangents[1]))

    def gradient(s: Any) -> Any:
        found = manifold.euclidean_to_riemannian_gradient(x, slope(x))
        return np.array([manifold.inner_product(x, found, v) for v in tangents])

    def hessian(s: Any) -> Any:
        found = [manifold.euclidean_to_riemannian_hessian(x, slope(x), product(x, v), v) for v in tangents]
        return np.array([[manifold.inner_product(x, row, v) for v in tangents] for row in found])

    def flat(s: Any) -> Any:
        return np.array([[manifold.inner_product(x, product(x, v), w) for w in tangents] for v in tangents])

    return along, gradient, hessian, flat


AT = np.zeros(2)
HERE = {"elsewhere": False}
CHECKS = [
    *(RealCheck(f"{name} gradient", check_gradient, (*pulled_back(name)[:2], AT), HERE) for name in MANIFOLDS),
    *(
        RealCheck(f"{name} Hessian", check_hessian, (*pulled_back(name)[:3:2], AT), HERE)
        for name in MANIFOLDS
        if name not in (*POLAR, *AT_ZERO_OVER_ZERO)
    ),
]
SPHERE = pulled_back("Sphere")
PLANTED = [
    RealCheck("Sphere Hessian, curvature forgotten", check_hessian, (SPHERE[0], SPHERE[3], AT), HERE, "FAIL"),
    RealCheck(
        "Positive gradient, off by a thousandth",
        check_gradient,
        (pulled_back("Positive")[0], planted(pulled_back("Positive")[1], [1.0, 1.001]), AT),
        HERE,
        "FAIL",
    ),
]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_verdict(check: RealCheck) -> None:
    check.assert_expected()


@pytest.mark.parametrize("check", PLANTED, ids=str)
def test_planted_mistake(check: RealCheck) -> None:
    check.assert_expected()
