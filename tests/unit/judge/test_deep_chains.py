"""Scalar engines as plain Python classes, thousands of nodes deep: decided within few calls, and recursion is said.

The truth is the closed form of each chain.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.tracing import Outcomes, explore

DEEP = 3_000
"""Nodes of a chain."""
CALLS = 60
"""Runs of f, and of its derivative, within which a check is done."""
TRACES = 8
"""Runs of f on traced arrays within which a check is done."""


class Value:
    """A number that knows what it was made of, and how its derivative goes back."""

    def __init__(self, data: Any, parents: Sequence[tuple[Value, Any]] = ()) -> None:
        self.data, self.parents, self.grad = data, parents, 0.0

    def __add__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other: Any) -> Value:
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __pow__(self, power: int) -> Value:
        return Value(self.data**power, ((self, power * self.data ** (power - 1)),))


class WrongPower(Value):
    """d x^n = n x^n."""

    def __pow__(self, power: int) -> Value:
        return WrongPower(self.data**power, ((self, power * self.data**power),))

    def __mul__(self, other: Any) -> Value:
        made = super().__mul__(other)
        return WrongPower(made.data, made.parents)

    def __add__(self, other: Any) -> Value:
        made = super().__add__(other)
        return WrongPower(made.data, made.parents)


def in_a_loop(root: Value) -> list[Value]:
    order, seen, waiting = list[Value](), set[int](), [(root, False)]
    while waiting:
        node, done = waiting.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            waiting += [(node, True), *((parent, False) for parent, _ in node.parents)]
    return order


def by_recursion(root: Value) -> list[Value]:
    order, seen = list[Value](), set[int]()

    def visit(node: Value) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for parent, _ in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


def backward(root: Value, order: list[Value], *, lost: bool = False) -> None:
    """`lost`: what arrives at a node last replaces what came before."""
    root.grad = 1.0
    for node in reversed(order):
        for parent, slope in node.parents:
            parent.grad = node.grad * slope + (0.0 if lost else parent.grad)


def chain(x: Sequence[Any]) -> Any:
    """h <- 0.999 h + 0.001 b, from h = a: a^2 of it in the end. Two nodes per step besides their constants."""
    h, b = x[0], x[1]
    for _ in range(DEEP // 3):
        h = h * 0.999 + b * 0.001
    return h**2


def truth(x: Any) -> Any:
    """With q = 0.999^1000 the chain ends at q a + (1 - q) b."""
    q = 0.999 ** (DEEP // 3)
    end = q * x[0] + (1 - q) * x[1]
    return 2 * end * np.array([q, 1 - q])


def engine(kind: type[Value] = Value, topology: Any = in_a_loop, number: Any = None, *, lost: bool = False) -> Any:
    """The gradient by an engine over NumPy's scalars, or over `number`s."""

    def grad(x: Any) -> Any:
        values = [kind(number(t) if number else t) for t in x]
        root = chain(values)
        backward(root, topology(root), lost=lost)
        return np.array([v.grad for v in values])

    return grad


def forward(x: Any) -> Any:
    return chain([Value(t) for t in x]).data


POINTS = np.random.default_rng(5).standard_normal((20, 2))


def test_the_chain_has_the_closed_form() -> None:
    for x in POINTS:
        np.testing.assert_allclose(engine()(x), truth(x), rtol=1e-9)


def counted(f: Callable[..., Any]) -> tuple[Callable[..., Any], list[int]]:
    calls = [0]

    def counting(x: Any) -> Any:
        calls[0] += 1
        return f(x)

    return counting, calls


@pytest.mark.parametrize("number", [None, float], ids=["numpy", "float"])
@pytest.mark.parametrize("x", POINTS[[0, 3]])
def test_a_right_engine_passes_within_few_calls(x: Any, number: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    traces = [0]
    once = explore.__globals__["explore_task"]

    def explored(*args: Any, **kwargs: Any) -> Outcomes:
        traces[0] += 1
        return once(*args, **kwargs)

    monkeypatch.setitem(explore.__globals__, "explore_task", explored)
    f, calls = counted(forward)
    grad, asked = counted(engine(number=number))
    result = gradcheck.check_gradient(f, grad, x)
    assert result.verdict == "PASS", result.to_text()
    assert calls[0] <= CALLS
    assert asked[0] <= CALLS
    assert traces[0] <= TRACES


@pytest.mark.parametrize("wrong", [engine(lost=True), engine(WrongPower)], ids=["a lost fan-out", "a wrong power rule"])
@pytest.mark.parametrize("x", POINTS[2:4])
def test_a_wrong_engine_fails(x: Any, wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth as deep, since f is run more than a thousand times until a failure is told and explained."""
    monkeypatch.setitem(chain.__globals__, "DEEP", DEEP // 10)
    result = gradcheck.check_gradient(forward, wrong, x)
    assert result.verdict == "FAIL", result.to_text()
    assert all(f.facts.get("kind") in ("overwritten", "power-rule") for f in result.findings if f.code == "GC051")


# -- recursion ---------------------------------------------------------------------------------------------------------


def test_recursion_that_is_too_deep_is_said_at_once() -> None:
    f, calls = counted(forward)
    result = gradcheck.check_gradient(f, engine(topology=by_recursion), POINTS[0])
    assert (result.verdict, result.codes) == ("ERROR", ("GC004",)), result.to_text()
    assert "sys.setrecursionlimit" in result.findings[0].sentence
    assert calls[0] <= 3

    def recursive(x: Any) -> Any:
        root = chain([Value(t) for t in x])
        return by_recursion(root)[-1].data

    f, calls = counted(recursive)
    result = gradcheck.check_gradient(f, engine(), POINTS[0])
    assert (result.verdict, result.codes) == ("ERROR", ("GC018",)), result.to_text()
    assert "sys.setrecursionlimit" in result.findings[0].sentence
    assert calls[0] <= 2


def test_recursion_as_deep_as_python_allows_is_no_error() -> None:
    """A function that runs by itself runs within a check, traced or not, whatever called the check."""
    deep = sys.getrecursionlimit() - 30

    def f(x: Any) -> Any:
        return down(x, deep)

    def down(x: Any, depth: int) -> Any:
        return x * x if depth == 0 else down(x, depth - 1)

    result = gradcheck.check_gradient(f, lambda x: down(2 * x, deep) / (2 * x), np.array(0.7))
    assert result.verdict == "PASS", result.to_text()
    assert not any("RecursionError" in finding.sentence for finding in result.findings)
    assert "exact" in result.agreed
