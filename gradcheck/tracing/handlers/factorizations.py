"""Eigenvalues, singular values, QR, LU and square roots of matrices: convergent iterations, recorded step by step.

An iteration that converges quadratically has derivatives that converge as well (Griewank & Walther, chapter 15), so
that the recorded derivative is that of the factorization once the iteration has converged far below the balls' radii.
Where two eigenvalues or singular values are too close, the factors have no derivative, and the record is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.contraction import matmul
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import FUNCTIONS, implements
from gradcheck.tracing.trace import Trace

linalg = np.linalg

MOST_SWEEPS = 12
"""Maximum number of Jacobi sweeps; four to seven are usual."""
CONVERGED = 1e-22
"""Size of the off-diagonal entries, relative to the matrix, after which one sweep more brings them below 1e-40."""
CLOSE = 1e-9
"""Minimum gap of two eigenvalues, relative to the largest, for their vectors to be traced."""
ORTHOGONAL = 4
"""Steps of Newton's iteration from 1e-16 to 1e-256."""
MOST_STEPS = 60
"""Maximum number of steps of the iteration for a square root."""


class Eigen(NamedTuple):
    """Eigenvalues in ascending order, and the vectors in the columns of a matrix, as NumPy names them."""

    eigenvalues: Any
    eigenvectors: Any


class Singular(NamedTuple):
    """The result of a singular value decomposition, as NumPy names it."""

    U: Any
    S: Any
    Vh: Any


class Orthogonal(NamedTuple):
    """The result of a QR decomposition, as NumPy names it."""

    Q: Any
    R: Any


