"""np.linalg on traced arrays, by textbook elimination recorded step by step (Golub & Van Loan, chapters 3 and 4).

The solution does not depend on the pivots, so choosing them by size needs no fork. One step works on whole rows: an
n x n system takes a few n nodes.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.handlers.contraction import matmul
from gradcheck.tracing.handlers.extremes import maximum_of, minimum_of, normalize_axes
from gradcheck.tracing.lifting import lift
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS, implements
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import Traced

linalg = np.linalg
TERMS = 32
"""Degree of the Taylor polynomial of a matrix exponential."""


def _square(a: Any) -> int:
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise linalg.LinAlgError(f"expected square matrices, not shape {a.shape}")
    return int(a.shape[-1])


def _pages(trace: Trace, function: Callable[..., Any], *arrays: Any) -> Any:
    """Apply a function of single matrices to stacks of them."""
    lead = np.broadcast_shapes(*(a.shape[:-2] for a in arrays))
    if not lead:
        return function(trace, *arrays)
    stacks = [np.broadcast_to(a, lead + a.shape[-2:]).reshape(-1, *a.shape[-2:]) for a in arrays]
    pages: Any = [function(trace, *page) for page in zip(*stacks, strict=True)]
    stacked = np.stack(pages)
    return stacked.reshape(lead + stacked.shape[1:])


def _size(trace: Trace, x: Traced) -> Array:
    return np.abs(trace.balls.midpoint(trace.values[x.slot]))


def _solve_page(trace: Trace, a: Any, b: Any) -> Any:
    """Forward elimination, then back substitution."""
    n = _square(a)
    rest: Any = np.concatenate([a, b], axis=1)
    upper: list[Any] = []
    for k in range(n):
        best = int(np.argmax(_size(trace, rest[:, 0])))
        if best:
            order = np.arange(n - k)
            order[[0, best]] = order[[best, 0]]
            rest = rest[order]
        upper.append(rest[0])
        if k < n - 1:
            factors = rest[1:, 0:1] / rest[0, 0]
            rest = rest[1:, 1:] - factors * rest[0, 1:]
    solution: Any = None
    for k in range(n - 1, -1, -1):
        row = upper[k]
        known = row[n - k :]
        if solution is not None:
            known = known - matmul(trace, row[None, 1 : n - k], solution)[0]
        line = (known / row[0])[None, :]
        solution = line if solution is None else np.concatenate([line, solution])
    return solution


@implements(linalg.solve)
def _solve(trace: Trace, a: Any, b: Any) -> Any:
    a, b = lift(trace, a), lift(trace, b)
    n = _square(a)
    vector = b.ndim == 1
    right = b[:, None] if vector else b
    if right.shape[-2] != n:
        raise linalg.LinAlgError(f"solve: {a.shape} and {b.shape} do not fit")
    value = _pages(trace, _solve_page, a, right)
    return value[..., 0] if vector else value


@implements(linalg.inv)
def _inv(trace: Trace, a: Any) -> Any:
    a = lift(trace, a)
    return _solve(trace, a, np.eye(_square(a)))


def _pivots(trace: Trace, a: Any) -> tuple[Any, float]:
    """The pivots of Gaussian elimination, and the sign of its row exchanges."""
    rest, pivots, sign = a, [], 1.0
    for k in range(_square(a)):
        best = int(np.argmax(_size(trace, rest[:, 0])))
        if best:
            order = np.arange(rest.shape[0])
            order[[0, best]] = order[[best, 0]]
            rest, sign = rest[order], -sign
        pivots.append(rest[0, 0])
        if k < a.shape[0] - 1:
            rest = rest[1:, 1:] - (rest[1:, 0:1] / rest[0, 0]) * rest[0, 1:]
    return np.stack(pivots), sign


def _det_page(trace: Trace, a: Any) -> Any:
    if a.shape[0] <= 3:  # Laplace expansion, which also holds for singular matrices
        if a.shape[0] == 1:
            return a[0, 0]
        minors = [
            [[r for r in range(a.shape[0]) if r != 0], [c for c in range(a.shape[0]) if c != k]]
            for k in range(a.shape[0])
        ]
        terms = [a[0, k] * _det_page(trace, a[np.ix_(*minor)]) for k, minor in enumerate(minors)]
        return sum((-t if k % 2 else t) for k, t in enumerate(terms[1:], 1)) + terms[0]
    pivots, sign = _pivots(trace, a)
    return np.prod(pivots) * sign


@implements(linalg.det)
def _det(trace: Trace, a: Any) -> Any:
    a = lift(trace, a)
    _square(a)
    return _pages(trace, _det_page, a)


@implements(linalg.slogdet)
def _slogdet(trace: Trace, a: Any) -> Any:
    from numpy.linalg import slogdet

    a = lift(trace, a)
    _square(a)
    if a.ndim > 2:
        parts = [_slogdet(trace, page) for page in a.reshape(-1, *a.shape[-2:])]
        signs: Any = np.array([float(p[0]) for p in parts]).reshape(a.shape[:-2])
        logs: Any = np.stack([p[1] for p in parts]).reshape(a.shape[:-2])
    else:
        pivots, exchanged = _pivots(trace, a)
        signs = np.prod(np.sign(trace.balls.midpoint(trace.values[pivots.slot]))) * exchanged
        logs = np.sum(np.log(UFUNCS["absolute"](trace, pivots)))
    example = slogdet(np.eye(1))
    return type(example)(signs, logs) if hasattr(example, "_fields") else (signs, logs)


def _cholesky_page(trace: Trace, a: Any) -> Any:
    n = _square(a)
    rest, columns = a, []
    for k in range(n):
        pivot = np.sqrt(rest[0, 0])
        column = np.concatenate([pivot[None], rest[1:, 0] / pivot])
        columns.append(np.concatenate([np.zeros(k), column]))
        rest = rest[1:, 1:] - column[1:, None] * column[None, 1:]
    if not np.all(np.isfinite(trace.balls.midpoint(trace.values[lift(trace, columns[-1]).slot]))):
        raise linalg.LinAlgError("the matrix is not positive definite")
    return np.stack(columns, axis=1)


@implements(linalg.cholesky)
def _cholesky(trace: Trace, a: Any, /, *, upper: bool = False) -> Any:
    """As in NumPy, only one triangle of `a` is read."""
    a = lift(trace, a)
    if upper:
        return np.swapaxes(_pages(trace, _cholesky_page, np.swapaxes(a, -1, -2)), -1, -2)
    return _pages(trace, _cholesky_page, a)


@implements(linalg.norm)
def _norm(trace: Trace, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    x = lift(trace, x)
    axes = normalize_axes(axis, x.ndim)
    if ord is None and axis is None:
        ord = 2  # noqa: A001 (the 2-norm of all entries)
    elif len(axes) == 2 and ord in (None, "fro"):
        ord = 2  # noqa: A001
    elif len(axes) != 1:
        return _matrix_norm(trace, x, ord, axes, keepdims)
    size: Any = UFUNCS["absolute"]
    if ord in (None, 2, "fro"):
        return np.sqrt(np.sum(x * x, axis=axes, keepdims=keepdims))
    if ord == np.inf:
        return maximum_of(trace, size(trace, x), axes, keepdims=keepdims)
    if ord == -np.inf:
        return minimum_of(trace, size(trace, x), axes, keepdims=keepdims)
    if ord == 0:
        return np.sum(np.not_equal(x, 0), axis=axes, keepdims=keepdims).astype(float)
    if ord == 1:
        return np.sum(size(trace, x), axis=axes, keepdims=keepdims)
    return np.sum(size(trace, x) ** ord, axis=axes, keepdims=keepdims) ** (1.0 / ord)


def _matrix_norm(trace: Trace, x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:  # noqa: A002
    if len(axes) == 2 and ord in (2, -2, "nuc"):
        singular = FUNCTIONS[linalg.svd](trace, np.moveaxis(x, axes, (-2, -1)), compute_uv=False)
        value = np.sum(singular, axis=-1) if ord == "nuc" else singular[..., 0 if ord == 2 else -1]
        return np.expand_dims(value, axes) if keepdims else value
    if len(axes) != 2 or ord not in (1, -1, np.inf, -np.inf):
        raise Unsupported(f"np.linalg.norm with ord={ord!r} of shape {x.shape} is not traced")
    along, across = axes if ord in (1, -1) else axes[::-1]
    sums = np.sum(UFUNCS["absolute"](trace, x), axis=along, keepdims=True)
    extreme = maximum_of if ord > 0 else minimum_of
    value = extreme(trace, sums, across, keepdims=True)
    return value if keepdims else np.squeeze(value, axes)


def scipy_expm(trace: Trace, a: Any) -> Any:
    """exp(A) by scaling, a Taylor polynomial and squaring (Higham, "Functions of Matrices", 10.3).

    For |A| / 2^s <= 1/4 the first term left out, of degree 33, is below 2^-66 / 33! < 2^-188 of the result.
    """
    a = lift(trace, a)
    _square(a)
    return _pages(trace, _expm_page, a)


def _expm_page(trace: Trace, a: Any) -> Any:
    n = _square(a)
    size = float(np.max(np.sum(_size(trace, a), axis=0), initial=0.0))
    halvings = max(0, int(np.ceil(np.log2(4 * size)))) if size else 0
    scaled = a / 2.0**halvings
    value: Any = np.eye(n)
    for k in range(TERMS, 0, -1):
        value = np.eye(n) + matmul(trace, scaled, value) / float(k)
    for _ in range(halvings):
        value = matmul(trace, value, value)
    return value


@implements(linalg.matrix_power)
def _matrix_power(trace: Trace, a: Any, n: int) -> Any:
    a = lift(trace, a)
    if n < 0:
        a, n = _inv(trace, a), -n
    value: Any = np.broadcast_to(lift(trace, np.eye(_square(a))), a.shape)
    for _ in range(n):
        value = matmul(trace, value, a)
    return value


@implements(linalg.multi_dot)
def _multi_dot(trace: Trace, arrays: Any, *, out: Any = None) -> Any:
    value = arrays[0]
    for factor in arrays[1:]:
        value = np.dot(value, factor)
    return value


def _alias(name: str, function: Any) -> None:
    """np.linalg's copies of functions of np (NumPy 2)."""
    if hasattr(linalg, name):
        handler = FUNCTIONS[function] if function in FUNCTIONS else UFUNCS[function.__name__]
        FUNCTIONS[getattr(linalg, name)] = handler


