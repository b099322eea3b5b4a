"""Whether a derivative that is right at the given point is wrong at another one, where f is meant as well.

f is known at the given point. Another point counts if f can be followed there (`routes.continuation`). An f that
cannot be traced is asked about close by alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError, HarnessFault, SubjectError
from gradcheck.judge import other_points
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.domain import Domain
from gradcheck.judge.function_entries import Numbers, compare_numbers, repeats, slight
from gradcheck.judge.function_estimates import Evidence, estimated, gather
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.higher_precision import FEW_RUNS, own_branches, traced_answer
from gradcheck.judge.not_finite import not_finite
from gradcheck.judge.other_points import Neighbour
from gradcheck.judge.question import Question, Reply
from gradcheck.judge.right_in_floats import Ahead, seen_right
from gradcheck.judge.settings import Settings
from gradcheck.judge.time_budget import PLACE, TimeBudget
from gradcheck.oracle.analysis import Analysis, TracedPoint
from gradcheck.problem.function import Product
from gradcheck.routes import Branch, Key
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding, shown
from gradcheck.verdict.finding_kind import Severity

Array = NDArray[Any]

MOST_CROSSED = 8
"""Maximum number of comparisons of f, the nearest, whose other side is solved for."""
MOST_NESTED = 2
"""Maximum number of further ones from each such point, of those that are made on that side only."""
MOST_GUARDED = 2
"""Maximum number of guards of f whose other side is looked at."""
BEHIND = 1e-4
"""Maximum relative error beyond a guard, where a derivative may be a series of one term."""
MOST_DEEP = 2
"""Maximum number of branches within one another that are followed."""
OTHER_SIDES = "the other sides of comparisons of f"
"""Name of these points in a note about the time."""
MOST_OWN = 4
"""Maximum number of comparisons of the derivative's own code whose other side is looked at."""
MOST_ARRAYS = 2_000
"""Maximum number of arrays that f computes before the derivative's own comparisons are left out: tracing it takes as
long as all other points together."""
NEAR = 0.05
"""Share of the way to another point on which a derivative has to be right to count as right near the given point."""
HALVINGS = 12
"""Number of halvings of the way, in search of the place from which on it is wrong."""
FARTHER, SMALL = 0.004, 1e-5
"""Share of the way beyond that place at which an approximation's error is still below SMALL of its scale."""
PLAIN = 0.2
"""Relative error at numbers of ordinary size that no approximation of a derivative has there."""
STEADY = 0.05
"""Maximum relative difference of two answers at neighbouring points that is no jump."""
LONGEST = 100
"""Maximum number of characters of a point that is written out in a sentence."""


