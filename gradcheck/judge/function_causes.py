"""What kind of wrong a derivative of a function is: its relation to the truth, or a mistake on the record of f.

One point may show a relation by accident, which numbers of one or two entries do easily. So whatever is named holds at
the point given and at one beside it; what says where an argument has a property, such as "where x < 0", holds where the
arguments are shuffled, too. First come relations that say what was done, then experiments on the record, then other
questions to which the answer is right, and last relations that say how the numbers differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.at_ties import told_by_ties
from gradcheck.attribution.by_record import Investigation
from gradcheck.attribution.equal_constant import constant_in
from gradcheck.attribution.explanation import Explanation, Place
from gradcheck.attribution.known import FEWEST, FIXED, Known, Relation, lengths_of
from gradcheck.attribution.located_trace import Located, located
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.over_blocks import Named, by_slices, parallel, strewn, together
from gradcheck.attribution.own_code import MOST_VISITS, Answered, OwnCode, OwnMistake, explained
from gradcheck.attribution.record_forms import all_negative_modulus
from gradcheck.attribution.relation import relations
from gradcheck.attribution.source_place import constants_of, is_own, numbers_of
from gradcheck.attribution.terms import IN_PLACES, penalty_of_few
from gradcheck.attribution.view import Asked, View
from gradcheck.errors import GradcheckError
from gradcheck.judge.asked_otherwise import Spot, right_otherwise
from gradcheck.judge.derivative_run import recorded_run
from gradcheck.judge.function_entries import Numbers
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.further_points import FurtherPoints, spot_of
from gradcheck.judge.question import Question
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product
from gradcheck.problem.time_limit import TimeUp, left, spent_at_most
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

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
AS_PLAIN = (Mistake.PLACES, Mistake.ZERO, Mistake.LOSS_TERM, Mistake.CONSTANT)
"""Relations that explain as much as a step of the derivative's own code does."""
ASSIGNED = (Mistake.OVERWRITTEN, Mistake.SCATTER)
"""What a part that is left out was lost by, where the derivative's own code assigns what it must add."""
FEW_VISITS = 6_000
"""Maximum number of steps of the derivative that are replayed where the mistake already has a name."""
FACTOR_THERE = "has a factor"
"""How the words about a factor begin that the derivative's own code multiplies by; one that it lacks is in no code."""
ON_RECORD = 0.4
"""Share of the time left for experiments on the record: a decomposition's has hundreds of operations."""
AS_EXECUTED = 1e-10
"""Relative error granted to the gradient of a loop as it was executed, where the loop ends on a comparison."""
FLAT = Relation(Mistake.OTHER_SLOPE, "is not zero, although f is flat there: it is the slope of another function")
"""What is said of an answer that nothing else explains where one operation has the slope 0."""
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
    first: Product | None = None,
) -> list[Finding]:
    """A finding per mistake that reproduces the wrong blocks at two points.

    `first` is the point that was given, where the answer is right, if the wrong ones are those at another point.

    A verdict that was reached is not lost here: what goes wrong in the search is a note.
    """
    points = FurtherPoints(question, settings, random, tuple_output, truth_of, product)
    try:
        with np.errstate(all="ignore"):  # answers may be as large as there are numbers
            found = (
                _causes(product, numbers, points, _grown(first, product))
                if numbers.comparisons
                else _at_kink(product, points)
            )
    except GradcheckError:
        return []
    except (Exception, SystemExit) as wrong:
        return [finding("GC040", oracle="the search for the cause", why=f"{type(wrong).__name__}: {str(wrong)[:200]}")]
    return found if first is None else [_elsewhere(f) for f in found]


def _grown(first: Product | None, product: Product) -> int:
    """The length of a batch of which the point that was given has one sample; 0 if it has as many."""
    pairs = [] if first is None else zip(first.inputs, product.inputs, strict=True)
    return next((len(b) for a, b in pairs if np.shape(a)[:1] == (1,) and np.shape(b) != np.shape(a)), 0)


