"""`Graph`: a computational graph G = (V, E), immutable, as flat arrays (S0).

Nodes may be given in any order, arguments may repeat, branches may be dead. A million scalar nodes are a few arrays,
not a million objects: `nodes` makes a `Node` view only when asked for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gradcheck.errors import InvalidProblem
from gradcheck.problem import evaluate as _evaluate
from gradcheck.problem import validate, walks
from gradcheck.problem.arrays import fixed, whole_array
from gradcheck.problem.ops import CODES, LEAVES, NAMES, OPS, Array, Op, Shape

Integers = NDArray[np.int64]
Point = Mapping[str, Array]
"""The concrete values of all inputs and parameters, by name."""


@dataclass(frozen=True)
class Node:
    """A view of one node.

    Attributes
    ----------
    index: position in the graph's arrays.
    name: unique name.
    op: "input", "parameter", "constant" or the name of an op.
    inputs: names of the argument nodes, in order, repeats included (empty for leaves).
    shape: shape of the node's value.
    attributes: the op's attributes, defaults included (axis, slope, ...).
    value: the value of a constant, else None.
    """

    index: int
    name: str
    op: str
    inputs: tuple[str, ...]
    shape: Shape
    attributes: Mapping[str, Any]
    value: Array | None

    @property
    def meaning(self) -> Op:
        """The op's row in the op table; KeyError for a leaf."""
        return OPS[self.op]


