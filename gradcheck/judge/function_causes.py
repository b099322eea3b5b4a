"""What kind of wrong a derivative of a function is: its relation to the truth, or a mistake on the record of f.

One point may show a relation by accident, which numbers of one or two entries do easily. So whatever is named holds at
the point given and at one beside it; what says where an argument has a property, such as "where x < 0", holds where the
arguments are shuffled, too. First come relations that say what was done, then experiments on the record, then other
questions to which the answer is right, and last relations that say how the numbers differ.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.at_ties import told_by_ties
from gradcheck.attribution.by_record import Investigation
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.located_trace import located
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.over_blocks import together
from gradcheck.attribution.own_code import explained
from gradcheck.attribution.record_forms import all_negative_modulus
from gradcheck.attribution.terms import IN_PLACES
from gradcheck.attribution.view import Asked, View
from gradcheck.errors import GradcheckError
from gradcheck.judge.asked_otherwise import Spot
from gradcheck.judge.cause_findings import by_own_code, by_record, related, stepped_aside
from gradcheck.judge.cause_search import PARTIAL, CauseSearch
from gradcheck.judge.function_entries import Numbers
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.further_points import FurtherPoints, spot_of
from gradcheck.judge.own_code_at import own_code_at
from gradcheck.judge.question import Question
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product
from gradcheck.problem.time_limit import TimeUp, left, spent_at_most
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

AS_PLAIN = (Mistake.PLACES, Mistake.ZERO, Mistake.LOSS_TERM, Mistake.CONSTANT)
"""Relations that explain as much as a step of the derivative's own code does."""
CAUSE = "GC051"
"""The code of a finding about a cause."""
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
        return [stepped_aside(wrong)]
    return found if first is None else [_elsewhere(f) if f.code == CAUSE else f for f in found]


def _grown(first: Product | None, product: Product) -> int:
    """The length of a batch of which the point that was given has one sample; 0 if it has as many."""
    pairs = [] if first is None else zip(first.inputs, product.inputs, strict=True)
    return next((len(b) for a, b in pairs if np.shape(a)[:1] == (1,) and np.shape(b) != np.shape(a)), 0)


def _elsewhere(found: Finding) -> Finding:
    """The finding about another point: which entries are wrong there is no kind of mistake."""
    facts = {k: v for k, v in found.facts.items() if k != "kind" or v != Mistake.PLACES.value}
    return finding("GC051", **{**facts, "cause": f"at that other point {facts['cause']}"})


def _causes(product: Product, numbers: Numbers, points: FurtherPoints, grown: int = 0) -> list[Finding]:
    search = CauseSearch(spot_of(product, numbers.comparisons, numbers.evidence), points, grown)
    return [*_found_by(search, product, numbers), *search.notes]


def _found_by(search: CauseSearch, product: Product, numbers: Numbers) -> list[Finding]:
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
        return [by_record(explanation, product, own if own is not None and own.mistake is not None else None)]
    telling = search.telling(strong)
    own = search.by_own_code() if len(telling) < len(search.wrong) else None
    found = search.named(telling)
    plain = bool(found) and all(r.mistake in AS_PLAIN and not (r.vague or IN_PLACES in r.words) for r in found.values())
    if own is not None and own.mistake is not None and not plain:
        return [by_own_code(own)]
    if own is not None and all(r.vague for r in found.values()):
        return [by_own_code(own)]
    if len({r.mistake for r in found.values()}) > 1:  # of one mistake, they would be of one kind
        found = {b: replace(r, vague=True) for b, r in found.items()}
    if any(r.mistake is Mistake.BRANCH for r in found.values()) and not search.compares:
        found = {b: replace(r, vague=True) for b, r in found.items()}
    if search.traced is not None and all_negative_modulus(search.traced):
        found = {b: replace(r, vague=r.vague or r.mistake is Mistake.SIGN) for b, r in found.items()}
    if len(found) > 1 and all(r.mistake is Mistake.ZERO and PARTIAL in r.words for r in found.values()):
        found = {b: replace(r, vague=True) for b, r in found.items()}  # one cause, of which that is what is seen
    silent = [c.block for c in numbers.comparisons if not np.any(np.abs(c.truth.middle) > c.allowance)]
    return [related(n) for n in together(found, product.blocks, silent, product.tangents is not None)]


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
    return [] if explanation is None or not known else [by_record(explanation, product)]


def _along_the_loop(product: Product, points: FurtherPoints, beside: Spot) -> list[Finding]:
    """Where a loop ends on a comparison whose sides are equal, f is differentiated as it was executed."""
    here, there = (_asked_of_record(points, p) for p in (product, beside.product))
    if here is None or there is None:
        return []
    explanation = Investigation(here, located(here.product)).explanation(there)
    if explanation is not None:
        return [by_record(explanation, product)]
    own = [own_code_at(points, asked) for asked in (here, there)]
    found = None if own[0] is None or own[1] is None else explained(own[0], own[1])
    return [] if found is None else [by_own_code(found)]


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
