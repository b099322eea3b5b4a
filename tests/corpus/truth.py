"""Forty-digit truth for the labels, in mpmath alone.

A `Reference` is the function once more, written for object arrays of `mpf`; its derivatives come from central
differences at 60 digits with a step of 1e-20, so truncation and rounding both stay near 1e-40 at unit scale. A
`ClosedForm` is a derivative written by hand in the same numbers, for functions too large to difference, and always by
another road than the derivative under test. `LabelledByIntent` is for what no number can settle: kinks (a set of
admissible answers) and broken contracts (two calls that show it).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf

DIGITS = 60
STEP = mpf(10) ** -20

mpmath.mp.dps = DIGITS


def _each(function: Callable[..., Any], arity: int = 1) -> Callable[..., Any]:
    return np.frompyfunc(function, arity, 1)


exp, log, sqrt = _each(mpmath.exp), _each(mpmath.log), _each(mpmath.sqrt)
sin, cos, tanh, cosh = _each(mpmath.sin), _each(mpmath.cos), _each(mpmath.tanh), _each(mpmath.cosh)
arctan2, arcsin = _each(mpmath.atan2, 2), _each(mpmath.asin)
log1p, expm1, erf, absolute = _each(mpmath.log1p), _each(mpmath.expm1), _each(mpmath.erf), _each(abs)
floor, sign = _each(mpmath.floor), _each(mpmath.sign)
power = _each(mpmath.power, 2)
maximum, minimum = _each(max, 2), _each(min, 2)
sigmoid = _each(lambda x: 1 / (1 + mpmath.exp(-x)))
relu = _each(lambda x: max(x, mpf(0)))
pi = mpmath.pi
_exact = _each(lambda v: mpf(float(v)))
_exact_complex = _each(lambda v: mpmath.mpc(float(v.real), float(v.imag)))
conj, real, imag = _each(mpmath.conj), _each(lambda v: mpmath.mpc(v).real), _each(lambda v: mpmath.mpc(v).imag)


def logsumexp(x: np.ndarray, axis: int | None = None) -> Any:
    """log(sum(exp(x))), unshifted: sixty digits and mpmath's exponent range need no shift."""
    return log(exp(x).sum(axis=axis))


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """exp(x) over its sum along `axis`."""
    e = exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A^-1 b by mpmath's LU; b has shape (n,) or (n, k)."""
    columns = b.reshape(len(b), -1)
    answers = [mpmath.lu_solve(mpmath.matrix(A.tolist()), mpmath.matrix(c.tolist())) for c in columns.T]
    return np.array([[a[i] for a in answers] for i in range(len(b))], dtype=object).reshape(b.shape)


def det(A: np.ndarray) -> Any:
    """Determinant by mpmath's LU."""
    return mpmath.det(mpmath.matrix(A.tolist()))


def inverse(A: np.ndarray) -> np.ndarray:
    """Inverse, column by column."""
    return solve(A, lift(np.eye(len(A))))


def as_matrix(A: np.ndarray) -> Any:
    """An object array as mpmath's matrix."""
    return mpmath.matrix(A.tolist())


def as_array(M: Any) -> np.ndarray:
    """mpmath's matrix as an object array of two axes."""
    return np.array([[M[i, j] for j in range(M.cols)] for i in range(M.rows)], dtype=object)


def expm(A: np.ndarray) -> np.ndarray:
    """The matrix exponential by mpmath, real or complex."""
    return as_array(mpmath.expm(as_matrix(A), method="taylor"))


def cholesky(A: np.ndarray) -> np.ndarray:
    """The lower factor of a real or Hermitian matrix, of whose entries those below the diagonal alone are read."""
    n = len(A)
    L = np.full((n, n), mpf(0), dtype=object)
    for j in range(n):
        L[j, j] = mpmath.sqrt(A[j, j] - sum((abs(v) ** 2 for v in L[j, :j]), mpf(0)))
        for i in range(j + 1, n):
            before = sum((L[i, k] * mpmath.conj(L[j, k]) for k in range(j)), mpf(0))
            L[i, j] = (A[i, j] - before) / L[j, j]
    return L


