"""Further functions of scipy.linalg: banded and Toeplitz systems, Sylvester's equation, factors, matrix functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.complex_traced import is_complex
from gradcheck.tracing.handlers import complex_matrices, eigenpairs
from gradcheck.tracing.handlers.complex_matrices import function_of, lstsq
from gradcheck.tracing.handlers.factorizations import SCIPY, scipy_lu
from gradcheck.tracing.handlers.linear_algebra import scipy_expm
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.registry import implements
from gradcheck.tracing.trace import Trace

linalg = np.linalg
SMALL = 0.25
"""Norm of log(A) / 2^k below which its series ends after SERIES terms, at 2^-190 of the result."""
SERIES = 32
MOST_ROOTS = 40
"""Maximum number of square roots that bring a matrix near the identity."""


def lu_factor(trace: Trace, a: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
    """As `scipy.linalg.lu_factor`: both factors in one matrix, and the row exchanges, which are SciPy's own."""
    import scipy.linalg

    _, lower, upper = scipy_lu(trace, a)
    pivots = scipy.linalg.lu_factor(eigenpairs.middle_of(lift(trace, a)).values)[1]
    return np.tril(lower, -1) + upper, pivots


def lu_solve(trace: Trace, lu_and_piv: Any, b: Any, trans: int = 0, *_: Any, **__: Any) -> Any:
    """As `scipy.linalg.lu_solve`."""
    both, pivots = lu_and_piv
    order = np.arange(len(pivots))
    for k, other in enumerate(pivots):
        order[[k, other]] = order[[other, k]]
    lower, upper = np.tril(both, -1) + np.eye(len(pivots)), np.triu(both)
    if trans == 0:
        return linalg.solve(upper, linalg.solve(lower, lift(trace, b)[order]))
    return linalg.solve(lower.T, linalg.solve(upper.T, lift(trace, b)))[np.argsort(order)]


def _banded(ab: Any, below: int, above: int, n: int) -> Any:
    """The matrix whose diagonals are the rows of `ab`, the topmost first."""
    rows, columns = np.indices((n, n))
    inside = (columns - rows <= above) & (rows - columns <= below)
    place = np.clip(above + rows - columns, 0, below + above)
    return np.where(inside, ab[place, columns], 0.0)


def solve_banded(trace: Trace, l_and_u: Any, ab: Any, b: Any, *_: Any, **__: Any) -> Any:
    """As `scipy.linalg.solve_banded`."""
    below, above = l_and_u
    ab = lift(trace, ab)
    return linalg.solve(_banded(ab, below, above, ab.shape[1]), lift(trace, b))


def solveh_banded(
    trace: Trace, ab: Any, b: Any, overwrite_ab: Any = False, overwrite_b: Any = False, lower: bool = False, **_: Any
) -> Any:
    """As `scipy.linalg.solveh_banded`, of real numbers."""
    ab = lift(trace, ab)
    width, n = ab.shape
    triangle = _banded(ab, width - 1, 0, n) if lower else _banded(ab, 0, width - 1, n)
    return linalg.solve(triangle + triangle.T - np.diag(np.diagonal(triangle)), lift(trace, b))


def solve_toeplitz(trace: Trace, c_or_cr: Any, b: Any, *_: Any, **__: Any) -> Any:
    """As `scipy.linalg.solve_toeplitz`, of real numbers."""
    c, r = c_or_cr if isinstance(c_or_cr, tuple) else (c_or_cr, c_or_cr)
    c, r = lift(trace, c), lift(trace, r)
    n = len(c)
    rows, columns = np.indices((n, n))
    matrix = np.where(rows >= columns, c[np.abs(rows - columns)], r[np.abs(rows - columns)])
    return linalg.solve(matrix, lift(trace, b))


def solve_sylvester(trace: Trace, a: Any, b: Any, q: Any) -> Any:
    """A X + X B = Q, by (A (x) I + I (x) B^T) vec X = vec Q, rows first."""
    a, b, q = lift(trace, a), lift(trace, b), lift(trace, q)
    matrix = np.kron(a, np.eye(len(b))) + np.kron(np.eye(len(a)), b.T)
    return linalg.solve(matrix, q.ravel()).reshape(q.shape)


def solve_continuous_lyapunov(trace: Trace, a: Any, q: Any) -> Any:
    """A X + X A^H = Q."""
    return solve_sylvester(trace, a, lift(trace, a).T, q)


def solve_discrete_lyapunov(trace: Trace, a: Any, q: Any, method: Any = None) -> Any:
    """A X A^H - X + Q = 0."""
    a, q = lift(trace, a), lift(trace, q)
    return linalg.solve(np.eye(a.size) - np.kron(a, a), q.ravel()).reshape(q.shape)


def qr(trace: Trace, a: Any, overwrite_a: Any = False, lwork: Any = None, mode: str = "full", **rest: Any) -> Any:
    """As `scipy.linalg.qr`, without pivots; all of Q only where the matrix is square."""
    shape = np.shape(a)
    if rest.get("pivoting") or mode == "raw" or (mode == "full" and shape[0] != shape[1]):
        raise Unsupported(f"scipy.linalg.qr of shape {shape} with mode={mode!r} is traced without pivots alone")
    if mode == "r":
        return (linalg.qr(a, mode="r"),)
    return tuple(linalg.qr(a))