@dataclass
class Elsewhere:
    """The search for another point at which a derivative is wrong. For one search only: it keeps what did not count.

    Attributes
    ----------
    question, settings: what is asked, and how it is judged.
    random: for points and cotangents.
    tuple_output: whether f returns a tuple.
    truth_of: the product whose truth is asked for.
    domain: where f is meant.
    time: the time for the whole check.
    branches, reached: comparisons of f, guards apart, and those whose other side was looked at.
    """

    question: Question
    settings: Settings
    random: np.random.Generator
    tuple_output: bool
    truth_of: Callable[[Product], Product]
    domain: Domain
    time: TimeBudget
    branches: dict[Key, Branch] = field(default_factory=dict)
    reached: set[Key] = field(default_factory=set)
    _beyond: list[Finding] = field(default_factory=list)
    _floats_tell: bool = True
    _ahead: Ahead | None = None
    _followed: tuple[Neighbour, ...] = ()
    convicted: list[tuple[Product, Numbers]] = field(default_factory=list)
    """Where errors were found that count, and what was compared there; the last is the one that is told."""

    def findings(self, product: Product, evidence: Evidence, reply: Reply) -> list[Finding]:
        """A finding about the first other point at which the derivative is wrong, if there is one.

        Where an error did not count, a note says so. `evidence` and `reply` are those of the given point, where it is
        right.
        """
        found: list[Finding] = []
        with self.time.part("points other than those named"):
            found = self._searched(product, evidence, reply)
        return found or sorted(self._beyond, key=lambda told: told.severity is not Severity.WARNING)[:1]

    def _searched(self, product: Product, evidence: Evidence, reply: Reply) -> list[Finding]:
        """Every other point in turn, each within its share of the time."""
        found: list[Finding] = []
        fixed = bool(self.settings.structure)
        follows = evidence.analysis is not None and not evidence.analysis.near_only
        if follows and not fixed and other_points.entries(product):
            self._followed = tuple(other_points.followed(product, self.random))
        if evidence.analysis is not None and follows and self.settings.meant is None:
            self._ahead = Ahead(product, evidence.analysis, [near.product for near in self._followed])
        if not fixed:
            with self.time.part("a point a hair away", PLACE):
                found = self._remembered(product, reply)
        if found:
            return found
        for near in self._neighbours(product, evidence, fixed):
            with self.time.part(near.where, PLACE):
                found = _at(near, product, self._wrong_at(near, product, evidence.analysis))
                found = [] if found and self._written_for(near) else found
            if found:
                return found
        if not fixed and follows and other_points.entries(product) <= other_points.LARGE:
            found = self._across(product, evidence.analysis)
        if found:
            return found
        repeated = other_points.repeated_index(product)
        if repeated:
            with self.time.part(f"an index of {repeated[0]} taken twice", PLACE):
                found = self._wrong_at(Neighbour("", repeated[1], fitting=True), product, None)
        if repeated and found:
            return [finding("GC036", **found[0].facts, name=repeated[0], sentence=found[0].sentence)]
        few = not fixed and other_points.entries(product) <= other_points.LARGE
        if evidence.analysis is not None and follows and few:
            with self.time.part("where it is not finite", PLACE):
                self._beyond += not_finite(
                    self.question,
                    product,
                    evidence.analysis,
                    self.domain,
                    self.truth_of,
                    tuple_output=self.tuple_output,
                )
        return []

    def _across(self, product: Product, analysis: Analysis | None) -> list[Finding]:
        """The other sides of f's own comparisons, and of those that only stand there.

        Each is approached from where it was found, which itself was reached on a regular path.
        """
        waiting: list[tuple[Product, TracedPoint, int]] = [] if analysis is None else [(product, analysis, 0)]
        while waiting:
            given, start, depth = waiting.pop(0)
            found: list[Branch] = []
            with self.time.part(OTHER_SIDES, PLACE):
                found += start.branches(MOST_CROSSED if not depth else MOST_NESTED, self.branches.keys())
            for branch in found:
                self.branches[branch.key] = branch
                if branch.point is None:
                    continue
                near = replace(other_points.at(given, branch.point, "the other side of a comparison"), followed=True)
                errors: list[Finding] = []
                there: TracedPoint | None = None
                with self.time.part(OTHER_SIDES, PLACE):
                    errors, there = self._looked_at(near, given, start, beyond=True)
                    if not errors and not depth:
                        near, errors = self._mirrored(near, given, start)
                if errors:
                    return _at(near, product, errors)
                if there is not None and start.leads_to(there):
                    self.reached.add(branch.key)
                    if depth < MOST_DEEP:
                        waiting.append((near.product, there, depth + 1))
        return [] if analysis is None else self._behind_guards(product, analysis)

    def _behind_guards(self, product: Product, start: TracedPoint) -> list[Finding]:
        """What is wrong beyond a guard where f goes on: `if t < 1e-4: return 1 - t**2 / 6` before `sin(t) / t`."""
        points: list[list[Array]] = []
        with self.time.part(OTHER_SIDES, PLACE):
            points += start.behind_guards(MOST_GUARDED)
        for point in points:
            near = other_points.at(product, point, "the other side of a comparison")
            near = replace(near, guarded=True, gross=np.inf)
            errors: list[Finding] = []
            with self.time.part(OTHER_SIDES, PLACE):
                errors += self._looked_at(near, product, start, beyond=True)[0]
            if errors:
                return _at(near, product, errors)
        return []

    def _mirrored(self, near: Neighbour, given: Product, start: TracedPoint) -> tuple[Neighbour, list[Finding]]:
        """What is wrong where every sign of such a point is turned: |x| < 1 has two other sides."""
        point = [-np.asarray(near.product.inputs[k]) for k in given.function.wrt]
        turned = other_points.at(given, point, f"{near.where}, every sign turned")
        turned = replace(turned, followed=True)
        return turned, self._looked_at(turned, given, start, beyond=True)[0]

    @property
    def unreached(self) -> list[str]:
        """Lines of f's comparisons whose other side was not looked at on a regular path, one by one."""
        return [branch.line for key, branch in self.branches.items() if key not in self.reached]

    def _neighbours(self, product: Product, evidence: Evidence, fixed: bool) -> Iterator[Neighbour]:
        for point in self.domain.points:
            yield Neighbour("a point of the domain", replace(product, inputs=point))
        yield from self._followed
        if not fixed:
            yield from other_points.neighbours(product, evidence, self.random)
        known = evidence.analysis
        many = known is not None and (known.near_only or known.computed[0] > MOST_ARRAYS)
        large = known is None or many or other_points.entries(product) > other_points.LARGE
        if not fixed and not large:
            across, thresholds = own_branches(self.question, product, MOST_OWN)
            for there in across:
                where = "the other side of a comparison in the derivative"
                yield replace(other_points.at(product, there, where), followed=True, own_branch=True)
            for triple in thresholds:
                where = "the number that the derivative compares an entry with"
                near, *sides = (other_points.at(product, there, where) for there in triple)
                if self._stands_apart(near.product, [side.product for side in sides]):
                    yield replace(near, followed=True, own_branch=True)

    def _written_for(self, near: Neighbour) -> bool:
        """Whether the derivative is meant for a batch of the length given alone, since it is wrong for a longer one."""
        if near.larger is None:
            return False
        try:
            outputs, _ = bounded(near.larger.run_f)
            bounded(partial(self.question.ask, near.larger, tuple_output=self.tuple_output))
        except (Exception, SystemExit):
            return True
        longer = Neighbour("a longer batch", near.larger)
        return all(np.all(np.isfinite(o)) for o in outputs) and bool(self._wrong_at(longer, near.larger, None))

    def _stands_apart(self, product: Product, sides: Sequence[Product]) -> bool:
        """Whether the derivative's answer is another one than at both of the points beside."""
        try:
            own, *others = (
                bounded(partial(self.question.ask, asked, tuple_output=self.tuple_output))
                for asked in (product, *sides)
            )
        except (SubjectError, TooLongError):
            return False
        finite = all(p is None or np.all(np.isfinite(p)) for p in own.parts)  # else it is no number: `not_finite`
        return finite and not any(_alike(own, other) for other in others)

    def _remembered(self, product: Product, reply: Reply) -> list[Finding]:
        """Whether a point a hair away gets the very answer of this one, although its derivative is another."""
        near = other_points.hair_away(product)
        try:
            there = bounded(lambda: self.question.ask(near.product, tuple_output=self.tuple_output))
        except (SubjectError, TooLongError):
            return []
        pairs = zip(reply.parts, there.parts, strict=True)
        if any(a is None or b is None or not np.array_equal(a, b) for a, b in pairs):
            return []
        return _at(near, product, self._wrong_at(near, product, None))

    def _wrong_at(self, near: Neighbour, given: Product, start: Analysis | None) -> list[Finding]:
        """What is wrong at a neighbour of the given point, which need not be a point of f at all."""
        return self._looked_at(near, given, start)[0]

    def _looked_at(
        self, near: Neighbour, given: Product, start: TracedPoint | None, *, beyond: bool = False
    ) -> tuple[list[Finding], TracedPoint | None]:
        """What is wrong at a neighbour, and what tracing f shows there; None where it shows nothing.

        An error that is less than the neighbour's `gross` counts only if it matters and the derivative's own formula,
        in exact arithmetic, has it too. `start` is what is known of f at the given point. An answer that is seen to be
        right in floats gets no proof, which could only say the same; `beyond` a comparison f is then traced without one
        (a proof there took a quarter of the time of a log-sum-exp's check, whose maximum has other sides).
        """
        asked = self._asked(near.product) if self.domain.holds(near.product.inputs) else None
        if asked is None:
            return [], None
        product, reply, outputs = asked
        if broken := wrong_form(product, reply):
            return ([] if near.fitting else broken), None
        if self._floats_tell and start is not None and self.settings.meant is None:
            if beyond and (there := seen_right(product, outputs, reply, self.settings)):
                return [], there
            ahead = None if beyond else self._ahead
            if ahead is not None and ahead.agrees(product, outputs, reply, self.settings):
                return [], None
            self._floats_tell = False  # a doubt in one place comes back in the next, and costs a run of f each time
        try:
            evidence = gather(self.truth_of(product), cross_checked=False)
        except HarnessFault:
            raise
        except GradcheckError:
            return [], None
        if evidence.analysis is None:
            # Where f is traced elsewhere, only a proof counts at a point of our choosing.
            differenced = self._estimated_at(product) if near.blind else None
            if differenced is None:
                return [], None
            evidence = differenced
        numbers = compare_numbers(self.question, product, reply, evidence, self.settings, lenient=True)
        wrong = [c for c in numbers.comparisons if np.any(c.wrong)]
        if numbers.comparisons and all(slight(c, evidence, product, near.gross) for c in wrong):
            # f may be ill-conditioned at a point of our choosing: only a mistake of the formula counts there.
            exact = wrong and near.gross and evidence.analysis is not None
            own = traced_answer(self.question, product, FEW_RUNS) if exact else None
            blocks = [c.block for c in numbers.comparisons]
            if own is None or not any(repeats(c, own[blocks.index(c.block)]) for c in wrong):
                return [], evidence.analysis
        errors = [f for f in numbers.findings if f.severity is Severity.ERROR]
        if near.guarded and (start is None or evidence.analysis is None or not start.goes_on(evidence.analysis)):
            return [], None
        if near.guarded and all(slight(c, evidence, product, BEHIND) for c in wrong):
            return [], None
        plain = near.ordinary and not all(slight(c, evidence, product, PLAIN) for c in wrong)
        if (
            errors
            and near.followed
            and (why := self._does_not_count(near, given, start, evidence.analysis, plain=plain))
        ):
            (told,) = _at(near, given, errors)
            self._beyond.append(finding("GC049", **{**told.facts, "why": why}))
            return [], None
        if errors and evidence.analysis is None and not self._confirmed(product, reply):
            return [], None
        if errors:
            self.convicted.append((product, numbers))
        return errors, evidence.analysis

    def _asked(self, product: Product) -> tuple[Product, Reply, tuple[Array, ...]] | None:
        """The product with cotangents that fit f's outputs, the derivative's answer, the outputs; None without one."""
        try:
            outputs, _ = bounded(product.run_f)
            if not all(np.all(np.isfinite(o)) for o in outputs):
                return None
        except (Exception, SystemExit):  # not a point of f
            return None
        if product.tangents is None:
            assert product.cotangents is not None
            if [c.shape for c in product.cotangents] != [o.shape for o in outputs]:
                ones = self.question.kind == "gradient"
                cotangents = tuple(np.ones(o.shape) if ones else drawn(self.random, o) for o in outputs)
                product = replace(product, cotangents=cotangents)
        try:
            return product, bounded(lambda: self.question.ask(product, tuple_output=self.tuple_output)), outputs
        except (SubjectError, TooLongError):
            return None

    def _does_not_count(
        self, near: Neighbour, given: Product, start: TracedPoint | None, there: TracedPoint | None, *, plain: bool
    ) -> str:
        """Why an error at a neighbour that has to be followed does not count; "" if it counts.

        An error that is `plain` is no approximation's: an asymptote is none where numbers are of ordinary size.
        """
        if start is None or there is None or not start.leads_to(there):
            return "f cannot be followed there: a singularity, a guard or another number of iterations lies on the way"
        if not (near.own_branch or plain) and start.same_formula(there) and self._departs(near, given):
            return "on the way there it departs from the truth little by little, as an approximation does"
        return ""

    def _departs(self, near: Neighbour, given: Product) -> bool:
        """Whether the derivative is right near the given point and departs from the truth little by little on the way.

        So does what is an approximation (an iteration of fixed length, a series) beyond where it is meant: its error
        grows by orders of magnitude, from nothing. A mistake shows at once, or at a branch of the derivative's own,
        where its error jumps or grows like a power of the distance. Where zeros would be right near the given point as
        well, as on the flat side of a tanh, being right there says nothing.
        """
        if self._error(near, given, NEAR) or self._silent(near, given, NEAR):
            return False
        low, high = NEAR, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self._error(near, given, middle) else (middle, high)
        return not self._error(near, given, min(high + FARTHER, 1.0), SMALL)

    def _error(self, near: Neighbour, given: Product, share: float, matters: float = 0.0) -> bool:
        """Whether the derivative is wrong at a share of the way to a neighbour, by more than `matters` of its scale.

        Half of the digits are enough in any case (see `slight`).
        True where that cannot be judged.
        """
        on_the_way = self._compared_at(near, given, share)
        if on_the_way is None:
            return True
        product, evidence, comparisons = on_the_way
        wrong = [c for c in comparisons if np.any(c.wrong)]
        return not all(slight(c, evidence, product, matters) for c in wrong)

    def _silent(self, near: Neighbour, given: Product, share: float) -> bool:
        """Whether the truth is nothing but what rounding may cost, at a share of the way to a neighbour."""
        on_the_way = self._compared_at(near, given, share)
        return on_the_way is not None and all(
            bool(np.all(np.abs(c.truth.middle) <= c.allowance)) for c in on_the_way[2]
        )

    def _compared_at(
        self, near: Neighbour, given: Product, share: float
    ) -> tuple[Product, Evidence, Sequence[Comparison]] | None:
        """The answer against the truth at a share of the way to a neighbour; None where it cannot be judged."""
        inputs = list(near.product.inputs)
        for k in given.function.wrt:
            start, end = np.asarray(given.inputs[k]), np.asarray(inputs[k])
            inputs[k] = np.asarray(start + share * (end - start), dtype=start.dtype)
        product = replace(near.product, inputs=tuple(inputs))
        try:
            reply = bounded(lambda: self.question.ask(product, tuple_output=self.tuple_output))
            evidence = gather(self.truth_of(product), cross_checked=False)
        except (GradcheckError, TooLongError):
            return None
        numbers = compare_numbers(self.question, product, reply, evidence, self.settings, lenient=True)
        return product, evidence, numbers.comparisons

    def _confirmed(self, product: Product, reply: Reply) -> bool:
        """Whether an answer is wrong by differences and by the complex step, where that one runs at all.

        Nobody asked about this point, so one estimate alone does not convict there.
        """
        evidence = self._estimated_at(product, stepped=True)
        if evidence is None:
            return False
        numbers = compare_numbers(self.question, product, reply, evidence, self.settings, lenient=True)
        return any(np.any(c.wrong) for c in numbers.comparisons)

    def _estimated_at(self, product: Product, *, stepped: bool = False) -> Evidence | None:
        """What is estimated around a neighbour at which f cannot be traced; None where that tells nothing."""
        try:
            return estimated(self.truth_of(product), stepped=stepped)
        except HarnessFault:
            raise
        except (Exception, SystemExit):  # what f raises beside such a point is no fact about its derivative
            return None