def lift(array: Any) -> Any:
    """Every float as the `mpf` (complex: `mpc`) of exactly its value; integer arrays stay as they are."""
    array = np.asarray(array)
    if array.dtype.kind in "iub" or array.dtype == object:
        return array
    return np.asarray((_exact_complex if array.dtype.kind == "c" else _exact)(array), dtype=object)


@dataclass(frozen=True)
class Hull:
    """Admissible answers at a kink: a box per entry and, where the branches are coupled, the sum that they share."""

    low: Any
    high: Any
    total: float | None = None

    def holds(self, answer: np.ndarray) -> bool:
        """Whether the answer lies in the set, up to a few units of roundoff."""
        answer = np.asarray(answer, dtype=float)
        slack = 1e-12
        inside = np.all(answer >= np.asarray(self.low) - slack) and np.all(answer <= np.asarray(self.high) + slack)
        return bool(inside and (self.total is None or abs(answer.sum() - self.total) <= slack))


@dataclass(frozen=True)
class Reference:
    """`f` in mpmath: object arrays in; a number, an object array or a tuple of them out.

    `at` holds further inputs at which the label shows, for mistakes that the item's own point hides: a wrong item
    must miss somewhere, a right one must agree everywhere.
    """

    value: Callable[..., Any]
    at: tuple[tuple[np.ndarray, ...], ...] = ()


@dataclass(frozen=True)
class ClosedForm:
    """The gradient of <cotangent, f> in mpmath: `gradient(cotangent, *inputs)`, a tuple of object arrays."""

    gradient: Callable[..., tuple[Any, ...]]
    at: tuple[tuple[np.ndarray, ...], ...] = ()


@dataclass(frozen=True)
class LabelledByIntent:
    """A label that numbers at one point cannot carry: kinks by their hulls (one per input), contracts by `shows`.

    `shows(item)` performs the calls that exhibit the violation and answers whether it was seen.
    """

    reason: str
    hulls: tuple[Hull, ...] = ()
    shows: Callable[[Any], bool] | None = None


Truth = Reference | ClosedForm | LabelledByIntent


def flat(output: Any) -> np.ndarray:
    """All numbers of an output (a number, an array or a tuple of them) as one object vector of `mpf`."""
    parts = output if isinstance(output, tuple) else (output,)
    pieces = [np.ravel(lift(p)) for p in parts]
    return np.concatenate(pieces) if pieces else np.empty(0, dtype=object)


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Inner product in mpf, exact enough to count as exact."""
    return mpmath.fdot(zip(a, b, strict=True))


def directional(value: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any | None]) -> np.ndarray:
    """d/dt of every output number along the tangents (None: that input stays), as one object vector."""

    def moved(t: Any) -> np.ndarray:
        return flat(value(*[x if v is None else x + v * t for x, v in zip(inputs, tangents, strict=True)]))

    step = STEP * _reach(inputs, tangents)
    return (moved(step) - moved(-step)) / (2 * step)


def _reach(inputs: Sequence[Any], tangents: Sequence[Any | None]) -> Any:
    """The size of the inputs that move, at most 1: steps must stay short beside inputs of 1e-150."""
    sizes = [abs(x) for array, v in zip(inputs, tangents, strict=True) if v is not None for x in np.ravel(array)]
    largest = max(sizes, default=mpf(0))
    return min(largest, mpf(1)) or mpf(1)


def inverse_exact(A: np.ndarray) -> np.ndarray:
    """Inverse by Gauss-Jordan with the largest pivot, for matrices that LU calls singular although digits remain."""
    n = len(A)
    rows = [[*map(mpf, A[i]), *[mpf(i == j) for j in range(n)]] for i in range(n)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [v - rows[i][k] * w for v, w in zip(rows[i], rows[k], strict=True)]
    return np.array([row[n:] for row in rows], dtype=object)