_alias("outer", np.outer)
_alias("tensordot", np.tensordot)
_alias("matmul", np.matmul)
if hasattr(linalg, "trace"):
    FUNCTIONS[linalg.trace] = lambda trace, x, /, *, offset=0, dtype=None: FUNCTIONS[np.trace](trace, x, offset, -2, -1)
if hasattr(linalg, "diagonal"):
    FUNCTIONS[linalg.diagonal] = lambda trace, x, /, *, offset=0: np.diagonal(x, offset, -2, -1)
if hasattr(linalg, "vector_norm"):

    @implements(linalg.vector_norm)
    def _vector_norm(
        trace: Trace,
        x: Any,
        /,
        *,
        axis: Any = None,
        keepdims: bool = False,
        ord: Any = 2,  # noqa: A002
    ) -> Any:
        x = lift(trace, x)
        if axis is None:
            return _norm(trace, x.ravel(), ord)
        return _norm(trace, x, ord, axis, keepdims)


# -- scipy.linalg, whose functions are no ufuncs and no array functions (see `patched_numpy`) -----------------------


def scipy_solve(trace: Trace, a: Any, b: Any, lower: bool = False, *_: Any, **rest: Any) -> Any:
    """As in SciPy; of a matrix declared symmetric one triangle is read."""
    a = lift(trace, a)
    if rest.get("transposed"):
        a = np.swapaxes(a, -1, -2)
    kind = rest.get("assume_a") or "general"
    if kind not in _ASSUMED:
        raise Unsupported(f"scipy.linalg.solve with assume_a={kind!r} is not traced")
    if _ASSUMED[kind]:
        triangle = np.tril(a) if lower else np.triu(a)
        strict = np.tril(a, -1) if lower else np.triu(a, 1)
        a = triangle + np.swapaxes(strict, -1, -2)
    return _solve(trace, a, b)


