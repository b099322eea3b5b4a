"""Of all hypotheses that reproduce an answer, what they have in common, as a sentence with a place."""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.conjugations import half_of_a_transform
from gradcheck.attribution.equal_uses import with_equals
from gradcheck.attribution.explanation import Explanation, Place
from gradcheck.attribution.hypothesis import Hypothesis
from gradcheck.attribution.library_calls import within_one_call
from gradcheck.attribution.located_trace import Call
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import LOST_CONSTANT, MEASURED, of_modulus
from gradcheck.attribution.record_forms import (
    OPERATIONS,
    elementwise_quotient,
    is_call,
    mean_of,
    normaliser,
    sum_of_squares,
)
from gradcheck.attribution.selection_rules import choice_mistake
from gradcheck.attribution.source_place import any_place_of, in_a_loop, is_own
from gradcheck.attribution.view import View

PREFERRED = (
    Mistake.DROPPED,
    Mistake.PATH_SIGN,
    Mistake.POWER_RULE,
    Mistake.QUOTIENT,
    Mistake.MEAN_SUM,
    Mistake.MASK_SCALE,
    Mistake.SLOPE_FORGOTTEN,
    Mistake.SLOPE_AT_OUTPUT,
    Mistake.SLOPE_TWICE,
    Mistake.MAXIMUM,
    Mistake.PRODUCT_TRANSPOSED,
    Mistake.VARIANCE_MEAN,
)
"""Which kind is said where hypotheses of one rank amount to the same numbers: the first of these."""


OWN_FACTORS = (Mistake.POWER_RULE, Mistake.MEAN_SUM)
"""Kinds of which a factor is that of an operation: of several operations that have it, none is the place."""
FEWEST_STEPS = 3
"""Minimum number of times that an operation is executed in one place to be called the steps of a loop."""


def told(view: View, found: Sequence[Hypothesis], blocks: frozenset[str]) -> Explanation | None:
    """The explanation that stands for all that were found; `blocks`: those it concerns alone, empty if all."""
    rank = min(h.rank for h in found)
    best = [with_equals(view, h) for h in found if h.rank == rank]
    order = {kind: k for k, kind in enumerate(PREFERRED)}
    kinds = {h.mistake for h in best}
    if len(kinds) > 1 and all(h.factor for h in best):  # a factor that several operations suggest is but a factor
        best = [h.again(mistake=Mistake.PATH_FACTOR, words=f"being taken {h.factor:.6g} times") for h in best]
    if kinds == {Mistake.DROPPED} and (sides := [h for h in found if h.change.nodes and h.mistake is Mistake.BRANCH]):
        best = sides  # left out on one side of a comparison: as if the other side were always taken
    if kinds == {Mistake.PATH_FACTOR} and (sides := [h for h in found if h.mistake is Mistake.BRANCH]):
        best = sides  # the factor of one side of a comparison, as of a leaky relu
    if kinds == {Mistake.DOUBLED} and (lost := [h for h in found if LOST_CONSTANT in h.words]):
        best = lost  # a factor 1/2 of all that goes in there, such as those of two arguments
    kind = min((h.mistake for h in best), key=lambda m: (order.get(m, len(order)), m))
    best = [h for h in best if h.mistake is kind]
    placed = [h for h in best if _placed(view, h)] or best
    chosen = min([h for h in placed if _computes(view, h)] or placed, key=lambda h: max(h.edges))
    paths = [h for h in best if _same_path(view, h, chosen)]
    rival = chosen.factor is not None and kind in OWN_FACTORS and not _one_line(view, best)
    place = _place(view, chosen) if (len(paths) == len(best) and not rival) or _one_line(view, best) else None
    if place is None and chosen.rank >= MEASURED and kind in (Mistake.PATH_FACTOR, Mistake.CONSTANT_CUT):
        return None  # any number, and nowhere in particular: where all is linear many paths have one
    mistake, meaning = _meaning(view, paths, chosen)
    clause = _clause(view, chosen, place, meaning)
    within = mistake is Mistake.DROPPED and (_of_slopes(view, chosen) or within_one_call(view, chosen))
    return Explanation(mistake, clause, ", ".join(sorted(blocks)), place, within)


def _placed(view: View, hypothesis: Hypothesis) -> bool:
    """Whether all its nodes were made in known places."""
    return all(view.located.stacks[slot] for slot, _ in hypothesis.edges)


def _computes(view: View, hypothesis: Hypothesis) -> bool:
    """Whether some node of it computes numbers: selecting and joining entries is seldom where a mistake is made."""
    return any(view.record.nodes[slot].primitive != "gather" for slot, _ in hypothesis.edges)


def _place(view: View, hypothesis: Hypothesis) -> Place | None:
    stacks, concerned = view.located.stacks, {s for s, _ in hypothesis.edges}
    calls = {stack: _telling_call(view, slot, concerned) for stack, slot in {stacks[s]: s for s in concerned}.items()}
    found = dict.fromkeys((*calls[stacks[slot]], position) for slot, position in hypothesis.edges)
    places = [
        None if call is None else any_place_of(call, position if hypothesis.operand and inner else None)
        for call, inner, position in found
    ]
    first = places[0]
    return first if first is not None and all(p == first for p in places) else _line_alone(places)