def polar(trace: Trace, a: Any, side: str = "right") -> tuple[Any, Any]:
    """As `scipy.linalg.polar`: U and P of A = U P, or of A = P U."""
    w, s, vh = linalg.svd(a, full_matrices=False)
    v = complex_matrices.adjoint(vh) if side == "right" else w
    return w @ vh, (v * s) @ complex_matrices.adjoint(v)


def least_squares(trace: Trace, a: Any, b: Any, *_: Any, **__: Any) -> Any:
    """As `scipy.linalg.lstsq`."""
    return lstsq(a, b)


def logm(trace: Trace, a: Any, *_: Any, **__: Any) -> Any:
    """The principal logarithm by square roots and the series of 2 artanh (Higham, "Functions of Matrices", 11.5)."""
    import scipy.linalg

    if is_complex(a):
        return function_of(lambda real: logm(trace, real), a)
    trace.near_only = True  # the number of roots is the one that is needed here
    matrix: Any = lift(trace, a)
    eye = np.eye(matrix.shape[0])
    root = SCIPY["sqrtm"]
    doublings = 0
    while float(linalg.norm(scipy.linalg.logm(eigenpairs.middle_of(matrix).values), 1)) > SMALL:
        if doublings == MOST_ROOTS:
            raise Unsupported("scipy.linalg.logm: its square roots do not come near the identity")
        matrix, doublings = root(trace, matrix), doublings + 1
    z = linalg.solve(matrix + eye, matrix - eye)
    square = z @ z
    total = eye / (2.0 * SERIES + 1)
    for k in range(SERIES - 1, -1, -1):
        total = eye / (2.0 * k + 1) + square @ total
    return z @ total * 2.0 ** (doublings + 1)


def expm(trace: Trace, a: Any) -> Any:
    """As `scipy.linalg.expm`, of complex matrices, too."""
    return function_of(lambda real: scipy_expm(trace, real), a) if is_complex(a) else scipy_expm(trace, a)


def sqrtm(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
    """As `scipy.linalg.sqrtm`, of complex matrices, too."""
    own = SCIPY["sqrtm"]
    return function_of(lambda real: own(trace, real), a) if is_complex(a) else own(trace, a)


def _of_angles(odd: bool) -> Callable[..., Any]:
    """sin or cos of a matrix: the imaginary or the real part of exp(i A)."""

    def handler(trace: Trace, a: Any) -> Any:
        if is_complex(a):
            raise Unsupported("scipy.linalg.cosm and sinm are traced for real matrices")
        value = expm(trace, 1j * lift(trace, a))
        return value.imag if odd else value.real

    return handler


def expm_multiply(trace: Trace, a: Any, b: Any, *rest: Any, **others: Any) -> Any:
    """As `scipy.sparse.linalg.expm_multiply` at one time."""
    if rest or others:
        raise Unsupported("scipy.sparse.linalg.expm_multiply is traced at one time alone")
    return expm(trace, a) @ b


@implements(linalg.lstsq)
def _lstsq(trace: Trace, a: Any, b: Any, rcond: Any = None) -> Any:
    return lstsq(a, b)


def handlers(own: dict[str, Any]) -> dict[str, Any]:
    """Functions of scipy.linalg by name, those of `own` where a matrix is real."""

    def either(name: str, real: Any) -> Callable[..., Any]:
        """scipy.linalg's function as NumPy's, of complex numbers."""

        def handler(trace: Trace, *args: Any, **kwargs: Any) -> Any:
            if args and is_complex(args[0]) and contains_traced(args[0]):
                return _COMPLEX[name](*args, **kwargs)
            return real(trace, *args, **kwargs)

        return handler

    return {name: either(name, real) if name in _COMPLEX else real for name, real in own.items()} | _OWN


_COMPLEX: dict[str, Callable[..., Any]] = {
    "inv": lambda a, **_: linalg.inv(a),
    "det": lambda a, **_: linalg.det(a),
    "solve": lambda a, b, **_: linalg.solve(a, b),
    "pinv": lambda a, **_: linalg.pinv(a),
    "norm": linalg.norm,
    "cholesky": lambda a, lower=False, **_: linalg.cholesky(a) if lower else linalg.cholesky(a.conj()).T,
    "eigh": lambda a, **_: tuple(linalg.eigh(a)),
    "eigvalsh": lambda a, **_: linalg.eigvalsh(a),
    "svd": lambda a, full_matrices=True, compute_uv=True, **_: linalg.svd(a, full_matrices, compute_uv),
    "svdvals": lambda a, **_: linalg.svd(a, compute_uv=False),
}

_OWN: dict[str, Callable[..., Any]] = {
    "cosm": _of_angles(odd=False),
    "eig": lambda trace, a, b=None, **_: tuple(linalg.eig(a)),
    "eigvals": lambda trace, a, b=None, **_: linalg.eigvals(a),
    "expm": expm,
    "logm": logm,
    "lstsq": least_squares,
    "lu_factor": lu_factor,
    "lu_solve": lu_solve,
    "polar": polar,
    "qr": qr,
    "sinm": _of_angles(odd=True),
    "solve_banded": solve_banded,
    "solve_continuous_lyapunov": solve_continuous_lyapunov,
    "solve_discrete_lyapunov": solve_discrete_lyapunov,
    "solve_sylvester": solve_sylvester,
    "solve_toeplitz": solve_toeplitz,
    "solveh_banded": solveh_banded,
    "sqrtm": sqrtm,
}
