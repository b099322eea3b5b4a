"""Matrices of complex numbers: factors, least squares, powers, exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.complex_traced import COMPLEX_FUNCTIONS, ComplexTraced, is_complex, of_parts, parts, trace_of
from gradcheck.tracing.handlers.eigenpairs import middle_of

linalg = np.linalg


def adjoint(a: Any) -> Any:
    """The conjugate transpose of a matrix or a stack of them."""
    return np.swapaxes(a, -1, -2).conj() if is_complex(a) else np.swapaxes(a, -1, -2)


def embedded(a: Any) -> Any:
    """[[A, -B], [B, A]], the real matrix that acts as A + i B on (real, imaginary) parts."""
    real, imag = parts(a)
    top, below = np.concatenate([real, -imag], axis=-1), np.concatenate([imag, real], axis=-1)
    return np.concatenate([top, below], axis=-2)


def function_of(function: Any, a: Any) -> Any:
    """A primary matrix function (exp, log, square root) by that of the real matrix in its place."""
    n = a.shape[-1]
    value = function(embedded(a))
    return ComplexTraced(value[..., :n, :n], value[..., n:, :n])


def _cholesky(a: Any, /, *, upper: bool = False) -> Any:
    if a.ndim != 2:
        raise Unsupported(f"np.linalg.cholesky of complex shape {a.shape} is not traced; take matrices one by one")
    rest, columns = (adjoint(a) if upper else a), []
    for k in range(a.shape[0]):
        pivot = np.sqrt(rest[0, 0].real)
        below = rest[1:, 0] / pivot
        columns.append(np.concatenate([np.zeros(k), pivot[None], below]))
        rest = rest[1:, 1:] - below[:, None] * below.conj()[None, :]
    factor = np.stack(columns, axis=1)
    return adjoint(factor) if upper else factor


def _qr(a: Any, mode: str = "reduced") -> Any:
    """By the Cholesky factor of A^H A, with the phases of NumPy's own."""
    if a.ndim != 2 or mode not in ("reduced", "r") or a.shape[0] < a.shape[1]:
        raise Unsupported(f"np.linalg.qr of complex shape {a.shape} with mode={mode!r} is not traced")
    own = np.diag(linalg.qr(middle_of(a).values, mode="r"))
    upper = (own / np.abs(own))[:, None] * adjoint(_cholesky(adjoint(a) @ a))
    if mode == "r":
        return upper
    example = linalg.qr(np.eye(1))
    return type(example)(linalg.solve(adjoint(upper), adjoint(a)).conj().T, upper)


def pinv(a: Any, *_: Any, **__: Any) -> Any:
    """(A^H A)^-1 A^H for full rank."""
    if linalg.matrix_rank(middle_of(a).values) < min(a.shape):
        raise Unsupported("np.linalg.pinv of a matrix of deficient rank is not continuous")
    if a.shape[0] >= a.shape[1]:
        return linalg.solve(adjoint(a) @ a, adjoint(a))
    return adjoint(linalg.solve(a @ adjoint(a), a))


def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, int, Any]:
    """As `np.linalg.lstsq`, for a matrix of full rank: solution, squared residuals, rank, singular values."""
    values = middle_of(a).values
    rank = int(linalg.matrix_rank(values))
    if values.ndim != 2 or rank < min(values.shape):
        raise Unsupported("least squares with a matrix of deficient rank are not continuous")
    tall = values.shape[0] >= values.shape[1]
    solution = linalg.solve(adjoint(a) @ a, adjoint(a) @ b) if tall else adjoint(a) @ linalg.solve(a @ adjoint(a), b)
    off = a @ solution - b
    squares = np.atleast_1d(np.sum((off * off.conj()).real if is_complex(off) else off * off, axis=0))
    over = squares if values.shape[0] > values.shape[1] else np.zeros(0)
    return solution, over, rank, linalg.svd(values, compute_uv=False)


def _slogdet(a: Any) -> Any:
    example = linalg.slogdet(np.eye(1))
    value = linalg.det(a)
    size = np.abs(value)
    return type(example)(value / size, np.log(size))


def _power(a: Any, n: int) -> Any:
    if n < 0:
        a, n = linalg.inv(a), -n
    trace = trace_of(a)
    assert trace is not None
    value: Any = of_parts(trace, np.broadcast_to(np.eye(a.shape[-1]), a.shape))
    for _ in range(n):
        value = value @ a
    return value


def _kron(a: Any, b: Any) -> Any:
    a, b = (x if hasattr(x, "run") else np.asarray(x) for x in (a, b))
    if a.ndim != 2 or b.ndim != 2:
        raise Unsupported("np.kron of complex arrays that are no matrices is not traced")
    shape = (a.shape[0] * b.shape[0], a.shape[1] * b.shape[1])
    return (a[:, None, :, None] * b[None, :, None, :]).reshape(shape)


def _cumprod(a: Any, axis: Any = None, **_: Any) -> Any:
    rows = a.ravel() if axis is None else np.moveaxis(a, axis, 0)
    products = [rows[0]]
    for row in rows[1:]:
        products.append(products[-1] * row)
    value = np.stack(products)
    return value if axis is None else np.moveaxis(value, 0, axis)


def norm_by_singular_values(a: Any, ord: Any) -> Any:  # noqa: A002 (NumPy's name)
    """The largest, the smallest or the sum of a matrix's singular values."""
    values = linalg.svd(a, compute_uv=False)
    return np.sum(values) if ord == "nuc" else values[0 if ord == 2 else -1]


COMPLEX_FUNCTIONS |= {
    linalg.cholesky: _cholesky,
    linalg.qr: _qr,
    linalg.pinv: pinv,
    linalg.lstsq: lstsq,
    linalg.slogdet: _slogdet,
    linalg.matrix_power: _power,
    np.kron: _kron,
    np.cumprod: _cumprod,
}
