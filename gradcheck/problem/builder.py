"""`GraphBuilder`: write a graph as the formulas it comes from.

build = GraphBuilder()
w, b = build.parameter("w"), build.parameter("b")
x, t = build.input("x"), build.input("t")
y = build.sigmoid(w * x + b, name="y")
graph = build.graph(0.5 * build.square(y - t))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem
from gradcheck.problem.arrays import real_array
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import CODES, OPS, Shape
from gradcheck.problem.validate import unknown_op


class Handle:
    """One node of a graph being built; operators make new nodes."""

    __slots__ = ("builder", "index")
    __array_ufunc__ = None  # so that `np.float64(2) * handle` calls the handle's operator

    def __init__(self, builder: GraphBuilder, index: int) -> None:
        self.builder = builder
        self.index = index

    def __repr__(self) -> str:
        return f"<node {self.builder.names[self.index]!r}>"

    def __add__(self, other: Term) -> Handle:
        return self.builder.apply("add", self, other)

    def __radd__(self, other: Term) -> Handle:
        return self.builder.apply("add", other, self)

    def __sub__(self, other: Term) -> Handle:
        return self.builder.apply("sub", self, other)

    def __rsub__(self, other: Term) -> Handle:
        return self.builder.apply("sub", other, self)

    def __mul__(self, other: Term) -> Handle:
        return self.builder.apply("mul", self, other)

    def __rmul__(self, other: Term) -> Handle:
        return self.builder.apply("mul", other, self)

    def __truediv__(self, other: Term) -> Handle:
        return self.builder.apply("div", self, other)

    def __rtruediv__(self, other: Term) -> Handle:
        return self.builder.apply("div", other, self)

    def __pow__(self, other: Term) -> Handle:
        return self.builder.apply("pow", self, other)

    def __rpow__(self, other: Term) -> Handle:
        return self.builder.apply("pow", other, self)

    def __matmul__(self, other: Term) -> Handle:
        return self.builder.apply("matmul", self, other)

    def __rmatmul__(self, other: Term) -> Handle:
        return self.builder.apply("matmul", other, self)

    def __neg__(self) -> Handle:
        return self.builder.apply("neg", self)


Term = Handle | ArrayLike
"""A node, or a number or array that becomes a constant."""


class GraphBuilder:
    """Collects nodes; `graph(loss)` makes the immutable Graph.

    Every op of the table is a method: `build.tanh(x)`, `build.sum(x, axis=0)`, each with an optional `name=`.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._codes: list[int] = []
        self._arguments: list[tuple[int, ...]] = []
        self._shapes: dict[int, Shape] = {}
        self._constants: dict[int, np.ndarray[Any, Any]] = {}
        self._attributes: dict[int, dict[str, Any]] = {}
        self._used: set[str] = set()
        self._taken: dict[str, int] = {}

    def parameter(self, name: str, shape: Shape = ()) -> Handle:
        """A leaf whose gradient is asked for."""
        return self._leaf("parameter", name, shape)

    def input(self, name: str, shape: Shape = ()) -> Handle:
        """A leaf with a value from the point, but without a gradient (data, targets)."""
        return self._leaf("input", name, shape)

    def constant(self, value: ArrayLike, name: str | None = None) -> Handle:
        """A leaf of fixed value (float64)."""
        try:
            array = real_array(value)
        except ValueError as wrong:
            raise InvalidProblem(f"a constant: {wrong}", where=f"node {name!r}" if name else "") from None
        if name is None:
            name = f"{array.item():g}" if array.ndim == 0 else "constant"
        handle = self._add("constant", (), self._fresh(name))
        self._constants[handle.index] = array
        return handle

    def apply(self, op: str, *arguments: Term, name: str | None = None, **attributes: Any) -> Handle:
        """A node that applies `op` to nodes or numbers."""
        if op not in OPS:
            raise InvalidProblem(unknown_op(op), where=f"node {name!r}" if name else "")
        ids = tuple(self._handle(a).index for a in arguments)
        handle = self._add(op, ids, name if name is not None else self._fresh(op))
        if attributes:
            self._attributes[handle.index] = attributes
        return handle

    def __getattr__(self, op: str) -> Callable[..., Handle]:
        if op not in OPS:
            raise AttributeError(unknown_op(op))
        return lambda *arguments, **options: self.apply(op, *arguments, **options)

    def graph(self, loss: Handle) -> Graph:
        """The finished graph; raises InvalidProblem as `Graph` does."""
        offsets = np.cumsum([0, *map(len, self._arguments)])
        return Graph(
            self._codes,
            offsets,
            [j for arguments in self._arguments for j in arguments],
            loss=loss.index,
            names=self.names,
            leaf_shapes=self._shapes,
            constants=self._constants,
            attributes=self._attributes,
        )

    def _handle(self, term: Term) -> Handle:
        if not isinstance(term, Handle):
            return self.constant(term)
        if term.builder is not self:
            raise InvalidProblem(f"{term!r} belongs to another GraphBuilder")
        return term

    def _leaf(self, kind: str, name: str, shape: Shape) -> Handle:
        handle = self._add(kind, (), name)
        self._shapes[handle.index] = shape
        return handle

    def _add(self, op: str, arguments: tuple[int, ...], name: str) -> Handle:
        self._codes.append(CODES[op])
        self._arguments.append(arguments)
        self.names.append(name)
        self._used.add(name)
        return Handle(self, len(self.names) - 1)

    def _fresh(self, stem: str) -> str:
        """`stem`, `stem_2`, `stem_3`, ...: the first that no node has."""
        while True:
            count = self._taken[stem] = self._taken.get(stem, 0) + 1
            name = stem if count == 1 else f"{stem}_{count}"
            if name not in self._used:
                return name
