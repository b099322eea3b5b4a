"""Hypothesis strategies for values: `points` of a given graph, and `arrays`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradcheck.errors import InvalidProblem
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import OPS, Array, Shape
from gradcheck.strategies.choosing import chooser
from gradcheck.strategies.comfort import MARGIN, Comfort
from gradcheck.strategies.pick import Pick, one_of, one_that, picker
from gradcheck.strategies.values import leaf_values

TRIES = 400
"""Maximum number of points tried to find a valid one of a given graph."""

MANY = 64
"""Maximum number of entries that are drawn and shrink one by one; above it, one drawn number is the seed for all."""

Values = dict[str, Array]


def arrays(
    shape: Shape | st.SearchStrategy[Shape] = (),
    *,
    near_kinks: bool = False,
    saturated: bool = False,
    integers: bool = False,
    dtype: Any = np.float64,
) -> st.SearchStrategy[Array]:
    """Arrays of short decimals (or whole numbers), of the given or drawn shape, as `dtype`.

    They shrink entry by entry, towards 2. `near_kinks` adds numbers at and next to 0, `saturated` numbers up to 100.

    Raises
    ------
    InvalidProblem: for a shape with a negative length, when called.
    """
    if isinstance(shape, tuple) and any(length < 0 for length in shape):
        raise InvalidProblem(f"the lengths of a shape must be at least 0, got {shape}")
    values = leaf_values(near_kinks=near_kinks, saturated=saturated, integers=integers)
    return _arrays(shape if isinstance(shape, st.SearchStrategy) else st.just(shape), values, np.dtype(dtype))


@st.composite
def _arrays(
    draw: st.DrawFn, shapes: st.SearchStrategy[Shape], values: tuple[float, ...], dtype: np.dtype[Any]
) -> Array:
    shape = draw(shapes)
    return _filled(frugal(chooser(draw), math.prod(shape)), shape, values).astype(dtype)


def points(
    graph: Graph,
    *,
    near_kinks: bool = False,
    saturated: bool = False,
    integers: bool = False,
) -> st.SearchStrategy[Values]:
    """Valid points of a graph: a float64 array for every input and parameter, by name.

    Entries are short decimals and shrink one by one. Nodes with kinks are kept 0.05 away from them unless
    `near_kinks`. If the drawn values do not fit together, as many as needed, in the graph's order, are replaced
    by those of a valid point found beforehand; so no draw is rejected.

    Raises
    ------
    InvalidProblem: when drawn from, if none of 400 points tried is inside the domains of all nodes.
    """
    values = leaf_values(near_kinks=near_kinks, saturated=saturated, integers=integers)
    return _points(_Valid(graph, values, Comfort(near_kinks, saturated)))


@st.composite
def _points(draw: st.DrawFn, valid: _Valid) -> Values:
    size = sum(math.prod(shape) for shape in valid.shapes.values())
    return valid.mend(valid.drawn(frugal(chooser(draw), size)))


class _Valid:
    """One valid point of a graph, and how to replace values of another point by its values."""

    def __init__(self, graph: Graph, values: tuple[float, ...], comfort: Comfort) -> None:
        self.graph, self.values, self.comfort = graph, values, comfort
        self.shapes: Mapping[str, Shape] = {graph.names[i]: graph.shapes[i] for i in graph.free}
        self._uses = self._direct_uses()
        self._base: Values | None = None

    def _direct_uses(self) -> dict[str, list[tuple[str, Mapping[str, Any]]]]:
        """The element-wise ops of one argument that use each leaf directly; it must be comfortable for them."""
        uses: dict[str, list[tuple[str, Mapping[str, Any]]]] = {name: [] for name in self.shapes}
        for node in self.graph.nodes:
            if len(node.inputs) == 1 and node.inputs[0] in uses and OPS[node.op].elementwise:
                uses[node.inputs[0]].append((node.op, node.attributes))
        return uses

    def drawn(self, pick: Pick, *, positive: bool = False) -> Values:
        """A point in which each leaf suits the ops that use it directly; not yet known to be valid."""
        point = {}
        for name, shape in self.shapes.items():
            uses = self._uses[name]

            def suits(v: float, uses: Any = uses) -> bool:
                return (v > 0 or not positive) and all(self.comfort.unary(op, v, given) for op, given in uses)

            point[name] = _filled(pick, shape, self.values, suits)
        return point

    def mend(self, point: Values) -> Values:
        """The point itself if it is valid, else with its first leaves replaced until it is."""
        names = list(point)
        for count in range(len(names) + 1):
            mended = point | {name: self.base[name] for name in names[:count]}
            if self.fine(mended):
                return mended
        return dict(self.base)

    @property
    def base(self) -> Values:
        """A valid point, away from kinks if possible."""
        if self._base is None:
            fallback: Values | None = None
            for seed in range(TRIES):
                point = self.drawn(picker(seed), positive=bool(seed % 2))
                if self.fine(point):
                    self._base = point
                    return point
                if fallback is None and self._inside(point):
                    fallback = point
            if fallback is None:
                raise InvalidProblem(
                    f"none of {TRIES} points tried lies inside the domains of all nodes of this graph; give a point"
                )
            self._base = fallback
        return self._base

    def fine(self, point: Values) -> bool:
        """Whether every node is inside its domain and, unless asked for, away from kinks."""
        if not self._inside(point):
            return False
        if self.comfort.near_kinks:
            return True
        known = self.graph.evaluate(point)
        for node in self.graph.nodes:
            if node.inputs and (kink := OPS[node.op].kink) is not None:
                gaps = kink(*(known[name] for name in node.inputs), **node.attributes)
                if not np.all(gaps >= MARGIN):
                    return False
        return True

    def _inside(self, point: Values) -> bool:
        try:
            self.graph.evaluate(point)
        except InvalidProblem:
            return False
        return True


def _filled(pick: Pick, shape: Shape, values: tuple[float, ...], suits: Callable[[float], bool] | None = None) -> Array:
    """An array whose entries are chosen one by one; if no value suits, any is taken."""
    entries = []
    for _ in range(math.prod(shape)):
        number = one_of(pick, values) if suits is None else one_that(pick, values, suits)
        entries.append(values[0] if number is None else number)
    return np.reshape(np.asarray(entries, dtype=np.float64), shape)


def frugal(pick: Pick, size: int) -> Pick:
    """`pick` itself for at most MANY choices, else choices from one picked seed."""
    return pick if size <= MANY else picker(pick(1 << 16))
