"""SymPy, which shares no code with SymEngine, derives the same from the same formulas."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sympy

from gradcheck.oracle.closed_form.formulas import partial_derivatives
from gradcheck.oracle.closed_form.lanes import freeze, lanes
from gradcheck.oracle.closed_form.small_op import SmallOp
from gradcheck.oracle.estimate import Estimates
from gradcheck.oracle.symbolic import closed_form, symbolic
from gradcheck.problem import OPS, Graph, GraphBuilder

DIGITS = 40


def formulas(op: str) -> Iterator[Any]:
    """The op's values as formulas: for every example, the first branches and outputs."""
    for shapes, attributes in OPS[op].examples:
        for group in lanes(op, freeze(attributes), tuple(shapes)):
            small = SmallOp(group.op, group.attributes, group.shapes, tuple(True for _ in group.shapes))
            for branch in itertools.islice(small.branches(), 4):
                yield from branch.formulas.outputs[:4]


def value(expression: Any, at: dict[Any, Any]) -> Any:
    """The number that a formula of SymPy has at a point, to 40 digits."""
    return sympy.N(sympy.sympify(expression).subs(at), DIGITS)


def apart(derivative: Any, expression: Any, symbol: Any, at: dict[Any, Any]) -> float:
    """The relative distance between a derivative by SymEngine and the one that SymPy derives from the formula."""
    ours = value(sympy.sympify(derivative), at)
    theirs = value(sympy.diff(sympy.sympify(expression), sympy.sympify(symbol)), at)
    return float(abs(ours - theirs) / max(1, abs(theirs)))


@pytest.mark.parametrize("op", [op for op, row in OPS.items() if row.examples])
def test_every_op(op: str) -> None:
    rng = np.random.default_rng(sum(map(ord, op)))
    compared = 0
    for expression in formulas(op):
        symbols = sorted(expression.free_symbols, key=str)
        at = {sympy.sympify(symbol): sympy.Rational(int(rng.integers(1, 100)), 101) for symbol in symbols}
        derivatives = partial_derivatives(expression, set(symbols))
        for symbol in symbols[:4]:
            assert apart(derivatives.get(symbol, 0), expression, symbol, at) < 10.0 ** (8 - DIGITS)
            compared += 1
    assert compared


def test_a_wrong_derivative_is_told_apart() -> None:
    expression = next(formulas("tanh"))
    (x,) = expression.free_symbols
    assert apart(1 - expression, expression, x, {sympy.sympify(x): sympy.Rational(1, 3)}) > 0.1


def composed() -> Graph:
    build = GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    shared = build.sigmoid(a * b + build.sin(a))
    return build.graph(build.log(shared) * build.tanh(shared + b) + build.exp(build.square(shared) * a))


def test_a_graph_with_shared_nodes() -> None:
    point = {"a": np.asarray(0.75), "b": np.asarray(-1.25)}
    answer = symbolic(composed(), point)
    assert isinstance(answer, Estimates)
    assert set(answer.gradients) == {"a", "b"}
    form = closed_form(composed(), point)
    at = {sympy.sympify(symbol): sympy.Rational(known) for symbol, known in form.sheet.known.items()}
    loss = sympy.sympify(form.loss.expression)
    for name, estimate in answer.gradients.items():
        true = value(sympy.diff(loss, sympy.Symbol(name)), at)
        assert abs(sympy.Rational(float(estimate.value)) - true) <= sympy.Rational(float(estimate.error))
        assert abs(sympy.Rational(float(estimate.value)) * (1 + 1e-14) - true) > float(estimate.error)
