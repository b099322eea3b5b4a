"""Lanes: an op on arrays is one small op, repeated.

`tanh` of a (100, 50) array is the scalar op 5,000 times; a sum over the last axis is the sum of a vector of 50, done
100 times; a matrix product is a dot product per entry. This page says which entries go into each repetition and which
come out, so that formulas are written once per small op and paths are counted with whole-array arithmetic. It says
where numbers flow, and nothing about their derivatives. An op that it does not know is one lane of everything.
"""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import Unsupported
from gradcheck.problem import OPS

Integers = NDArray[np.int64]
Shape = tuple[int, ...]
Frozen = tuple[tuple[str, Any], ...]
"""Attributes as sorted pairs, hashable."""

MOVES = ("transpose", "reshape", "broadcast_to", "concatenate", "take", "where")
"""Ops whose every output entry is one input entry."""

LIMIT = 2_000_000
"""Maximum number of entries of a lane table that is written out."""

_REMEMBERED = 10_000  # product of the arguments' sizes up to which tables are kept


@dataclass(frozen=True)
class Lanes:
    """`len(outputs)` repetitions of a small op.

    Attributes
    ----------
    op, attributes, shapes: the small op and the shapes of its arguments.
    slots: for each argument of the small op, which argument of the whole op it reads.
    inputs: for each argument of the small op, flat positions in the whole argument, shape (lanes, entries).
    outputs: flat positions in the whole result, shape (lanes, entries).
    """

    op: str
    attributes: Frozen
    shapes: tuple[Shape, ...]
    slots: tuple[int, ...]
    inputs: tuple[Integers, ...]
    outputs: Integers

    def __post_init__(self) -> None:
        for table in (*self.inputs, self.outputs):
            table.flags.writeable = False  # shared by everybody who asks for the same lanes

    @property
    def edges(self) -> int:
        """Pairs of an input entry and an output entry that depends on it."""
        return int(self.outputs.size * sum(table.shape[1] for table in self.inputs))


def freeze(attributes: Mapping[str, Any]) -> Frozen:
    """Attributes in hashable form: arrays and lists become nested tuples."""
    return tuple(sorted((name, _frozen(value)) for name, value in attributes.items()))


def _frozen(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return tuple(_frozen(v) for v in value) if isinstance(value, (list, tuple)) else value


def lanes(op: str, attributes: Frozen, shapes: tuple[Shape, ...]) -> tuple[Lanes, ...]:
    """How an op with these attributes, on arguments of these shapes, falls into lanes.

    Raises Unsupported where the tables would hold more than LIMIT entries.
    """
    small = math.prod(map(_size, shapes)) <= _REMEMBERED
    return _remembered(op, attributes, shapes) if small else _lanes(op, attributes, shapes)


def _lanes(op: str, attributes: Frozen, shapes: tuple[Shape, ...]) -> tuple[Lanes, ...]:
    row = OPS[op]
    options = {**row.attributes, **dict(attributes)}
    result = row.shape(*shapes, **options)
    if row.elementwise:
        _affordable(_size(result))
        tables = tuple(np.broadcast_to(_positions(s), result).reshape(_size(result), 1) for s in shapes)
        scalars = tuple(() for _ in shapes)
        return (Lanes(op, attributes, scalars, tuple(range(len(shapes))), tables, _column(result)),)
    if op in MOVES:
        return _moves(op, options, shapes, result)
    if op in _SMALL:
        return (_SMALL[op](op, options, shapes, result),)
    tables = tuple(_positions(s).reshape(1, _size(s)) for s in shapes)
    return (Lanes(op, attributes, shapes, tuple(range(len(shapes))), tables, _column(result).T),)


_remembered = lru_cache(maxsize=1024)(_lanes)


def _size(shape: Shape) -> int:
    return math.prod(shape)


def _positions(shape: Shape) -> Integers:
    return np.arange(_size(shape)).reshape(shape)


def _column(shape: Shape) -> Integers:
    return np.arange(_size(shape))[:, None]


def _affordable(entries: int) -> None:
    if entries > LIMIT:
        raise Unsupported(f"expands to more than {LIMIT:_} scalar edges".replace("_", " "))


def _moves(op: str, options: Mapping[str, Any], shapes: tuple[Shape, ...], result: Shape) -> tuple[Lanes, ...]:
    """Run the op on positions: they tell where each output entry comes from. One group of lanes per argument."""
    _affordable(_size(result))
    starts = np.cumsum([0, *map(_size, shapes)])
    sources = OPS[op].value(*(_positions(s) + at for s, at in zip(shapes, starts, strict=False)), **options)
    flat = np.asarray(sources).reshape(-1)
    groups = []
    for slot, (low, high) in enumerate(itertools.pairwise(starts)):
        outputs = np.flatnonzero((flat >= low) & (flat < high))
        if outputs.size:  # `reshape` to its own shape is the identity of one entry
            source = (flat[outputs] - low)[:, None]
            groups.append(Lanes("reshape", (("shape", ()),), ((),), (slot,), (source,), outputs[:, None]))
    return tuple(groups)


def _rows(shape: Shape, axis: Any) -> Integers:
    """Flat positions with the given axes (None: all) last and together, one row per lane."""
    axes = [int(a) % len(shape) for a in (range(len(shape)) if axis is None else np.atleast_1d(axis))]
    kept = [a for a in range(len(shape)) if a not in axes]
    count = math.prod(shape[a] for a in axes)
    return _positions(shape).transpose(*kept, *axes).reshape(_size(shape) // max(count, 1), count)


def _reduction(op: str, options: Mapping[str, Any], shapes: tuple[Shape, ...], result: Shape) -> Lanes:
    rows = _rows(shapes[0], options["axis"])
    return Lanes(op, (), (rows.shape[1:],), (0,), (rows,), _column(result))


def _along_axis(op: str, options: Mapping[str, Any], shapes: tuple[Shape, ...], result: Shape) -> Lanes:
    _affordable(_size(result) * result[options["axis"]])
    rows = _rows(shapes[0], options["axis"])
    return Lanes(op, (), (rows.shape[1:],), (0,), (rows,), rows)


def _cross_entropy(op: str, options: Mapping[str, Any], shapes: tuple[Shape, ...], result: Shape) -> Lanes:
    rows = _rows(shapes[0], options["axis"])
    return Lanes(op, (), (rows.shape[1:],) * 2, (0, 1), (rows, rows), _column(result))


def _matmul(op: str, options: Mapping[str, Any], shapes: tuple[Shape, ...], result: Shape) -> Lanes:
    left, right = map(_positions, shapes)
    inner = left.shape[-1]
    _affordable(_size(result) * inner)
    left = left[None, :] if left.ndim == 1 else left
    right = right[:, None] if right.ndim == 1 else right
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    whole = (*batch, left.shape[-2], right.shape[-1], inner)
    rows = np.broadcast_to(left[..., :, None, :], whole).reshape(_size(result), inner)
    columns = np.broadcast_to(right.swapaxes(-1, -2)[..., None, :, :], whole).reshape(_size(result), inner)
    return Lanes(op, (), ((inner,), (inner,)), (0, 1), (rows, columns), _column(result))


_SMALL: dict[str, Callable[..., Lanes]] = {
    **dict.fromkeys(("sum", "mean", "max", "logsumexp"), _reduction),
    **dict.fromkeys(("softmax", "log_softmax"), _along_axis),
    "cross_entropy": _cross_entropy,
    "matmul": _matmul,
}
