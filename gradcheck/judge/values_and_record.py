"""An f that keeps something between its calls: what its record proves at a point depends on where it was called before.

A solver that begins where it ended the last time takes one step when it is traced, and the derivative of that step is
proven. No answer is called wrong by such a proof if it agrees with how f's values change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.errors import HarnessFault
from gradcheck.judge.confirmation import DIFFERENCES
from gradcheck.judge.function_estimates import Evidence
from gradcheck.judge.question import Reply
from gradcheck.oracle.analysis import Analysis, analyse
from gradcheck.oracle.estimate import Along, Aside
from gradcheck.problem.function import Product, laid_out
from gradcheck.verdict.finding import Finding, finding

NEARER = 1e-3
"""Maximum distance of the answer from the differences, relative to that of the proof, for it to agree with them."""
AWAY = 0.25
"""Relative distance of the point at which f is called in between."""
WRONG = ("GC012", "GC013")


def by_values(
    product: Product, reply: Reply, evidence: Evidence, findings: Sequence[Finding]
) -> tuple[Finding, ...] | None:
    """The findings, UNDECIDED in place of wrong entries, where f's record depends on its earlier calls.

    `product` is the one whose truth was asked for. None where the record does not depend on them, and where differences
    of f's values, too, contradict the answer.

    Raises HarnessFault where the two sweeps of a record contradict each other.
    """
    if not any(f.code in WRONG for f in findings) or evidence.analysis is None:
        return None
    for along in evidence.gathered.along:
        if along.oracle != DIFFERENCES:
            continue
        values, truth = float(along.estimate.value), _of_truth(along, evidence)
        answer = _of_answer(product, reply, along)
        near = max(float(along.estimate.error), NEARER * abs(truth - values))
        if answer is not None and abs(answer - values) <= near and _depends_on_calls(product, evidence.analysis):
            told = finding("GC117", values=values, answer=answer, truth=truth)
            return (told, *(f for f in findings if f.code not in WRONG))
    return None


def keeps_something(evidence: Evidence) -> bool:
    """Whether f's record depends on its earlier calls, and contradicts how f's values change.

    A loop of such an f that would come closer to an answer if it ran on tells nothing: it began near where it ends.
    Raises HarnessFault as `by_values` does.
    """
    if evidence.analysis is None:
        return False
    for along in evidence.gathered.along:
        if along.oracle != DIFFERENCES:
            continue
        values, truth = float(along.estimate.value), _of_truth(along, evidence)
        if abs(values - truth) > max(float(along.estimate.error), NEARER * abs(truth)):
            return _depends_on_calls(evidence.product, evidence.analysis)
    return False


def _depends_on_calls(product: Product, before: Analysis) -> bool:
    """Whether the record proves another derivative once f was called at other points.

    Raises HarnessFault where its two sweeps contradict each other.
    """
    inputs = list(product.inputs)
    for k in product.function.wrt:
        x = np.asarray(inputs[k])
        inputs[k] = laid_out(x, x * (1 + AWAY))
    try:
        replace(product, inputs=tuple(inputs)).run_f()
        again = analyse(product)
        product.run_f()
    except HarnessFault:
        raise
    except (Exception, SystemExit):  # f need not have a value there
        return False
    if isinstance(again, Aside):
        return False
    pairs = ((before.estimates.gradients[b], again.estimates.gradients[b]) for b in product.blocks)
    return any(bool(np.any(np.abs(a.value - b.value) > a.error + b.error)) for a, b in pairs)


def _of_answer(product: Product, reply: Reply, along: Along) -> float | None:
    """The sum over all blocks of <answer, direction>; None where a part is missing."""
    parts = dict(zip(product.blocks, reply.parts, strict=True))
    terms = [(parts[block], u) for block, u in along.direction.items()]
    if any(part is None for part, _ in terms):
        return None
    return float(sum(np.sum(np.asarray(part, float) * u) for part, u in terms))


def _of_truth(along: Along, evidence: Evidence) -> float:
    truths = evidence.gathered.gradients
    return float(sum(np.sum(truths[block].middle * u) for block, u in along.direction.items()))
