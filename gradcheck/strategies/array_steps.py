"""Ops that are not element-wise: reductions, products, and ops that move entries.

For each op, the ways of applying it to an array of a given shape are listed, plainest first, and one is chosen.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from gradcheck.problem.ops import OPS, Shape
from gradcheck.strategies.draft import LARGEST, Draft
from gradcheck.strategies.leaves import new_leaf
from gradcheck.strategies.pick import Pick, one_of

TAME = 10.0
"""Maximum magnitude of an entry that goes into a product, a softmax or the like."""

Attributes = Mapping[str, Any]


def apply(pick: Pick, draft: Draft, op: str) -> int | None:
    """Apply the op to a drawn array, and to a second one if it takes two; None if no array fits."""
    tame = [i for i, v in enumerate(draft.values) if draft.ops[i] != "constant" and np.all(np.abs(v) <= TAME)]
    nodes = [i for i in tame if i not in draft.hidden and ways(op, draft.shape(i))]
    if not nodes:
        return None
    node = one_of(pick, draft.pool(nodes))
    attributes = one_of(pick, ways(op, draft.shape(node)))
    if op == "concatenate":
        parts = [i for i in tame if _joins(draft.shape(node), draft.shape(i), attributes["axis"])]
        return draft.apply(op, node, one_of(pick, draft.pool(parts)), attributes=attributes)
    if OPS[op].arity == 1:
        return draft.apply(op, node, attributes=attributes)
    return _with_partner(pick, draft, op, node, attributes)


def ways(op: str, shape: Shape) -> list[Attributes]:
    """Attributes under which the op takes an array of the shape (as its first argument)."""
    rank, size = len(shape), math.prod(shape)
    axes = range(rank)
    match op:
        case "sum" | "mean" | "max" | "logsumexp":
            if not rank:
                return []
            single: list[Attributes] = [{"axis": k} for k in axes]
            return [{}, *single, {"axis": rank - 1, "keepdims": True}, {"axis": -1}, *single]
        case "softmax" | "log_softmax":
            return [{"axis": k} for k in (-1, *axes)] if rank else []
        case "cross_entropy":
            return [{"axis": k} for k in (-1, *axes)] if rank else []
        case "matmul":
            return [{}] if rank else []
        case "transpose":
            cycle: Attributes = {"axes": (*range(1, rank), 0)}
            return ([{}] if rank == 2 else [{}, cycle, cycle]) if rank > 1 else []
        case "reshape":
            return [{"shape": s} for s in _reshaped(shape)]
        case "broadcast_to":
            return [{"shape": s} for s in _widened(shape)]
        case "concatenate":
            return [{"axis": k} for k in axes if 2 * size <= LARGEST]
        case "take":
            first: list[Attributes] = [{"indices": 0, "axis": k} for k in axes]
            twice: list[Attributes] = [{"indices": (n - 1, 0, n - 1), "axis": k} for k, n in enumerate(shape)]
            return first + 2 * [a for a, n in zip(twice, shape, strict=True) if 3 * size <= LARGEST * n]
        case "where":
            return [{"mask": np.reshape(np.arange(size) % 2 == 0, shape).tolist()}]
    return []


def _with_partner(pick: Pick, draft: Draft, op: str, node: int, attributes: Attributes) -> int | None:
    """A second argument that fits: a node, or a new leaf."""
    shape = draft.shape(node)
    shapes: list[Shape] = _factors(shape) if op == "matmul" else [shape, ()] if op == "where" else [shape]
    partner: int | str | None
    options: list[int | str] = []
    if op != "cross_entropy":  # its targets are data, and at least 0
        options += draft.pool(i for i, v in enumerate(draft.values) if v.shape in shapes and np.all(np.abs(v) <= TAME))
    if draft.room >= 2:
        options += ["input", "constant"] if op == "cross_entropy" else ["parameter", "constant", "input"]
    if not options:
        return None
    partner = one_of(pick, options)
    if isinstance(partner, str):
        positive = op == "cross_entropy"
        partner = new_leaf(pick, draft, partner, one_of(pick, shapes), lambda v: v > 0 or not positive)
    return None if partner is None else draft.apply(op, node, partner, attributes=attributes)


def _factors(shape: Shape) -> list[Shape]:
    """What a matrix, vector or stack of the shape can be multiplied with."""
    inner = shape[-1]
    found: list[Shape] = [(inner,), (inner, inner), (inner, 2), (inner, 1)]
    return found if len(shape) > 2 else [*found, (2, inner, 1)]


def _reshaped(shape: Shape) -> list[Shape]:
    size = math.prod(shape)
    found = [(size,), shape[::-1], (1, size), (size, 1), *((2, size // 2),) * (size % 2 == 0)]
    return [s for s in dict.fromkeys(found) if s != shape] if size > 2 else []


def _widened(shape: Shape) -> list[Shape]:
    found = [(2, *shape)] if len(shape) < 3 else []
    found += [(*shape[:k], 3, *shape[k + 1 :]) for k, n in enumerate(shape) if n == 1]
    return [s for s in found if math.prod(s) <= LARGEST]


def _joins(shape: Shape, other: Shape, axis: int) -> bool:
    if len(shape) != len(other) or math.prod(shape) + math.prod(other) > LARGEST:
        return False
    return shape[:axis] + shape[axis + 1 :] == other[:axis] + other[axis + 1 :]
