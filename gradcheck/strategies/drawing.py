"""Drawing a graph with a valid point: one step after the other, then the loose ends, the loss and the order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import OPS, Array
from gradcheck.strategies import op_steps
from gradcheck.strategies.draft import Draft
from gradcheck.strategies.leaves import any_shape, new_leaf
from gradcheck.strategies.motifs import MOTIFS
from gradcheck.strategies.pick import Pick, one_of
from gradcheck.strategies.wish import REDUCTIONS, Wish

Step = Callable[[Pick, Draft], object]

Parts = Callable[[int], Pick]
"""`parts(size)`: the source of the choices of the next part of a drawing, about `size` of them."""

WEIGHTS = (1.0, -2.0, 0.5, 3.0, -1.5, 0.25, 2.5, -0.75, 2.0, -3.0, 1.5, -0.5)
"""Weights of the entries of an array that becomes the loss."""

_AS_DRAWN = 100
"""How many of 256 choices keep the nodes in the order drawn; the next one reverses it, the others shuffle."""


def draw(pick: Pick, wish: Wish, parts: Parts | None = None) -> tuple[Graph, dict[str, Array]]:
    """A graph and a point at which every node is comfortable.

    `parts` lets Hypothesis know which choices belong together; without it all are made by `pick`.
    """
    draft, menu = Draft(wish), _menu(wish)
    part: Parts = parts or (lambda size: pick)
    first = part(1 if wish.scalar else 4)
    new_leaf(first, draft, "parameter", any_shape(first, draft) if wish.max_nodes > 1 else ())
    # The number of steps is drawn first, so that one step more or less does not change the others.
    for _ in range(1 + pick(max(2, 3 * wish.max_nodes // 4)) if wish.max_nodes > 1 else 0):
        _step(part, draft, menu)
    for _ in range(wish.min_nodes):
        if len(draft) < wish.min_nodes and draft.room >= 1:
            _step(part, draft, menu)
    loss = _loss(part(2), draft)
    _fill(draft)
    return draft.finish(loss, max(0, pick(256) - _AS_DRAWN) if wish.shuffled else 0)


def _step(part: Parts, draft: Draft, menu: Sequence[Step]) -> None:
    """Draw one step; all have the same number of choices, so that Hypothesis can exchange them."""
    choices = part(6 if draft.wish.scalar else 8)
    if draft.room >= 1:
        one_of(choices, menu)(choices, draft)


@cache
def _menu(wish: Wish) -> tuple[Step, ...]:
    """Every op, then about the same number of motifs.

    Ops with kinks and ops that mix entries come up more often, because they fail on few values or shapes only.
    """
    kinked = [op for op in wish.unary if OPS[op].kink is not None]
    mixing = [op for op in wish.ops if not OPS[op].elementwise]
    ops = [*wish.ops, *kinked * (3 if wish.near_kinks else 1), *mixing * 3]
    menu: list[Step] = [partial(_apply, op=op) for op in ops]
    if elementwise := len(wish.binary) + len(wish.unary):
        menu += MOTIFS * (max(1, round(elementwise / len(MOTIFS))) if wish.scalar else 1)
    return tuple(menu)


def _apply(pick: Pick, draft: Draft, op: str) -> int | None:
    return op_steps.apply(pick, draft, op)


def _loss(pick: Pick, draft: Draft) -> int:
    """Gather the loose ends or leave them dead, and end in one scalar that depends on a parameter."""
    ends = draft.ends
    if len(ends) > 1 and pick(4):
        gathered = ends[0]
        for end in ends[1:]:
            joined = op_steps.join(pick, draft, gathered, end)
            gathered = end if joined is None else joined
    unused = [i for i in draft.computed if not draft.users[i] and draft.trained[i]]
    shown = [i for i in unused if i not in draft.hidden]
    loss = (shown or unused or [next(i for i, op in enumerate(draft.ops) if op == "parameter")])[-1]
    if draft.shape(loss):
        loss = _weighted(pick, draft, loss)
        loss = draft.reduce(one_of(pick, [op for op in REDUCTIONS if op in draft.wish.ops]), loss)
    return loss


def _weighted(pick: Pick, draft: Draft, node: int) -> int:
    """The node's entries with weights of their own: a plain sum treats all entries alike, and hides mix-ups."""
    if "mul" not in draft.wish.ops or draft.left < 2 or not pick(4):
        return node
    size = math.prod(draft.shape(node))
    weights = draft.leaf("constant", np.reshape(WEIGHTS[:size], draft.shape(node)))
    weighted = draft.apply("mul", weights, node)
    return node if weighted is None else weighted


def _fill(draft: Draft) -> None:
    """Add nodes up to `min_nodes`, if the steps added too few."""
    for _ in range(draft.wish.min_nodes - len(draft)):
        if draft.computed:
            draft.repeat()
        else:
            draft.leaf("parameter", draft.wish.values[0])
