"""Experiments that show one fault each: chains for a sweep that stops too soon, digits for single precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Observed, equal, same
from gradcheck.errors import InvalidProblem
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case, GraphBuilder, Point
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import NATIVE, Answer, Subject

LONGEST = 40
"""Number of nodes of the longest chain."""
LINKS = ("sin", "neg", "tanh", "mul", "exp", "add")
"""Ops of chains; the first two of them that the subject knows are used."""


def cut_off(subject: Subject, known: frozenset[str]) -> tuple[Fault | None, str]:
    """F14 for a gradient that passes through chains up to some length and no longer ones; `known` as elsewhere."""
    length = reach(subject, known)
    if length is None:
        return None, ""
    return fault("F14"), f"gets the gradient through a chain of {length} nodes, and nothing through any longer one:"


def single_precision(observed: Sequence[Observed]) -> tuple[Fault | None, str]:
    """F80 for a subject that reads its point, or computes, in float32."""
    if rounded_point(observed):
        return fault("F80"), "gives the right answers at the point rounded to float32:"
    if short_numbers(observed):
        return fault("F80"), "is nearly right, and hands out numbers that float32 can hold:"
    return None, ""


def reach(subject: Subject, known: frozenset[str]) -> int | None:
    """The length of the longest chain through which the right gradient arrives; exactly 0 arrives through longer ones.

    None if it passes through all, or if no single length explains the chains of up to two ops. An op whose long chains
    overflow shows nothing. Chains of scalars are tried first, then chains of arrays, for which an engine may have
    separate code.
    """
    for shape in ((), (2,)) if "sum" in known else ((),):
        found = set[int | None]()
        for op in [op for op in LINKS if op in known][:2]:
            try:
                chains = [chain(op, n, shape) for n in range(1, LONGEST + 1)]
            except InvalidProblem:  # the value of a long chain overflows: this op shows nothing
                continue
            arrived = [_arrives(Observed(case, subject, NATIVE)) for case in chains]
            length = arrived.index(False) if False in arrived else LONGEST
            found.add(length if arrived == [True] * length + [False] * (LONGEST - length) else None)
        (only,) = found if len(found) == 1 else (None,)
        if only is not None and 0 < only < LONGEST:
            return only
    return None


def chain(op: str, length: int, shape: tuple[int, ...] = ()) -> Case:
    """The graph op(op(... x)), or x times 1.5 (plus 0.5) again and again; summed if x is an array."""
    build = GraphBuilder()
    v = build.parameter("x", shape)
    for _ in range(length):
        v = build.apply(op, v, build.constant(1.5)) if op in ("mul", "add") else build.apply(op, v)
    point: Point = {"x": np.full(shape, -0.5 if op == "exp" else 0.5)}
    return Case(f"{op} {length} times", build.graph(build.sum(v) if shape else v), point)


def _arrives(one: Observed) -> bool | None:
    """True if the right gradient arrives, False if exactly 0 does, None otherwise."""
    theirs, right = one.theirs, one.right
    if not isinstance(theirs, Answer) or not isinstance(right, Answer):
        return None
    if not equal(theirs.value, right.value, one.case.dtype):
        return None
    if not one.wrong:
        return True
    return None if np.any(theirs.gradients.get("x", np.ones(()))) else False


def rounded_point(observed: Sequence[Observed]) -> bool:
    """Whether all wrong answers, two at least, are right at the point rounded to float32."""
    wrong = [one for one in observed if one.wrong and isinstance(one.case, Case) and one.case.dtype == "float64"]
    return len(wrong) >= TELLING and all(_right_at_rounded_point(one) for one in wrong)


def _right_at_rounded_point(one: Observed) -> bool:
    assert isinstance(one.case, Case)
    with np.errstate(over="ignore"):
        short = {n: np.asarray(x).astype(np.float32).astype(np.float64) for n, x in one.case.point.items()}
    try:
        moved = Observed(replace(one.case, point=short), one.subject, one.entry)
    except InvalidProblem:  # the rounded point is outside the graph's domain
        return False
    return same(one.theirs, moved.right, one.case.dtype)


CLOSE = 1e-4
"""Maximum error of single precision, as a share of a block's size."""
TELLING = 6
"""Minimum number of compared numbers whose true value float32 does not hold."""
MOSTLY = 0.9
"""Minimum share of these numbers that are float32 numbers in the subject's answer."""


def short_numbers(observed: Sequence[Observed]) -> bool:
    """Whether the wrong answers are nearly right, and their values, or their gradients, are float32 numbers.

    A few may have a larger error: small differences of large numbers.
    """
    wrong = [one for one in observed if one.wrong and isinstance(one.case, Case) and one.case.dtype == "float64"]
    near = [blocks for one in wrong if (blocks := _near(one)) is not None]
    if len(near) < MOSTLY * len(wrong):
        return False
    values, gradients = list[bool](), list[bool]()
    for blocks in near:
        for k, (given, true) in enumerate(blocks):
            (gradients if k else values).extend(_short(given)[~_short(true)].tolist())
    return any(len(shown) >= TELLING and sum(shown) >= MOSTLY * len(shown) for shown in (values, gradients))


def _near(one: Observed) -> list[tuple[Array, Array]] | None:
    """The value and the gradients, each with the right one; None if any is not nearly right."""
    theirs, right = one.theirs, one.right
    if (
        not isinstance(theirs, Answer)
        or not isinstance(right, Answer)
        or theirs.gradients.keys() != right.gradients.keys()
    ):
        return None
    blocks = [(theirs.value, right.value), *((theirs.gradients[n], g) for n, g in right.gradients.items())]
    for given, true in blocks:
        if given.shape != true.shape:
            return None
        if not np.all(np.abs(given - true) <= CLOSE * max(1e-3, float(np.max(np.abs(true), initial=0.0)))):
            return None
    return blocks


def _short(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(array.astype(np.float32).astype(np.float64) == array).reshape(-1)
