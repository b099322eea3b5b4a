"""Functions of NumPy and SciPy that are traced in terms of others: values as theirs, derivatives by differences.

Differences are of fourth order along one direction, so that an error of 1e-7 of the derivative is seen.
"""

from __future__ import annotations

import gc
import sys
from typing import Any

import numpy as np
import pytest
import scipy.fft
import scipy.linalg
import scipy.linalg.lapack
import scipy.signal
import scipy.sparse.linalg
import scipy.special
from numpy.lib.stride_tricks import as_strided
from scipy.ndimage import distance_transform_cdt
from scipy.spatial.distance import cdist, pdist, squareform

import gradcheck
from gradcheck.errors import Unsupported
from gradcheck.tracing import explore

RANDOM = np.random.default_rng(0)
X, A, K = RANDOM.normal(size=5), RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(2, 3))
M = RANDOM.normal(size=(3, 3)) + 2 * np.eye(3)
S = M @ M.T + np.eye(3)
POSITIVE = np.array([0.5, 1.25])
WEIGHTS = RANDOM.normal(size=200)


def weighed(value: Any) -> Any:
    """One number that depends on every entry, linearly and not."""
    flat = np.ravel(value)
    return np.sum(flat**2 * WEIGHTS[: flat.size]) + np.sum(flat * WEIGHTS[100 : 100 + flat.size])


def put_into(a: Any) -> Any:
    b = np.zeros(6)
    np.put(b, [0, 7, 2], a[:2], mode="wrap")
    return b


def windows(a: Any) -> Any:
    rows, columns = a.strides
    return as_strided(a, (3, 3, 2, 3), (rows, columns, rows, columns))


FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "lstsq": (lambda a: np.linalg.lstsq(a.T, np.arange(5.0), rcond=None)[0], A),
    "lstsq, wide": (lambda a: np.linalg.lstsq(a, np.arange(4.0), rcond=None)[0], A),
    "lstsq, scipy": (lambda a: scipy.linalg.lstsq(a.T, a[0] ** 2)[0], A),
    "eig": (lambda a: np.abs(np.linalg.eig(a)[1]), M),
    "eigvals": (lambda a: np.linalg.eigvals(a).real, M),
    "eigvals, complex": (lambda a: np.linalg.eigvals(a + 1j * a.T**2).imag, M),
    "eigh, complex": (lambda a: np.abs(np.linalg.eigh(a + a.T + 1j * (a - a.T))[1]), M),
    "eigvalsh, complex": (lambda a: np.linalg.eigvalsh(a + a.T + 1j * (a - a.T)), M),
    "svd, complex": (lambda a: np.abs(np.linalg.svd(a + 1j * a**2, full_matrices=False)[2]), K),
    "spectral norm, complex": (lambda a: np.linalg.norm(a + 1j * a**2, 2), K),
    "cholesky, complex": (lambda a: np.abs(np.linalg.cholesky(a + a.T + 9 * np.eye(3) + 1j * (a - a.T))), M),
    "cholesky, scipy": (lambda a: scipy.linalg.cholesky(a + a.T + 9 * np.eye(3) + 1j * (a - a.T)).imag, M),
    "qr, complex": (lambda a: np.linalg.qr(a + 1j * a**2)[1].real, M),
    "pinv, complex": (lambda a: np.linalg.pinv(a + 1j * a**2).imag, K),
    "slogdet, complex": (lambda a: np.linalg.slogdet(a + 1j * a**2)[1], M),
    "matrix_power, complex": (lambda a: np.linalg.matrix_power(a + 1j * a**2, -2).real, M),
    "kron, complex": (lambda a: np.kron(a + 1j * a**2, a).imag, K),
    "cumprod, complex": (lambda x: np.cumprod(x + 1j * x**2).real, X),
    "expm, complex": (lambda a: np.abs(scipy.linalg.expm(1j * a)), K[:, :2]),
    "logm": (lambda a: scipy.linalg.logm(a), S[:2, :2]),
    "cosm and sinm": (lambda a: scipy.linalg.cosm(a) @ scipy.linalg.sinm(a), K[:, :2]),
    "polar": (lambda a: scipy.linalg.polar(a)[1] @ scipy.linalg.polar(a, side="left")[1], K[:, :2]),
    "lu_factor and lu_solve": (lambda a: scipy.linalg.lu_solve(scipy.linalg.lu_factor(a), X[:3], trans=1), M),
    "qr, scipy": (lambda a: scipy.linalg.qr(a)[0], M),
    "solve_banded": (lambda a: scipy.linalg.solve_banded((1, 1), a + 3 * np.eye(3, 5, 1), X), A[:3]),
    "solveh_banded": (lambda a: scipy.linalg.solveh_banded(np.add(a, [[9.0], [0.0]]), X, lower=True), A[:2]),
    "solve_toeplitz": (lambda x: scipy.linalg.solve_toeplitz((x + 9 * np.eye(5)[0], x**2 + 9 * np.eye(5)[0]), X), X),
    "solve_sylvester": (lambda a: scipy.linalg.solve_sylvester(a, a @ a, S), M),
    "lyapunov": (lambda a: scipy.linalg.solve_continuous_lyapunov(a, S), M),
    "discrete lyapunov": (lambda a: scipy.linalg.solve_discrete_lyapunov(a, S), M),
    "expm_multiply": (lambda a: scipy.sparse.linalg.expm_multiply(a, X[:2]), K[:, :2]),
    "toeplitz, circulant, hankel": (
        lambda x: scipy.linalg.toeplitz(x, x**2) @ scipy.linalg.circulant(x) @ scipy.linalg.hankel(x),
        X,
    ),
    "as_strided": (windows, A),
    "as_strided of a view": (lambda a: windows(a.T.copy().T[:, ::-1]), A),
    "polyfit": (lambda y: np.polyfit(np.arange(5.0), y, 2, w=np.arange(1.0, 6.0)), X),
    "polyfit, abscissae": (lambda x: np.polyfit(x, np.arange(5.0), 1), X),
    "polymul and polydiv": (lambda x: np.concatenate(np.polydiv(np.polymul(x, x[1:3]), x[2:])), X),
    "roots": (lambda x: np.abs(np.roots(x)), X[:4]),
    "geomspace": (lambda x: np.geomspace(-x[0], -5.0, 4), POSITIVE),
    "nanmedian": (lambda a: np.nanmedian(np.where(A > 1, np.nan, a), axis=1), A),
    "nanquantile": (lambda x: np.nanquantile(x, 0.3), X),
    "vecdot": (lambda a: np.linalg.vecdot(a, a**2, axis=0), A),
    "tensorsolve": (lambda a: np.linalg.tensorsolve(a.reshape(2, 2, 4), np.ones((2, 2))), RANDOM.normal(size=(4, 4))),
    "put": (put_into, X),
    "i0": (np.i0, X),
    "dct": (lambda a: scipy.fft.dct(scipy.fft.idct(a, type=3), norm="ortho"), K),
    "rfft, scipy": (lambda a: np.abs(scipy.fft.rfft(a)), K),
    "convolve2d": (lambda a: scipy.signal.convolve2d(a, K, "same"), A),
    "fftconvolve": (lambda a: scipy.signal.fftconvolve(A, a, "valid"), K),
    "correlate": (lambda a: scipy.signal.correlate(a, K, "same"), A),
    "lfilter": (lambda x: scipy.signal.lfilter(x[:2], [2.0, -0.3, 0.2], x), X),
    "squareform": (lambda a: squareform(squareform(pdist(a)) ** 2) + squareform(pdist(a))[0, 1], A),
    "cdist and pdist": (lambda a: cdist(a, a + 1).ravel()[:6] + pdist(a, "sqeuclidean"), A),
    "jv of 0.1": (lambda x: scipy.special.jv(0.1, x), POSITIVE),
    "gammainc of 1.1": (lambda x: scipy.special.gammainc(1.1, x), POSITIVE),
    "betainc of 0.3": (lambda x: scipy.special.betainc(0.3, 1.7, x / 2), POSITIVE),
    "hyp2f1": (lambda x: scipy.special.hyp2f1(0.1, 2.3, 0.7, x / 3), POSITIVE),
    "hyp1f1": (lambda x: scipy.special.hyp1f1(0.1, 2.3, x), POSITIVE),
    "elliptic": (lambda x: scipy.special.ellipk(x / 2) * scipy.special.ellipe(x / 3), POSITIVE),
    "sici": (lambda x: scipy.special.sici(x)[0] + 2 * scipy.special.sici(x)[1], POSITIVE),
    "fresnel": (lambda x: scipy.special.fresnel(x)[0] * scipy.special.fresnel(x)[1], POSITIVE),
    "dawsn and spence": (lambda x: scipy.special.dawsn(x) * scipy.special.spence(x), POSITIVE + 0.7),
    "stdtr": (lambda x: scipy.special.stdtr(3.7, x), POSITIVE),
    "gammas": (lambda x: scipy.special.beta(x, 2.5) + scipy.special.poch(x, 1.5) + scipy.special.rgamma(x), POSITIVE),
    "binom and multigammaln": (
        lambda x: scipy.special.binom(x + 2, x) + scipy.special.multigammaln(x[1] + 1, 2),
        POSITIVE,
    ),
    "polygamma": (lambda x: scipy.special.polygamma(2, x) + scipy.special.polygamma(0, x), POSITIVE),
    "erfcx and cosm1": (lambda x: scipy.special.erfcx(-x) * scipy.special.cosm1(x), POSITIVE),
    "boxcox": (lambda x: scipy.special.inv_boxcox(scipy.special.boxcox(x, 0.3), 0.7), POSITIVE),
    "huber": (lambda x: scipy.special.huber(1.0, x) + scipy.special.pseudo_huber(2.0, x), POSITIVE),
    "scaled Bessel": (lambda x: scipy.special.ive(0.3, x) + scipy.special.k0e(x) * scipy.special.i1e(-x), POSITIVE),
    "polynomials": (
        lambda x: (
            scipy.special.eval_legendre(3, x) + scipy.special.eval_hermite(4, x) * scipy.special.eval_laguerre(2, x)
        ),
        POSITIVE,
    ),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(name: str) -> None:
    inner, x = FUNCTIONS[name]

    def f(x: Any) -> Any:
        return weighed(inner(x))

    outcomes = explore(f, (x,), wrt=(0,), dtype=x.dtype)
    assert outcomes.values[0].midpoint == pytest.approx(float(f(x)), rel=1e-10, abs=1e-10)
    direction, h = np.random.default_rng(1).normal(size=x.shape), 1e-3
    far, near = (f(x + k * h * direction) - f(x - k * h * direction) for k in (2, 1))
    differences = (8 * near - far) / (12 * h)
    (part,) = outcomes.vjp().parts
    along = float(np.sum(part.midpoint * direction))
    assert along == pytest.approx(differences, rel=1e-6, abs=1e-6)
    assert np.all(part.radius <= 1e-12 * np.max(np.abs(part.midpoint)))


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (lambda a: np.linalg.eigvals(a).real, np.eye(2), "apart"),
        (lambda a: np.linalg.lstsq(a, np.ones(3), rcond=None)[0], np.ones((3, 2)), "deficient rank"),
        (lambda x: as_strided(x, (9,), (8,)), X, "beyond the memory"),
        (lambda a: scipy.signal.correlate2d(a, K, "same"), A, "odd lengths"),
    ],
)
def test_what_is_not_traced_says_so(f: Any, x: Any, words: str) -> None:
    with pytest.raises(Unsupported, match=words):
        explore(lambda x: np.sum(f(x)), (x,), wrt=(0,), dtype=x.dtype)