def _elsewhere(found: Finding) -> Finding:
    """The finding about another point: which entries are wrong there is no kind of mistake."""
    facts = {k: v for k, v in found.facts.items() if k != "kind" or v != Mistake.PLACES.value}
    return finding("GC051", **{**facts, "cause": f"at that other point {facts['cause']}"})


def _causes(product: Product, numbers: Numbers, points: FurtherPoints, grown: int = 0) -> list[Finding]:
    search = _Search(spot_of(product, numbers.comparisons, numbers.evidence), points, grown)
    strong = search.strong()
    explanation: Explanation | None = None
    with suppress(TimeUp), spent_at_most(ON_RECORD * left()):
        explanation = search.by_record(strong) if search.looks_for_a_path(strong) else None
    if explanation is not None:
        own = search.by_own_code(FEW_VISITS)
        if own is not None and own.mistake in ASSIGNED and explanation.mistake is Mistake.DROPPED:
            explanation = replace(explanation, mistake=own.mistake)  # left out, because another part is put over it
        elif own is not None:
            averages = own.mistake is Mistake.FACTOR and own.words.startswith(FACTOR_THERE)
            explanation = explanation.of_kind(Mistake.MEAN_SUM if averages else own.mistake)
        return [_by_record(explanation, product, own if own is not None and own.mistake is not None else None)]
    telling = search.telling(strong)
    own = search.by_own_code() if len(telling) < len(search.wrong) else None
    found = search.named(telling)
    plain = bool(found) and all(r.mistake in AS_PLAIN and not (r.vague or IN_PLACES in r.words) for r in found.values())
    if own is not None and own.mistake is not None and not plain:
        return [_by_own_code(own)]
    if own is not None and all(r.vague for r in found.values()):
        return [_by_own_code(own)]
    if len({r.mistake for r in found.values()}) > 1:  # of one mistake, they would be of one kind
        found = {b: replace(r, vague=True) for b, r in found.items()}
    if any(r.mistake is Mistake.BRANCH for r in found.values()) and not search.compares:
        found = {b: replace(r, vague=True) for b, r in found.items()}
    if search.traced is not None and all_negative_modulus(search.traced):
        found = {b: replace(r, vague=r.vague or r.mistake is Mistake.SIGN) for b, r in found.items()}
    if len(found) > 1 and all(r.mistake is Mistake.ZERO and PARTIAL in r.words for r in found.values()):
        found = {b: replace(r, vague=True) for b, r in found.items()}  # one cause, of which that is what is seen
    silent = [c.block for c in numbers.comparisons if not np.any(np.abs(c.truth.middle) > c.allowance)]
    return [_told(n) for n in together(found, product.blocks, silent, product.tangents is not None)]


def _at_kink(product: Product, points: FurtherPoints) -> list[Finding]:
    """The mistake of an answer where f has no one derivative: the one beside the point, or one at the tie."""
    beside, reply = points.beside(), points.ask(product)
    finite = reply is not None and all(p is None or np.all(np.isfinite(p)) for p in reply.parts)
    if beside is None or not finite:
        return []
    if not beside.comparisons:
        return _along_the_loop(product, points, beside)
    if any(np.any(c.wrong) for c in beside.comparisons):
        numbers = Numbers(beside.evidence, tuple(beside.comparisons), ()) if beside.evidence is not None else None
        return (
            []
            if numbers is None
            else _causes(beside.product, numbers, replace(points, given=beside.product, _asked={}))
        )
    traced = located(points.truth_of(product))
    explanation = None if traced is None else told_by_ties(traced)
    known = all(np.all(c.truth.known) for c in beside.comparisons)
    return [] if explanation is None or not known else [_by_record(explanation, product)]