CHANCE = 1 / 30_000
"""Maximum probability of each number that `drawn` may draw: 0.5, 0.5001, ... 2 and their negatives.

Errors in several entries of a column cancel in its sum at no more than one of these numbers, if each error is 20,000
times what the sum's rounding may be.
"""


def drawn(random: np.random.Generator, like: Array) -> Array:
    """A cotangent or tangent of the shape and dtype of an array.

    Numbers have four digits: short in messages, exact in float32, and never so small that an error hides behind them.
    """
    dtype = like.dtype if like.dtype.kind == "f" else np.dtype(float)
    numbers = random.uniform(0.5, 2.0, like.shape) * random.choice([-1.0, 1.0], like.shape)
    return np.asarray(np.round(numbers, 4), dtype=dtype)


def _alike(one: Reply, other: Reply) -> bool:
    """Whether two answers differ by no more than a short step between their points may explain."""
    for a, b in zip(one.parts, other.parts, strict=True):
        if (a is None) != (b is None):
            return False
        if a is None or b is None:
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            size = max(float(np.max(np.abs(part), initial=0.0)) for part in (a, b))
            if a.shape != b.shape or not np.all((np.abs(a - b) <= STEADY * size) | (a == b)):
                return False
    return True


def _at(near: Neighbour, given: Product, found: list[Finding]) -> list[Finding]:
    """The finding about a neighbour, with the point in full."""
    if not found:
        return []
    names, inputs = given.function.names, near.product.inputs
    point = {names[k]: np.asarray(inputs[k]).tolist() for k in given.function.wrt}
    text = ", ".join(f"{name} = {shown(value)}" for name, value in point.items())
    values = f" ({text})" if len(text) <= LONGEST else ""
    facts = {**found[0].facts, "where": near.where, "point": point, "values": values, "as": found[0].code}
    return [finding("GC028", **facts, sentence=found[0].sentence)]
