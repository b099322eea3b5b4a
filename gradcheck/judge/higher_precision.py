"""The subject's own formula in wider numbers: is a small discrepancy rounding, or a mistake?"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError, SubjectError
from gradcheck.judge.function_estimates import Evidence
from gradcheck.judge.question import Question
from gradcheck.problem.evaluations import as_derivative
from gradcheck.problem.function import Product, lend
from gradcheck.routes import branches, thresholds
from gradcheck.tracing import MOST_RUNS, Outcomes, explore

Array = NDArray[Any]

FEW_RUNS = 4
"""Maximum number of outcomes of ties for which branches are looked at; a loop that waits for equal floats has many."""


def exact_answer(
    question: Question, product: Product, evidence: Evidence, most_runs: int = MOST_RUNS
) -> list[tuple[Array, Array] | None] | None:
    """Per block, the value of the subject's formula in exact arithmetic with its radius; None where it cannot be had.

    In balls, by tracing the derivative itself; where it cannot be traced, in the next wider NumPy dtype.
    """
    traced = traced_answer(question, product, most_runs)
    return traced if traced is not None else _in_wider_floats(question, product, evidence)


def traced_answer(
    question: Question, product: Product, most_runs: int = MOST_RUNS
) -> list[tuple[Array, Array] | None] | None:
    """The same in balls alone; None where the derivative cannot be traced with so many outcomes of ties."""
    outcomes, kept = _traced(question, product, most_runs)
    if outcomes is None or max(kept, default=0) >= len(product.blocks):
        return None  # a gradient written as a list of numbers, say
    found: list[tuple[Array, Array] | None] = [None] * len(product.blocks)
    for k, value in zip(kept, outcomes.values, strict=True):
        found[k] = (value.midpoint, value.radius)
    return found


def own_branches(question: Question, product: Product, most: int) -> tuple[list[list[Array]], list[list[list[Array]]]]:
    """Points, an array per block, that a comparison of the derivative's own code leads to; none if untraced.

    At most `most` across one, and as many where an entry is what it is compared with, each with a point on both sides.
    """
    outcomes = _own_code(question, product)
    if outcomes is None:
        return [], []
    return [b.point for b in branches(outcomes, most) if b.point is not None], thresholds(outcomes, most)


def waits(question: Question, product: Product) -> bool:
    """Whether a loop of the derivative's own code ends on a comparison."""
    outcomes = _own_code(question, product)
    return outcomes is not None and outcomes.waits


def narrow_dtypes(question: Question, product: Product) -> list[np.dtype[Any]]:
    """Dtypes narrower than the subject's in which the derivative's own code computes; none if it cannot be traced."""
    outcomes = _own_code(question, product)
    if outcomes is None:
        return []
    trace = outcomes.first.trace
    seen = {n.dtype for n in trace.record.nodes if n.varies} | trace.casts
    return [dtype for dtype in seen if dtype.kind == "f" and dtype.itemsize < product.dtype.itemsize]


def _own_code(question: Question, product: Product) -> Outcomes | None:
    """The derivative's own code, traced without proofs, once for each point: one that integrates takes 5 s."""
    kept: dict[int, tuple[Any, Outcomes | None]] = product.__dict__.setdefault("_own_code", {})
    key = id(question.derivative)
    if key not in kept:
        outcomes, _ = _traced(question, product, FEW_RUNS, sharp=False)
        kept[key] = question.derivative, outcomes
    return kept[key][1]


def _traced(
    question: Question, product: Product, most_runs: int = MOST_RUNS, *, sharp: bool = True
) -> tuple[Outcomes | None, list[int]]:
    """The derivative itself, traced as a function of its inputs, and which parts it returned."""
    kept: list[int] = []

    def formula(*differentiated: Any) -> Any:
        inputs = list(product.inputs)
        for k, value in zip(product.function.wrt, differentiated, strict=True):
            inputs[k] = value
        parts = called(question, product, inputs)
        kept[:] = [k for k, part in enumerate(parts) if part is not None]
        return tuple(parts[k] for k in kept)

    inputs = [np.array(product.inputs[k]) for k in product.function.wrt]
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(), as_derivative():
            warnings.simplefilter("ignore")
            outcomes = explore(
                formula,
                inputs,
                wrt=range(len(inputs)),
                dtype=product.dtype,
                most_runs=most_runs,
                sharp=sharp,
                behind=question.derivative,
            )
    except (Exception, SystemExit):  # a formula that cannot be traced is no fact about its result
        return None, []
    return outcomes, kept


def called(question: Question, product: Product, inputs: Sequence[Any]) -> Sequence[Any]:
    """The derivative on inputs of any number system, one part per block."""
    many = len(product.cotangents or ()) > 1
    if question.kind == "gradient":
        returned = question.derivative(*inputs)
    elif question.kind == "vjp":
        assert product.cotangents is not None
        cotangents = tuple(np.array(c) for c in product.cotangents)
        returned = question.derivative(cotangents if many else cotangents[0], *inputs)
    else:
        assert product.tangents is not None
        given = dict(zip(product.function.wrt, product.tangents, strict=True))
        tangents = tuple(np.array(given.get(k, np.zeros(np.shape(x)))) for k, x in enumerate(inputs))
        returned = question.derivative(tuple(inputs), tangents)
        if isinstance(returned, tuple) and len(returned) == 2 and len(product.blocks) == 1:
            returned = returned[1]
    if not isinstance(returned, tuple | list):
        returned = (returned,)
    parts: Sequence[Any] = returned
    if product.tangents is not None:
        return parts
    if len(parts) == len(product.inputs):
        return [parts[k] for k in product.function.wrt]
    going = [k for k in product.function.wrt if k not in question.stopped]
    if question.stopped and len(parts) == len(going):
        return [parts[going.index(k)] if k in going else None for k in product.function.wrt]
    return parts


def _in_wider_floats(
    question: Question, product: Product, evidence: Evidence
) -> list[tuple[Array, Array] | None] | None:
    wide = np.dtype(np.float64) if product.dtype.itemsize < 8 else np.dtype(np.longdouble)
    if np.finfo(wide).eps >= np.finfo(product.dtype).eps:
        return None
    inputs = [x.astype(wide) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in lend(product.inputs)]
    cotangents, tangents = (
        None if given is None else tuple(np.asarray(c, dtype=wide) for c in given)
        for given in (product.cotangents, product.tangents)
    )  # code that checks dtypes wants them all alike
    widened = replace(product, cotangents=cotangents, tangents=tangents)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parts = called(question, widened, inputs)
            ratio = float(np.finfo(wide).eps / np.finfo(product.dtype).eps)
            found: list[tuple[Array, Array] | None] = []
            for block, part in zip(product.blocks, parts, strict=True):
                value = None if part is None else np.asarray(part, dtype=np.float64)
                # What rounding may still cost in the wider dtype.
                found.append(None if value is None else (value, ratio * evidence.allowance[block]))
    except (GradcheckError, SubjectError):
        raise
    except (Exception, SystemExit):
        return None
    return found
