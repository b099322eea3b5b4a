"""Motifs: graph structures that reveal wrong engines, each a step like any other.

A motif takes the nodes drawn so far and adds a few. If it cannot go on (no room, nothing
comfortable), the nodes added so far stay as a dead branch, which is useful too.
"""

from __future__ import annotations

from collections.abc import Callable

from gradcheck.strategies.draft import Draft
from gradcheck.strategies.leaves import any_shape, new_leaf
from gradcheck.strategies.op_steps import any_node, beside, join, onward
from gradcheck.strategies.pick import Pick, one_of

Motif = Callable[[Pick, Draft], object]


def both_operands(pick: Pick, draft: Draft) -> int | None:
    """One node as both operands: v op v."""
    node = any_node(pick, draft)
    return join(pick, draft, node, node)


def stacked_forks(pick: Pick, draft: Draft) -> None:
    """v op v, and that with itself again: 2 paths, 4, 8, ..."""
    node: int | None = any_node(pick, draft)
    while node is not None and draft.room >= 1:
        node = join(pick, draft, node, node)
        if not pick(3):
            return


def diamonds(pick: Pick, draft: Draft) -> None:
    """Two branches from one node, joined again; deep when another diamond begins where one ends."""
    node: int | None = any_node(pick, draft)
    while node is not None and draft.room >= 3:
        left = onward(pick, draft, node)
        if left is None or not pick(6):  # a diamond shrinks to one branch
            return
        right = onward(pick, draft, node)
        if right is None:
            return
        node = join(pick, draft, left, right)
        if not pick(2):
            return


def fan(pick: Pick, draft: Draft) -> None:
    """One node feeds several, which are gathered into one: fan-out and fan-in."""
    node = any_node(pick, draft)
    gathered: int | None = None
    for _ in range(1 + pick(4)):
        branch = onward(pick, draft, node) if draft.room >= 2 else None
        if branch is None:
            return
        gathered = branch if gathered is None else join(pick, draft, gathered, branch)
        if gathered is None:
            return


def twins(pick: Pick, draft: Draft) -> None:
    """The same operation twice with different constants, joined; the constants stand left or right."""
    if not draft.wish.binary or draft.room < 5:
        return
    node, op, on_left = any_node(pick, draft), one_of(pick, draft.wish.binary), bool(pick(2))
    first = beside(pick, draft, op, node, "constant", on_left=on_left)
    if first is None or not pick(6):  # twins shrink to one operation
        return
    second = beside(pick, draft, op, node, "constant", on_left=on_left)
    if second is not None:
        join(pick, draft, first, second)


def constant_on_left(pick: Pick, draft: Draft) -> int | None:
    """2 - v, 2 / v, 2 ** v, on a leaf or an inner node."""
    ops = [op for op in ("sub", "div", "pow") if op in draft.wish.ops]
    if not ops:
        return None
    return beside(pick, draft, one_of(pick, ops), any_node(pick, draft), "constant", on_left=True)


def shared_weight(pick: Pick, draft: Draft) -> None:
    """One parameter enters again and again along a chain, as in a recurrent network."""
    weight = one_of(pick, [i for i, op in enumerate(draft.ops) if op == "parameter"])
    node: int | None = any_node(pick, draft)
    while node is not None and draft.room >= 1:
        node = join(pick, draft, node, weight)
        onwards = pick(3)
        if not onwards:
            return
        if onwards == 2 and node is not None and draft.room >= 2:
            node = onward(pick, draft, node)


def series(pick: Pick, draft: Draft) -> None:
    """A chain of a few ops, one after the other."""
    node: int | None = any_node(pick, draft)
    while node is not None and draft.room >= 1:
        node = onward(pick, draft, node)
        if not pick(4):
            return


def idle_leaf(pick: Pick, draft: Draft) -> None:
    """An input or a parameter that nothing uses: its gradient is 0, and still asked for."""
    if draft.room >= 1:
        kind = one_of(pick, ("parameter", "input"))
        new_leaf(pick, draft, kind, any_shape(pick, draft))


def unused_result(pick: Pick, draft: Draft) -> None:
    """A result that nothing uses: a dead branch."""
    if draft.left >= 1:
        result = onward(pick, draft, any_node(pick, draft))
        if result is not None:
            draft.hidden.add(result)


def equal_values(pick: Pick, draft: Draft) -> int | None:
    """Another parameter with exactly the value of a leaf, and both used together."""
    node = any_node(pick, draft)
    if draft.left < 2 or draft.arguments[node]:  # an inner node's value would be no short decimal
        return None
    return join(pick, draft, node, draft.leaf("parameter", draft.values[node].copy()))


MOTIFS: tuple[Motif, ...] = (
    both_operands,
    stacked_forks,
    diamonds,
    constant_on_left,
    shared_weight,
    fan,
    twins,
    series,
    diamonds,
    idle_leaf,
    unused_result,
    equal_values,
)
