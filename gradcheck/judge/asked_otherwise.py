"""Is a wrong answer the right one to another question: another cotangent, another point, one sample of the batch?

Differences of f along one direction, two calls of f, tell which questions are worth an oracle's time. The oracles then
have to find the answer right, within its allowances, at the point given and at the one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import Relation
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.other_question import Otherwise
from gradcheck.attribution.otherwise import BACKWARDS, FORWARDS, otherwise
from gradcheck.errors import GradcheckError
from gradcheck.judge.bounded_calls import bounded
from gradcheck.judge.function_estimates import Evidence, estimated, gather
from gradcheck.judge.sample_by_sample import samples
from gradcheck.problem.function import Product, laid_out
from gradcheck.verdict.compare import Comparison, Truth

Array = NDArray[Any]

MOST_ASKED = 6
"""Maximum number of other questions about one block that oracles are asked."""
MOST_OPERATIONS = 20_000
"""Maximum number of operations of f that those questions come to, but for the first: an oracle walks each in balls."""
LONGEST_RUN = 64
"""Maximum number of entries along which f is tried for running along them; two calls of f each."""
MOST_TRIED = 200
"""Maximum number of other questions about one block that differences are asked; two calls of f each."""
STEP = {8: 1e-5, 4: 3e-3, 2: 0.1}
"""Relative step of the differences by the size of the dtype in bytes."""
LIKE = {8: 1e-4, 4: 0.03, 2: 0.3}
"""Relative distance of an answer from a difference within which an oracle is asked; it is wrong to far less."""
MOSTLY = 0.3
"""Largest share of an answer's error, along the direction, that may remain where another question explains it."""
NOISE = {8: 1e-8, 4: 3e-3, 2: 0.1}
"""Relative error of the differences."""
FINE = 1e-3
"""Largest relative error of an answer for which questions are asked that hardly differ from the one that was."""


@dataclass(frozen=True)
class Spot:
    """A point at which the derivative was asked: the question, its answers against the truth, and what f does there.

    `operations` is how many it carries out on numbers, `lengths` the lengths of the arrays that it computes,
    `evidence` what the oracles know there.
    """

    product: Product
    comparisons: Sequence[Comparison]
    operations: int = 0
    lengths: frozenset[int] = frozenset()
    evidence: Evidence | None = None

    def of(self, block: str) -> Comparison | None:
        """The comparison of a block."""
        return next((c for c in self.comparisons if c.block == block), None)

    def truths(self) -> dict[str, Array]:
        """The right derivatives that are known."""
        return {c.block: c.truth.middle for c in self.comparisons if np.all(c.truth.known)}


