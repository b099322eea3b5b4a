"""Points of given graphs are valid by construction, and arrays are short decimals."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.strategies import arrays, points
from gradcheck.strategies.graph_strategies import graphs


def narrow() -> Graph:
    """Valid only where 1 < x < 1.75: a filter would throw nearly every draw away."""
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    return build.graph(build.log(x - 1.0) + build.sqrt(1.75 - x) + build.square(y))


@settings(max_examples=60)
@given(st.data())
def test_every_point_of_a_narrow_graph_is_valid(data: st.DataObject) -> None:
    point = data.draw(points(narrow()))
    assert 1 < point["x"] < 1.75
    narrow().evaluate(point)


@settings(max_examples=60)
@given(st.data())
def test_points_of_drawn_graphs_are_valid(data: st.DataObject) -> None:
    graph = data.draw(st.one_of(graphs(), graphs(scalar=False)))
    point = data.draw(points(graph))
    assert set(point) == {graph.names[i] for i in graph.free}
    graph.evaluate(point)


@given(st.data())
def test_points_keep_away_from_kinks(data: st.DataObject) -> None:
    build = GraphBuilder()
    x, y = build.parameter("x", (3,)), build.parameter("y")
    graph = build.graph(build.sum(build.relu(x)) + build.maximum(y, 1.0))
    point = data.draw(points(graph))
    assert np.all(np.abs(point["x"]) >= 0.05)
    assert abs(float(point["y"]) - 1.0) >= 0.05


def test_points_reach_kinks_on_request() -> None:
    build = GraphBuilder()
    graph = build.graph(build.abs(build.parameter("x")))
    point = find(points(graph, near_kinks=True), lambda p: p["x"] == 0, random=random.Random(0))
    assert point["x"] == 0


def test_points_shrink_entry_by_entry() -> None:
    build = GraphBuilder()
    graph = build.graph(build.sum(build.parameter("x", (4,))))
    point = find(points(graph), lambda p: bool(np.any(p["x"] < 0)), random=random.Random(0))
    assert sorted(point["x"].tolist()) == [-1.0, 2.0, 2.0, 2.0]


@settings(max_examples=10)
@given(st.data())
def test_large_points_cost_one_choice(data: st.DataObject) -> None:
    build = GraphBuilder()
    graph = build.graph(build.sum(build.square(build.parameter("x", (100, 100)))))
    assert data.draw(points(graph))["x"].shape == (100, 100)


def test_a_graph_without_valid_points_is_refused() -> None:
    build = GraphBuilder()
    x = build.parameter("x")
    graph = build.graph(build.log(-build.square(x)))
    with pytest.raises(InvalidProblem, match="none of 400 points"):
        find(points(graph), lambda p: True)


@given(arrays((2, 3)))
def test_arrays_are_short_decimals(array: np.ndarray) -> None:
    assert array.shape == (2, 3)
    assert array.dtype == np.float64
    assert np.allclose(array * 100, np.round(array * 100), rtol=0, atol=1e-9)


@given(arrays(st.tuples(st.integers(0, 3), st.integers(1, 2)), integers=True, dtype=np.float32))
def test_arrays_of_drawn_shape(array: np.ndarray) -> None:
    assert array.dtype == np.float32
    assert array.ndim == 2
    assert np.all(array == np.round(array))


def test_a_negative_length_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="at least 0"):
        arrays((2, -1))
