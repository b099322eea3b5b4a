"""What kind of wrong a derivative of a function is: its relation to the truth, or a mistake on the record of f.

One point may show a relation by accident, which numbers of one or two entries do easily. So whatever is named holds at
the point given and at one beside it; what says where an argument has a property, such as "where x < 0", holds where the
arguments are shuffled, too. First come relations that say what was done, then experiments on the record, then other
questions to which the answer is right, and last relations that say how the numbers differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.by_record import Investigation
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.known import FEWEST, Known, Relation, lengths_of
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.over_blocks import Named, strewn, together
from gradcheck.attribution.relation import relations
from gradcheck.attribution.view import Asked
from gradcheck.errors import GradcheckError
from gradcheck.judge.asked_otherwise import Spot, right_otherwise
from gradcheck.judge.function_entries import Numbers
from gradcheck.judge.further_points import FurtherPoints, spot_of
from gradcheck.judge.question import Question
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

MOST_ENTRIES = 2_000
"""Maximum number of entries for which a second point is asked about."""
MANY = 100
"""Minimum number of different true entries of a block so large that a relation at one point is no accident."""
SHUFFLES = 2
"""Number of points with shuffled arguments that a property of them has to stand."""
SETTLED = (Mistake.SIGN, Mistake.MEAN_SUM, Mistake.TRANSPOSED, Mistake.EXCHANGED, Mistake.ZERO, Mistake.PRECISION)
"""Relations of a whole block that say why it is wrong: no path of the function is looked for."""
MORE_TELLING = (Mistake.MEAN_SUM, Mistake.POWER_RULE, Mistake.MASK_SCALE, Mistake.CONSTANT_CUT, Mistake.GUARD)
"""What a path has to be instead of a plain factor of the whole block."""
PARTIAL = "elsewhere"
"""A word of relations that say where an answer is wrong, and not why: a path of the function may explain it."""


def causes(
    question: Question,
    product: Product,
    numbers: Numbers,
    settings: Settings,
    random: np.random.Generator,
    *,
    tuple_output: bool,
    truth_of: Callable[[Product], Product],
    where: str = "",
) -> list[Finding]:
    """A finding per mistake that reproduces the wrong blocks at two points; `where`: at which the first is.

    A verdict that was reached is not lost here: what goes wrong in the search is a note.
    """
    points = FurtherPoints(question, settings, random, tuple_output, truth_of, product)
    try:
        found = _causes(product, numbers, points)
    except GradcheckError:
        return []
    except Exception as wrong:
        return [finding("GC040", oracle="the search for the cause", why=f"{type(wrong).__name__}: {str(wrong)[:200]}")]
    return [finding("GC051", **{**f.facts, "cause": f"{where}{f.facts['cause']}"}) for f in found] if where else found


def _causes(product: Product, numbers: Numbers, points: FurtherPoints) -> list[Finding]:
    search = _Search(spot_of(product, numbers.comparisons, numbers.evidence), points)
    strong = search.strong()
    if search.looks_for_a_path(strong) and (explanation := search.by_record(strong)) is not None:
        return [_by_record(explanation, product)]
    found = search.named(strong)
    silent = [c.block for c in numbers.comparisons if not np.any(np.abs(c.truth.middle) > c.allowance)]
    return [_told(n) for n in together(found, product.blocks, silent, product.tangents is not None)]


def _told(named: Named) -> Finding:
    """The finding; one that says no more than where the answer is wrong has no kind."""
    kind = {} if named.relation.vague else {"kind": named.relation.mistake.value}
    return finding("GC051", cause=named.sentence, block=named.block, relation=named.clause, **kind)


def _by_record(explanation: Explanation, product: Product) -> Finding:
    facts: dict[str, Any] = {"kind": explanation.mistake.value}
    cause = explanation.clause
    if explanation.block:
        whose = "the gradient with respect to" if product.tangents is None else "the tangent of"
        cause = f"{whose} {explanation.block} is {cause}"
        facts["block"] = explanation.block
    if (place := explanation.place) is not None:
        facts |= {"file": place.file, "line": place.line, "source": place.source}
        facts |= {"start": place.start, "end": place.end}
    return finding("GC051", cause=cause, **facts)


@dataclass
class _Search:
    """The search for the causes of one wrong answer."""

    here: Spot
    points: FurtherPoints

    def __post_init__(self) -> None:
        self.wrong = [c for c in self.here.comparisons if np.any(c.wrong) and np.all(c.truth.known)]
        self.relations = {c.block: list(_relations(self.here, c)) for c in self.wrong}
        self.large = sum(c.answer.size for c in self.here.comparisons) > MOST_ENTRIES

    def strong(self) -> dict[str, Relation]:
        """The first relation of each block that says what was done."""
        return self._first(self.wrong, lambda r: not r.weak)

    def looks_for_a_path(self, strong: Mapping[str, Relation]) -> bool:
        """Whether the record may say more than relations do."""
        settled = [b for b, r in strong.items() if r.mistake in SETTLED and PARTIAL not in r.words]
        return not self.large and len(settled) < len(self.wrong)

    def by_record(self, strong: Mapping[str, Relation]) -> Explanation | None:
        """A mistake on the record of f that reproduces all blocks at both points, unless relations say it as well."""
        asked = _asked(self.points.truth_of(self.here.product), self.here.comparisons)
        paths = None if asked is None else Investigation(asked)
        if paths is None or not (paths.promising or any(self.relations.values())):
            return None
        beside = self.points.beside()
        elsewhere = None if beside is None else _asked(self.points.truth_of(beside.product), beside.comparisons)
        found = None if elsewhere is None else paths.explanation(elsewhere)
        factors = len(strong) == len(self.wrong) and all(r.mistake is Mistake.FACTOR for r in strong.values())
        if found is None or (factors and not (found.place is not None and found.mistake in MORE_TELLING)):
            return None
        return found

    def named(self, strong: Mapping[str, Relation]) -> dict[str, Relation]:
        """The relation of each wrong block: the strong one, another question, a weak one."""
        found = dict(strong)
        for c in self.wrong:
            if c.block not in found and not self.large:
                one = self._given_the_output(c.block)
                one = one or right_otherwise(c.block, self.here, self.points.beside, self.points.truth_of)
                found |= {} if one is None else {c.block: one}
        found |= self._first([c for c in self.wrong if c.block not in found], lambda r: r.weak)
        found = {c.block: found[c.block] for c in self.wrong if c.block in found}
        return found or self._strewn()

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
            if spot is None or there is None or not any(relation.same(r) for r in _relations(spot, there)):
                return False
        return True

    def _strewn(self) -> dict[str, Relation]:
        """The relation that the blocks together have the right numbers."""
        relation = None
        for spot in (self.here, self.points.beside() if len(self.wrong) > 1 and not self.large else None):
            compared = [] if spot is None else [c for c in map(spot.of, (w.block for w in self.wrong)) if c is not None]
            answers = {c.block: c.answer.astype(float) for c in compared}
            room = max((float(np.max(c.allowance, initial=0.0)) for c in compared), default=0.0)
            relation = strewn(answers, {c.block: c.truth.middle for c in compared}, room)
            if relation is None:
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


def _asked(product: Product, comparisons: Sequence[Comparison]) -> Asked | None:
    """What came at a point, if the truth is known there in every entry."""
    if {c.block for c in comparisons} != set(product.blocks) or not all(np.all(c.truth.known) for c in comparisons):
        return None
    return Asked(
        product,
        {c.block: c.answer.astype(np.float64) for c in comparisons},
        {c.block: c.truth.middle for c in comparisons},
        {c.block: c.allowance + c.truth.radius for c in comparisons},
    )


def _relations(spot: Spot, compared: Comparison) -> Iterator[Relation]:
    """The relations of one block at one point."""
    if np.any(compared.wrong) and np.all(compared.truth.known):
        room = compared.allowance + compared.truth.radius
        answer = compared.answer.astype(np.float64)
        yield from relations(answer, compared.truth.middle, room, _known(spot, compared.block))


def _known(spot: Spot, block: str) -> Known:
    """What a block's answer may be related to at a point."""
    product, names = spot.product, spot.product.function.names
    arrays = {name: np.asarray(x) for name, x in zip(names, product.inputs, strict=True)}
    inputs = {name: x if x.dtype.kind in "iu" else x.astype(np.float64) for name, x in arrays.items()}
    try:
        outputs = [np.asarray(o, dtype=float) for o in product.outputs[0]]
    except Exception:  # no point of f
        outputs = []
    if product.tangents is not None:
        weights = {f"the tangent of {names[k]}": t for k, t in zip(product.function.wrt, product.tangents, strict=True)}
    else:
        several = len(product.cotangents or ()) > 1
        weights = {f"the cotangent{f' of output {k}' * several}": c for k, c in enumerate(product.cotangents or ())}
    inside = dict.fromkeys(sorted(spot.lengths), "the length of an array inside f")
    return Known(
        block,
        inputs,
        {**inside, **lengths_of(inputs, outputs)},
        {b: t for b, t in spot.truths().items() if b != block},
        {words: np.asarray(w, dtype=float) for words, w in weights.items()},
        {"f's value" + f" {k}" * (len(outputs) > 1): o for k, o in enumerate(outputs)},
    )
