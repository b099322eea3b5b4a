"""Experiments that show one fault each: chains for a sweep that stops too soon, digits for single precision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.check.likeness import Heard, equal
from gradcheck.problem import Case, GraphBuilder, Point
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import NATIVE, Answer, Subject

LONGEST = 40
"""Nodes of the longest chain asked about."""
LINKS = ("sin", "neg", "tanh", "mul", "exp", "add")
"""Ops that chains are made of: of the first two of them that the subject knows."""


def reach(subject: Subject, known: frozenset[str]) -> int | None:
    """The length of the longest chain that the gradient gets through: right up to it, exactly 0 beyond.

    None if it gets through all, or if no such length explains chains of two ops.
    """
    found = set[int | None]()
    for op in [op for op in LINKS if op in known][:2]:
        arrived = [_arrives(Heard(chain(op, n), subject, NATIVE)) for n in range(1, LONGEST + 1)]
        length = arrived.index(False) if False in arrived else LONGEST
        found.add(length if arrived == [True] * length + [False] * (LONGEST - length) else None)
    (only,) = found if len(found) == 1 else (None,)
    return only if only is not None and 0 < only < LONGEST else None


def chain(op: str, length: int) -> Case:
    """op(op(... x)), or x times 1.5 (plus 0.5) again and again."""
    build = GraphBuilder()
    v = build.parameter("x")
    for _ in range(length):
        v = build.apply(op, v, build.constant(1.5)) if op in ("mul", "add") else build.apply(op, v)
    point: Point = {"x": np.asarray(-0.5 if op == "exp" else 0.5)}
    return Case(f"{op} {length} times", build.graph(v), point)


def _arrives(one: Heard) -> bool | None:
    """Whether the right gradient arrives (True), or none (False), or something else (None)."""
    theirs, right = one.theirs, one.right
    if not isinstance(theirs, Answer) or not isinstance(right, Answer):
        return None
    if not equal(theirs.value, right.value, one.case.dtype):
        return None
    if not one.wrong:
        return True
    return None if np.any(theirs.gradients.get("x", np.ones(()))) else False


CLOSE = 1e-4
"""Share of a block's size by which single precision may be off at most."""
TELLING = 6
"""Numbers at least that are no float32 by nature."""
MOSTLY = 0.9
"""Share of the subject's numbers that have to be."""


def single_precision(heard: Sequence[Heard]) -> bool:
    """Whether the wrong answers are nearly right, and their values, or their gradients, are float32 numbers."""
    values, gradients = list[bool](), list[bool]()
    for one in heard:
        if not one.wrong or one.case.dtype != "float64":
            continue
        theirs, right = one.theirs, one.right
        if not isinstance(theirs, Answer) or not isinstance(right, Answer):
            return False
        blocks = [(theirs.value, right.value), *((theirs.gradients.get(n), g) for n, g in right.gradients.items())]
        for k, (given, true) in enumerate(blocks):
            if given is None or given.shape != true.shape:
                return False
            if np.any(np.abs(given - true) > CLOSE * max(1e-3, float(np.max(np.abs(true), initial=0.0)))):
                return False
            (gradients if k else values).extend(_short(given)[~_short(true)].tolist())
    return any(len(shown) >= TELLING and sum(shown) >= MOSTLY * len(shown) for shown in (values, gradients))


def _short(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(array.astype(np.float32).astype(np.float64) == array).reshape(-1)
