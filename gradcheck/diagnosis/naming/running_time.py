"""Why a subject runs out of time: counted operations on small graphs, and one graph that some never finish."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.judge.entry_points import ask
from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.answer import Subject

NEEDED = frozenset({"add", "mul"})
DIAMONDS = (2, 3, 4, 5, 6, 7)
"""Lengths of the chains of diamonds whose operations are counted."""
DOUBLING = 1.8
"""Minimum growth factor of the cost of one more diamond if every path is walked."""


def running_out(subject: Subject, known: frozenset[str]) -> tuple[Fault | None, str]:
    """The fault that makes a subject slow or endless, and how that is known; `known` are ops it may be asked for.

    A graph that is never finished costs one time limit; it is asked about last.
    """
    if not known >= NEEDED:
        return None, ""
    if _ends(subject, _sum(twice=False)) and not _ends(subject, _sum(twice=True)):
        return fault("F17"), "answers for 2 x + 3 y, and never for x + x:"
    counts = list[int]()
    for n in DIAMONDS:
        if (count := _operations(subject, _diamonds(n))) is None:
            return None, ""  # without an answer here, each larger graph would take a time limit
        counts.append(count)
    more = [b - a for a, b in pairwise(counts)]
    if more[0] > 0 and all(b >= DOUBLING * a for a, b in pairwise(more)):
        row = ", ".join(f"{count:,}" for count in counts)
        return fault(
            "F16"
        ), f"takes {row} operations for {DIAMONDS[0]} to {DIAMONDS[-1]} diamonds, one behind the other:"
    return None, ""


def _operations(subject: Subject, case: Case) -> int | None:
    """Counted operations of a right gradient; None if it is wrong, or nothing was counted."""
    try:
        answer = ask(subject, case, count=True)
    except SubjectError:
        return None
    paths = 3.0 ** len([node for node in case.graph.nodes if node.op == "add"])
    right = answer.gradients.keys() == {"x"} and np.array_equal(answer.gradients["x"], np.asarray(paths))
    return answer.operations if right else None


def _diamonds(count: int) -> Case:
    """The graph v + 2 v, again and again: 2^count paths, and a gradient of 3^count."""
    build = GraphBuilder()
    v = build.parameter("x")
    for _ in range(count):
        v = v + 2.0 * v
    return Case(f"{count} diamonds", build.graph(v), {"x": 1.0})


def _sum(*, twice: bool) -> Case:
    build = GraphBuilder()
    x = build.parameter("x")
    if twice:
        return Case("x + x", build.graph(x + x), {"x": 1.0})
    return Case("2 x + 3 y", build.graph(2.0 * x + 3.0 * build.parameter("y")), {"x": 1.0, "y": 2.0})


def _ends(subject: Subject, case: Case) -> bool:
    """Whether the subject finishes, with an answer or without."""
    try:
        ask(subject, case)
    except SubjectError as failure:
        return failure.code != "GC005"
    return True
