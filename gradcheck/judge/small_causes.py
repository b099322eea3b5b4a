"""Mistakes that reproduce a small error of an exact function's derivative, at the point given and at one beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from gradcheck.attribution.cut_constant import cut_constants
from gradcheck.attribution.discrepancy import Discrepancy
from gradcheck.attribution.experiments import Experiments
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.narrow_precision import narrowed
from gradcheck.attribution.relation import relations
from gradcheck.attribution.small_guard import added, ignored
from gradcheck.errors import GradcheckError
from gradcheck.judge.approximate import within
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.function_entries import Numbers, comparisons_of, vanishes
from gradcheck.judge.function_estimates import gather
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.further_points import FurtherPoints
from gradcheck.judge.higher_precision import narrow_dtypes, traced_answer
from gradcheck.judge.question import Question
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

TIERS = ("GC093", "GC092")
"""Findings about small errors that no mistake explains by the comparison alone."""
OWN_ACCURACY = "GC016"
"""The finding that rounding alone makes an answer less accurate; in a narrower dtype it is a mistake."""
MOST_ENTRIES = 2_000
"""Maximum number of entries for which explanations are searched."""
NEARLY = 3e-3
"""Maximum relative error of a gradient for which these mistakes are tried."""
GROSS = (Mistake.ZERO, Mistake.SIGN)
"""Relations that no small error shows by accident: an entry that is small beside others is 0, or has the wrong sign."""


@dataclass(frozen=True)
class SmallCauses:
    """The search for what explains small errors.

    Attributes
    ----------
    question, settings: what is asked, and how it is judged.
    random: for the point beside the given one.
    tuple_output: whether f returns a tuple.
    truth_of: the product whose truth is asked for.
    """

    question: Question
    settings: Settings
    random: np.random.Generator
    tuple_output: bool
    truth_of: Callable[[Product], Product]

    def findings(self, product: Product, numbers: Numbers) -> list[Finding]:
        """The findings of `numbers`, those about small errors replaced by what explains them, where something does."""
        found = list(numbers.findings)
        concerned = [f for f in found if f.code == OWN_ACCURACY or (f.code in TIERS and f.facts.get("exact"))]
        rounding = all(f.code == OWN_ACCURACY for f in concerned)
        explanation = self._first(product, numbers, rounding_alone=rounding) if concerned else None
        return found if explanation is None else self._explained(found, concerned, explanation, product)

    def named(self, product: Product, numbers: Numbers) -> list[Finding]:
        """What explains a wrong gradient that is nearly right, as a finding, where one of these mistakes does."""
        wrong = [c for c in numbers.comparisons if np.any(c.wrong)]
        if not wrong or not all(within(c, numbers.evidence, NEARLY) for c in wrong):
            return []
        explanation = self._first(product, numbers)
        if explanation is None or explanation.block:  # a relation, which is named block by block
            return []
        return [_cause(explanation, wrong[0].block, tangent=product.tangents is not None)]

    def _first(self, product: Product, numbers: Numbers, *, rounding_alone: bool = False) -> Explanation | None:
        if sum(c.answer.size for c in numbers.comparisons) > MOST_ENTRIES:
            return None
        here = [e for e in self._explanations(product, numbers) if e.mistake is Mistake.PRECISION or not rounding_alone]
        return next(self._at_second_point(product, here), None) if here else None

    def _at_second_point(self, product: Product, here: Sequence[Explanation]) -> Iterator[Explanation]:
        """Those of some explanations that hold beside the point as well."""
        points = FurtherPoints(self.question, self.settings, self.random, self.tuple_output, self.truth_of, product)
        near = points.product_beside()
        try:
            reply = bounded(lambda: self.question.ask(near, tuple_output=self.tuple_output))
            if wrong_form(near, reply):
                return
            evidence = gather(self.truth_of(near), cross_checked=False)
            compared = comparisons_of(near, reply, evidence, self.settings)
        except (GradcheckError, TooLongError):
            return
        there = list(self._explanations(near, Numbers(evidence, compared, ())))
        yield from (e for e in here if e in there)

    def _explanations(self, product: Product, numbers: Numbers) -> Iterator[Explanation]:
        """What reproduces the answer in all blocks, the surest first."""
        comparisons, analysis = numbers.comparisons, numbers.evidence.analysis
        discrepancy = Discrepancy.of(comparisons)
        if discrepancy is None or not any(np.any(c.wrong) for c in comparisons):
            return
        wrong = [c for c in comparisons if np.any(c.wrong)]
        yield from narrowed(wrong, self._computed_in(product, wrong))
        if len(wrong) == 1:
            room = wrong[0].allowance + wrong[0].truth.radius
            answer = wrong[0].answer.astype(np.float64)
            for relation in relations(answer, wrong[0].truth.middle, room):
                if relation.mistake in GROSS and not relation.vague:
                    yield Explanation(relation.mistake, relation.clause, wrong[0].block)
        if analysis is not None:
            experiments = Experiments(analysis.run, self.truth_of(product), discrepancy)
            yield from chain(ignored(experiments), cut_constants(experiments), added(experiments))

    def _computed_in(self, product: Product, wrong: Sequence[Comparison]) -> Sequence[np.dtype[Any]]:
        """Narrower dtypes in which the derivative computes, if its formula in exact arithmetic is right."""
        narrow = narrow_dtypes(self.question, product)
        own = traced_answer(self.question, product) if narrow else None
        if own is None:
            return ()
        exact = [own[product.blocks.index(c.block)] for c in wrong]
        return narrow if all(e is not None and vanishes(c, e) for c, e in zip(wrong, exact, strict=True)) else ()

    def _explained(
        self, found: list[Finding], concerned: list[Finding], explanation: Explanation, product: Product
    ) -> list[Finding]:
        """An ignored guard leaves the verdict as it is, and is named; any other mistake makes the gradient wrong."""
        told = _cause(explanation, str(concerned[0].facts["block"]), tangent=product.tangents is not None)
        if explanation.mistake is Mistake.GUARD and explanation.clause.startswith("lacks"):
            also = {"GC093": {"also": f", and {explanation.clause}"}, "GC092": {"why": explanation.clause}}
            return [
                *(finding(f.code, **{**f.facts, **also.get(f.code, {})}) if f in concerned else f for f in found),
                told,
            ]
        wrong = [finding("GC012", **_numbers(f)) if f in concerned else f for f in found]
        return [*wrong, told]


def _cause(explanation: Explanation, block: str, *, tangent: bool) -> Finding:
    subject = "the tangent of" if tangent else "the gradient with respect to"
    where = ""
    facts: dict[str, Any] = {}
    if explanation.place is not None:
        place = explanation.place
        where = f" (line {place.line}: {place.source})"
        facts = {"file": place.file, "line": place.line, "source": place.source, "start": place.start, "end": place.end}
    cause = f"{subject} {explanation.block or block} {explanation.clause}{where}"
    facts |= {"block": explanation.block or block, "relation": explanation.clause, "kind": explanation.mistake.value}
    return finding("GC051", cause=cause, **facts)


def _numbers(of: Finding) -> dict[str, Any]:
    return {k: v for k, v in of.facts.items() if k not in ("digits", "why", "accuracy", "interest", "exact", "also")}
