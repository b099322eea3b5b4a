"""NumPy's and SciPy's functions on traced arrays: values and derivatives against the plain functions."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special

from gradcheck.errors import Unsupported
from gradcheck.tracing import explore

RANDOM = np.random.default_rng(11)
X = RANDOM.standard_normal((3, 4))
P = RANDOM.uniform(0.4, 2.5, (3, 4))
S = RANDOM.standard_normal((5, 5))
D = S @ S.T + 5 * np.eye(5)
B = RANDOM.standard_normal((5, 2))

FUNCTIONS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "arithmetic": (lambda x, y: (x + y, x - y, x * y, x / y, -x, +x, 2 - x, 3 / y, x**2, 1.5**x), (X, P)),
    "broadcasting": (lambda x, y: x[:, None] * y[0] + x[0], (X, P)),
    "elementary": (lambda x: (np.exp(x), np.log(x), np.sqrt(x), np.square(x), np.reciprocal(x), np.cbrt(x)), (P,)),
    "powers": (lambda x, y: (x**y, x**2.5, 2**y, x**-1, x ** np.array([1.0, 2.0, 3.0, 0.5]), np.power(x, 3)), (P, X)),
    "float_power": (lambda x: np.float_power(x, 2), (X,)),
    "degrees": (lambda x: (np.deg2rad(x), np.degrees(x)), (X,)),
    "two arguments": (lambda x, y: (np.hypot(x, y), np.arctan2(x, y), np.logaddexp(x, y), np.logaddexp2(x, y)), (X, P)),
    "sinc": (lambda x: np.sinc(x), (X,)),
    "piecewise": (
        lambda x: (np.abs(x), np.sign(x) * x, np.clip(x, -0.5, 0.5), np.maximum(x, 0.1), np.fmin(x, 0.1)),
        (X,),
    ),
    "steps": (
        lambda x: (np.floor(x) * x, np.ceil(x) + x, np.trunc(3 * x) * x, np.rint(x) * x, np.round(x, 1) * x),
        (X,),
    ),
    "remainders": (lambda x: (x % 0.7, np.fmod(x, 0.3), x // 0.4 + x, divmod(x, 0.3)[1], np.modf(x)[0]), (X,)),
    "heaviside": (lambda x: (np.heaviside(x, 0.5) * x, np.copysign(x, -x)), (X,)),
    "nan_to_num": (lambda x: np.nan_to_num(np.where(X > 0, x, np.nan), nan=2.0), (X,)),
    "sums": (
        lambda x: (np.sum(x), x.sum(0), x.sum(axis=(0, 1), keepdims=True), np.nansum(x), x.sum(where=X > 0)),
        (X,),
    ),
    "means": (lambda x: (x.mean(), x.mean(1, keepdims=True), np.average(x, axis=0, weights=[1, 2, 3])), (X,)),
    "variances": (lambda x: (x.var(), x.var(0, ddof=1), x.std(1), np.cov(x)), (X,)),
    "without nan": (
        lambda x: (
            np.nanvar(np.where(X > 0, x, np.nan), axis=1, ddof=0.5),
            np.nanstd(np.where(X > 0, x, np.nan)),
            np.nanprod(np.where(X > 0, x, np.nan), axis=0),
            np.nancumsum(np.where(X > 0, x, np.nan)),
            np.nancumprod(np.where(X > 0, x, np.nan), axis=1),
        ),
        (X,),
    ),
    "choices": (
        lambda x: (
            np.choose((x > 0).astype(int), [-(x**3), x**2]),
            np.choose([0, 4, 2, 1], [x[0], x[1] * x[2], 2.0], mode="wrap"),
        ),
        (X,),
    ),
    "placed": (lambda x: _placed(x.copy(), x[0, 0] ** 2), (X,)),
    "products": (lambda x: (x.prod(), x.prod(0), np.cumprod(x), np.cumprod(x, 1), np.multiply.reduce(x)), (X,)),
    "cumulative": (lambda x: (np.cumsum(x), np.cumsum(x, 0), np.add.accumulate(x, 1), np.maximum.accumulate(x)), (X,)),
    "extremes": (lambda x: (x.max(), x.min(0), np.max(x, axis=1, keepdims=True), np.ptp(x), np.nanmax(x)), (X,)),
    "initial": (lambda x: (x.max(initial=0.1), np.sum(x, initial=3.0), np.prod(x, initial=2.0)), (X,)),
    "arguments": (lambda x: (x[np.argmax(x, 0), np.arange(4)], x.ravel()[x.argmin()]), (X,)),
    "sorting": (
        lambda x: (np.sort(x), np.sort(x, axis=None), x[0][np.argsort(x[0])], np.partition(x, 2)[..., :3]),
        (X,),
    ),
    "quantiles": (lambda x: (np.median(x, axis=0), np.percentile(x, [10, 50]), np.quantile(x, 0.3, axis=1)), (X,)),
    "differences": (
        lambda x: (np.diff(x), np.diff(x, 2, axis=1), np.diff(x, prepend=0.0), np.trapezoid(x, dx=0.1)),
        (X,),
    ),
    "interpolation": (lambda x: np.interp(x, [0.0, 1.0, 3.0], [1.0, 3.0, -1.0]), (P,)),
    "interpolated values": (lambda y: np.interp([0.2, 1.7, 3.3], [0.0, 1.0, 3.0], y), (P[:, 0],)),
    "bincount": (lambda w: np.bincount([0, 2, 2, 5], weights=w, minlength=7), (X[0],)),
    "polynomials": (lambda x: (np.polyval([1.0, -2.0, 3.0], x), np.vander(x[0], 3)), (X,)),
    "matmul": (lambda x, y: (x @ y.T, x @ y[0], x[0] @ y[1], np.matmul(x[None], y.T)), (X, P)),
    "dot": (lambda x, y: (np.dot(x, y.T), np.dot(x, 2.0), x.dot(y[0]), np.vdot(x, y), np.inner(x, y)), (X, P)),
    "outer": (
        lambda x, y: (np.outer(x, y), np.kron(x, y), np.multiply.outer(x[0], y), np.tensordot(x, y, ((0,), (0,)))),
        (X, P),
    ),
    "cross": (lambda x: np.cross(x[:, :3], x[:, 1:]), (X,)),
    "einsum": (
        lambda x, y: (
            np.einsum("ij,kj->ik", x, y),
            np.einsum("ij,ij->", x, y),
            np.einsum("ij,kj,ij->k", x, y, x),
            np.einsum("ij->j", x),
            np.einsum("...i,...i", x, y),
            np.einsum("ij,j", x, y[0]),
            np.einsum("ii->i", x[:, :3]),
            np.einsum("bij,bjk->bik", x[:, :, None], y[:, None]),
            np.einsum("i,j,k->kij", x[0], y[0], x[1]),
        ),
        (X, P),
    ),
    "convolution": (
        lambda x, y: (
            np.convolve(x[0], y[0]),
            np.convolve(x[0], y[0, :3], "same"),
            np.convolve(x[0], y[0, :2], "valid"),
            np.correlate(x[0], y[0, :2]),
            np.correlate(x[0], y[0, :3], "same"),
            np.correlate(x[0], y[0, :2], "full"),
        ),
        (X, P),
    ),
    "norms": (
        lambda x: (
            np.linalg.norm(x),
            np.linalg.norm(x, axis=1),
            np.linalg.norm(x, 1),
            np.linalg.norm(x, np.inf),
            np.linalg.norm(x[0], 3),
            np.linalg.norm(x, "fro", keepdims=True),
        ),
        (X,),
    ),
    "solve": (lambda a, b: (np.linalg.solve(a, b), np.linalg.solve(a, b[:, 0])), (S, B)),
    "solve stacks": (lambda a, b: np.linalg.solve(a, b), (np.stack([S, D]), np.stack([B, B + 1]))),
    "inverse": (lambda a: (np.linalg.inv(a), np.linalg.matrix_power(a[:2, :2], -2)), (S,)),
    "determinants": (lambda a: (np.linalg.det(a), np.linalg.det(a[:3, :3]), *np.linalg.slogdet(a)[1:]), (S,)),
    "cholesky": (lambda a: np.linalg.cholesky(a), (D,)),
    "scipy.linalg": (
        lambda a, b: (
            scipy.linalg.cho_solve(scipy.linalg.cho_factor(a), b),
            scipy.linalg.cholesky(a, lower=True),
            scipy.linalg.solve_triangular(np.tril(a), b, lower=True),
            scipy.linalg.solve_triangular(a, b, trans=1),
        ),
        (D, B),
    ),
    "scipy.special": (
        lambda x: (
            scipy.special.expit(x),
            scipy.special.erf(x),
            scipy.special.erfc(x),
            scipy.special.gammaln(x),
            scipy.special.digamma(x),
            scipy.special.ndtr(x),
            scipy.special.log_ndtr(x),
            scipy.special.xlogy(x, x + 1),
            scipy.special.entr(x),
            scipy.special.rel_entr(x, x + 1),
            scipy.special.log_expit(x),
            scipy.special.gamma(x),
            scipy.special.betaln(x, 2.0),
            scipy.special.logit(x / 3),
        ),
        (P,),
    ),
    "scipy's Python functions": (
        lambda x: (
            scipy.special.logsumexp(x, axis=1),
            scipy.special.logsumexp(x, b=P),
            scipy.special.softmax(x, axis=0),
            scipy.special.log_softmax(x, axis=1),
        ),
        (X,),
    ),
    "reduce and friends": (
        lambda x: (np.add.reduce(x), np.maximum.reduce(x, axis=1), np.logaddexp.reduce(x, axis=1)),
        (X,),
    ),
    "apply_along_axis": (lambda x: np.apply_along_axis(lambda row: row / np.sqrt(row @ row), 1, x), (X,)),
    "methods": (
        lambda x: (
            x.sum(),
            x.mean(0),
            x.clip(-1, 1),
            x.flatten(),
            x.trace(),
            x.round(1) * x,
            x.repeat(2),
            x.conj().real,
        ),
        (X,),
    ),
    "ties of -inf": (lambda x: np.logaddexp(np.full(4, -np.inf), x[0]), (X,)),
    "0-d": (lambda a, b: a * b + np.sin(a), (np.array(0.5), np.array(2.0))),
    "empty": (lambda x: (np.sum(x[:0]), np.prod(x[:0]), x[:0] * 2), (X,)),
}


def _placed(y: Any, number: Any) -> Any:
    np.place(y, y < 0, number)
    return y**2


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_derivative(name: str, agrees: Any) -> None:
    function, inputs = FUNCTIONS[name]
    agrees(function, *inputs)


def test_closed_forms_of_linear_algebra() -> None:
    (gradient,) = explore(lambda a: 2 * np.sum(np.log(np.diag(np.linalg.cholesky(a)))), (D,)).vjp().parts
    # Only the lower triangle is read, so that each pair of entries of the symmetric gradient falls to one of them.
    inverse = np.linalg.inv(D)
    assert np.allclose(gradient.midpoint, 2 * np.tril(inverse, -1) + np.diag(np.diag(inverse)), rtol=1e-12)
    (gradient,) = explore(lambda a: np.linalg.slogdet(a)[1], (S,)).vjp().parts
    assert np.allclose(gradient.midpoint, np.linalg.inv(S).T, rtol=1e-11)


def test_product_with_zeros_is_differentiated_without_division() -> None:
    (gradient,) = explore(np.prod, (np.array([2.0, 0.0, 5.0]),)).vjp().parts
    assert np.array_equal(gradient.midpoint, [0.0, 10.0, 0.0])
    (gradient,) = explore(lambda x: np.cumprod(x)[-1], (np.array([2.0, 0.0, 5.0, 0.0]),)).vjp().parts
    assert np.array_equal(gradient.midpoint, [0.0, 0.0, 0.0, 0.0])


def test_singular_determinant_by_minors() -> None:
    (gradient,) = explore(np.linalg.det, (np.array([[1.0, 2.0], [2.0, 4.0]]),)).vjp().parts
    assert np.array_equal(gradient.midpoint, [[4.0, -2.0], [-2.0, 1.0]])


def test_scipy_gammaln_at_negative_arguments() -> None:
    (gradient,) = explore(lambda x: scipy.special.gammaln(x), (np.array(-1.5),)).vjp().parts
    assert gradient.midpoint == pytest.approx(0.7031566406452432, rel=1e-15)  # psi(-3/2) = psi(5/2) here


def test_facts_about_a_traced_array() -> None:
    seen: list[Any] = []

    def inspect(x: Any) -> Any:
        seen.extend([x.shape, x.ndim, x.size, x.dtype, len(x), np.shape(x), np.ndim(x), np.size(x, 0)])
        seen.extend([isinstance(x, np.ndarray), np.finfo(x.dtype).eps, np.isfinite(x).all(), x.nbytes, x.itemsize])
        seen.extend([np.result_type(x, 1.0), np.iscomplexobj(x), f"{x[0, 0]:.2f}", bool(x[0, 0] > -9), -9.0 in x])
        seen.extend([np.issubdtype(x.dtype, np.floating), np.can_cast(x, np.float64), x.imag.any(), int(x[0, 0])])
        return np.sum(x)

    x = np.array([[2.5, 1.0], [0.0, 4.0]], dtype=np.float32)
    inspect(x)
    plain, seen = seen, []
    explore(inspect, (x,))
    assert seen == plain


def test_whole_numbers_and_truth_values_are_plain() -> None:
    def counts(x: Any) -> Any:
        cells = np.floor(x * 4).astype(int)
        assert type(cells) is np.ndarray
        assert type(x > 0) is np.ndarray
        return np.sum(np.bincount(cells, weights=x) * np.arange(5)[: cells.max() + 1])

    (gradient,) = explore(counts, (np.array([0.1, 0.6, 0.9]),)).vjp().parts
    assert np.array_equal(gradient.midpoint, [0.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda x: np.histogram(x, 3)[0], "np.histogram"),
        (lambda x: np.fft.hfft(x), "np.hfft"),
        (lambda x: scipy.special.airy(x)[0], "ufunc airy"),
        (lambda x: np.pad(x, 1, mode="mean"), "mode='mean'"),
        (lambda x: x * 1j, "complex128"),
        (lambda x: np.add(x, 1, where=X > 0), "where="),
        (lambda x: {"loss": x}, "returned dict"),
        (lambda x: None, "returned NoneType"),
        (lambda x: x.no_such_method(), "no_such_method"),
    ],
)
def test_what_cannot_be_traced_says_so(function: Any, name: str) -> None:
    with pytest.raises(Unsupported, match=name.replace("(", r"\(")):
        explore(function, (X,))


def test_unsupported_functions_of_constants_are_simply_called() -> None:
    (gradient,) = (
        explore(lambda x: np.sum(x) * np.linalg.eigvalsh(np.zeros_like(x) + np.eye(3))[0], (X[:, :3],)).vjp().parts
    )
    assert np.array_equal(gradient.midpoint, np.ones((3, 3)))


def test_an_endless_loop_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gradcheck.tracing.record.MOST_NODES", 300)

    def wait(x: Any) -> Any:
        while True:
            x = x + math.pi

    with pytest.raises(Unsupported, match="too long to record"):
        explore(wait, (np.array(1.0),))


@pytest.mark.parametrize("function", [np.sum, np.mean, np.var, np.prod, np.max, np.min])
def test_keepdims_may_be_a_number(function: Any) -> None:
    x = np.array([[1.0, 2.5, 4.0], [3.0, -1.0, 0.5]])
    (value,) = explore(lambda a: a * function(a, axis=1, keepdims=1), (x,)).values
    assert np.allclose(value.midpoint, x * function(x, axis=1, keepdims=True), rtol=1e-14, atol=0.0)