@pytest.mark.parametrize(("order", "verdict"), [(0.1, "PASS"), (0.3, "PASS"), (1.1, "FAIL")])
def test_a_bessel_function_of_an_order_that_is_no_float(order: float, verdict: str) -> None:
    def grad(x: Any) -> Any:
        return scipy.special.jvp(order if order < 1 else order + 1e-3, x)

    assert gradcheck.check_gradient(lambda x: np.sum(scipy.special.jv(order, x)), grad, POSITIVE).verdict == verdict


def test_strides_of_single_floats() -> None:
    """An array of object pointers in their place would be read at strides of four bytes."""
    x = A.astype(np.float32)

    def grad(a: Any) -> Any:
        out = np.zeros_like(a)
        for i in range(3):
            for j in range(3):
                out[i : i + 2, j : j + 3] += 2 * a[i : i + 2, j : j + 3]
        return out

    assert gradcheck.check_gradient(lambda a: np.sum(windows(a) ** 2), grad, x).verdict == "PASS"
    assert gradcheck.check_gradient(lambda a: np.sum(windows(a) ** 2), lambda a: 2 * a, x).verdict == "FAIL"


def test_compiled_code_that_would_end_the_process_is_not_traced() -> None:
    def f(x: Any) -> Any:
        return np.sum(distance_transform_cdt(x) * x)

    result = gradcheck.check_gradient(f, lambda x: 1.0 * distance_transform_cdt(x), np.array([[0.3, 0.0], [1.2, 0.1]]))
    assert any("compiled code for plain arrays" in found.sentence for found in result.findings)


def test_numbers_that_f_puts_into_an_array_of_objects_do_not_reach_compiled_code() -> None:
    """Plain code of SciPy would take the traced ones for numbers, and the process would end."""

    def f(x: Any) -> Any:
        held = np.empty(3, float if type(x) is np.ndarray else object)
        for k in range(3):
            held[k] = x[k]
        return np.sum(squareform(held) ** 2)

    x = np.array([1.0, 2.0, 3.0])
    assert gradcheck.check_gradient(f, lambda x: 4 * x, x).verdict == "PASS"  # each entry stands twice
    assert gradcheck.check_gradient(f, lambda x: 2 * x, x).verdict == "FAIL"


@pytest.mark.parametrize("name", ["spotrf", "dpotrf"])
def test_lapack_keeps_numpys_dtypes_where_it_gets_no_numbers(name: str) -> None:
    factor, dtype = getattr(scipy.linalg.lapack, name), np.dtype(name[0].replace("s", "f"))
    gc.collect()  # what other tests have left, and whose arrays would take their dtypes with them meanwhile
    before = sys.getrefcount(dtype)
    for _ in range(100):
        with pytest.raises(Unsupported, match="made into a plain one"):
            explore(lambda a: factor(a)[0], (S,))
    assert sys.getrefcount(dtype) > before - 50


@pytest.mark.parametrize("given", [lambda x: x, lambda x: np.array(list(x))], ids=["itself", "a list of its entries"])
def test_squareform_is_judged_by_every_oracle(given: Any) -> None:
    """Symbols are objects in an array, too, and a wrong answer is put to every oracle."""

    def f(x: Any) -> Any:
        return np.sum(squareform(given(x)) ** 2)

    x = np.array([1.0, 2.0, 3.0])
    assert gradcheck.check_gradient(f, lambda x: 4 * x, x, oracles="all").verdict == "PASS"
    assert gradcheck.check_gradient(f, lambda x: 4.1 * x, x).verdict == "FAIL"
