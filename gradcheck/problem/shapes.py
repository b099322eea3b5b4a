"""Shape rules of the ops. Each takes the arguments' shapes and the op's attributes, and returns the result's shape.

A mismatch raises ValueError with one sentence that names both shapes; the graph adds the node.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradcheck.problem.reading import brief

Shape = tuple[int, ...]

MOST_AXES = 32
"""Maximum number of axes of an array; every supported NumPy allows it."""

MOST_ENTRIES = 50_000_000
"""Maximum number of entries of all nodes of a graph together: 400 MB in float64.

A length of 0 counts as 1, because NumPy refuses (0, 10**30), too.
"""


def elementwise(*shapes: Shape, **_: Any) -> Shape:
    """The shape that NumPy's broadcasting gives."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"shapes {_list(shapes)} do not broadcast against each other") from None


def reduction(shape: Shape, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Shape:
    """The reduced axes disappear, or stay with length 1 where `keepdims`."""
    axes = range(len(shape)) if axis is None else [_axis(a, shape) for a in axes_of(axis)]
    if len(set(axes)) < len(axes):
        raise ValueError(f"axis {axis} names an axis of shape {shape} twice")
    if any(shape[a] == 0 for a in axes):
        raise ValueError(f"cannot reduce over an axis of length 0 in shape {shape}")
    if keepdims:
        return tuple(1 if a in axes else n for a, n in enumerate(shape))
    return tuple(n for a, n in enumerate(shape) if a not in axes)


def along_axis(shape: Shape, axis: int = -1) -> Shape:
    """The shape itself, once the axis is known to exist."""
    _axis(axis, shape)
    return shape


def cross_entropy(logits: Shape, targets: Shape, axis: int = -1) -> Shape:
    """Logits and targets of one shape; the class axis disappears."""
    if logits != targets:
        raise ValueError(f"logits of shape {logits} and targets of shape {targets} must have the same shape")
    return reduction(logits, axis=_axis(axis, logits))


def matmul(left: Shape, right: Shape) -> Shape:
    """NumPy's matmul: vectors are promoted, leading axes broadcast."""
    if not left or not right:
        raise ValueError(f"matmul needs arrays with at least one axis, not shapes {_list((left, right))}")
    a = (1, *left) if len(left) == 1 else left
    b = (*right, 1) if len(right) == 1 else right
    if a[-1] != b[-2]:
        raise ValueError(f"shapes {_list((left, right))} do not multiply: inner lengths {a[-1]} and {b[-2]} differ")
    batch = elementwise(a[:-2], b[:-2])
    rows = () if len(left) == 1 else (a[-2],)
    columns = () if len(right) == 1 else (b[-1],)
    return (*batch, *rows, *columns)


def transpose(shape: Shape, axes: tuple[int, ...] | None = None) -> Shape:
    """Axes reversed, or permuted as `axes` says."""
    if axes is None:
        return shape[::-1]
    if sorted(_axis(a, shape) for a in axes) != list(range(len(shape))):
        raise ValueError(f"axes {tuple(axes)} are no permutation of the axes of shape {shape}")
    return tuple(shape[a] for a in axes)


def reshape(old: Shape, shape: Shape) -> Shape:
    """The new shape, which must hold the same number of entries; -1 is not allowed."""
    new = lengths(shape)
    if math.prod(old) != math.prod(new):
        raise ValueError(f"cannot reshape {old} ({math.prod(old)} entries) to {new}")
    return new


def broadcast_to(old: Shape, shape: Shape) -> Shape:
    """The new shape, to which the old one must broadcast."""
    new = lengths(shape)
    if elementwise(old, new) != new:
        raise ValueError(f"shape {old} does not broadcast to {new}")
    return new


def concatenate(*shapes: Shape, axis: int = 0) -> Shape:
    """Lengths along `axis` add up; all others agree."""
    at = _axis(axis, shapes[0])
    others = {s[:at] + s[at + 1 :] for s in shapes if len(s) == len(shapes[0])}
    if len(others) != 1 or any(len(s) != len(shapes[0]) for s in shapes):
        raise ValueError(f"shapes {_list(shapes)} cannot be joined along axis {axis}")
    return (*shapes[0][:at], sum(s[at] for s in shapes), *shapes[0][at + 1 :])


def take(shape: Shape, indices: Any, axis: int = 0) -> Shape:
    """The indexed axis is replaced by the shape of `indices`."""
    at = _axis(axis, shape)
    index = _array(indices, "indices")
    if index.dtype.kind not in "iu" or not index.size or index.min() < 0 or index.max() >= shape[at]:
        raise ValueError(
            f"indices must be whole numbers from 0 to {shape[at] - 1}, at least one, for axis {axis} of shape {shape}"
        )
    return (*shape[:at], *index.shape, *shape[at + 1 :])


def where(x: Shape, y: Shape, mask: Any) -> Shape:
    """Mask and both choices broadcast; the mask is made of booleans."""
    choice = _array(mask, "the mask")
    if choice.dtype.kind != "b":
        raise ValueError(f"the mask must be made of true and false, got {brief(mask)}")
    return elementwise(choice.shape, x, y)


def lengths(shape: Any) -> Shape:
    """A shape as a tuple of whole numbers >= 0; ValueError for anything else, a bare number and -1 included."""
    given = tuple(shape) if isinstance(shape, tuple | list | np.ndarray) else (None,)
    if not all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= 0 for n in given):
        raise ValueError(f"a shape must be a tuple of whole numbers >= 0, got {brief(shape)}")
    if why := too_large(given):
        raise ValueError(f"a shape {why}")
    return tuple(int(n) for n in given)


def entries(shape: Shape) -> int:
    """How many entries an array of this shape has, a length of 0 counted as 1."""
    return math.prod(n or 1 for n in shape)


def too_large(shape: Shape) -> str | None:
    """Why no node may have this shape, as the end of a sentence."""
    if len(shape) > MOST_AXES:
        return f"has at most {MOST_AXES} axes, got {len(shape):,}"
    if entries(shape) > MOST_ENTRIES:
        return f"has at most {MOST_ENTRIES:,} entries, got {brief(shape)}"
    return None


def axes_of(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    """One axis or several, as several."""
    return axis if isinstance(axis, tuple) else (axis,)


def _array(value: Any, what: str) -> np.ndarray[tuple[int, ...], np.dtype[Any]]:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of several lengths
        raise ValueError(f"{what} must be an array, got {brief(value)}") from None
    if why := too_large(array.shape):
        raise ValueError(f"an array {why} for {what}")
    return array


def _axis(axis: Any, shape: Shape) -> int:
    if not isinstance(axis, int) or isinstance(axis, bool) or not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis {brief(axis)} does not exist in shape {shape}")
    return int(axis) % len(shape)


def _list(shapes: tuple[Shape, ...]) -> str:
    return " and ".join(map(str, shapes))
