"""Products of matrices and tensors: matmul, dot, einsum and their relatives, reduced to batched matrix products."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.lifting import lift, operand, result
from gradcheck.tracing.registry import FUNCTIONS, UFUNCS, implements, numpy_functions, ufunc
from gradcheck.tracing.trace import Trace, positions
from gradcheck.tracing.traced import Traced, is_traced


def matmul(trace: Trace, x: Any, y: Any) -> Any:
    """As `np.matmul`; ValueError for a scalar operand or shapes that do not fit."""
    a: Any = lift(trace, x)
    b: Any = lift(trace, y)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("matmul: an operand is a scalar; use * instead")
    left = a[None, :] if a.ndim == 1 else a
    right = b[:, None] if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"matmul: {a.shape} and {b.shape} do not fit: {left.shape[-1]} is not {right.shape[-2]}")
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    pair: Any = (np.broadcast_to(left, batch + left.shape[-2:]), np.broadcast_to(right, batch + right.shape[-2:]))
    value: Any = result(trace, "matmul", pair)
    if a.ndim == 1:
        value = value[..., 0, :]
    return value[..., 0] if b.ndim == 1 else value


UFUNCS["matmul"] = matmul


def _dot(trace: Trace, a: Any, b: Any, out: Any = None) -> Any:
    x, y = lift(trace, a), lift(trace, b)
    value: Any
    if x.ndim == 0 or y.ndim == 0:
        value = UFUNCS["multiply"](trace, x, y)
    elif y.ndim <= 2 and x.ndim <= 2:
        value = matmul(trace, x, y)
    else:
        value = _tensordot(trace, x, y, ((x.ndim - 1,), (max(y.ndim - 2, 0),)))
    if out is not None:
        if not is_traced(out):
            raise trace.refuse("np.dot was to write a traced result into a plain buffer with out=")
        out[...] = value
        return out
    return value


FUNCTIONS[np.dot] = _dot


def _inner(trace: Trace, a: Any, b: Any) -> Any:
    x, y = lift(trace, a), lift(trace, b)
    if x.ndim == 0 or y.ndim == 0:
        return UFUNCS["multiply"](trace, x, y)
    return _tensordot(trace, x, y, ((x.ndim - 1,), (y.ndim - 1,)))


FUNCTIONS[np.inner] = _inner


@implements(np.vdot)
def _vdot(trace: Trace, a: Any, b: Any) -> Any:
    return _dot(trace, lift(trace, a).ravel(), lift(trace, b).ravel())


@ufunc("vecdot")
def _vecdot(trace: Trace, a: Any, b: Any) -> Any:
    return np.sum(UFUNCS["multiply"](trace, lift(trace, a), lift(trace, b)), axis=-1)


@ufunc("matvec")
def _matvec(trace: Trace, a: Any, b: Any) -> Any:
    return matmul(trace, lift(trace, a), lift(trace, b)[..., None])[..., 0]


@ufunc("vecmat")
def _vecmat(trace: Trace, a: Any, b: Any) -> Any:
    return matmul(trace, lift(trace, a)[..., None, :], lift(trace, b))[..., 0, :]


@implements(*numpy_functions("vecdot", np.linalg))
def _linalg_vecdot(trace: Trace, x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.sum(UFUNCS["multiply"](trace, lift(trace, x1), lift(trace, x2)), axis=axis)


@implements(np.outer)
def _outer(trace: Trace, a: Any, b: Any, out: Any = None) -> Any:
    return UFUNCS["multiply"](trace, lift(trace, a).ravel()[:, None], lift(trace, b).ravel()[None, :])


@implements(np.tensordot)
def _tensordot(trace: Trace, a: Any, b: Any, axes: Any = 2) -> Any:
    x: Any = lift(trace, a)
    y: Any = lift(trace, b)
    if np.ndim(axes) == 0:
        of_x, of_y = list(range(x.ndim - int(axes), x.ndim)), list(range(int(axes)))
    else:
        of_x, of_y = (np.atleast_1d(side).tolist() for side in axes)
    of_x, of_y = [k % x.ndim for k in of_x], [k % y.ndim for k in of_y]
    free_x = [k for k in range(x.ndim) if k not in of_x]
    free_y = [k for k in range(y.ndim) if k not in of_y]
    shared = math.prod(x.shape[k] for k in of_x)
    left = x.transpose([*free_x, *of_x]).reshape(-1, shared) if x.size else x.reshape(0, shared)
    right = y.transpose([*of_y, *free_y]).reshape(shared, -1) if y.size else y.reshape(shared, 0)
    shape = [x.shape[k] for k in free_x] + [y.shape[k] for k in free_y]
    return matmul(trace, left, right).reshape(shape)


@implements(np.kron)
def _kron(trace: Trace, a: Any, b: Any) -> Any:
    x: Any = np.atleast_2d(lift(trace, a))
    y: Any = np.atleast_2d(lift(trace, b))
    blocks = x[:, None, :, None] * y[None, :, None, :]
    value = blocks.reshape(x.shape[0] * y.shape[0], x.shape[1] * y.shape[1])
    return value.ravel() if max(np.ndim(a), np.ndim(b)) == 1 else value


@implements(np.trace)
def _trace(
    trace: Trace, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    return np.sum(np.diagonal(lift(trace, a), offset, axis1, axis2), axis=-1)


@implements(np.cross)
def _cross(trace: Trace, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    x: Any = np.moveaxis(operand(trace, a), axisa, -1)
    y: Any = np.moveaxis(operand(trace, b), axisb, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise Unsupported("np.cross of vectors that do not have 3 components")
    i, j, k = ([1, 2, 0], [2, 0, 1], -1)
    return np.moveaxis(x[..., i] * y[..., j] - x[..., j] * y[..., i], -1, axisc if axisc is not None else k)


# -- convolution -----------------------------------------------------------------------------------------------------


@implements(np.convolve)
def _convolve(trace: Trace, a: Any, v: Any, mode: str = "full") -> Any:
    x: Any = lift(trace, a)
    kernel: Any = lift(trace, v)
    if kernel.size > x.size:
        x, kernel = kernel, x
    n, m = x.size, kernel.size
    offset = np.arange(n + m - 1)[:, None] - np.arange(m)[None, :]
    index = np.where((offset >= 0) & (offset < n), offset, -1)
    shifted = Traced(trace, trace.gather((x.slot,), index, x.dtype), dtype=x.dtype)
    full = matmul(trace, shifted, kernel)
    if mode == "full":
        return full
    if mode == "same":
        start = (m - 1) // 2
        return full[start : start + n]
    if mode == "valid":
        return full[m - 1 : n]
    raise ValueError(f"mode must be 'full', 'same' or 'valid', not {mode!r}")


@implements(np.correlate)
def _correlate(trace: Trace, a: Any, v: Any, mode: str = "valid") -> Any:
    x, kernel = lift(trace, a), lift(trace, v)
    if kernel.size > x.size:
        raise Unsupported("np.correlate with a second array longer than the first")
    flipped = kernel[::-1]
    if mode != "same":
        return _convolve(trace, x, flipped, mode)
    full = _convolve(trace, x, flipped, "full")
    start = kernel.size // 2  # np.correlate centres an even kernel one further than np.convolve
    return full[start : start + x.size] if kernel.size % 2 == 0 else full[(kernel.size - 1) // 2 :][: x.size]


# -- einsum -----------------------------------------------------------------------------------------------------------


Term = tuple[Any, list[Any]]
"""A traced array and a label per axis."""


def _letters(specification: str, operands: Sequence[Any]) -> tuple[list[list[Any]], list[Any]]:
    """Labels of each operand and of the output; the axes under an ellipsis are labelled by whole numbers."""
    specification = specification.replace(" ", "")
    sources, arrow, target = specification.partition("->")
    terms = sources.split(",")
    if len(terms) != len(operands):
        raise ValueError(f"einsum: {specification!r} names {len(terms)} operands, {len(operands)} were given")
    widest = 0
    labelled: list[list[Any]] = []
    for term, array in zip(terms, operands, strict=True):
        left, dots, right = term.partition("...")
        hidden = array.ndim - len(left) - len(right) if dots else 0
        widest = max(widest, hidden)
        labelled.append([*left, *range(-hidden, 0), *right])
        if len(labelled[-1]) != array.ndim:
            raise ValueError(f"einsum: {term!r} does not fit an array of shape {array.shape}")
    if arrow:
        left, dots, right = target.partition("...")
        return labelled, [*left, *(range(-widest, 0) if dots else ()), *right]
    every = [label for labels in labelled for label in labels]
    once = sorted(label for label in set(every) if isinstance(label, str) and every.count(label) == 1)
    return labelled, [*range(-widest, 0), *once]


@implements(np.einsum)
def _einsum(trace: Trace, *args: Any, out: Any = None, optimize: Any = False, **_: Any) -> Any:
    if not args or not isinstance(args[0], str):
        raise Unsupported("np.einsum with lists of axes; write the subscripts as a string")
    operands = [lift(trace, x) for x in args[1:]]
    labelled, output = _letters(args[0], operands)
    terms = [_diagonal(trace, x, labels) for x, labels in zip(operands, labelled, strict=True)]
    while len(terms) > 1:
        first, second, *rest = terms
        needed = {*output, *(label for _, labels in rest for label in labels)}
        terms = [_contract(trace, first, second, needed), *rest]
    value, labels = _only(*terms[0], set(output))
    value = np.transpose(value, [labels.index(label) for label in output])
    if out is not None:
        out[...] = value
        return out
    return value


def _diagonal(trace: Trace, x: Traced, labels: list[Any]) -> tuple[Any, list[Any]]:
    """Repeated labels of one operand mean its diagonal."""
    distinct = list(dict.fromkeys(labels))
    if len(distinct) == len(labels):
        return x, labels
    local = positions(x.shape)
    picked = np.einsum(local, [distinct.index(label) for label in labels], list(range(len(distinct))))
    return Traced(trace, trace.gather((x.slot,), picked, x.dtype), dtype=x.dtype, scalar=False), distinct


def _only(x: Any, labels: list[Any], needed: set[Any]) -> tuple[Any, list[Any]]:
    """Sum over the axes that are not needed any more."""
    dropped = tuple(axis for axis, label in enumerate(labels) if label not in needed)
    return (np.sum(x, axis=dropped) if dropped else x), [label for label in labels if label in needed]


def _contract(trace: Trace, first: Term, second: Term, needed: set[Any]) -> tuple[Any, list[Any]]:
    """Multiply two labelled arrays and sum over what is not needed afterwards."""
    a, of_a = _only(*first, needed | set(second[1]))
    b, of_b = _only(*second, needed | set(of_a))
    sizes = dict(zip(of_a, a.shape, strict=True))
    for label, size in zip(of_b, b.shape, strict=True):
        sizes[label] = max(sizes.get(label, 1), size)
    shared = [label for label in of_a if label in of_b]
    summed = [label for label in shared if label not in needed]
    batch = [label for label in shared if label in needed]
    free_a = [label for label in of_a if label not in of_b]
    free_b = [label for label in of_b if label not in of_a]
    a = _arranged(a, of_a, [*batch, *free_a, *summed], sizes)
    b = _arranged(b, of_b, [*batch, *summed, *free_b], sizes)
    lead = [sizes[label] for label in batch]
    rows, columns, inner = (math.prod(sizes[label] for label in group) for group in (free_a, free_b, summed))
    left, right = a.reshape(*lead, rows, inner), b.reshape(*lead, inner, columns)
    if summed and rows * columns > 1:
        product = matmul(trace, left, right)
    else:
        product = np.sum(left[..., :, :, None] * right[..., None, :, :], axis=-2)
    out = [*batch, *free_a, *free_b]
    return product.reshape([sizes[label] for label in out]), out


def _arranged(x: Any, labels: list[Any], wanted: list[Any], sizes: dict[Any, int]) -> Any:
    """Transpose to the wanted order, and stretch axes of length 1."""
    moved = np.transpose(x, [labels.index(label) for label in wanted])
    return np.broadcast_to(moved, [sizes[label] for label in wanted])