def right_otherwise(
    block: str, here: Spot, beside: Callable[[], Spot | None], truth_of: Callable[[Product], Product]
) -> Relation | None:
    """The first other question to which the answer for a block is right, at both points."""
    wrong = here.of(block)
    if wrong is None or not np.all(np.isfinite(wrong.answer)):
        return None
    asked, most = 0, max(1, min(MOST_ASKED, MOST_OPERATIONS // (1 + here.operations)))
    for tried, (other, product) in enumerate(_questions(block, here, wrong)):
        if tried >= MOST_TRIED or asked >= most:
            break
        if not other.fine and not _like(product, block, wrong, other.factor, truth_of):
            continue
        if (other.sums and not np.any(wrong.answer[wrong.wrong])) or _tells_nothing(
            other, block, here, wrong, truth_of
        ):
            continue
        asked += 1
        if not _right(product, block, wrong, other.factor, truth_of):
            continue
        there = beside()
        again = None if there is None else there.of(block)
        if there is None or again is None or not np.any(again.wrong):
            continue
        product_there = _made(other, there)
        if product_there is not None and _right(product_there, block, again, other.factor, truth_of):
            if other.words in (FORWARDS, BACKWARDS) and _runs(truth_of(here.product), block):
                return Relation(Mistake.CUMULATIVE, f"{other.words}: what runs along an axis must run back")
            return Relation(other.mistake, other.words, vague=other.vague)
    return None


def _questions(block: str, here: Spot, wrong: Comparison) -> Iterator[tuple[Otherwise, Product]]:
    size = float(np.max(np.abs(wrong.truth.middle), initial=0.0))
    near = bool(np.all(wrong.distance <= FINE * size))
    traced = here.evidence is not None and here.evidence.analysis is not None  # else no arrays of another length
    alone = _of_one_sample(here.product, block) if traced else ()
    for other in (*alone, *otherwise(here.product, block, here.truths())):
        if (not other.fine or near) and (product := _made(other, here)) is not None:
            yield other, product


def _made(other: Otherwise, spot: Spot) -> Product | None:
    try:
        return bounded(lambda: other.change(spot.product, spot.truths()))
    except (Exception, SystemExit):  # f need not have a value there
        return None


def _of_one_sample(product: Product, block: str) -> Iterator[Otherwise]:
    """The gradient of one sample of the batch alone, for a block that all samples share."""
    found = samples(product) if product.tangents is None else None
    if found is None or block in found.batches:
        return
    n = found.count
    for i, which in ((0, "first"), (n - 1, "last")):

        def alone(p: Product, _: Any, i: int = i) -> Product | None:
            there = samples(p)
            return None if there is None else there.sample(i)

        words = f"is that of the {which} sample alone, of {n}"
        yield Otherwise(Mistake.FIRST_SAMPLE, words, alone)
        if found.mean:
            yield Otherwise(Mistake.FIRST_SAMPLE, f"{words}, over {n}", alone, factor=1.0 / n)
        else:
            yield Otherwise(Mistake.FIRST_SAMPLE, f"is {n} times that of the {which} sample alone", alone, factor=n)


def _runs(product: Product, block: str) -> bool:
    """Whether every entry of f's value depends on the entries up to its own alone, or from it on: f runs along them."""
    k, step = product.function.wrt[0], STEP[product.dtype.itemsize]
    if product.tangents is None:
        k = product.function.names.index(block)
    x = np.asarray(product.inputs[k])
    if x.ndim != 1 or not 2 < len(x) <= LONGEST_RUN or product.outputs[0][0].shape != x.shape:
        return False

    def value(i: int, t: float) -> Array:
        moved = np.array(x)
        moved[i] += t
        return product.function.value([moved if j == k else v for j, v in enumerate(product.inputs)])[0][0].astype(
            float
        )

    try:
        columns = [(value(i, step) - value(i, -step)) / (2 * step) for i in range(len(x))]
    except (Exception, SystemExit):  # no point of f
        return False
    jacobian = np.array(columns).T
    small = NOISE[product.dtype.itemsize] * float(np.max(np.abs(jacobian), initial=0.0))
    below, above = np.tril(jacobian, -1), np.triu(jacobian, 1)
    sides = [bool(np.any(np.abs(side) > small)) for side in (below, above)]
    return sides[0] != sides[1]


# -- asking -----------------------------------------------------------------------------------------------------------


def _tells_nothing(
    other: Otherwise, block: str, here: Spot, wrong: Comparison, truth_of: Callable[[Product], Product]
) -> bool:
    """Whether the answer is right for unrelated questions, too, or the right answer depends on nothing that changes."""
    controls = (control(here.product, here.truths()) for control in other.controls)
    if any(c is not None and _like(c, block, wrong, other.factor, truth_of) for c in controls):
        return True
    nudged = None if other.nudge is None else other.nudge(here.product, here.truths())
    if nudged is None or nudged.tangents is not None:
        return False
    direction = _direction(wrong)
    try:
        slopes = [bounded(partial(_along_block, truth_of(p), block, direction)) for p in (here.product, nudged)]
    except (Exception, SystemExit):  # no point of f
        return True
    size = float(np.linalg.norm(wrong.truth.middle))
    return abs(slopes[0] - slopes[1]) <= 10 * NOISE[here.product.dtype.itemsize] * size


def _direction(wrong: Comparison) -> Array:
    return np.random.default_rng(11).choice([-1.0, 1.0], wrong.answer.shape)


def _like(
    product: Product, block: str, wrong: Comparison, factor: float, truth_of: Callable[[Product], Product]
) -> bool:
    """Whether differences of f along one direction look like the answer."""
    asked, answer = truth_of(product), wrong.answer.astype(float)
    bytes_ = product.dtype.itemsize
    try:
        if product.tangents is not None:
            slope, room = bounded(lambda: _along_tangents(asked, block)), np.linalg.norm(answer)
            return slope.shape == answer.shape and bool(np.linalg.norm(factor * slope - answer) <= LIKE[bytes_] * room)
        direction = _direction(wrong)
        one = factor * bounded(lambda: _along_block(asked, _answered(asked, block), direction))
    except (Exception, SystemExit):  # no point of f
        return False
    came, right = float(np.vdot(answer, direction)), float(np.vdot(wrong.truth.middle, direction))
    size, noise = float(np.linalg.norm(answer)), NOISE[bytes_]
    return abs(one - came) <= min(LIKE[bytes_] * size, MOSTLY * abs(came - right) + noise * size)


def _along_block(product: Product, block: str, direction: Array) -> float:
    k = product.function.names.index(block)
    x = np.asarray(product.inputs[k])
    step = STEP[product.dtype.itemsize] * (float(np.sqrt(np.mean(np.square(x, dtype=float)))) or 1.0)

    def value(t: float) -> float:
        moved = laid_out(x, x + t * direction)
        return product.scalar([moved if i == k else v for i, v in enumerate(product.inputs)])

    return (value(step) - value(-step)) / (2 * step)


def _answered(product: Product, block: str) -> str:
    """The block of a question that takes the place of the block of the question that was asked."""
    return block if block in product.blocks else product.blocks[0]


def _along_tangents(product: Product, block: str) -> Array:
    assert product.tangents is not None
    step = STEP[product.dtype.itemsize]
    sides = []
    for t in (step, -step):
        inputs = list(product.inputs)
        for k, tangent in zip(product.function.wrt, product.tangents, strict=True):
            x = np.asarray(inputs[k])
            inputs[k] = laid_out(x, x + t * tangent)
        sides.append(product.function.value(inputs)[0][product.blocks.index(_answered(product, block))].astype(float))
    return np.asarray((sides[0] - sides[1]) / (2 * step))


def _evidence(product: Product) -> Evidence:
    """What the oracles know; differences where f cannot be traced."""
    evidence = gather(product, cross_checked=False)
    return evidence if evidence.analysis is not None else estimated(product) or evidence


def _right(
    product: Product, block: str, wrong: Comparison, factor: float, truth_of: Callable[[Product], Product]
) -> bool:
    """Whether the answer is the oracles' to another question, within every entry's allowance."""
    try:
        evidence = _evidence(truth_of(product))
    except GradcheckError:
        return False
    answered = _answered(product, block)
    truth: Truth | None = evidence.truths.get(answered)
    if truth is None or truth.lower.shape != wrong.answer.shape or not np.all(truth.known):
        return False
    room = np.maximum(factor * (evidence.allowance[answered] + truth.radius), wrong.allowance)
    return bool(np.all(np.abs(wrong.answer.astype(float) - factor * truth.middle) <= room))
