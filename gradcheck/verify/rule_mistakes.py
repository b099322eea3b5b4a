"""What an engine's rule has for a derivative: the op as a function of NumPy, judged with the engine's own slopes.

So the names of mistakes in functions serve rules, too: "the slope taken at the output", "lacking the square".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.checks.functions import check_gradient
from gradcheck.errors import GradcheckError
from gradcheck.judge.entry_points import ask
from gradcheck.problem import OPS, Case, GraphBuilder
from gradcheck.subject.answer import Subject
from gradcheck.verdict.result import Result, Verdict

PLACES = ((0.15, 0.42, 0.63, 0.81, 0.94), (0.9, 0.33, 0.71, 0.12, 0.55))
"""Where the arguments lie in the comfortable range of the op, as fractions of it."""

EXPONENT = 3.0
"""The exponent of a power; it is no point at which two mistakes give the same."""


NUMBER = 2.75
"""The plain number beside an operand, and the factor of an argument that is no leaf; no length of anything."""

_PATH = re.compile(r"^consistent with the path through the [^,]*? in f ")
"""How a cause begins that says where in f it sits: f is the op alone here."""


def rule_mistake(subject: Subject, op: str, dtype: str | None = None) -> dict[str, str]:
    """What the engine's rule of an op of one or two numbers does wrong, `cause` and `kind`; {} where nothing fits.

    The op is tried on leaves, then on inner nodes, then beside a plain number, until an answer is wrong.
    """
    row = OPS[op]
    if not row.elementwise or row.arity not in (1, 2):
        return {}
    for form in _forms(op):
        try:
            result = _judged(subject, form, dtype)
        except GradcheckError:  # a form that is not offered, or an answer that is none
            continue
        if result.verdict is not Verdict.PASS:
            return _facts(result, form)
    return {}


@dataclass(frozen=True)
class _Form:
    """One form of an op: its operands are leaves, each times `factor`, and plain numbers; `words` name it."""

    op: str
    words: str
    leaves: tuple[int, ...]
    numbers: Mapping[int, float] = field(default_factory=dict)
    factor: float = 1.0

    def operands(self, leaves: Sequence[Any], number: Callable[[float], Any], times: Callable[[Any, Any], Any]) -> Any:
        """The op's operands in their order."""
        inner = leaves if self.factor == 1 else [times(leaf, number(self.factor)) for leaf in leaves]
        given = dict(zip(self.leaves, inner, strict=True)) | {k: number(v) for k, v in self.numbers.items()}
        return [given[k] for k in sorted(given)]


def _forms(op: str) -> Iterator[_Form]:
    places = tuple(range(OPS[op].arity or 1))
    if op == "pow":  # many take an exponent that is a number, and no other
        yield _Form(op, op, (0,), {1: EXPONENT})
        yield _Form(op, f"a power of an inner node, (x * {NUMBER:g}) ** {EXPONENT:g}", (0,), {1: EXPONENT}, NUMBER)
    else:
        yield _Form(op, op, places)
        yield _Form(op, f"{op} of an inner node, x * {NUMBER:g}", places, {}, NUMBER)
    if len(places) == 2:
        yield _Form(op, f"{op} with {NUMBER:g} on its left", (1,), {0: NUMBER})
        yield _Form(op, f"{op} with {NUMBER:g} on its right", (0,), {1: NUMBER})


def _judged(subject: Subject, form: _Form, dtype: str | None) -> Result:
    row, names = OPS[form.op], [f"x{k}" for k in form.leaves]
    build = GraphBuilder()
    leaves = [build.parameter(name) for name in names]
    graph = build.graph(build.apply(form.op, *form.operands(leaves, build.constant, build.mul)))

    def f(*arrays: Any) -> Any:
        return np.sum(row.value(*form.operands(arrays, float, np.multiply)))

    def slopes(*arrays: Any) -> Any:
        points = (dict(zip(names, at, strict=True)) for at in zip(*arrays, strict=True))
        columns = [ask(subject, Case("rule", graph, point)) for point in points]
        found = [np.array([float(answer.gradients[name]) for answer in columns]) for name in names]
        return found[0] if len(names) == 1 else tuple(found)

    points = [np.array(list(_at(row.range_of(k), PLACES[k])), dtype) / form.factor for k in form.leaves]
    return check_gradient(f, slopes, *points)


def _at(ends: tuple[float, float], places: tuple[float, ...]) -> Iterator[float]:
    low, high = ends
    yield from (low + place * (high - low) for place in places)


def _facts(result: Result, form: _Form) -> dict[str, str]:
    for row in result.findings:
        if row.code != "GC051" or row.facts.get("kind") is None:
            continue
        cause = str(row.facts["cause"]).partition("; in the derivative")[0]
        if form.op == "pow" and f"is {(EXPONENT - 1) / EXPONENT:.6g} times" in cause:
            cause = "the exponent less one is its factor, where the exponent itself is due"
        if form.factor != 1 and f" {1 / form.factor:.6g} times" in cause:
            lost = "lacking what its argument was made with, as if that were a leaf"
            return {"cause": f"the derivative of {form.words}: {lost}", "kind": "slope-forgotten"}
        words = f"the derivative of {form.words}: {_PATH.sub('', cause)}"
        return {"cause": words, "kind": str(row.facts["kind"])}
    return {}
