"""What it means that a path was left out: a norm, a mean or a denominator held constant, a loop cut, one side lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.conjugations import half_of_a_transform
from gradcheck.attribution.hypothesis import Hypothesis
from gradcheck.attribution.library_calls import within_one_call
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import of_modulus, users_of
from gradcheck.attribution.record_forms import (
    elementwise_quotient,
    is_call,
    mean_of,
    normaliser,
    sum_of_squares,
)
from gradcheck.attribution.selection_rules import choice_mistake
from gradcheck.attribution.source_place import in_a_loop
from gradcheck.attribution.view import View

FEWEST_STEPS = 3
"""Minimum number of times that an operation is executed in one place to be called the steps of a loop."""


def in_known_places(view: View, hypothesis: Hypothesis) -> bool:
    """Whether all its nodes were made in known places."""
    return all(view.located.stacks[slot] for slot, _ in hypothesis.edges)


def what_it_means(view: View, paths: Sequence[Hypothesis], chosen: Hypothesis) -> tuple[Mistake, str]:
    """A more telling kind for a path that was left out, and what it means."""
    of_a_side = chosen.factor is not None and chosen.mistake is not Mistake.SLOPE_FORGOTTEN  # that is said already
    if of_a_side and any(len(h.edges) == 1 and _negative_side(view, h.edges[0]) for h in paths):
        return Mistake.BRANCH, ": that is one side of the absolute value there"
    if chosen.mistake is Mistake.PATH_SIGN and any(half_of_a_transform(view, edge) for h in paths for edge in h.edges):
        return Mistake.CONJUGATE, ": that is one half of a complex number, so that a conjugation is missing"
    if chosen.mistake is not Mistake.DROPPED or "left out" not in chosen.words:
        return chosen.mistake, ""
    edges = sorted({edge for h in paths for edge in h.edges if not _all_of(view, h, edge[0])})
    for slot, position in edges:
        if normaliser(view, slot, position):
            exponential = is_call(view, view.record.nodes[slot].args[0], "exp")
            kind = Mistake.SOFTMAX_DIAGONAL if exponential else Mistake.NORM
            what = "the denominator of the softmax" if exponential else "the normaliser"
            return kind, f": {what} was treated as a constant"
    roots = (slot for slot, _ in edges if is_call(view, slot, "sqrt") and not _is_term(view, slot))
    if any(sum_of_squares(view, view.record.nodes[slot].args[0]) for slot in roots):
        return Mistake.NORM, ": a norm was treated as a constant"
    for slot, position in edges:
        if position == 1 and elementwise_quotient(view, slot):
            return Mistake.DROPPED, ": the denominator was treated as a constant"
    for slot, position in (edge for h in paths for edge in h.edges if len(h.edges) == 1):
        node = view.record.nodes[slot]
        if node.primitive == "sub" and position == 1 and mean_of(view, node.args[1], node.args[0]):
            return Mistake.VARIANCE_MEAN, ": the mean was treated as a constant"
    if all(_part_of_a_slope(view, edge) for edge in chosen.edges):
        return Mistake.OTHER_SLOPE, ": a part of what the slope of that function changes by is missing"
    if any(len(h.edges) == 1 and _one_side(view, h.edges[0]) for h in paths):
        return Mistake.BRANCH, ": nothing arrives where the comparison there chooses it"
    placed = [h for h in paths if in_known_places(view, h)]
    if placed and all(_one_of_many(view, h) for h in placed):
        return Mistake.TRUNCATED, ", in one of the steps alone: what came before it was treated as a constant"
    if within_one_call(view, chosen):
        return Mistake.DROPPED, " in part: something computed there on the way was treated as a constant"
    if of_slopes(view, chosen):
        return Mistake.DROPPED, ": the slope there was treated as a constant"
    return Mistake.DROPPED, f"{_turns(view, chosen)}: it was treated as a constant"


def _is_term(view: View, slot: int) -> bool:
    """Whether a value is but added to the one output: then it is a term, whatever it is computed by."""
    if view.outputs != 1:
        return False
    while (users := users_of(view, slot)) and slot not in view.record.outputs:
        node = view.record.nodes[users[0][0]]
        scaled = node.primitive in ("mul", "div") and not all(view.record.nodes[a].varies for a in node.args)
        if len(users) > 1 or not (scaled or node.primitive in ("add", "sub", "neg", "sum", "gather")):
            return False
        slot = users[0][0]
    return True


def _all_of(view: View, hypothesis: Hypothesis, slot: int) -> bool:
    """Whether a hypothesis cuts off all that an operation of several arguments is computed from: then none is meant."""
    varying = {k for k, a in enumerate(view.record.nodes[slot].args) if view.record.nodes[a].varies}
    return len(varying) > 1 and varying <= {position for s, position in hypothesis.edges if s == slot}


def _one_side(view: View, edge: Edge) -> bool:
    """Whether an edge leads from a selection to what it chooses on one side of a comparison."""
    node = view.record.nodes[edge[0]]
    chooses = node.primitive == "gather" and len(node.args) > 1 and edge[0] not in view.located.stored
    return chooses and choice_mistake(view, edge[0]) is Mistake.BRANCH


def of_slopes(view: View, hypothesis: Hypothesis) -> bool:
    """Whether it says what slopes change by: its edges lead from a first derivative to the values of f in it."""
    swept = view.located.swept
    return all(s in swept and view.record.nodes[s].args[p] not in swept for s, p in hypothesis.edges)


def _part_of_a_slope(view: View, edge: Edge) -> bool:
    """Whether an edge leads to a function's argument from its value, which its slope uses beside the argument.

    So it is in the record of a gradient.
    """
    slot, nodes, swept = edge[0], view.record.nodes, view.located.swept
    if sum(nodes[a].varies for a in nodes[slot].args) != 1 or slot in swept:
        return False
    users = {s for s, _ in view.contributions if slot in nodes[s].args}
    argument = nodes[slot].args[edge[1]]
    return bool(users) and all(s in swept and argument in nodes[s].args for s in users)


def _negative_side(view: View, edge: Edge) -> bool:
    """Whether an edge leads to the side of an absolute value that numbers below zero take; its sign is its slope."""
    return view.record.nodes[edge[0]].primitive == "neg" and of_modulus(view, edge[0])


def _turns(view: View, hypothesis: Hypothesis) -> str:
    """Which turns of a loop are concerned, where not all of them are."""
    stacks, slots = view.located.stacks, sorted({slot for slot, _ in hypothesis.edges})
    kind, positions = view.record.nodes[slots[0]].primitive, {position for _, position in hypothesis.edges}
    reached = {slot for slot, position in view.contributions if position in positions}
    made = [s for s in sorted(reached) if stacks[s] == stacks[slots[0]] and view.record.nodes[s].primitive == kind]
    if not set(slots) < set(made) or not any(map(in_a_loop, stacks[slots[0]])):
        return ""
    few, many = len(slots), len(made)
    if many > min(
        Counter(n.primitive for s, n in zip(stacks, view.record.nodes, strict=True) if s == stacks[slots[0]]).values()
    ):
        return ""  # a library's function makes several in one turn
    for some, which in ((made[:few], "first"), (made[-few:], "last")):
        if slots == some:
            return f" in the {which}{f' {few}' if few > 1 else ''} of {many} turns"
    return f" in {few} of {many} turns"


def _one_of_many(view: View, hypothesis: Hypothesis) -> bool:
    """Whether a path is cut in one step of a loop alone."""
    slots = {slot for slot, _ in hypothesis.edges}
    stacks = view.located.stacks
    if view.located.swept:  # the rows of a Hessian repeat what its gradient does
        return False
    if len({stacks[slot] for slot in slots}) < len(slots):  # twice the same operation: not one step alone
        return False
    made = [k for k, stack in enumerate(stacks) if stack]
    for slot in slots:
        steps = [k for before, k in pairwise(made) if stacks[k] == stacks[slot] != stacks[before]]
        if not stacks[slot] or len(steps) < FEWEST_STEPS - 1:
            return False
    return True
