"""Chains that a gradient gets through, and single precision in several places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.answer_match import Observed
from gradcheck.diagnosis.naming.chain_probes import (
    LONGEST,
    chain,
    cut_off,
    reach,
    rounded_point,
    short_numbers,
    single_precision,
)
from gradcheck.faults.correct import recursive, tape
from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.answer import NATIVE
from gradcheck.subject.inprocess import InProcessSubject

KNOWN = frozenset({"sin", "neg", "tanh", "sum"})
Engine = Callable[[Any, Any], Any]


def asked(engine: Engine) -> InProcessSubject:
    return InProcessSubject(engine, entry="gradients")


def right(graph: Any, point: Any) -> Any:
    value, grads, *_ = tape.gradients(graph, point)
    return value, {name: np.array(g) for name, g in grads.items()}


def cut(nodes: int, *, arrays: bool) -> Engine:
    """Nothing arrives where a graph has more inner nodes; where x is an array, or where it is a scalar."""

    def engine(graph: Any, point: Any) -> Any:
        value, grads = right(graph, point)
        inner = sum(graph.op(i) not in ("parameter", "constant", "sum") for i in range(len(graph)))
        gone = inner > nodes and bool(np.ndim(point["x"])) is arrays
        return value, {n: 0.0 * g if gone else g for n, g in grads.items()}

    return engine


@pytest.mark.parametrize("arrays", [False, True])
@pytest.mark.parametrize("nodes", [1, 4, LONGEST - 1])
def test_the_longest_chain(nodes: int, arrays: bool) -> None:
    assert reach(asked(cut(nodes, arrays=arrays)), KNOWN) == nodes


@pytest.mark.parametrize("engine", [right, recursive.gradients, cut(0, arrays=True), cut(LONGEST, arrays=False)])
def test_no_length_where_all_arrive_or_none(engine: Engine) -> None:
    assert reach(asked(engine), KNOWN) is None


def test_arrays_are_asked_for_only_where_they_can_be_summed_up() -> None:
    assert reach(asked(cut(4, arrays=True)), KNOWN - {"sum"}) is None
    assert chain("sin", 3, (2,)).graph.shapes[0] == (2,)


def cases() -> list[Case]:
    found = []
    for k in range(12):
        build = GraphBuilder()
        x = build.parameter("x", (3,))
        found.append(
            Case(f"case {k}", build.graph(build.sum(build.exp(x) * x)), {"x": np.array([0.1, 0.7, 1.3]) + k / 12})
        )
    return found


def at_short_point(graph: Any, point: Any) -> Any:
    return right(graph, {n: np.asarray(v, dtype=np.float32).astype(np.float64) for n, v in point.items()})


def in_float32(graph: Any, point: Any) -> Any:
    value, grads = right(graph, {n: np.asarray(v, dtype=np.float32) for n, v in point.items()})
    return np.float32(value).astype(float), {n: g.astype(np.float32).astype(float) for n, g in grads.items()}


def short_but_far_from(x: float) -> Engine:
    """float32 numbers that are off by a hundredth from some point on."""

    def engine(graph: Any, point: Any) -> Any:
        value, grads = in_float32(graph, point)
        off = np.float32(1.01 if point["x"][0] > x else 1.0)
        return value, {n: (g.astype(np.float32) * off).astype(float) for n, g in grads.items()}

    return engine


def off_a_little(graph: Any, point: Any) -> Any:
    value, grads = right(graph, point)
    return value, {n: g * (1 + 3e-7) for n, g in grads.items()}


@pytest.mark.parametrize(
    ("engine", "rounded", "single"),
    [
        (at_short_point, True, False),
        (in_float32, False, True),
        (short_but_far_from(1.0), False, True),  # one case of twelve
        (short_but_far_from(0.9), False, False),  # two
        (off_a_little, False, False),
        (right, False, False),
    ],
)
def test_single_precision_where_it_is_read_and_where_it_is_computed(
    engine: Engine, rounded: bool, single: bool
) -> None:
    observed = [Observed(case, asked(engine), NATIVE) for case in cases()]
    assert (rounded_point(observed), short_numbers(observed)) == (rounded, single)
    assert (single_precision(observed)[0] is not None) is (rounded or single)


def test_what_is_said_of_it() -> None:
    fault, how = cut_off(asked(cut(4, arrays=False)), KNOWN)
    assert fault is not None
    assert fault.code == "F14"
    assert "a chain of 4 nodes" in how
    assert cut_off(asked(right), KNOWN) == (None, "")
