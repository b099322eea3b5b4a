"""New leaves: which numbers an op is comfortable with, and which shapes broadcast."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.problem.ops import Array, Shape
from gradcheck.strategies.draft import LARGEST, NOTHING, Draft
from gradcheck.strategies.pick import Pick, one_of, one_that
from gradcheck.strategies.values import EXPONENTS

SHAPES: tuple[Shape, ...] = (
    *((2,), (2, 2), (), (2, 3), (3,), (2, 1), (2, 2), (1, 3), (1,)),
    *((2, 2, 2), (3, 2), (2, 2), (2, 1, 3), (2, 2, 2), (1, 1), (3, 3)),
)
"""Shapes to begin with; many are square, because these hide transposes and wrong axes."""


def anything(_: object) -> bool:
    """True for every number."""
    return True


def new_leaf(
    pick: Pick,
    draft: Draft,
    kind: str,
    shape: Shape,
    suits: Callable[[float], bool] = anything,
    values: Sequence[float] = (),
) -> int | None:
    """A leaf whose entries are chosen one by one from `values` (the wish's by default); None where none suits."""
    pool = values or draft.wish.values
    if not shape:
        number = one_that(pick, pool, suits)
        return None if number is None else draft.leaf(kind, number)
    entries = [one_that(pick, pool, suits) for _ in range(math.prod(shape))]
    return None if None in entries else draft.leaf(kind, np.reshape(np.asarray(entries, dtype=np.float64), shape))


def any_shape(pick: Pick, draft: Draft) -> Shape:
    """A shape for a leaf that need not fit another node."""
    return () if draft.wish.scalar else one_of(pick, SHAPES)


def leaf_for(pick: Pick, draft: Draft, op: str, kind: str, attributes: Mapping[str, Any] = NOTHING) -> int | None:
    """A leaf that an element-wise op of one argument is comfortable with."""
    comfort = draft.wish.comfort
    return new_leaf(pick, draft, kind, any_shape(pick, draft), lambda v: comfort.unary(op, v, attributes))


def leaf_beside(pick: Pick, draft: Draft, op: str, node: int, kind: str, *, on_left: bool) -> int | None:
    """A leaf as the other operand of a binary op on `node`, on its left or right."""
    wish, other = draft.wish, np.reshape(draft.values[node], (-1, 1))
    constant = kind == "constant"
    pool = EXPONENTS if op == "pow" and constant and not on_left else wish.values
    # repeat the value of another leaf, to catch engines that identify nodes by value
    twins = [v.item() for v, a in zip(draft.values, draft.arguments, strict=True) if not a and not v.ndim]
    pool = (*pool, *(v for v in twins if v == round(v) or not wish.integer_points))
    fixed, tried = draft.ops[node] == "constant", np.asarray(pool)
    operands, still = ((tried, other), (constant, fixed)) if on_left else ((other, tried), (fixed, constant))
    good = np.all(wish.comfort.binary(op, *operands, constant=still), axis=0)
    if not np.any(good):
        return None
    shape = () if wish.scalar else one_of(pick, shapes_beside(draft.shape(node)))
    fine = dict(zip(pool, good.tolist(), strict=True))
    return new_leaf(pick, draft, kind, shape, fine.__getitem__, pool)


def shapes_beside(shape: Shape) -> list[Shape]:
    """Shapes that broadcast against `shape`, every way round: equal, fewer axes, lengths of 1, more axes."""
    found = [shape, (), shape[1:], tuple(1 for _ in shape)]
    found += [(*shape[:k], 1, *shape[k + 1 :]) for k in range(len(shape))]
    if 1 in shape:
        found.append(tuple(3 if n == 1 else n for n in shape))
    if len(shape) < 3:
        found += [(2, *shape), (2, *(1 for _ in shape))]
    return [s for s in dict.fromkeys(found) if math.prod(np.broadcast_shapes(s, shape)) <= LARGEST]


def fits(a: Shape, b: Shape) -> bool:
    """Whether two shapes broadcast to an array of moderate size."""
    if a == b:
        return True
    if any(m != n and m != 1 and n != 1 for m, n in zip(a[::-1], b[::-1], strict=False)):
        return False
    return math.prod(np.broadcast_shapes(a, b)) <= LARGEST


def comfortable_pair(draft: Draft, op: str, left: int, right: int) -> bool:
    """Whether a binary op is comfortable with two nodes, which are not both constants."""
    still = (draft.ops[left] == "constant", draft.ops[right] == "constant")
    a, b = draft.values[left], draft.values[right]
    return not all(still) and fits(a.shape, b.shape) and all_true(draft.wish.comfort.binary(op, a, b, constant=still))


def all_true(good: Array) -> bool:
    """Whether all entries are true; faster than NumPy for a scalar."""
    return bool(good.all()) if good.ndim else bool(good)
