"""Of all hypotheses that reproduce an answer, what they have in common, as a sentence with a place."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

from gradcheck.attribution.equal_uses import with_equals
from gradcheck.attribution.explanation import Explanation, Place
from gradcheck.attribution.hypothesis import Hypothesis, outcomes
from gradcheck.attribution.library_calls import within_one_call
from gradcheck.attribution.located_trace import Call
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.path_factors import LOST_CONSTANT, MEASURED
from gradcheck.attribution.path_meaning import FEWEST_STEPS, in_known_places, of_slopes, what_it_means
from gradcheck.attribution.record_forms import name_of
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
CONTRARY = (
    {Mistake.MEAN_SUM, Mistake.OVERWRITTEN},
    {Mistake.SLOPE_FORGOTTEN, Mistake.PRODUCT_TRANSPOSED},
    {Mistake.PATH_SIGN, Mistake.PRODUCT_TRANSPOSED},
    {Mistake.DROPPED, Mistake.POWER_RULE},
)
"""Kinds that exclude each other: of as simple hypotheses of both, neither is the one name."""


def told(view: View, found: Sequence[Hypothesis], blocks: frozenset[str]) -> Explanation | None:
    """The explanation that stands for all that were found; `blocks`: those it concerns alone, empty if all."""
    rank = min(h.rank for h in found)
    kinds = {with_equals(view, h).mistake for h in found if h.rank == rank}
    first = _told(view, found, blocks)
    if first is None or len(kinds) == 1:
        return first
    pair = next((pair for pair in CONTRARY if first.mistake in pair <= kinds), None)
    if pair is None:
        return first
    (contrary,) = pair - {first.mistake}
    others = [h for h in found if with_equals(view, h).mistake is contrary]
    words = next(h.words for h in others if h.rank == rank)
    apart = (first, _told(view, others, blocks))
    return replace(
        first, clause=f"{first.clause}, or {words}", vague=True, others=tuple(e for e in apart if e is not None)
    )


def _told(view: View, found: Sequence[Hypothesis], blocks: frozenset[str]) -> Explanation | None:
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
    placed = [h for h in best if in_known_places(view, h)] or best
    chosen = min([h for h in placed if _computes(view, h)] or placed, key=lambda h: max(h.edges))
    paths = [h for h in best if _same_path(view, h, chosen)]
    rival = chosen.factor is not None and kind in OWN_FACTORS and not _one_line(view, best)
    place = _place(view, chosen) if (len(paths) == len(best) and not rival) or _one_line(view, best) else None
    if place is None and chosen.rank >= MEASURED and kind in (Mistake.PATH_FACTOR, Mistake.CONSTANT_CUT):
        return None  # any number, and nowhere in particular: where all is linear many paths have one
    mistake, meaning = what_it_means(view, paths, chosen)
    clause = _clause(view, chosen, place, meaning)
    within = mistake is Mistake.DROPPED and (of_slopes(view, chosen) or within_one_call(view, chosen))
    vague = mistake in (Mistake.DROPPED, Mistake.TRUNCATED) and _cuts_more(view, chosen, blocks)
    clause += ", or as if another array stood where what was carried on is due" * vague
    return Explanation(mistake, clause, ", ".join(sorted(blocks)), place, within, vague=vague)


def _cuts_more(view: View, hypothesis: Hypothesis, blocks: frozenset[str]) -> bool:
    """Whether what a loop carries on is cut for some blocks alone, although right ones need it, too.

    Then another array may as well stand where its values are due: the input of a recursion for its output.
    """
    if not blocks or len(hypothesis.edges) < FEWEST_STEPS or not _same_place(view, hypothesis):
        return False
    gradients = outcomes(view, hypothesis.change)
    rest = {b: a[..., 0] for b, a in (gradients or {}).items() if b not in blocks}
    return bool(rest) and not view.reproduces(rest, frozenset(rest))


def _same_place(view: View, hypothesis: Hypothesis) -> bool:
    stacks = {view.located.stacks[slot] for slot, _ in hypothesis.edges}
    return len(stacks) == 1 and any(map(in_a_loop, *stacks))


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
    if first is not None and first.unpacks:
        return None  # arguments are told apart there, and no mistake is made
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
    placed = [h for h in several if in_known_places(view, h)]
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
    if place is None or is_own(place.file):
        through = f"the path through the {name_of(view, chosen.edges[0][0])} in f"
    else:
        through = f"the path through line {place.line}, {place.source.rstrip(',')},"
    return f"consistent with {through} {chosen.words}{meaning}"
