"""What one wrong answer comes of: relations, the record of f, the derivative's own code, other questions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.by_record import Investigation
from gradcheck.attribution.equal_constant import constant_in
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.known import FEWEST, FIXED, Relation
from gradcheck.attribution.located_trace import Located, located
from gradcheck.attribution.loop_cuts import turns_of
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.over_blocks import by_slices, parallel, strewn
from gradcheck.attribution.own_code import MOST_VISITS, OwnCode, OwnMistake, explained
from gradcheck.attribution.view import View
from gradcheck.judge.asked_otherwise import Spot, right_otherwise
from gradcheck.judge.cause_findings import stepped_aside
from gradcheck.judge.further_points import FurtherPoints
from gradcheck.judge.own_code_at import asked_at, own_code_at
from gradcheck.judge.relations_at import INSIDE, relations_at
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding

Array = NDArray[Any]

MOST_ENTRIES = 2_000
"""Maximum number of entries for which a second point is asked about."""
MANY = 100
"""Minimum number of different true entries of a block so large that a relation at one point is no accident."""
SHUFFLES = 2
"""Number of points with shuffled arguments at which a property of them has to hold."""
SETTLED = (Mistake.SIGN, Mistake.MEAN_SUM, Mistake.TRANSPOSED, Mistake.EXCHANGED, Mistake.ZERO, Mistake.PRECISION)
"""Relations of a whole block that say why it is wrong: no path of the function is looked for."""
MORE_TELLING = (Mistake.MEAN_SUM, Mistake.POWER_RULE, Mistake.MASK_SCALE, Mistake.CONSTANT_CUT, Mistake.GUARD)
"""Mistakes of a path that are reported instead of a plain factor of the whole block."""
FLAT = Relation(Mistake.OTHER_SLOPE, "is not zero, although f is flat there: it is the slope of another function")
"""What is said of an answer that nothing else explains where one operation has the slope 0."""
PARTIAL = "elsewhere"
"""A word of relations that say where an answer is wrong, and not why: a path of the function may explain it."""


@dataclass
class CauseSearch:
    """The search for the causes of one wrong answer."""

    here: Spot
    points: FurtherPoints
    grown: int = 0
    """The length of the batch, if the answer is right for one sample alone."""

    def __post_init__(self) -> None:
        self.wrong = [c for c in self.here.comparisons if np.any(c.wrong) and np.all(c.truth.known)]
        self.large = sum(c.answer.size for c in self.here.comparisons) > MOST_ENTRIES
        self.relations = {c.block: list(self._related(self.here, c)) for c in self.wrong}
        self.notes: list[Finding] = []

    def _related(self, spot: Spot, compared: Comparison) -> Iterator[Relation]:
        return relations_at(spot, compared, self._constant, self.grown)

    def strong(self) -> dict[str, Relation]:
        """The first relation of each block that names a mistake; blocks that have each other's are exchanged."""
        first = self._first(self.wrong, lambda r: not r.weak)
        if len({r.mistake for r in first.values()}) > 1:
            moved = self._first(self.wrong, lambda r: r.mistake is Mistake.EXCHANGED)
            if all(moved[r.other].other == b if r.other in moved else False for b, r in moved.items()):
                first = moved if len(moved) == len(self.wrong) else first
        return {b: self._or_a_turn(b, r) for b, r in first.items()}

    def _or_a_turn(self, block: str, relation: Relation) -> Relation:
        """A number's gradient that is 1/n of the right one, where f has a loop of n turns: one of them may count."""
        asked = asked_at(self.points.truth_of(self.here.product), self.here.comparisons)
        fraction = re.match(rf"is 1/(\d+) of the right one, and \d+ is {INSIDE}", relation.words)
        if fraction is None or asked is None or self.traced is None or asked.truths[block].size > 1:
            return relation
        n = int(fraction[1])
        if n not in turns_of(View(asked, self.traced)):
            return relation
        return replace(relation, words=f"{relation.words}, or one alone of the {n} turns of a loop counts", vague=True)

    def looks_for_a_path(self, strong: Mapping[str, Relation]) -> bool:
        """Whether the record may say more than relations do."""
        settled = [
            b
            for b, r in strong.items()
            if (r.mistake in SETTLED and PARTIAL not in r.words and (not r.other or r.other in strong))
            or r.words == FIXED
        ]
        known = None if self.here.evidence is None else self.here.evidence.analysis
        inside = known is not None and known.near_only  # the steps of an iteration are no operations of f's
        return not self.large and not inside and len(settled) < len(self.wrong)

    def by_record(self, strong: Mapping[str, Relation]) -> Explanation | None:
        """A mistake on the record of f that reproduces all blocks at both points, unless relations say it as well."""
        asked = asked_at(self.points.truth_of(self.here.product), self.here.comparisons)
        paths = None if asked is None else Investigation(asked, self.traced)
        if paths is None or not (paths.promising or any(self.relations.values())):
            return None
        beside = self.points.beside()
        elsewhere = None if beside is None else asked_at(self.points.truth_of(beside.product), beside.comparisons)
        found = None if elsewhere is None else paths.explanation(elsewhere)
        throughout = [r for r in strong.values() if r.mistake is Mistake.FACTOR and PARTIAL not in r.words]
        factors = len(throughout) == len(self.wrong)
        if found is None or (factors and not (found.place is not None and found.mistake in MORE_TELLING)):
            return None
        return None if (found.within or found.place is None) and len(strong) == len(self.wrong) else found

    def by_own_code(self, most: int = MOST_VISITS) -> OwnMistake | None:
        """The one step of the derivative's own code that, done otherwise, makes it right at both points."""
        try:
            here = None if self.large else self._own(self.here)
            if here is None or not here.usable:
                return None
            beside = self.points.beside()
            there = None if beside is None else self._own(beside)
            return None if there is None else explained(here, there, most)
        except (Exception, SystemExit) as wrong:  # what the record of f tells stands
            self.notes.append(stepped_aside(wrong))
            return None

    def _own(self, spot: Spot) -> OwnCode | None:
        asked = asked_at(spot.product, spot.comparisons)
        return (
            None
            if asked is None
            else own_code_at(self.points, asked, compares=self.compares, paths=self.paths, traced=self.traced)
        )

    def _constant(self, number: float) -> str:
        """Where f multiplies or divides by a number that its source holds, as words; "" if it does not."""
        function = self.points.truth_of(self.here.product).function.f
        return "" if self.traced is None else constant_in(self.traced, function, number)

    @cached_property
    def compares(self) -> bool:
        """Whether f compares numbers that depend on its inputs, or cannot be traced."""
        return self.traced is None or bool(self.traced.outcomes)

    @cached_property
    def paths(self) -> bool:
        """Whether f is several operations; one that cannot be traced is taken for one if it keeps the shape it gets."""
        if self.traced is not None:
            return sum(n.varies and bool(n.args) and n.primitive != "gather" for n in self.traced.record.nodes) > 1
        product = self.points.truth_of(self.here.product)
        (y, *more), given = product.outputs[0], [np.shape(product.inputs[k]) for k in product.function.wrt]
        return bool(more) or given != [np.shape(y)] or np.ndim(y) == 0

    @cached_property
    def traced(self) -> Located | None:
        """The record of f at the first point; None where it cannot be traced."""
        return None if self.large else located(self.points.truth_of(self.here.product))

    def telling(self, strong: Mapping[str, Relation]) -> dict[str, Relation]:
        """The relation of each wrong block that says what was done: the strong one, or another question."""
        found = dict(strong)
        for c in self.wrong:
            if c.block not in found and not self.large:
                one = self._given_the_output(c.block)
                one = one or right_otherwise(c.block, self.here, self.points.beside, self.points.truth_of)
                found |= {} if one is None else {c.block: one}
        return found

    def named(self, telling: Mapping[str, Relation]) -> dict[str, Relation]:
        """The relation of each wrong block: the telling one, or a weak one."""
        found = dict(telling)
        found |= self._first([c for c in self.wrong if c.block not in found], lambda r: r.weak)
        if not self.paths:
            found |= {c.block: FLAT for c in self.wrong if c.block not in found and not np.any(c.truth.middle)}
        found = {c.block: found[c.block] for c in self.wrong if c.block in found}
        return found or self._of_all(strewn) or self._of_all(parallel) or self._of_all(by_slices)

    def _first(self, blocks: Sequence[Comparison], fits: Callable[[Relation], bool]) -> dict[str, Relation]:
        first = {
            c.block: next((r for r in self.relations[c.block] if fits(r) and self._holds(c, r)), None) for c in blocks
        }
        return {block: r for block, r in first.items() if r is not None}

    def _holds(self, compared: Comparison, relation: Relation) -> bool:
        """Whether a relation holds at the other points, too."""
        if self.large:
            return not relation.by_values and len(np.unique(compared.truth.middle)) >= MANY
        spots = [self.points.beside()]
        if relation.by_values and spots[0] is not None:
            spots += [self.points.shuffled(k) for k in range(SHUFFLES)]
        for spot in spots:
            there = None if spot is None else spot.of(compared.block)
            if spot is None or there is None or not any(relation.same(r) for r in self._related(spot, there)):
                return False
        return True

    def _of_all(self, related: Callable[..., Relation | None]) -> dict[str, Relation]:
        """A relation that the wrong blocks have together, at both points."""
        relation: Relation | None = None
        for spot in (self.here, None if self.large else self.points.beside()):
            compared = [] if spot is None else [c for c in map(spot.of, (w.block for w in self.wrong)) if c is not None]
            answers = {c.block: c.answer.astype(float) for c in compared}
            room = max((float(np.max(c.allowance, initial=0.0)) for c in compared), default=0.0)
            before = relation
            relation = related(answers, {c.block: c.truth.middle for c in compared}, room) if answers else None
            if relation is None or not relation.same(before or relation):
                return {}
        return {c.block: relation for c in self.wrong} if relation is not None else {}

    def _given_the_output(self, block: str) -> Relation | None:
        """Whether the derivative is right once it gets f's value in place of the input: it is a formula of that."""
        for spot in (self.here, None):
            spot = spot or self.points.beside()
            compared = None if spot is None else spot.of(block)
            if spot is None or compared is None or not self._right_given_the_output(spot, compared):
                return None
        return Relation(Mistake.SLOPE_AT_OUTPUT, f"takes {block} where it needs f's value: given that, it is right")

    def _right_given_the_output(self, spot: Spot, compared: Comparison) -> bool:
        product, names = spot.product, spot.product.function.names
        if product.tangents is not None or len(product.outputs[0]) != 1:
            return False
        k, y = names.index(compared.block), product.outputs[0][0]
        x = np.asarray(product.inputs[k])
        if y.shape != x.shape or y.size < FEWEST or not np.any(compared.wrong):
            return False
        inputs = tuple(y.astype(x.dtype) if i == k else v for i, v in enumerate(product.inputs))
        reply = self.points.ask(replace(product, inputs=inputs))
        part = None if reply is None else reply.parts[product.blocks.index(compared.block)]
        if part is None or part.shape != x.shape:
            return False
        room = compared.allowance + compared.truth.radius
        return bool(np.all(np.abs(part.astype(float) - compared.truth.middle) <= room))