def _along_the_loop(product: Product, points: FurtherPoints, beside: Spot) -> list[Finding]:
    """Where a loop ends on a comparison whose sides are equal, f is differentiated as it was executed."""
    here, there = (_asked_of_record(points, p) for p in (product, beside.product))
    if here is None or there is None:
        return []
    explanation = Investigation(here, located(here.product)).explanation(there)
    if explanation is not None:
        return [_by_record(explanation, product)]
    own = [_own_code(points, asked) for asked in (here, there)]
    found = None if own[0] is None or own[1] is None else explained(own[0], own[1])
    return [] if found is None else [_by_own_code(found)]


def _asked_of_record(points: FurtherPoints, product: Product) -> Asked | None:
    """The question with the gradient of f's record for its truth."""
    reply, traced = points.ask(product), located(points.truth_of(product))
    if reply is None or traced is None or wrong_form(product, reply):
        return None
    parts = {b: p for b, p in zip(product.blocks, reply.parts, strict=True) if p is not None}
    answers = {b: p.astype(np.float64) for b, p in parts.items()}
    if len(answers) < len(product.blocks):
        return None
    empty = Asked(points.truth_of(product), answers, answers, answers)
    truths = View(empty, traced).gradient()
    rooms = {b: np.full(t.shape, AS_EXECUTED * float(np.max(np.abs(t), initial=0.0))) for b, t in truths.items()}
    return replace(empty, truths=truths, rooms=rooms)


def _told(named: Named) -> Finding:
    """The finding. One that tells only where the answer is wrong has no kind."""
    kind = {} if named.relation.vague else {"kind": named.relation.mistake.value}
    return finding("GC051", cause=named.sentence, block=named.block, relation=named.clause, **kind)


def _by_record(explanation: Explanation, product: Product, own: OwnMistake | None = None) -> Finding:
    """The finding, with the place in f, and the one in the derivative where its own code tells it."""
    facts: dict[str, Any] = {} if explanation.vague else {"kind": explanation.mistake.value}
    cause = explanation.clause
    if explanation.block:
        whose = "the gradient with respect to" if product.tangents is None else "the tangent of"
        cause = f"{whose} {explanation.block} is {cause}"
        facts["block"] = explanation.block
    if (place := explanation.place) is not None and not is_own(place.file):
        facts |= {"file": place.file, "line": place.line, "source": place.source}
        facts |= {"start": place.start, "end": place.end}
    if own is not None and own.place is not None:
        cause += f"; in the derivative, line {own.place.line}, {own.place.expression}, {own.words}"
        facts |= _own_place(own.place)
    return finding("GC051", cause=cause, **facts)


def _own_place(place: Place) -> dict[str, Any]:
    """The facts about a place in the derivative's own code."""
    found = {"own_file": place.file, "own_line": place.line, "own_source": place.source}
    return found | {"own_start": place.start, "own_end": place.end}


def _by_own_code(own: OwnMistake) -> Finding:
    """The finding, with the place in the derivative's own code."""
    facts: dict[str, Any] = {} if own.mistake is None else {"kind": own.mistake.value}
    place = own.place
    where = (
        "one step of the derivative's own code"
        if place is None
        else f"line {place.line} of the derivative, {place.expression},"
    )
    if place is not None:
        facts |= _own_place(place)
    return finding("GC051", cause=f"{where} {own.words}: without that it is right", **facts)