_ASSUMED = {
    **dict.fromkeys(("general", "gen"), False),
    **dict.fromkeys(("symmetric", "sym", "hermitian", "her", "positive definite", "pos"), True),
}
"""Kinds of matrices that scipy.linalg.solve can be told, and whether it reads one triangle of them."""


def scipy_cholesky(trace: Trace, a: Any, lower: bool = False, *_: Any, **__: Any) -> Any:
    """As in SciPy, the upper factor unless `lower`, read from the same triangle of `a`."""
    return _cholesky(trace, a, upper=not lower)


def scipy_solve_triangular(
    trace: Trace, a: Any, b: Any, trans: Any = 0, lower: bool = False, *_: Any, **rest: Any
) -> Any:
    """Solve a triangular system; only one triangle of `a` is read."""
    a = lift(trace, a)
    triangle = np.tril(a) if lower else np.triu(a)
    if rest.get("unit_diagonal"):
        raise Unsupported("scipy.linalg.solve_triangular with unit_diagonal")
    return _solve(trace, triangle.T if trans in (1, 2, "T", "C") else triangle, b)


def scipy_cho_factor(trace: Trace, a: Any, lower: bool = False, *_: Any, **__: Any) -> Any:
    """The pair (factor, lower), as in SciPy."""
    return scipy_cholesky(trace, a, lower), lower


def scipy_cho_solve(trace: Trace, c_and_lower: Any, b: Any, *_: Any, **__: Any) -> Any:
    """Solve a system with the factor of `scipy_cho_factor`, by two triangular systems."""
    factor, lower = c_and_lower
    first = scipy_solve_triangular(trace, factor, b, 0 if lower else 1, lower)
    return scipy_solve_triangular(trace, factor, first, 1 if lower else 0, lower)
