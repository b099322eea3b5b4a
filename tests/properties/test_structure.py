"""Structures are told from graphs drawn by hand, and paths are counted against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gradcheck.problem import Graph, GraphBuilder
from gradcheck.problem.walks import path_count
from gradcheck.strategies.graph_structure import structures


def repeated(build: GraphBuilder) -> Graph:
    x = build.parameter("x")
    return build.graph(x * x)


def diamond(build: GraphBuilder) -> Graph:
    v = build.exp(build.parameter("x"))
    return build.graph(build.sin(v) * build.cos(v))


def dead(build: GraphBuilder) -> Graph:
    x = build.parameter("x")
    build.tanh(x)
    build.input("unneeded")
    return build.graph(build.sin(x))


def left(build: GraphBuilder) -> Graph:
    return build.graph(2.0 - build.parameter("x"))


def right(build: GraphBuilder) -> Graph:
    return build.graph(build.parameter("x") - 2.0)


def twins(build: GraphBuilder) -> Graph:
    x = build.parameter("x")
    return build.graph((x - 2.0) * (x - 3.0))


def data_only(build: GraphBuilder) -> Graph:
    """A diamond on an input carries no gradient, so it does not count."""
    x, w = build.input("x"), build.parameter("w")
    return build.graph(build.sin(x) * build.cos(x) + w)


def row(build: GraphBuilder) -> Graph:
    """x of 2 entries, squared by x * x (2 paths an entry), summed: 4 paths."""
    x = build.parameter("x", (2,))
    return build.graph(build.sum(x * x))


@pytest.mark.parametrize(
    ("make", "present", "absent", "paths"),
    [
        (repeated, {"repeated"}, {"diamond", "shared", "chain"}, 2),
        (diamond, {"diamond"}, {"repeated", "deep", "shared"}, 2),
        (dead, {"dead", "idle"}, {"diamond", "shared"}, 1),
        (left, {"left"}, {"twins"}, 1),
        (right, set(), {"left"}, 1),
        (twins, {"twins", "shared"}, {"left", "diamond"}, 2),
        (data_only, set(), {"diamond", "shared"}, 1),
        (row, {"arrays", "repeated"}, {"broadcast"}, 4),
    ],
)
def test_by_hand(make: Callable[[GraphBuilder], Graph], present: set[str], absent: set[str], paths: int) -> None:
    graph = make(GraphBuilder())
    found = structures(graph)
    assert present <= found
    assert not absent & found
    assert path_count(graph) == paths


def test_paths_double_at_every_stacked_fork() -> None:
    build = GraphBuilder()
    v = build.parameter("x")
    for _ in range(20):
        v = v + v
    assert path_count(build.graph(v)) == 2**20
