"""What becomes of the gradient of a broadcast operand: x + y, x stretched along an axis, along an added one, or both.

The cotangent at x + y has unequal entries. So the gradient of x shows which of them were summed, averaged, dropped or
passed on unchanged, whatever the engine does with the shapes later.
"""

from __future__ import annotations

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Array, answer_of, equal
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.answer import Answer, Subject

NEEDED = frozenset({"add", "mul", "sum"})
"""Ops of the graphs."""
COTANGENT = np.array([[1.5, -0.75, 2.0], [0.5, -1.25, 3.0]])
ADDED, STRETCHED = (3,), (2, 1)
SHAPES = (ADDED, STRETCHED, (1, 3), ())
"""Shapes of x; y has the cotangent's."""


def broadcasting(subject: Subject, known: frozenset[str]) -> tuple[Fault | None, str]:
    """The fault that explains every gradient of a broadcast operand, and how; `known` are ops it may be asked for.

    None where all are right, where operands of equal shape are wrong as well, or where no single fault explains all.
    """
    if not known >= NEEDED or _reading(subject, COTANGENT.shape) != "right":
        return None, ""
    readings = {shape: _reading(subject, shape) for shape in SHAPES}
    wrong = {shape: reading for shape, reading in readings.items() if reading != "right"}
    kinds = set(wrong.values())
    if len(wrong) < 2 or len(kinds) != 1:
        return None, ""
    (kind,) = kinds
    code = {"kept": "F53" if readings[ADDED] == "right" else "F52", "copy": "F50", "mean": "F51"}.get(kind)
    how = f"by the gradients of x in x + y, for {len(wrong)} ways of stretching x:"
    return (fault(code), how) if code else (None, "")


def _reading(subject: Subject, shape: tuple[int, ...]) -> str:
    """How x's gradient was made: "right", "kept" like the cotangent, one "copy" of it, the "mean"; "" otherwise."""
    build = GraphBuilder()
    x, y = build.parameter("x", shape), build.parameter("y", COTANGENT.shape)
    graph = build.graph(build.sum((x + y) * build.constant(COTANGENT)))
    point: dict[str, Array] = {"x": np.full(shape, 0.75), "y": COTANGENT - 0.25}
    case = Case("stretched", graph, point)
    answer, loss = answer_of(subject, case), graph.evaluate(point)[graph.names[graph.loss]]
    if not isinstance(answer, Answer) or answer.gradients.keys() != {"x", "y"}:
        return ""
    if not equal(answer.value, loss, case.dtype) or not equal(answer.gradients["y"], COTANGENT, case.dtype):
        return ""
    given, axes = answer.gradients["x"], _axes(shape)
    summed = COTANGENT.sum(axis=axes).reshape(shape)
    if equal(given, summed, case.dtype):
        return "right"
    if equal(given, COTANGENT, case.dtype):
        return "kept"
    copies = np.moveaxis(COTANGENT, axes, range(len(axes))).reshape(-1, *shape)
    if any(equal(given, copy, case.dtype) for copy in copies):
        return "copy"
    return "mean" if equal(given, summed / len(copies), case.dtype) else ""


def _axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The cotangent's axes that x does not have, or has with length 1."""
    aligned = (1,) * (COTANGENT.ndim - len(shape)) + shape
    return tuple(k for k, n in enumerate(aligned) if n < COTANGENT.shape[k])
