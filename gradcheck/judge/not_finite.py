"""Where a derivative answers nan or infinity although f is smooth there: one entry exactly 0, or far from 0.

`prod(x) / x` is the gradient of a product except where an entry is 0, and `exp(x) / (1 + exp(x))` that of a stable
softplus except where `exp` overflows. Such an answer is no wrong number that goes unseen, so it is a warning. f is run
and traced only where the derivative answers something that is not finite.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError, HarnessFault, SubjectError
from gradcheck.judge.apparent_structure import form_of
from gradcheck.judge.bounded_calls import TooLongError, bounded
from gradcheck.judge.domain import Domain
from gradcheck.judge.function_estimates import gather
from gradcheck.judge.question import Question
from gradcheck.oracle.analysis import TracedPoint
from gradcheck.problem.function import Product, laid_out
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

FAR = 1000.0
"""A number whose exponential overflows in every dtype."""
MOST_BLOCKS = 4
"""Maximum number of inputs of which an entry is set."""


def not_finite(
    question: Question,
    product: Product,
    start: TracedPoint,
    domain: Domain,
    truth_of: Callable[[Product], Product],
    *,
    tuple_output: bool,
) -> list[Finding]:
    """A warning about the first such point. `start` is what is known of f at the product's own point."""
    for near, where in _points(product):
        if not domain.holds(near.inputs):
            continue
        try:
            asked = replace(near)
            asked.__dict__["outputs"] = product.outputs  # their number tells a JVP's blocks; f is not run for it
            reply = bounded(partial(question.ask, asked, tuple_output=tuple_output))
            gaps = [None if p is None else np.argwhere(~np.isfinite(p)) for p in reply.parts]
            if not any(g is not None and len(g) for g in gaps):
                continue
            outputs, _ = bounded(near.run_f)
            if not all(np.all(np.isfinite(o)) for o in outputs):
                continue
            evidence = gather(truth_of(near), cross_checked=False)
        except HarnessFault:
            raise
        except (
            Exception,
            SystemExit,
            TooLongError,
            SubjectError,
            GradcheckError,
        ):  # no point of f, or of its derivative
            continue
        there = evidence.analysis
        if there is None or not there.smooth or not start.leads_to(there):
            continue
        for block, part, gap in zip(near.blocks, reply.parts, gaps, strict=True):
            truth = evidence.truths[block]
            if gap is None or part is None or truth.middle.shape != part.shape:
                continue
            for entry in map(tuple, gap):
                if truth.known[entry]:
                    facts = {"entry": list(map(int, entry)) or "", "truth": float(truth.middle[entry])}
                    return [finding("GC096", where=where, block=block, subject=float(part[entry]), **facts)]
    return []


def _points(product: Product) -> Iterator[tuple[Product, str]]:
    """Questions at points with one entry set, and what is set, in words."""
    for k in product.function.wrt[:MOST_BLOCKS]:
        block = np.asarray(product.inputs[k])
        if not block.size or block.dtype.kind != "f" or not np.all(block):
            continue
        entry, form = np.unravel_index(block.size // 2, block.shape), form_of(block)
        for number in (0.0, FAR, -FAR):
            moved = np.array(block)
            moved[entry] = number
            moved = form(moved)
            if moved[entry] != number:
                continue
            inputs = tuple(laid_out(block, moved) if j == k else x for j, x in enumerate(product.inputs))
            place = ", ".join(str(int(i)) for i in entry)
            name = product.function.names[k]
            yield replace(product, inputs=inputs), f"{name}{f'[{place}]' if place else ''} = {number:g}"
