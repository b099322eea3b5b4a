"""What kind of wrong a derivative of a function is: the relation between answer and truth, at two points.

One point may show a relation by accident, which numbers of one or two entries do easily. So a relation is named if it
holds at the point given and at one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.relation import Relation, relations
from gradcheck.errors import GradcheckError
from gradcheck.judge.apparent_structure import kept
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.elsewhere import drawn
from gradcheck.judge.function_entries import Numbers, compare_numbers
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
) -> list[Finding]:
    """A finding per wrong block whose relation to the truth is the same at a second point."""
    here = _clauses(numbers.comparisons, product)
    if not any(here.values()) or sum(c.answer.size for c in numbers.comparisons) > MOST_ENTRIES:
        return []
    beside = _beside(question, product, random)
    try:
        reply: Reply = bounded(lambda: question.ask(beside, tuple_output=tuple_output))
        if wrong_form(beside, reply):
            return []
        again = compare_numbers(question, beside, reply, gather(truth_of(beside), cross_checked=False), settings)
    except (GradcheckError, TooLongError):
        return []
    there = _clauses(again.comparisons, beside)
    subject = "the gradient with respect to" if product.tangents is None else "the tangent of"
    found = []
    for block, relations_here in here.items():
        if both := next((r for r in relations_here if r in there.get(block, [])), None):
            mistake, clause = both
            facts = {"block": block, "relation": clause, "kind": mistake.value}
            found.append(finding("GC051", cause=f"{subject} {block} {clause}", **facts))
    return found


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
        step = BESIDE * (size or 1.0) * random.standard_normal(x.shape)
        inputs[k] = np.asarray(kept(x, np.asarray(x + step)), dtype=x.dtype)
    moved = replace(product, inputs=tuple(inputs))
    if product.tangents is not None:
        return replace(moved, tangents=tuple(drawn(random, np.asarray(t)) for t in product.tangents))
    if question.kind == "gradient":
        return moved
    assert product.cotangents is not None
    return replace(moved, cotangents=tuple(drawn(random, np.asarray(c)) for c in product.cotangents))
