"""What a wrong rule has for a derivative, told from its own slopes; a right rule and other things say nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.faults.graphs.local_rules import WrongRule
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem.ops import OPS
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verify.rule_mistakes import rule_mistake


@pytest.mark.parametrize(
    ("op", "rule", "words"),
    [
        ("tanh", lambda g, y, x: g * (1 - y), "having 1 - y where 1 - y**2 is due, y its output"),
        ("sqrt", lambda g, y, x: g / y, "lacking the factor 1/2 of the root's derivative"),
        ("log", lambda g, y, x: g / y, "with the slope taken at the output, not at the input"),
        (
            "pow",
            lambda g, y, x, n: g * (n - 1) * x ** (n - 1),
            "the exponent less one is its factor, where the exponent itself is due",
        ),
        ("pow", lambda g, y, x, n: g * n * x**n, "having the exponent not lowered by one"),
        (
            "relu",
            lambda g, y, x: g * (x < 0),
            "reaching the entries that were not chosen, and no others",
        ),
        ("exp", lambda g, y, x: -g * y, "the gradient with respect to input has the wrong sign throughout"),
    ],
)
def test_a_wrong_rule_of_one_number(op: str, rule: Callable[..., Any], words: str) -> None:
    told = rule_mistake(InProcessSubject(WrongRule(op, rule)), op)
    assert told["cause"] == f"the derivative of {op}: {words}"
    assert told["kind"]


@pytest.mark.parametrize("op", [op for op, row in OPS.items() if row.elementwise and row.arity in (1, 2)])
@pytest.mark.parametrize("factor", [2.0, -1.0])
def test_no_line_of_gradcheck_is_shown(op: str, factor: float) -> None:
    told = rule_mistake(InProcessSubject(Scaled(op, factor)), op)
    assert told
    assert not re.search(r"line \d|Op\(|lambda| in f ", told["cause"])


class Scaled(Backprop):
    """An engine that gets the gradients of one op wrong by a factor."""

    def __init__(self, op: str, factor: float) -> None:
        self.op, self.factor = op, factor

    def message(self, node: int, slot: int, upstream: Any) -> Any:
        return super().message(node, slot, upstream) * (self.factor if self.graph.op(node) == self.op else 1.0)


class InnerForgotten(Backprop):
    """An engine whose exp is right on a leaf, and passes on nothing of what its argument was computed from."""

    def message(self, node: int, slot: int, upstream: Any) -> Any:
        found = super().message(node, slot, upstream)
        argument = self.graph.arguments(node)[slot]
        return found / 5.0 if self.graph.op(node) == "exp" and self.graph.arguments(argument) else found


def test_a_rule_that_is_right_on_leaves_is_tried_on_inner_nodes() -> None:
    assert "exp of an inner node" in rule_mistake(InProcessSubject(InnerForgotten()), "exp").get("cause", "")


def test_nothing_is_said_of_a_right_rule_and_of_one_that_nothing_fits() -> None:
    assert rule_mistake(InProcessSubject(Backprop()), "tanh") == {}
    odd = WrongRule("tanh", lambda g, y, x: g * np.cos(3 * x) ** 2 + 0.0173)
    assert rule_mistake(InProcessSubject(odd), "tanh") == {}


@pytest.mark.parametrize("op", ["sum", "where"])
def test_ops_of_arrays_and_of_three_numbers_are_left_alone(op: str) -> None:
    assert rule_mistake(InProcessSubject(Backprop()), op) == {}


def test_an_engine_that_refuses_says_nothing() -> None:
    def refuses(graph: Any, point: Any) -> Any:
        raise NotImplementedError("tanh")

    assert rule_mistake(InProcessSubject(refuses), "tanh") == {}
