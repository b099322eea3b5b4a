"""A wrong gradient's function in the subject's file: that of the wrong rule, and none where a sum is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, GraphBuilder
from gradcheck.report.failure import Failure
from gradcheck.subject.process import ChildSubject

ENGINE = """
import numpy as np

def tanh_backward(g, x):
    return g * (1 - np.tanh(x) ** 2)

def sin_backward(g, x):
    return g * np.cos(x)

FORWARD = {"tanh": np.tanh, "sin": np.sin, "mul": np.multiply, "sum": np.sum}

def gradients(graph, point):
    values, grads = {}, {}
    order = [graph.node(i) for i in range(len(graph))]
    for node in order:
        if node.inputs:
            values[node.name] = FORWARD[node.op](*[values[a] for a in node.inputs])
        else:
            values[node.name] = point[node.name] if node.value is None else node.value
    grads[order[-1].name] = np.ones_like(values[order[-1].name])
    for node in reversed(order):
        g = grads.get(node.name, 0.0)
        arguments = [values[a] for a in node.inputs]
        if node.op == "sum":
            passed = [g * np.ones_like(arguments[0])]
        elif node.op == "mul":
            passed = [g * arguments[1], g * arguments[0]]
        elif node.op in ("tanh", "sin"):
            passed = [(tanh_backward if node.op == "tanh" else sin_backward)(g, arguments[0])]
        else:
            passed = []
        for argument, one in zip(node.inputs, passed):
            grads[argument] = grads.get(argument, 0.0) + one
    return values[order[-1].name], {n.name: grads[n.name] for n in order if n.op == "parameter"}
"""


def case() -> Case:
    """f = sum of sin(tanh(a) b) b."""
    build = GraphBuilder()
    a, b = build.parameter("a", (3,)), build.parameter("b", (3,))
    product = build.mul(build.sin(build.mul(build.tanh(a), b)), b)
    return Case("case", build.graph(build.sum(product)), {"a": [0.5, -0.75, 1.25], "b": [1.5, 0.25, -0.5]})


@pytest.mark.parametrize(
    ("right", "wrong", "made_in"),
    [
        ("(1 - np.tanh(x) ** 2)", "(1 - x**2)", ("engine.py", 4, "tanh_backward")),
        ("g * np.cos(x)", "-g * np.cos(x)", ("engine.py", 7, "sin_backward")),
        ("grads.get(argument, 0.0) + one", "one", None),
    ],
)
def test_the_function_of_the_wrong_rule(tmp_path: Path, right: str, wrong: str, made_in: Any) -> None:
    file = tmp_path / "engine.py"
    file.write_text(ENGINE.replace(right, wrong), encoding="utf-8")
    with ChildSubject(file) as subject:
        result = try_and_diagnose("case", case(), subject, graph_oracles())
    told = [f.facts for f in result.findings if "own_function" in f.facts]
    assert [tuple(facts[name] for name in ("own_file", "own_line", "own_function")) for facts in told] == (
        [] if made_in is None else [made_in]
    )
    look = dict(Failure(result).parts()).get("look at", "")
    assert ("was made in" in look) == (made_in is not None)


def test_a_right_one_passes(tmp_path: Path) -> None:
    file = tmp_path / "engine.py"
    file.write_text(ENGINE, encoding="utf-8")
    with ChildSubject(file) as subject:
        assert str(try_and_diagnose("case", case(), subject, graph_oracles()).verdict) == "PASS"