def _telling_call(view: View, slot: int, concerned: Set[int]) -> tuple[Call | None, bool]:
    """The innermost call that tells the nodes of a hypothesis from the others made in the same place, and whether it is
    the one that made the node.

    A helper, such as a sigmoid or an operator of the user's own class, is called from several places: where not all of
    its calls are concerned, the line that calls it is the place.
    """
    stack = view.located.stacks[slot]
    for depth in range(len(stack), 0, -1):
        call = stack[depth - 1]
        others = {s for k, s in enumerate(view.located.stacks) if len(s) >= depth and s[depth - 1] == call}
        callers = {s[: depth - 1] for s in others}
        mine = {view.located.stacks[s][: depth - 1] for s in concerned}
        if depth == 1 or callers <= mine:
            return call, depth == len(stack)
    return None, False


def _line_alone(places: Sequence[Place | None]) -> Place | None:
    lines = {(p.file, p.line, p.source) for p in places if p is not None}
    if None in places or len(lines) != 1:
        return None
    return Place(*lines.pop())


def _one_line(view: View, several: Sequence[Hypothesis]) -> bool:
    placed = [h for h in several if _placed(view, h)]
    lines = {(p.file, p.line) if p is not None else None for p in (_place(view, h) for h in placed)}
    return len(lines) == 1 and None not in lines


def _same_path(view: View, one: Hypothesis, other: Hypothesis) -> bool:
    """Whether two hypotheses cut one path: a node of one is computed from one of the other."""
    a, b = sorted((min(s for s, _ in one.edges), min(s for s, _ in other.edges)))
    reached = {a}
    for slot in range(a + 1, b + 1):
        if reached.intersection(view.record.nodes[slot].args):
            reached.add(slot)
    return b in reached


def _clause(view: View, chosen: Hypothesis, place: Place | None, meaning: str) -> str:
    node = view.record.nodes[chosen.edges[0][0]]
    if place is None or is_own(place.file):
        name = node.attributes.get("function") or OPERATIONS.get(node.primitive, node.primitive)
        through = f"the path through the {name} in f"
    else:
        through = f"the path through line {place.line}, {place.source.rstrip(',')},"
    return f"consistent with {through} {chosen.words}{meaning}"


def _meaning(view: View, paths: Sequence[Hypothesis], chosen: Hypothesis) -> tuple[Mistake, str]:
    """A more telling kind for a path that was left out, and what it means."""
    if chosen.factor is not None and any(len(h.edges) == 1 and _negative_side(view, h.edges[0]) for h in paths):
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
    if any(is_call(view, slot, "sqrt") and sum_of_squares(view, view.record.nodes[slot].args[0]) for slot, _ in edges):
        return Mistake.NORM, ": a norm was treated as a constant"
    for slot, position in edges:
        if position == 1 and elementwise_quotient(view, slot):
            return Mistake.QUOTIENT, ": the denominator was treated as a constant"
    for slot, position in (edge for h in paths for edge in h.edges if len(h.edges) == 1):
        node = view.record.nodes[slot]
        if node.primitive == "sub" and position == 1 and mean_of(view, node.args[1], node.args[0]):
            return Mistake.VARIANCE_MEAN, ": the mean was treated as a constant"
    if all(_part_of_a_slope(view, edge) for edge in chosen.edges):
        return Mistake.OTHER_SLOPE, ": a part of what the slope of that function changes by is missing"
    if any(len(h.edges) == 1 and _one_side(view, h.edges[0]) for h in paths):
        return Mistake.BRANCH, ": nothing arrives where the comparison there chooses it"
    placed = [h for h in paths if _placed(view, h)]
    if placed and all(_one_of_many(view, h) for h in placed):
        return Mistake.TRUNCATED, ", in one of the steps alone: what came before it was treated as a constant"
    if within_one_call(view, chosen):
        return Mistake.DROPPED, " in part: something computed there on the way was treated as a constant"
    if _of_slopes(view, chosen):
        return Mistake.DROPPED, ": the slope there was treated as a constant"
    return Mistake.DROPPED, f"{_turns(view, chosen)}: it was treated as a constant"


def _all_of(view: View, hypothesis: Hypothesis, slot: int) -> bool:
    """Whether a hypothesis cuts off all that an operation of several arguments is computed from: then none is meant."""
    varying = {k for k, a in enumerate(view.record.nodes[slot].args) if view.record.nodes[a].varies}
    return len(varying) > 1 and varying <= {position for s, position in hypothesis.edges if s == slot}


def _one_side(view: View, edge: Edge) -> bool:
    """Whether an edge leads from a selection to what it chooses on one side of a comparison."""
    node = view.record.nodes[edge[0]]
    chooses = node.primitive == "gather" and len(node.args) > 1 and edge[0] not in view.located.stored
    return chooses and choice_mistake(view, edge[0]) is Mistake.BRANCH


def _of_slopes(view: View, hypothesis: Hypothesis) -> bool:
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
