"""A graph as people write it, and as a tree."""

from __future__ import annotations

from io import StringIO

import numpy as np
from rich.console import Console

from gradcheck.problem import Case, GraphBuilder
from gradcheck.report.graph_text import entries, formula, tree, values


def test_nodes_used_once_are_written_where_they_are_used() -> None:
    build = GraphBuilder()
    a, b, c = (build.parameter(name) for name in "abc")
    graph = build.graph(build.mul(build.add(a, b), build.neg(c), name="f"))
    assert formula(graph) == "f = (a + b) * -c"


def test_a_node_used_twice_has_a_line_of_its_own() -> None:
    build = GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    y = build.mul(a, b, name="y")
    assert formula(build.graph(build.add(y, y, name="loss"))) == "y = a * b; loss = y + y"


def test_what_the_loss_does_not_need_is_shown() -> None:
    build = GraphBuilder()
    a = build.parameter("a")
    build.div(build.constant(2.0), a, name="y")
    assert formula(build.graph(build.neg(a, name="loss"))) == "y = 2 / a; loss = -a"


def test_attributes_stand_only_where_they_are_not_the_usual_ones() -> None:
    build = GraphBuilder()
    w = build.parameter("w", (2, 3))
    graph = build.graph(build.sum(build.sum(w, axis=0), name="loss"))
    assert formula(graph) == "loss = sum(sum(w, axis=0))"


def test_a_formula_too_long_to_be_read_is_left_out() -> None:
    build = GraphBuilder()
    node = build.parameter("a")
    for _ in range(40):
        node = build.sin(node)
    assert formula(build.graph(node)) == ""


def test_a_point_shows_small_arrays_and_the_shape_of_large_ones() -> None:
    build = GraphBuilder()
    w, v = build.parameter("w", (2,)), build.parameter("v", (3, 3))
    graph = build.graph(build.add(build.sum(w), build.sum(v), name="loss"))
    case = Case("case", graph, {"w": [3.0, 0.5], "v": np.ones((3, 3))})
    assert values(case.point) == "w = [3, 0.5], v = (array of shape (3, 3))"


def test_entries_of_numbers_are_short() -> None:
    assert entries(0.1 + 0.2) == "0.3"
    assert entries(np.array([[1.0, -0.0]])) == "[[1, 0]]"


def test_a_shared_node_is_drawn_once_and_pointed_at_below() -> None:
    build = GraphBuilder()
    a = build.parameter("a")
    y = build.square(a, name="y")
    graph = build.graph(build.add(build.sin(y), build.mul(y, a), name="loss"))
    console = Console(file=StringIO(), width=80, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(tree(Case("case", graph, {"a": 3.0}), lambda name: "remark" if name == "a" else ""))
    lines = capture.get().splitlines()
    assert [line.strip("│├└─ ").split(" ")[0] for line in lines] == ["loss", "sin", "y", "a", "mul", "y", "a"]
    assert ["same node as above" in line for line in lines] == [False, False, False, False, False, True, True]
    assert ["remark" in line for line in lines] == [False, False, False, True, False, False, False]
