"""Subjects that run out of time: every path walked, or one graph that is never finished."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.running_time import running_out
from gradcheck.faults.correct import recursive, tape
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.process import ChildSubject

KNOWN = frozenset({"add", "mul"})


def values_of(graph: Any, point: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for node in (graph.node(i) for i in graph.order.tolist()):
        given = [values[a] for a in node.inputs]
        leaf = point.get(node.name) if node.value is None else node.value
        values[node.name] = (given[0] + given[1] if node.op == "add" else given[0] * given[1]) if given else leaf
    return values


def path_by_path(graph: Any, point: Any) -> Any:
    """Right, and every path is walked on its own."""
    values, loss = values_of(graph, point), graph.names[graph.loss]

    def slope(name: str, of: str) -> Any:
        if name == of:
            return np.ones(())
        node = graph.node(name)
        if not node.inputs:
            return np.zeros(())
        a, b = node.inputs
        if node.op == "add":
            return slope(a, of) + slope(b, of)
        return values[b] * slope(a, of) + values[a] * slope(b, of)

    return values[loss], {graph.names[i]: np.asarray(slope(loss, graph.names[i])) for i in graph.parameters}


def quadratic(graph: Any, point: Any) -> Any:
    """Right, with the forward pass done again for every node: slow, but no path is walked twice."""
    for _ in range(len(graph)):
        values_of(graph, point)
    return tape.gradients(graph, point)


def asked(engine: Any) -> InProcessSubject:
    return InProcessSubject(engine, entry="gradients")


def test_operations_that_double_with_every_diamond() -> None:
    fault, how = running_out(asked(path_by_path), KNOWN)
    assert fault is not None
    assert fault.code == "F16"
    assert "for 2 to 7 diamonds" in how


@pytest.mark.parametrize("engine", [tape.gradients, recursive.gradients, quadratic])
def test_others_are_given_no_such_name(engine: Any) -> None:
    assert running_out(asked(engine), KNOWN) == (None, "")


def test_nothing_is_said_without_the_ops() -> None:
    assert running_out(asked(path_by_path), frozenset({"add"})) == (None, "")


def test_an_engine_that_waits_for_ever_where_one_node_is_both_operands(tmp_path: Path) -> None:
    file = tmp_path / "waits.py"
    file.write_text(
        dedent(
            """
            import numpy as np

            def gradients(graph, point):
                for node in (graph.node(i) for i in graph.order.tolist()):
                    while len(set(node.inputs)) < len(node.inputs):
                        pass
                return np.asarray(1.0), {graph.names[i]: np.asarray(1.0) for i in graph.parameters}
            """
        ),
        encoding="utf-8",
    )
    with ChildSubject(file, timeout=1.0) as subject:
        fault, how = running_out(subject, KNOWN)
    assert fault is not None
    assert fault.code == "F17"
    assert "x + x" in how
