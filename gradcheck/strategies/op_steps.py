"""One application of one op to nodes drawn before, or to new leaves; the small step that graphs are drawn in.

Every function returns the new node, or None if nothing comfortable could be built; the draft stays usable. Options are
listed simplest first: newer nodes before older ones, nodes before new leaves.
"""

from __future__ import annotations

from gradcheck.problem.ops import OPS
from gradcheck.strategies import array_steps
from gradcheck.strategies.draft import Draft
from gradcheck.strategies.leaves import comfortable_pair, leaf_beside, leaf_for
from gradcheck.strategies.pick import Pick, one_of, one_that

Options = list[int | str]
"""Nodes, and kinds of new leaves."""


def apply(pick: Pick, draft: Draft, op: str) -> int | None:
    """Apply the op to drawn operands."""
    if draft.left < 1:
        return None
    if not OPS[op].elementwise:
        return array_steps.apply(pick, draft, op)
    return _unary(pick, draft, op) if OPS[op].arity == 1 else _binary(pick, draft, op)


def _unary(pick: Pick, draft: Draft, op: str) -> int | None:
    attributes = one_of(pick, VARIANTS[op]) if op in VARIANTS else {}
    spacious = draft.room >= 2

    def suits(option: int | str) -> bool:
        if isinstance(option, str):
            return spacious
        return draft.wish.comfort.unary(op, draft.values[option], attributes)

    chosen = one_that(pick, _operands(draft, "parameter", "input"), suits)
    if isinstance(chosen, str):
        chosen = leaf_for(pick, draft, op, chosen, attributes)
    return None if chosen is None else draft.apply(op, chosen, attributes=attributes)


def _binary(pick: Pick, draft: Draft, op: str) -> int | None:
    options, spacious = _operands(draft, "constant", "parameter", "input"), draft.room >= 2
    left = one_that(pick, options, lambda option: spacious or not isinstance(option, str))
    if not isinstance(left, int):
        return None if left is None else beside(pick, draft, op, any_node(pick, draft), left, on_left=True)
    still = draft.ops[left] == "constant"

    def suits(option: int | str) -> bool:
        if isinstance(option, str):
            return spacious and not (still and option == "constant")
        return comfortable_pair(draft, op, left, option)

    right = one_that(pick, options, suits)
    if isinstance(right, str):
        return beside(pick, draft, op, left, right, on_left=False)
    return None if right is None else draft.apply(op, left, right)


def _operands(draft: Draft, *kinds: str) -> Options:
    """The newest node, then new leaves, then all other nodes, so that each choice keeps its place."""
    pool = draft.pool(range(len(draft)))
    return [pool[0], *kinds, *pool[1:]]


def beside(pick: Pick, draft: Draft, op: str, node: int, kind: str, *, on_left: bool) -> int | None:
    """The op on `node` and a new leaf of the kind; the leaf stands on the left or on the right."""
    if draft.left < 2:
        return None
    leaf = leaf_beside(pick, draft, op, node, kind, on_left=on_left)
    if leaf is None:
        return None
    return draft.apply(op, leaf, node) if on_left else draft.apply(op, node, leaf)


def onward(pick: Pick, draft: Draft, node: int) -> int | None:
    """An op on `node` alone, or on `node` and a constant on either side of it."""
    if draft.left < 1:
        return None
    options: list[tuple[str, bool | None]] = [(op, None) for op in draft.wish.unary]
    options += [(op, left) for op in draft.wish.binary for left in (False, True)]
    value, comfort, enough = draft.values[node], draft.wish.comfort, draft.left >= 2
    chosen = one_that(pick, options, lambda o: enough if o[1] is not None else comfort.unary(o[0], value, {}))
    if chosen is None:
        return None
    op, on_left = chosen
    if on_left is None:
        return draft.apply(op, node)
    return beside(pick, draft, op, node, "constant", on_left=on_left)


def join(pick: Pick, draft: Draft, left: int, right: int) -> int | None:
    """Both nodes as the operands of one op."""
    op = one_that(pick, draft.wish.joins, lambda op: comfortable_pair(draft, op, left, right))
    return None if op is None else draft.apply(op, left, right)


def any_node(pick: Pick, draft: Draft) -> int:
    """A node that is not a constant."""
    return one_of(pick, draft.pool(i for i, op in enumerate(draft.ops) if op != "constant"))


VARIANTS: dict[str, tuple[dict[str, float], ...]] = {
    "leaky_relu": ({}, {"slope": 0.2}),
    "elu": ({}, {"alpha": 0.5}),
}
"""Attributes under which element-wise ops are drawn."""
