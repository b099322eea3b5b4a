"""Factorizations and special functions of traced arrays: values as NumPy's and SciPy's, derivatives by formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import gradcheck
from gradcheck.errors import Unsupported
from gradcheck.tracing import explore

RANDOM = np.random.default_rng(2)
B = RANDOM.standard_normal((4, 4))
S = B @ B.T / 4 + np.diag([1.0, 2.0, 3.0, 5.0])
S = (S + S.T) / 2
TALL, WIDE = RANDOM.standard_normal((5, 3)), RANDOM.standard_normal((3, 5))

STACK = np.stack([S, S @ S / 4, S + np.diag([3.0, 0.0, 1.0, 0.5])])


def _reals(z: Any) -> Any:
    """Both parts of complex numbers."""
    return np.stack([z.real, z.imag])


VALUES: dict[str, tuple[Any, Any]] = {
    "eigvalsh": (np.linalg.eigvalsh, S),
    "eigh": (lambda a: np.concatenate([np.linalg.eigh(a)[0][None], np.linalg.eigh(a)[1]]), S),
    "eigh, upper": (lambda a: np.linalg.eigh(a, "U")[1], np.triu(S)),
    "eigh of scipy": (lambda a: scipy.linalg.eigh(a)[1], S),
    "eigvalsh of scipy": (lambda a: scipy.linalg.eigvalsh(a), S),
    "svd": (lambda a: np.linalg.svd(a)[0] @ np.diag(np.linalg.svd(a)[1]), B),
    "svd, tall": (lambda a: np.linalg.svd(a, full_matrices=False)[0], TALL),
    "svd, wide": (lambda a: np.linalg.svd(a, full_matrices=False)[2], WIDE),
    "singular values": (lambda a: np.linalg.svd(a, compute_uv=False), WIDE),
    "svd of scipy": (lambda a: scipy.linalg.svd(a, full_matrices=False)[2], TALL),
    "svdvals": (lambda a: scipy.linalg.svdvals(a), TALL),
    "pinv, tall": (np.linalg.pinv, TALL),
    "pinv, wide": (np.linalg.pinv, WIDE),
    "qr": (lambda a: np.concatenate(np.linalg.qr(a)), TALL),
    "r": (lambda a: np.linalg.qr(a, mode="r"), B),
    "lu": (lambda a: np.concatenate(scipy.linalg.lu(a)[1:]), B),
    "sqrtm": (lambda a: scipy.linalg.sqrtm(a), S),
    "expm": (lambda a: scipy.linalg.expm(a), B),
    "expm, large": (lambda a: scipy.linalg.expm(a) / np.exp(40), 10 * S),
    "a stack: eigvalsh": (np.linalg.eigvalsh, STACK),
    "a stack: eigh": (lambda a: np.linalg.eigh(a)[1], STACK),
    "a stack: svd": (lambda a: np.linalg.svd(a)[0] * np.linalg.svd(a)[1][:, :, None, :], STACK[:, None]),
    "a stack: singular values": (lambda a: np.linalg.svd(a, compute_uv=False), STACK[:, :2]),
    "a stack: qr": (lambda a: np.linalg.qr(a).Q @ np.linalg.qr(a).R[..., ::-1], STACK[:, :, :2]),
    "a stack: pinv": (np.linalg.pinv, STACK[:, :, :2]),
    "a stack: solve": (lambda a: np.linalg.solve(a, TALL[:4]), STACK),
    "a stack: inv": (np.linalg.inv, STACK),
    "a stack: det": (np.linalg.det, STACK),
    "a stack: cholesky": (np.linalg.cholesky, STACK),
    "a stack: slogdet": (lambda a: np.linalg.slogdet(a)[1], STACK),
    "a stack: expm": (lambda a: scipy.linalg.expm(a / 4), STACK),
    "a stack: complex det": (lambda a: np.linalg.det(a + 1j * B).imag, STACK),
    "spectral norm of a stack": (lambda a: np.linalg.norm(a, 2, axis=(0, 2)), STACK),
    "smallest singular value": (lambda a: np.linalg.norm(a, -2, keepdims=True), TALL),
    "nuclear norm of one": (lambda a: np.linalg.norm(a, "nuc"), TALL),
    "solve of scipy, symmetric": (lambda a: scipy.linalg.solve(a, TALL[:4], assume_a="sym"), S),
    "solve of scipy, positive definite, lower": (
        lambda a: scipy.linalg.solve(a, TALL[:4], assume_a="pos", lower=True),
        np.tril(S),
    ),
    "solve of scipy, transposed": (lambda a: scipy.linalg.solve(a, TALL[:4], transposed=True), B),
    "complex pad": (lambda a: _reals(np.pad(a + 1j * B, 1, constant_values=2.0 - 0.5j)), S),
    "complex pad, by real constants": (lambda a: _reals(np.pad(a + 1j * B, 1, constant_values=3)), S),
    "complex pad, reflected": (lambda a: _reals(np.pad(a + 1j * B, 1, mode="reflect")), S),
    "complex append": (lambda a: _reals(np.append(a + 1j * B, 2.0)), S),
    "complex append, along an axis": (lambda a: _reals(np.append(a + 1j * B, B[:1], axis=0)), S),
    "complex append to real numbers": (lambda a: _reals(np.append(a, [1j, 2.0])), S),
    "complex average": (lambda a: _reals(np.average(a + 1j * B, axis=0, weights=np.arange(1.0, 5.0))), S),
    "complex average, unweighted": (lambda a: _reals(np.average(a + 1j * B, axis=1)), S),
    "complex var": (lambda a: np.var(a + 1j * B, axis=0, ddof=1), S),
    "complex std": (lambda a: np.std(a * (1 + 2j), axis=1, keepdims=True), S),
}


@pytest.mark.parametrize("name", VALUES)
def test_values(name: str) -> None:
    f, at = VALUES[name]
    (found,) = explore(f, (at,)).values
    assert np.allclose(found.midpoint, f(at), rtol=1e-10, atol=1e-12)
    assert np.max(found.radius) < 1e-14 * max(1.0, float(np.max(np.abs(found.midpoint))))


def _eigenvector_entry(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return w[0] * v[1, 0] ** 2


def _eigenvector_gradient(a: Any) -> Any:
    """V (diag(gw) + F (V^T gV)) V^T with F[i, j] = 1 / (w[j] - w[i]) (Giles 2008, section 3.1)."""
    w, v = np.linalg.eigh(a)
    gw, gv = np.zeros(4), np.zeros((4, 4))
    gw[0], gv[1, 0] = v[1, 0] ** 2, 2 * w[0] * v[1, 0]
    gaps = w[None, :] - w[:, None] + np.eye(4)
    return v @ (np.diag(gw) + (1 / gaps - np.eye(4)) * (v.T @ gv)) @ v.T


GRADIENTS: dict[str, tuple[Any, Any, Any, Any]] = {
    "trace of a power": (lambda a: np.sum(np.linalg.eigvalsh(a) ** 3), lambda a: 3 * a @ a, S, "symmetric"),
    "trace of powers of a stack": (
        lambda a: np.sum(np.linalg.eigvalsh(a) ** 3),
        lambda a: 3 * a @ a,
        STACK,
        "symmetric",
    ),
    "an eigenvector": (_eigenvector_entry, _eigenvector_gradient, S, "symmetric"),
    "spectral norm": (
        lambda a: np.linalg.svd(a, compute_uv=False)[0],
        lambda a: np.outer(np.linalg.svd(a)[0][:, 0], np.linalg.svd(a)[2][0]),
        TALL,
        None,
    ),
    "nuclear norm": (
        lambda a: np.sum(np.linalg.svd(a, compute_uv=False)),
        lambda a: np.linalg.svd(a, full_matrices=False)[0] @ np.linalg.svd(a, full_matrices=False)[2],
        TALL,
        None,
    ),
    "square root": (
        lambda a: np.sum(scipy.linalg.sqrtm(a)),
        lambda a: scipy.linalg.solve_sylvester(scipy.linalg.sqrtm(a).T, scipy.linalg.sqrtm(a).T, np.ones((4, 4))),
        S,
        None,
    ),
    "log det by qr": (
        lambda a: np.sum(np.log(np.abs(np.diag(np.linalg.qr(a)[1])))),
        lambda a: np.linalg.inv(a).T,
        B,
        None,
    ),
    "log det by lu": (
        lambda a: np.sum(np.log(np.abs(np.diag(scipy.linalg.lu(a)[2])))),
        lambda a: np.linalg.inv(a).T,
        B,
        None,
    ),
    "exponential": (
        lambda a: np.sum(scipy.linalg.expm(a)),
        lambda a: scipy.linalg.expm_frechet(a.T, np.ones((4, 4)), compute_expm=False),
        B / 4,
        None,
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name: str) -> None:
    f, grad, at, structure = GRADIENTS[name]
    options: Any = {"elsewhere": False, "structure": {0: structure} if structure else None}
    right = gradcheck.check_gradient(f, grad, at, **options)
    assert right.verdict == "PASS"
    assert any(w.oracle == "exact" and w.kind == "proven" and w.state == "agreed" for w in right.witnesses)
    assert gradcheck.check_gradient(f, lambda a: grad(a) * 1.0001, at, **options).verdict == "FAIL"


@pytest.mark.parametrize(
    ("f", "at", "words"),
    [
        (
            lambda a: np.linalg.eigh(a)[1],
            np.eye(3) + 1e-12 * np.diag([0.0, 1.0, 2.0]),
            "two eigenvalues are 1e-12 apart",
        ),
        (lambda a: np.linalg.svd(a)[0], np.eye(2), "two singular values are 0 apart"),
        (lambda a: np.linalg.svd(a)[0], TALL, "full_matrices"),
        (lambda a: np.linalg.pinv(a), np.outer([1.0, 2.0], [3.0, 4.0]), "deficient rank"),
        (lambda a: scipy.linalg.sqrtm(a), -np.eye(2) + np.diag([0.0, 0.5]), "negative real axis"),
        (lambda a: np.linalg.qr(a, mode="complete")[0], TALL, "mode='complete'"),
        (lambda a: scipy.linalg.lu(a)[1], np.stack([B, B]), "one by one"),
    ],
)
def test_what_has_no_derivative_says_so(f: Any, at: Any, words: str) -> None:
    with pytest.raises(Unsupported, match=words):
        explore(f, (at,))


SPECIAL: dict[str, tuple[Any, Any]] = {
    "ndtri": (scipy.special.ndtri, lambda x: np.sqrt(2 * np.pi) * np.exp(scipy.special.ndtri(x) ** 2 / 2)),
    "lambertw": (
        lambda x: scipy.special.lambertw(x).real,
        lambda x: 1 / (np.exp(scipy.special.lambertw(x).real) + x),
    ),
    "jv": (lambda x: scipy.special.jv(2, x), lambda x: (scipy.special.jv(1, x) - scipy.special.jv(3, x)) / 2),
    "j0": (scipy.special.j0, lambda x: -scipy.special.j1(x)),
    "iv": (lambda x: scipy.special.iv(1.5, x), lambda x: (scipy.special.iv(0.5, x) + scipy.special.iv(2.5, x)) / 2),
    "i0": (scipy.special.i0, scipy.special.i1),
    "gammainc": (
        lambda x: scipy.special.gammainc(2.5, x),
        lambda x: x**1.5 * np.exp(-x) / scipy.special.gamma(2.5),
    ),
    "betainc": (
        lambda x: scipy.special.betainc(2.0, 3.0, x),
        lambda x: x * (1 - x) ** 2 / scipy.special.beta(2, 3),
    ),
    "erfinv": (scipy.special.erfinv, lambda x: np.sqrt(np.pi) / 2 * np.exp(scipy.special.erfinv(x) ** 2)),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions(name: str) -> None:
    f, slope = SPECIAL[name]
    at = np.array([0.3, 0.6, 0.9])
    right = gradcheck.check_gradient(lambda x: np.sum(f(x)), slope, at)
    assert right.verdict == "PASS"
    assert any(w.oracle == "exact" and w.kind == "proven" for w in right.witnesses)
    assert gradcheck.check_gradient(lambda x: np.sum(f(x)), lambda x: slope(x) * 1.0001, at).verdict == "FAIL"


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: scipy.special.jv(x, 1.0), "last argument only"),
        (lambda x: scipy.special.jv(np.array([1.0, 2.0, 3.0]), x), "one value of each parameter"),
        (lambda x: scipy.special.lambertw(x, -1), "principal branch"),
        (lambda x: scipy.special.lambertw(x - 2), "above -1/e"),
    ],
)
def test_what_special_functions_are_not_traced_for(f: Any, words: str) -> None:
    with pytest.raises(Unsupported, match=words):
        explore(f, (np.array([0.3, 0.6, 0.9]),))
