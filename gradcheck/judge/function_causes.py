"""What kind of wrong a derivative of a function is: the relation between answer and truth, at two points.

One point may show a relation by accident, which numbers of one or two entries do easily. So a relation is named if it
holds at the point given and at one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.by_record import Investigation
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.relation import Relation, relations
from gradcheck.attribution.view import Asked
from gradcheck.errors import GradcheckError
from gradcheck.judge.apparent_structure import kept
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.elsewhere import drawn
from gradcheck.judge.function_entries import Numbers, comparisons_of
from gradcheck.judge.function_estimates import gather
from gradcheck.judge.function_protocol import wrong_form
from gradcheck.judge.question import Question, Reply
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

BESIDE = 0.1
"""Distance of the second point, in root mean squares of each input."""
PARTIAL = "elsewhere"
"""A word of relations that say where an answer is wrong, and not why: a path of the function may explain it."""
WEAK = (Mistake.PLACES, Mistake.LOSS_TERM, Mistake.BROADCAST, Mistake.PERMUTED, Mistake.CONSTANT, Mistake.FACTOR)
"""Relations beside which a path of the function is looked for, which says more if there is one."""
MORE_TELLING = (Mistake.MEAN_SUM, Mistake.POWER_RULE, Mistake.MASK_SCALE, Mistake.CONSTANT_CUT, Mistake.GUARD)
"""What a path has to be instead of a plain factor of the whole block."""
MOST_ENTRIES = 2_000
"""Maximum number of entries for which a second point is asked about."""


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
    """The mistake that is the same at a second point, in one finding or one per wrong block; `where`: at which point.

    A verdict that was reached is not lost here: what goes wrong in the search is a note.
    """
    try:
        found = _causes(question, product, numbers, settings, random, tuple_output, truth_of)
        return (
            [finding("GC051", **{**f.facts, "cause": f"{where}{f.facts['cause']}"}) for f in found] if where else found
        )
    except GradcheckError:
        return []
    except Exception as wrong:
        return [finding("GC040", oracle="the search for the cause", why=f"{type(wrong).__name__}: {str(wrong)[:200]}")]


def _causes(
    question: Question,
    product: Product,
    numbers: Numbers,
    settings: Settings,
    random: np.random.Generator,
    tuple_output: bool,
    truth_of: Callable[[Product], Product],
) -> list[Finding]:
    here = _clauses(numbers.comparisons, product)
    if not here or sum(c.answer.size for c in numbers.comparisons) > MOST_ENTRIES:
        return []
    asked = _asked(truth_of(product), numbers.comparisons)
    paths = None if asked is None or all(_settles(r) for r in here.values()) else Investigation(asked)
    if not any(here.values()) and not (paths is not None and paths.promising):
        return []
    beside = _beside(question, product, random)
    try:
        reply: Reply = bounded(lambda: question.ask(beside, tuple_output=tuple_output))
        if wrong_form(beside, reply):
            return []
        evidence = gather(truth_of(beside), cross_checked=False)
        again = comparisons_of(beside, reply, evidence, settings)
    except (GradcheckError, TooLongError):
        return []
    there = _clauses(again, beside)
    common = {block: [r for r in told if r in there.get(block, [])] for block, told in here.items()}
    elsewhere = _asked(truth_of(beside), again)
    if paths is not None and elsewhere is not None and (explanation := paths.explanation(elsewhere)) is not None:
        factors = all(any(mistake is Mistake.FACTOR for mistake, _ in told) for told in common.values())
        if not factors or (explanation.place is not None and explanation.mistake in MORE_TELLING):
            return [_by_record(explanation)]
    return _by_relation(common, "the gradient with respect to" if product.tangents is None else "the tangent of")


def _settles(told: Sequence[Relation]) -> bool:
    """Whether a block's relation says why it is wrong, not only where: then no path is looked for."""
    return any(mistake not in WEAK and PARTIAL not in clause for mistake, clause in told)


def _by_relation(common: Mapping[str, Sequence[Relation]], subject: str) -> list[Finding]:
    """A finding per wrong block whose relation to the truth is the same at both points."""
    found = []
    for block, relations_here in common.items():
        if relations_here:
            mistake, clause = relations_here[0]
            facts = {"block": block, "relation": clause, "kind": mistake.value}
            found.append(finding("GC051", cause=f"{subject} {block} {clause}", **facts))
    return found


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


def _by_record(explanation: Explanation) -> Finding:
    facts: dict[str, Any] = {"kind": explanation.mistake.value}
    cause = explanation.clause
    if explanation.block:
        cause = f"the gradient with respect to {explanation.block} is {cause}"
        facts["block"] = explanation.block
    if (place := explanation.place) is not None:
        facts |= {"file": place.file, "line": place.line, "source": place.source}
        facts |= {"start": place.start, "end": place.end}
    return finding("GC051", cause=cause, **facts)


def _clauses(comparisons: Sequence[Comparison], product: Product) -> dict[str, list[Relation]]:
    """The relations of every wrong block."""
    names = product.function.names
    values = {names[k]: np.asarray(product.inputs[k]) for k in product.function.wrt} if product.tangents is None else {}
    sizes = sorted({n for x in product.inputs for n in np.shape(x)})
    found = {}
    for compared in comparisons:
        if np.any(compared.wrong) and np.all(compared.truth.known):
            others = {c.block: c.truth.middle for c in comparisons if c is not compared and np.all(c.truth.known)}
            given = values.get(compared.block)
            room = compared.allowance + compared.truth.radius
            answer = compared.answer.astype(np.float64)
            found[compared.block] = list(
                relations(answer, compared.truth.middle, room, sizes=sizes, given=given, others=others)
            )
    return found


def _beside(question: Question, product: Product, random: np.random.Generator) -> Product:
    """The product at a point beside the one given, with another cotangent or tangent."""
    inputs = list(product.inputs)
    for k in product.function.wrt:
        x = np.asarray(inputs[k])
        size = float(np.sqrt(np.mean(np.square(x, dtype=float)))) if x.size else 0.0
        step = BESIDE * random.standard_normal(x.shape)
        one_sign = x.size and (np.all(x > 0) or np.all(x < 0))  # f may be defined for one sign alone
        moved_x = x * np.exp(step) if one_sign else x + (size or 1.0) * step
        inputs[k] = np.asarray(kept(x, np.asarray(moved_x)), dtype=x.dtype)
    moved = replace(product, inputs=tuple(inputs))
    if product.tangents is not None:
        return replace(moved, tangents=tuple(drawn(random, np.asarray(t)) for t in product.tangents))
    if question.kind == "gradient":
        return moved
    assert product.cotangents is not None
    return replace(moved, cotangents=tuple(drawn(random, np.asarray(c)) for c in product.cotangents))
