"""Eigenvalues and eigenvectors of any square matrix, real or complex, and of complex Hermitian ones.

Newton's iteration on A v = lambda v, w^H v = 1, from the pairs that NumPy finds in floats: one step is a linear system
with right side (0, ..., 0, 1). It doubles the number of right digits, of the derivatives as well, so that a few
recorded steps end far below the balls' radii. Where two eigenvalues are too close, the record is refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.complex_traced import COMPLEX_FUNCTIONS, is_complex, parts, trace_of
from gradcheck.tracing.handlers.factorizations import CLOSE, Eigen, Singular, of_constants
from gradcheck.tracing.registry import implements
from gradcheck.tracing.trace import Trace

linalg = np.linalg
STEPS = 4
"""Newton's steps, from 1e-16 to 1e-256."""


class _Middle(NamedTuple):
    """A matrix in floats, and whether it holds complex numbers."""

    values: Array
    complex: bool


def middle_of(x: Any) -> _Middle:
    """The midpoints of a traced or plain array."""

    def middle(part: Any) -> Array:
        traced = hasattr(part, "run")
        return np.asarray(part.run.balls.midpoint(part.run.values[part.slot]) if traced else part, dtype=float)

    if not is_complex(x):
        return _Middle(middle(x), False)
    real, imag = parts(x)
    return _Middle(middle(real) + 1j * middle(imag), True)


def apart(values: Array) -> None:
    """Raises Unsupported where two eigenvalues are too close for either to have a derivative."""
    gaps = np.abs(values[:, None] - values[None, :]) + np.diag(np.full(len(values), np.inf))
    if values.size > 1 and float(np.min(gaps)) <= CLOSE * float(np.max(np.abs(values))):
        gap = f"two eigenvalues are {float(np.min(gaps)):.3g} apart"
        raise Unsupported(f"{gap}, too close for the derivatives of each to be known")


def _pair(a: Any, value: Any, vector: Array) -> tuple[Any, Any]:
    """One eigenvalue, and its vector v with w^H v = 1, where w is the vector found in floats."""
    trace = trace_of(a)
    if trace is not None:
        trace.near_only = True  # so few steps, from pairs that were found at this point
    n = len(vector)
    unit = np.zeros(n + 1)
    unit[n] = 1.0
    row = np.concatenate([np.conj(vector), [0.0]])[None, :]
    v: Any = vector / np.vdot(vector, vector).real
    number: Any = value
    for _ in range(STEPS):
        left = a - number * np.eye(n)
        top = np.concatenate([left, -v[:, None]], axis=1)
        found = linalg.solve(np.concatenate([top, row], axis=0), unit)
        v, number = found[:n], number + found[n]
    return number, v


def _length(v: Any) -> Any:
    return np.sqrt(np.sum(v.real**2 + v.imag**2)) if is_complex(v) else np.sqrt(np.sum(v * v))


def _conjugate(x: Any) -> Any:
    return x.conj() if is_complex(x) else x


def eig(a: Any) -> Eigen:
    """As `np.linalg.eig`: vectors of length 1, those of complex numbers with a real largest entry."""
    middle = middle_of(a)
    if middle.values.ndim != 2 or len(set(middle.values.shape)) != 1:
        raise Unsupported(f"np.linalg.eig of shape {middle.values.shape} is not traced; take matrices one by one")
    own_values, own_vectors = linalg.eig(middle.values)
    apart(own_values)
    values: list[Any] = []
    vectors: list[Any] = []
    for k, (number, vector) in enumerate(zip(own_values, own_vectors.T, strict=True)):
        if k and not middle.complex and number.imag < 0:  # LAPACK puts a conjugate second
            values.append(_conjugate(values[-1]))
            vectors.append(_conjugate(vectors[-1]))
            continue
        value, v = _pair(a, number, vector)
        v = v / _length(v)
        if is_complex(vector):
            largest = int(np.argmax(np.abs(vector)))
            turn = _conjugate(v[largest]) / np.abs(v[largest])
            v = v * turn * (1.0 if vector[largest].real >= 0 else -1.0)
        values.append(value)
        vectors.append(v)
    return Eigen(np.stack(values), np.stack(vectors, axis=1))


def hermitian(a: Any) -> Eigen:
    """As `np.linalg.eigh` of a complex matrix; each vector keeps the phase of NumPy's, to first order."""
    lower = np.tril(a)
    strict = np.tril(a, -1)
    diagonal = np.diag(np.diagonal(a).real)
    full = lower - np.diag(np.diagonal(a)) + np.swapaxes(strict, -1, -2).conj() + diagonal
    own_values, own_vectors = linalg.eigh(middle_of(full).values)
    apart(own_values)
    pairs = [_pair(full, value, vector) for value, vector in zip(own_values, own_vectors.T, strict=True)]
    values = np.stack([parts(value)[0] for value, _ in pairs])
    return Eigen(values, np.stack([v / _length(v) for _, v in pairs], axis=1))


def _eigh(a: Any, UPLO: str = "L") -> Eigen:
    if a.ndim != 2:
        raise Unsupported(f"np.linalg.eigh of complex shape {a.shape} is not traced; take matrices one by one")
    return hermitian(a if UPLO.upper() == "L" else np.swapaxes(a, -1, -2).conj())


def _eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return _eigh(a, UPLO).eigenvalues


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """As `np.linalg.svd` of a complex matrix, by the eigenvalues of A^H A."""
    if a.ndim != 2:
        raise Unsupported(f"np.linalg.svd of complex shape {a.shape} is not traced; take matrices one by one")
    rows, columns = a.shape
    if compute_uv and full_matrices and rows != columns:
        raise Unsupported("np.linalg.svd with full_matrices=True has vectors that no derivative determines")
    wide = rows < columns
    tall = a.conj().T if wide else a
    own_u, own_s, own_vh = linalg.svd(middle_of(a).values, full_matrices=False)
    apart(own_s**2)
    square = tall.conj().T @ tall
    start = own_u if wide else own_vh.conj().T
    pairs = [_pair(square, s * s, v) for s, v in zip(own_s, start.T, strict=True)]
    values = np.sqrt(np.stack([parts(value)[0] for value, _ in pairs]))
    if not compute_uv:
        return values
    right = np.stack([v / _length(v) for _, v in pairs], axis=1)
    left = tall @ right / values
    return Singular(right, values, left.conj().T) if wide else Singular(left, values, right.conj().T)


@implements(linalg.eig)
@of_constants(linalg.eig)
def _real_eig(trace: Trace, a: Any) -> Eigen:
    return eig(a)


@implements(linalg.eigvals)
@of_constants(linalg.eigvals)
def _real_eigvals(trace: Trace, a: Any) -> Any:
    return eig(a).eigenvalues


COMPLEX_FUNCTIONS |= {
    linalg.eig: eig,
    linalg.eigvals: lambda a: eig(a).eigenvalues,
    linalg.eigh: _eigh,
    linalg.eigvalsh: _eigvalsh,
    linalg.svd: _svd,
}
