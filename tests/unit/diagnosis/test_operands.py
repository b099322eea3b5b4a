"""A row per parameter: yours, right, what each use adds, and which of these parts the subject's number is."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import numpy as np
import pytest

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.diagnosis.operands import OPERANDS, ParameterRow, operand_name, parameter_rows
from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import Settings
from gradcheck.oracle import graph_oracles
from gradcheck.problem import OPS, Case, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject

BASE, EXPONENT = 27.0, 27 * np.log(3.0)
"""What x adds to d(x ** x)/dx at x = 3 as base, 3 * 3^2, and as exponent, 3^3 log 3."""


def rows(case: Case, engine: Any) -> tuple[ParameterRow, ...]:
    return parameter_rows(
        case, try_any("c", case, InProcessSubject(engine), graph_oracles(), Settings(moved_points=0)).comparisons
    )


def answering(**gradients: Any) -> Any:
    def engine(graph: Any, point: Any) -> Any:
        return graph.evaluate(point)[graph.names[graph.loss]], {n: np.asarray(g) for n, g in gradients.items()}

    return engine


def power() -> Case:
    build = GraphBuilder()
    x = build.parameter("x")
    return Case("power", build.graph(build.pow(x, x, name="f")), {"x": 3.0})


@pytest.mark.parametrize(
    ("yours", "equals"),
    [
        (BASE, "the part as base of f alone"),
        (EXPONENT, "the part as exponent of f alone"),
        (0.0, "0, as if no part arrived"),
        (2 * BASE + EXPONENT, "the sum of all parts, with the part as base of f counted twice"),
        (BASE - EXPONENT, "the sum of all parts, with the part as exponent of f of the wrong sign"),
        ((BASE + EXPONENT) / 2, "the mean of the 2 parts, where their sum belongs"),
        (BASE + 1e-3, ""),
        (np.nan, ""),
    ],
)
def test_the_parts_that_the_number_is_made_of_are_named(yours: float, equals: str) -> None:
    (row,) = rows(power(), answering(x=yours))
    assert (row.name, row.value, row.wrong, row.used, row.equals) == ("x", 3.0, True, "x", equals)
    assert np.isclose(row.right, BASE + EXPONENT)
    assert [(use.node, use.op, use.operand) for use in row.uses] == [("f", "pow", "base"), ("f", "pow", "exponent")]
    assert np.allclose([use.contribution for use in row.uses], [BASE, EXPONENT])
    assert (row.uses[1].operand, row.uses[1].node) == ("exponent", "f")


def test_a_right_parameter_has_a_row_without_uses() -> None:
    (row,) = rows(power(), Backprop())
    assert (row.wrong, row.used, row.uses, row.equals) == (False, "", (), "")


def test_equal_parts_are_not_told_apart() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    (row,) = rows(Case("sum", build.graph(build.add(x, x, name="f")), {"x": 3.0}), answering(x=1.0))
    assert row.equals == "one of the equal parts alone"
    assert [use.operand for use in row.uses] == ["left operand", "right operand"]


def test_uses_are_those_of_the_first_node_that_has_several() -> None:
    """f = h b - h with h = tanh a: a adds (1 - h^2) b through the product and -(1 - h^2) through the difference."""
    build = GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    h = build.tanh(a, name="h")
    case = Case("c", build.graph(build.sub(build.mul(h, b, name="m"), h, name="f")), {"a": 0.75, "b": 3.0})
    first, second = rows(case, fault("F01").subject())
    slope = 1 - np.tanh(0.75) ** 2
    assert (first.name, first.used) == ("a", "h")
    assert np.allclose([use.contribution for use in first.uses], [3 * slope, -slope])
    assert first.equals == "the part as left factor of m alone"
    assert (second.name, second.wrong) == ("b", False)


def test_small_arrays_have_a_row_per_entry() -> None:
    build = GraphBuilder()
    a = build.parameter("a", (2,))
    case = Case("c", build.graph(build.sum(build.mul(a, a, name="m"), name="f")), {"a": [0.75, 3.0]})
    found = rows(case, answering(a=np.array([1.5, 3.0])))
    assert [(r.name, r.yours, r.right, r.wrong) for r in found] == [
        ("a[0]", 1.5, 1.5, False),
        ("a[1]", 3.0, 6.0, True),
    ]
    assert found[0].uses == ()
    assert [use.contribution for use in found[1].uses] == [3.0, 3.0]
    assert found[1].equals == ""  # entry 0 is the sum of both parts


def test_a_large_array_has_one_row_for_its_worst_entry() -> None:
    build = GraphBuilder()
    w = build.parameter("W", (3, 4))
    case = Case("c", build.graph(build.sum(build.square(w))), {"W": np.arange(12.0).reshape(3, 4)})
    yours = 2 * np.arange(12.0).reshape(3, 4)
    yours[0, 1], yours[1, 0], yours[2, 2] = 2.5, 5.0, 20.5
    (row,) = rows(case, answering(W=yours))
    assert (row.name, row.block, row.yours, row.right) == ("W[1,0]", "W", 5.0, 8.0)


def test_every_operand_of_every_op_has_a_name() -> None:
    for name, op in OPS.items():
        count = op.arity or 3
        names = [operand_name(name, slot, count) for slot in range(count)]
        assert len(set(names)) == count
    assert operand_name("sub", 1, 2) == "right operand"
    assert operand_name("sin", 0, 1) == "argument"
    assert operand_name("concatenate", 2, 3) == "part 3"
    assert set(OPERANDS) <= set(OPS)


def test_no_answer_gives_no_rows() -> None:
    def raises(graph: Any, point: Any) -> Any:
        raise RuntimeError

    assert rows(power(), raises) == ()


def test_a_result_tells_how_many_entries_of_each_parameter_are_wrong() -> None:
    build = GraphBuilder()
    gamma, beta = build.parameter("gamma", (3,)), build.parameter("beta", (3,))
    graph = build.graph(build.sum(build.add(build.square(gamma), beta)))
    case = Case("c", graph, {"gamma": [3.0, 5.0, 2.0], "beta": [7.0, 1.5, 2.5]})
    yours = answering(gamma=np.array([6.0, 9.0, 3.0]), beta=np.ones(3))
    result = try_and_diagnose("c", case, InProcessSubject(yours), graph_oracles())
    assert result.blocks == {"gamma": (2, 3), "beta": (0, 3)}
    assert result.right_blocks == ("beta",)
    document = json.loads(result.to_json())
    assert document["blocks"] == {"gamma": {"wrong": 2, "entries": 3}, "beta": {"wrong": 0, "entries": 3}}
    schema = json.loads(files("gradcheck.report").joinpath("run.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
