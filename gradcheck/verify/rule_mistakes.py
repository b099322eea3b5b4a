"""What an engine's rule has for a derivative: the op as a function of NumPy, judged with the engine's own slopes.

So the names of mistakes in functions serve rules, too: "the slope taken at the output", "lacking the square".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradcheck.checks.functions import check_gradient
from gradcheck.errors import GradcheckError
from gradcheck.judge.entry_points import ask
from gradcheck.problem import OPS, Case, GraphBuilder
from gradcheck.subject.answer import Subject
from gradcheck.verdict.result import Result

PLACES = ((0.15, 0.42, 0.63, 0.81, 0.94), (0.9, 0.33, 0.71, 0.12, 0.55))
"""Where the arguments lie in the comfortable range of the op, as fractions of it."""

EXPONENT = 3.0
"""The exponent of a power; it is no point at which two mistakes give the same."""


def rule_mistake(subject: Subject, op: str, dtype: str | None = None) -> str:
    """What the engine's rule of an op of one or two numbers does wrong, in words; "" where nothing fits."""
    row = OPS[op]
    if not row.elementwise or row.arity not in (1, 2):
        return ""
    names = [f"x{k}" for k in range(1 if op == "pow" else row.arity)]
    more = (EXPONENT,) if op == "pow" else ()  # many take an exponent that is a number, and no other
    build = GraphBuilder()
    operands = [build.parameter(name) for name in names]
    graph = build.graph(build.apply(op, *operands, *map(build.constant, more)))

    def f(*arrays: Any) -> Any:
        return np.sum(row.value(*arrays, *more))

    def slopes(*arrays: Any) -> Any:
        points = (dict(zip(names, at, strict=True)) for at in zip(*arrays, strict=True))
        columns = [ask(subject, Case("rule", graph, point)) for point in points]
        found = [np.array([float(answer.gradients[name]) for answer in columns]) for name in names]
        return found[0] if len(names) == 1 else tuple(found)

    points = [np.array(list(_at(row.range_of(k), PLACES[k])), dtype) for k in range(len(names))]
    try:
        return _words(check_gradient(f, slopes, *points), op)
    except GradcheckError:  # a form that is not offered, or an answer that is none
        return ""


def _at(ends: tuple[float, float], places: tuple[float, ...]) -> Iterator[float]:
    low, high = ends
    yield from (low + place * (high - low) for place in places)


def _words(result: Result, op: str) -> str:
    for row in result.findings:
        if row.code != "GC051" or row.facts.get("kind") is None:
            continue
        cause = str(row.facts["cause"]).partition("; in the derivative")[0]
        if op == "pow" and f"is {(EXPONENT - 1) / EXPONENT:.6g} times" in cause:
            cause = "the exponent less one is its factor, where the exponent itself is due"
        prefix = f"consistent with the path through line {row.facts.get('line')}, {row.facts.get('source')}, "
        return f"the derivative of {op}: {cause.removeprefix(prefix)}"
    return ""