class Graph:
    """An immutable computational graph with one scalar loss and named parameters.

    Build one with `GraphBuilder`, `Graph.from_arrays` or `serialise.graph_from_json`.

    Attributes
    ----------
    codes: op code of each node, shape (n,), int16; `ops.NAMES[code]` is its name.
    offsets, inputs: node i's arguments are `inputs[offsets[i]:offsets[i + 1]]` (node indices), int64.
    shapes: shape of each node's value, n of them.
    names: unique name of each node, n of them.
    constants: value of each constant node, float64, by node index.
    attributes: attributes of the nodes that set any, by node index.
    loss: index of the loss node; its value is a scalar and nothing uses it.
    order: a topological order of all nodes, arguments first, shape (n,), int64.

    Raises
    ------
    InvalidProblem: naming the node: unknown op, wrong arity, unknown argument, a cycle (printed), shapes that do
        not fit (both printed), a loss that is no scalar or is used by another node, a constant that is not finite.
    """

    __slots__ = (
        "__weakref__",  # what an engine makes of a graph may be kept as long as the graph
        "_free",
        "_ids",
        "_parameters",
        "_reached",
        "attributes",
        "codes",
        "constants",
        "inputs",
        "loss",
        "names",
        "offsets",
        "order",
        "shapes",
    )

    codes: NDArray[np.int16]
    offsets: Integers
    inputs: Integers
    order: Integers
    shapes: Sequence[Shape]
    names: Sequence[str]
    constants: Mapping[int, Array]
    attributes: Mapping[int, Mapping[str, Any]]
    loss: int
    _ids: dict[str, int] | None
    _free: tuple[int, ...]
    _parameters: tuple[int, ...]
    _reached: NDArray[np.bool_] | None

    def __init__(
        self,
        codes: ArrayLike,
        offsets: ArrayLike,
        inputs: ArrayLike,
        *,
        loss: int,
        names: Sequence[str] | None = None,
        leaf_shapes: Mapping[int, Shape] = MappingProxyType({}),
        constants: Mapping[int, ArrayLike] = MappingProxyType({}),
        attributes: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
    ) -> None:
        put = object.__setattr__
        try:
            put(self, "codes", whole_array(codes, np.int16, "op codes"))
            put(self, "offsets", whole_array(offsets, np.int64, "offsets"))
            put(self, "inputs", whole_array(inputs, np.int64, "argument indices"))
        except ValueError as wrong:
            raise InvalidProblem(str(wrong)) from None
        put(self, "names", _DefaultNames(len(self.codes)) if names is None else tuple(names))
        put(self, "_ids", None)
        put(self, "_reached", None)
        put(self, "loss", loss)
        put(self, "attributes", MappingProxyType({i: _frozen(given) for i, given in attributes.items()}))
        validate.structure(self)
        put(self, "_free", tuple(np.flatnonzero(self.codes <= CODES["parameter"]).tolist()))
        put(self, "_parameters", tuple(i for i in self._free if self.codes[i] == CODES["parameter"]))
        put(self, "constants", MappingProxyType(validate.constants(self, constants)))
        put(self, "loss", int(loss))
        put(self, "order", walks.topological_order(self))
        self.order.flags.writeable = False
        put(self, "shapes", validate.infer_shapes(self, leaf_shapes))
        validate.loss(self)

    @classmethod
    def from_arrays(
        cls,
        ops: Sequence[str] | ArrayLike,
        offsets: ArrayLike,
        inputs: ArrayLike,
        *,
        loss: int,
        constants: Mapping[int, ArrayLike] = MappingProxyType({}),
        names: Sequence[str] | None = None,
        leaf_shapes: Mapping[int, Shape] = MappingProxyType({}),
        attributes: Mapping[int, Mapping[str, Any]] = MappingProxyType({}),
    ) -> Graph:
        """A graph from flat arrays; the way to make one of a million nodes.

        `ops` holds an op name per node, or integer codes (`gradcheck.problem.ops.CODES`). Leaves are scalars
        unless `leaf_shapes` says otherwise. Without `names`, node i is called "v<i>".
        """
        codes = np.asarray(ops)
        if codes.dtype.kind not in "iu":
            try:
                codes = np.array([CODES[str(name)] for name in codes], dtype=np.int16)
            except KeyError as unknown:
                raise InvalidProblem(validate.unknown_op(unknown.args[0])) from None
        return cls(
            codes,
            offsets,
            inputs,
            loss=loss,
            names=names,
            leaf_shapes=leaf_shapes,
            constants=constants,
            attributes=attributes,
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Graph is immutable; cannot set {name}")

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Graph, **self._parts(self.constants)), ()

    def __len__(self) -> int:
        return len(self.codes)

    def __repr__(self) -> str:
        return f"Graph({len(self)} nodes, {len(self.parameters)} parameters, loss {self.names[self.loss]!r})"

    def lower(self) -> Graph:
        """A graph is what networks lower to; it lowers to itself."""
        return self

    def rounded(self, dtype: np.dtype[Any]) -> Graph:
        """The graph with constants rounded to `dtype`; itself if `dtype` holds them already."""
        with np.errstate(over="ignore"):  # constants that become infinite are refused
            constants = {i: c.astype(dtype).astype(np.float64) for i, c in self.constants.items()}
        if all(np.array_equal(c, self.constants[i]) for i, c in constants.items()):
            return self
        return Graph(**self._parts(constants))

    def in_dtype(self, dtype: np.dtype[Any]) -> Graph:
        """The same graph with constants as arrays of `dtype`, as an engine is asked about it; they are float64 here."""
        if dtype == np.float64 or not self.constants:
            return self
        made = object.__new__(Graph)
        for name in self.__slots__[1:]:  # all but the references to it
            object.__setattr__(made, name, getattr(self, name))
        with np.errstate(over="ignore"):
            constants = {i: c.astype(dtype) for i, c in self.constants.items()}
        for constant in constants.values():
            constant.flags.writeable = False
        object.__setattr__(made, "constants", MappingProxyType(constants))
        return made

    def _parts(self, constants: Mapping[int, Array]) -> dict[str, Any]:
        """The arguments that make this graph again, with these constants; plain data, fit for pickle."""
        return {
            "codes": self.codes,
            "offsets": self.offsets,
            "inputs": self.inputs,
            "loss": self.loss,
            "names": None if isinstance(self.names, _DefaultNames) else self.names,
            "leaf_shapes": {i: self.shapes[i] for i in self.free},
            "constants": dict(constants),
            "attributes": {i: dict(given) for i, given in self.attributes.items()},
        }

    @property
    def nodes(self) -> Sequence[Node]:
        """A view of every node, in the order given, which need not be topological."""
        return _Nodes(self)

    @property
    def parameters(self) -> tuple[int, ...]:
        """Indices of the parameters: what a gradient is asked for."""
        return self._parameters

    @property
    def free(self) -> tuple[int, ...]:
        """Indices of inputs and parameters: what a point gives values to."""
        return self._free

    @property
    def ops(self) -> frozenset[str]:
        """Names of the ops that occur in it."""
        return self.kinds.difference(LEAVES)

    @property
    def kinds(self) -> frozenset[str]:
        """Names of the ops and leaf kinds that occur in it."""
        return frozenset(NAMES[code] for code in np.unique(self.codes).tolist())

    def arguments(self, index: int) -> tuple[int, ...]:
        """Indices of a node's arguments, in order, repeats included."""
        return tuple(self.inputs[self.offsets[index] : self.offsets[index + 1]].tolist())

    def op(self, index: int) -> str:
        """Name of a node's op or leaf kind."""
        return NAMES[int(self.codes[index])]

    def index(self, name: str) -> int:
        """Index of the node called `name`; KeyError if there is none."""
        if isinstance(self.names, _DefaultNames):
            return self.names.index(name)
        ids = self._ids
        if ids is None:
            ids = {n: i for i, n in enumerate(self.names)}
            object.__setattr__(self, "_ids", ids)
        return ids[name]

    def node(self, which: int | str) -> Node:
        """A view of one node, by index or name."""
        i = self.index(which) if isinstance(which, str) else range(len(self))[which]
        op = self.op(i)
        given = self.attributes.get(i, {})
        attributes = MappingProxyType({**OPS[op].attributes, **given} if op not in LEAVES else {})
        arguments = tuple(self.names[j] for j in self.arguments(i))
        return Node(i, self.names[i], op, arguments, self.shapes[i], attributes, self.constants.get(i))

    def depends_on_parameters(self) -> NDArray[np.bool_]:
        """For every node, whether a parameter reaches it; shape (n,), read-only."""
        reached = self._reached
        if reached is None:
            reached = walks.reached(self, np.asarray(self.parameters, dtype=np.int64))
            reached.flags.writeable = False
            object.__setattr__(self, "_reached", reached)
        return reached

    def complete(self, point: Mapping[str, ArrayLike], dtype: Any = np.float64) -> dict[str, Array]:
        """The point as read-only arrays of `dtype`, one per input and parameter.

        Raises InvalidProblem for a name that is missing or unknown, a wrong shape, or a value that is not finite.
        """
        return _evaluate.complete(self, point, dtype)

    def evaluate(self, point: Mapping[str, ArrayLike]) -> dict[str, Array]:
        """The float64 value of every node, by name, straight from the op table.

        Raises InvalidProblem, naming the node, for a value outside an op's domain or one that is not finite.
        """
        return dict(zip(self.names, _evaluate.evaluate(self, point), strict=True))


class _Nodes(Sequence[Node]):
    """Views of a graph's nodes, made when asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __len__(self) -> int:
        return len(self._graph)

    def __iter__(self) -> Iterator[Node]:
        return (self._graph.node(i) for i in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Node]: ...
    def __getitem__(self, index: int | slice) -> Node | Sequence[Node]:
        if isinstance(index, slice):
            return [self._graph.node(i) for i in range(len(self))[index]]
        return self._graph.node(range(len(self))[index])


class _DefaultNames(Sequence[str]):
    """The names v0, v1, ... without a string for each of a million nodes."""

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [f"v{i}" for i in range(self._count)[index]]
        return f"v{range(self._count)[index]}"

    def index(self, name: str, start: int = 0, stop: int | None = None) -> int:
        """The number in a name "v<number>"; KeyError for any other name. `start` and `stop` are ignored."""
        digits = name[1:]
        if not (name.startswith("v") and digits.isascii() and digits.isdigit() and f"v{int(digits)}" == name):
            raise KeyError(name)
        if int(digits) >= self._count:
            raise KeyError(name)
        return int(digits)


def _frozen(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({name: fixed(value) for name, value in attributes.items()})