@dataclass
class _Search:
    """The search for the causes of one wrong answer."""

    here: Spot
    points: FurtherPoints
    grown: int = 0
    """The length of the batch, if the answer is right for one sample alone."""

    def __post_init__(self) -> None:
        self.wrong = [c for c in self.here.comparisons if np.any(c.wrong) and np.all(c.truth.known)]
        self.large = sum(c.answer.size for c in self.here.comparisons) > MOST_ENTRIES
        self.relations = {c.block: list(self._related(self.here, c)) for c in self.wrong}

    def _related(self, spot: Spot, compared: Comparison) -> Iterator[Relation]:
        return _relations(spot, compared, self._constant, self.grown)

    def strong(self) -> dict[str, Relation]:
        """The first relation of each block that names a mistake; blocks that have each other's are exchanged."""
        first = self._first(self.wrong, lambda r: not r.weak)
        if len({r.mistake for r in first.values()}) > 1:
            moved = self._first(self.wrong, lambda r: r.mistake is Mistake.EXCHANGED)
            if all(moved[r.other].other == b if r.other in moved else False for b, r in moved.items()):
                first = moved if len(moved) == len(self.wrong) else first
        return first

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
        asked = _asked(self.points.truth_of(self.here.product), self.here.comparisons)
        paths = None if asked is None else Investigation(asked, self.traced)
        if paths is None or not (paths.promising or any(self.relations.values())):
            return None
        beside = self.points.beside()
        elsewhere = None if beside is None else _asked(self.points.truth_of(beside.product), beside.comparisons)
        found = None if elsewhere is None else paths.explanation(elsewhere)
        throughout = [r for r in strong.values() if r.mistake is Mistake.FACTOR and PARTIAL not in r.words]
        factors = len(throughout) == len(self.wrong)
        if found is None or (factors and not (found.place is not None and found.mistake in MORE_TELLING)):
            return None
        return None if (found.within or found.place is None) and len(strong) == len(self.wrong) else found

    def by_own_code(self, most: int = MOST_VISITS) -> OwnMistake | None:
        """The one step of the derivative's own code that, done otherwise, makes it right at both points."""
        here = None if self.large else self._own(self.here)
        if here is None or not here.usable:
            return None
        beside = self.points.beside()
        there = None if beside is None else self._own(beside)
        return None if there is None else explained(here, there, most)

    def _own(self, spot: Spot) -> OwnCode | None:
        asked = _asked(spot.product, spot.comparisons)
        return (
            None
            if asked is None
            else _own_code(self.points, asked, compares=self.compares, paths=self.paths, traced=self.traced)
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


def _own_code(
    points: FurtherPoints,
    asked: Asked,
    *,
    compares: bool = True,
    paths: bool = True,
    traced: Located | None = None,
) -> OwnCode | None:
    """The derivative's own code at a point, beside f's record; None where its steps cannot be had."""
    run = recorded_run(points.question, asked.product)
    if run is None:
        return None
    try:
        values = [("f's value", np.asarray(o, dtype=float)) for o in asked.product.outputs[0]]
    except (Exception, SystemExit):  # no point of f
        values = []
    unit = float(np.finfo(asked.product.dtype).eps) / 2
    given = [*values, *([] if traced is None else constants_of(traced))]
    forward = [] if traced is None else View(asked, traced).arrays()
    numbers = {} if traced is None else numbers_of(traced)
    parts = asked.answers, asked.truths, asked.rooms
    return OwnCode(Answered(run, *parts, given, unit, compares, paths, forward, numbers))


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


def _relations(spot: Spot, compared: Comparison, constant: Callable[[float], str], grown: int) -> Iterator[Relation]:
    """The relations of one block at one point."""
    if np.any(compared.wrong) and np.all(compared.truth.known):
        room = compared.allowance + compared.truth.radius
        answer = compared.answer.astype(np.float64)
        known = replace(_known(spot, compared.block, constant), grown=grown)
        yield from relations(answer, compared.truth.middle, room, known)
        yield from penalty_of_few(answer, compared.truth.middle, room, known)


def _known(spot: Spot, block: str, constant: Callable[[float], str]) -> Known:
    """What a block's answer may be related to at a point."""
    product, names = spot.product, spot.product.function.names
    arrays = {name: np.asarray(x) for name, x in zip(names, product.inputs, strict=True)}
    inputs = {name: x if x.dtype.kind in "iu" else x.astype(np.float64) for name, x in arrays.items()}
    try:
        outputs = [np.asarray(o, dtype=float) for o in product.outputs[0]]
    except (Exception, SystemExit):  # no point of f
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
        constant,
    )