def of_constants(plain: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A handler that calls `plain` where the matrix does not depend on an input: constants have no derivative."""

    def decorate(handler: Callable[..., Any]) -> Callable[..., Any]:
        def call(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
            matrix = lift(trace, a)
            if not matrix.varies:
                return plain(matrix.constant_value(), *args, **kwargs)
            return handler(trace, a, *args, **kwargs)

        return call

    return decorate


def _over_stack(handler: Callable[..., Any]) -> Callable[..., Any]:
    """A handler of one matrix that takes a stack of them one by one, and stacks every array that it returns."""

    def call(trace: Trace, a: Any, *args: Any, **kwargs: Any) -> Any:
        stack: Any = lift(trace, a)
        if stack.ndim < 3 or not stack.size:
            return handler(trace, a, *args, **kwargs)
        lead = stack.shape[:-2]
        found = [handler(trace, page, *args, **kwargs) for page in stack.reshape(-1, *stack.shape[-2:])]

        def stacked(parts: Any) -> Any:
            return np.stack(parts).reshape(lead + np.shape(parts[0]))

        if not isinstance(found[0], tuple):
            return stacked(found)
        columns = [stacked(list(column)) for column in zip(*found, strict=True)]
        return type(found[0])(*columns) if hasattr(found[0], "_fields") else tuple(columns)

    return call


def _middle(trace: Trace, x: Any) -> Array:
    return np.asarray(trace.balls.midpoint(trace.values[lift(trace, x).slot]), dtype=np.float64)


def _one_matrix(a: Any, name: str) -> tuple[int, int]:
    if a.ndim != 2:
        raise Unsupported(f"linalg.{name} of shape {a.shape} is not traced; take matrices one by one")
    return int(a.shape[0]), int(a.shape[1])


def _apart(values: Array, what: str) -> None:
    """Raises Unsupported where two neighbours of sorted values are too close for either to have a derivative."""
    gaps = np.diff(np.sort(values))
    if gaps.size and float(np.min(gaps)) <= CLOSE * float(np.max(np.abs(values))):
        gap = f"two {what} are {float(np.min(gaps)):.3g} apart"
        raise Unsupported(f"{gap}, too close for the derivatives of each to be known")


def _jacobi(trace: Trace, a: Any) -> tuple[Any, Any]:
    """Diagonal and rotations of a symmetric matrix, by cyclic Jacobi rotations (Golub & Van Loan, 8.5.3).

    They start in the basis of NumPy's eigenvectors, made orthogonal as a constant, so that two sweeps do.
    """
    n = a.shape[0]
    vectors: Any = _orthogonal(trace, linalg.eigh(_middle(trace, a))[1])
    matrix: Any = matmul(trace, vectors.T, matmul(trace, a, vectors))
    last = False
    for _ in range(MOST_SWEEPS):
        for p in range(n):
            for q in range(p + 1, n):
                matrix, vectors = _rotated(trace, matrix, vectors, p, q)
        if last:
            return np.diagonal(matrix), vectors
        middle = _middle(trace, matrix)
        last = float(np.max(np.abs(middle - np.diag(np.diag(middle))))) <= CONVERGED * float(np.max(np.abs(middle)))
    raise Unsupported("the eigenvalue iteration did not converge")


def _orthogonal(trace: Trace, near: Array) -> Any:
    """An orthogonal matrix beside one that is so to rounding, by Newton's iteration V (3 - V^T V) / 2."""
    vectors: Any = lift(trace, near)
    for _ in range(ORTHOGONAL):
        vectors = matmul(trace, vectors, 3 * np.eye(len(near)) - matmul(trace, vectors.T, vectors)) / 2
    return vectors


def _rotated(trace: Trace, matrix: Any, vectors: Any, p: int, q: int) -> tuple[Any, Any]:
    """One rotation, by an angle of at most 45 degrees that makes entry [p, q] zero."""
    gap, off = matrix[q, q] - matrix[p, p], matrix[p, q]
    if not lift(trace, off).varies and float(_middle(trace, off)) == 0.0:
        return matrix, vectors
    sign = 1.0 if float(_middle(trace, gap)) >= 0 else -1.0
    angle = 0.5 * np.arctan2(2 * sign * off, sign * gap)
    c, s = np.cos(angle), np.sin(angle)
    n = matrix.shape[0]
    rest = [k for k in range(n) if k not in (p, q)]
    order = np.argsort([p, q, *rest])

    def turned(rows: Any) -> Any:
        first = c * rows[p] - s * rows[q]
        second = s * rows[p] + c * rows[q]
        return np.concatenate([first[None], second[None], rows[rest]])[order]

    matrix = turned(turned(matrix).T).T
    return matrix, turned(vectors.T).T


def _signs(trace: Trace, vectors: Any, own: Array) -> Array:
    """The signs of columns that make them those of `own`."""
    along = np.sum(_middle(trace, vectors) * own, axis=0)
    return np.where(along < 0, -1.0, 1.0)


def _eigh(trace: Trace, a: Any, lower: bool, own: Callable[..., Any] = linalg.eigh) -> Eigen:
    a = lift(trace, a)
    rows, columns = _one_matrix(a, "eigh")
    if rows != columns:
        raise linalg.LinAlgError(f"expected a square matrix, not shape {a.shape}")
    full: Any = np.tril(a) + np.tril(a, -1).T if lower else np.triu(a) + np.triu(a, 1).T
    own_values, own_vectors = own(_middle(trace, full))
    _apart(own_values, "eigenvalues")
    values, vectors = _jacobi(trace, full)
    order = np.argsort(_middle(trace, values))
    values, vectors = values[order], vectors[:, order]
    return Eigen(values, vectors * _signs(trace, vectors, own_vectors))


@implements(linalg.eigh)
@of_constants(linalg.eigh)
@_over_stack
def _numpy_eigh(trace: Trace, a: Any, UPLO: str = "L") -> Eigen:
    return _eigh(trace, a, UPLO.upper() == "L")


@implements(linalg.eigvalsh)
@of_constants(linalg.eigvalsh)
@_over_stack
def _numpy_eigvalsh(trace: Trace, a: Any, UPLO: str = "L") -> Any:
    return _eigh(trace, a, UPLO.upper() == "L").eigenvalues


@implements(linalg.svd)
@of_constants(linalg.svd)
@_over_stack
def _svd(trace: Trace, a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """As `np.linalg.svd`."""
    return _decomposed(trace, a, full_matrices, compute_uv, linalg.svd)


def _decomposed(trace: Trace, a: Any, full_matrices: bool, compute_uv: bool, own: Callable[..., Any]) -> Any:
    """By the eigenvalues of A^T A, whose loss of digits the balls' precision makes up for; signs are those of `own`."""
    a = lift(trace, a)
    rows, columns = _one_matrix(a, "svd")
    if compute_uv and full_matrices and rows != columns:
        raise Unsupported("np.linalg.svd with full_matrices=True has vectors that no derivative determines")
    wide = rows < columns
    tall = a.T if wide else a
    own_u, own_s, own_vh = own(_middle(trace, a), full_matrices=False)
    _apart(own_s, "singular values")
    squares, vectors = _jacobi(trace, matmul(trace, tall.T, tall))
    order = np.argsort(-_middle(trace, squares))
    values = np.sqrt(squares[order])
    if not compute_uv:
        return values
    right = vectors[:, order]
    right = right * _signs(trace, right, own_u if wide else own_vh.T)
    left = matmul(trace, tall, right) / values
    return Singular(right, values, left.T) if wide else Singular(left, values, right.T)


@implements(linalg.pinv)
@of_constants(linalg.pinv)
@_over_stack
def _pinv(trace: Trace, a: Any, *_: Any, **__: Any) -> Any:
    """(A^T A)^-1 A^T for full rank."""
    a = lift(trace, a)
    rows, columns = _one_matrix(a, "pinv")
    if linalg.matrix_rank(_middle(trace, a)) < min(rows, columns):
        raise Unsupported("np.linalg.pinv of a matrix of deficient rank is not continuous")
    solve = FUNCTIONS[linalg.solve]
    if rows >= columns:
        return solve(trace, matmul(trace, a.T, a), a.T)
    return solve(trace, matmul(trace, a, a.T), a).T


@implements(linalg.qr)
@of_constants(linalg.qr)
@_over_stack
def _qr(trace: Trace, a: Any, mode: str = "reduced") -> Any:
    """By the Cholesky factor of A^T A, with the signs of NumPy's own."""
    a = lift(trace, a)
    rows, columns = _one_matrix(a, "qr")
    if mode not in ("reduced", "r") or rows < columns:
        raise Unsupported(f"np.linalg.qr of shape {a.shape} with mode={mode!r} is not traced")
    upper = FUNCTIONS[linalg.cholesky](trace, matmul(trace, a.T, a)).T
    signs = np.sign(np.diag(linalg.qr(_middle(trace, a), mode="r")))
    upper = upper * signs[:, None]
    if mode == "r":
        return upper
    return Orthogonal(FUNCTIONS[linalg.solve](trace, upper.T, a.T).T, upper)


# -- scipy.linalg ----------------------------------------------------------------------------------------------------


def scipy_eigh(
    trace: Trace, a: Any, b: Any = None, *, lower: bool = True, eigvals_only: bool = False, **rest: Any
) -> Any:
    """As `scipy.linalg.eigh`, for the standard problem."""
    if b is not None or rest:
        raise Unsupported("scipy.linalg.eigh is traced for the standard problem and all eigenvalues only")
    import scipy.linalg

    found = _eigh(trace, a, lower, scipy.linalg.eigh)
    return found.eigenvalues if eigvals_only else tuple(found)


def scipy_svd(trace: Trace, a: Any, full_matrices: bool = True, compute_uv: bool = True, **_: Any) -> Any:
    """As `scipy.linalg.svd`."""
    import scipy.linalg

    found = _decomposed(trace, a, full_matrices, compute_uv, scipy.linalg.svd)
    return tuple(found) if compute_uv else found


def scipy_lu(trace: Trace, a: Any, permute_l: bool = False, **_: Any) -> Any:
    """As `scipy.linalg.lu`, for a square matrix: the pivots are SciPy's own."""
    import scipy.linalg

    a = lift(trace, a)
    rows, columns = _one_matrix(a, "lu")
    if rows != columns:
        raise Unsupported("scipy.linalg.lu of a matrix that is not square is not traced")
    permutation, _, _ = scipy.linalg.lu(_middle(trace, a))
    rest: Any = a[np.argmax(permutation, axis=0)]
    lower: list[Any] = []
    upper: list[Any] = []
    for k in range(rows):
        column = np.concatenate([np.zeros(k), np.ones(1), rest[1:, 0] / rest[0, 0]])
        lower.append(column)
        upper.append(np.concatenate([np.zeros(k), rest[0]]))
        rest = rest[1:, 1:] - (rest[1:, 0:1] / rest[0, 0]) * rest[0:1, 1:]
    left, right = np.stack(lower, axis=1), np.stack(upper)
    return (matmul(trace, permutation, left), right) if permute_l else (permutation, left, right)


def scipy_sqrtm(trace: Trace, a: Any, *ignored: Any, **options: Any) -> Any:
    """The principal square root by the Denman-Beavers iteration (Higham, "Functions of Matrices", 6.3)."""
    a = lift(trace, a)
    n, _ = _one_matrix(a, "sqrtm")
    values = linalg.eigvals(_middle(trace, a))
    if np.any((values.real <= 0) & (np.abs(values.imag) < CLOSE * np.abs(values))):
        raise Unsupported(
            "scipy.linalg.sqrtm is traced for matrices without eigenvalues on the negative real axis only"
        )
    inverse = FUNCTIONS[linalg.inv]
    root, other = a, lift(trace, np.eye(n))
    last = False
    for _ in range(MOST_STEPS):
        step = (root + inverse(trace, other)) / 2
        other = (other + inverse(trace, root)) / 2
        change = float(np.max(np.abs(_middle(trace, step - root))))
        root = step
        if last:
            return root
        last = change <= CONVERGED * float(np.max(np.abs(_middle(trace, root))))
    raise Unsupported("the iteration for the square root did not converge")


SCIPY: dict[str, Any] = {
    "eigh": scipy_eigh,
    "eigvalsh": lambda trace, a, **rest: scipy_eigh(trace, a, eigvals_only=True, **rest),
    "svd": scipy_svd,
    "svdvals": lambda trace, a, **_: _svd(trace, a, compute_uv=False),
    "lu": scipy_lu,
    "sqrtm": scipy_sqrtm,
    "pinv": _pinv,
}
"""Functions of scipy.linalg, by name (see `patched_numpy`)."""
