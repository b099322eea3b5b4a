"""Each local rule alone: every op of the table, in every way it can be applied, and at its special points.

The loss is `sum(c * op(...))`. Its cotangent at the op is c, fixed and different in its entries, so that the adjoints
of the arguments are that one rule's answer and nothing else (S1: z_bar = (dy/dz)^T y_bar).
"""

import zlib
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

import numpy as np

import gradcheck
from gradcheck.problem import Case, Graph, GraphBuilder, Op
from gradcheck.problem.ops import OPS, Example, Shape

COTANGENT = (1.5, -0.75, 2.0, 0.5, -1.25, 0.25, 3.0, -2.5)
"""Entries of c, repeated as often as needed; no two neighbours are alike, and no entry is 0 or 1."""

KINKS = (
    ("relu", (0.0,)),
    ("leaky_relu", (0.0,)),
    ("elu", (0.0,)),  # smooth for alpha = 1, but its formula branches there
    ("abs", (0.0,)),
    ("minimum", (1.0, 1.0)),
    ("maximum", (1.0, 1.0)),
)
"""Special points where the formula branches; each choice between the one-sided derivatives is right there."""

CLEARANCE = 0.1
"""How far drawn values keep from a kink or a tie."""


@gradcheck.case
def every_op() -> Iterator[Case]:
    """Every op with each of its examples' shapes and attributes."""
    for op in OPS.values():
        for example in op.examples:
            shapes, attributes = example
            name = _name(op, example)
            graph = _alone(op, shapes, attributes)
            values = _values(op, shapes, attributes, zlib.crc32(name.encode()))
            yield Case(
                name,
                graph,
                _point(graph, values),
                f"the rule of {op.name} alone: loss = sum(c * {op.name}({', '.join(_arguments(len(shapes)))}))",
                labels=(op.name,),
            )


@gradcheck.case
def special_points() -> Iterator[Case]:
    """Every op at the values where formulas saturate, cancel or overflow."""
    for op in OPS.values():
        for values in op.special:
            kink = (op.name, values) in KINKS
            graph = _alone(op, ((),) * len(values), {})
            yield Case(
                f"{op.name} at {', '.join(f'{v:g}' for v in values)}",
                graph,
                _point(graph, [np.asarray(v) for v in values]),
                f"the rule of {op.name} where {'it branches' if kink else 'careless formulas fail'}",
                labels=(op.name, "kink") if kink else (op.name,),
            )


STRETCHED = (((2, 2), (2,)), ((2,), (2, 2)), ((2, 1), (2, 2)), ((1, 2), (2, 1)))
"""Operands that are stretched along either axis, or both."""
SQUARES: dict[str, tuple[Example, ...]] = {
    "matmul": ((((2, 2), (2, 2)), {}), (((2, 2), (2,)), {}), (((2,), (2, 2)), {}), (((2, 2, 2), (2, 2, 2)), {})),
    "transpose": ((((2, 2),), {}), (((2, 2, 2),), {}), (((2, 2, 2),), {"axes": (1, 2, 0)})),
    "broadcast_to": tuple((((2,), (1, 2), (2, 1))[k : k + 1], {"shape": (2, 2)}) for k in range(3)),
    "concatenate": tuple((((2, 2), (2, 2)), {"axis": axis}) for axis in (0, 1)),
    "take": tuple((((2, 2),), {"indices": (1, 1), "axis": axis}) for axis in (0, 1)),
}


@gradcheck.case
def square_shapes() -> Iterator[Case]:
    """All lengths are 2: along whatever axis a rule works, the shapes fit, and only the numbers tell."""
    for op in OPS.values():
        for shapes, attributes in _squares(op):
            words = [op.name, *(f"{k}={v}" for k, v in attributes.items()), *map(str, shapes)]
            graph = _alone(op, shapes, attributes)
            values = _values(op, shapes, attributes, zlib.crc32(" ".join(words).encode()))
            said = f"the rule of {op.name} where an axis taken for another one fits as well"
            yield Case(f"square: {' '.join(words)}", graph, _point(graph, values), said, labels=(op.name,))


@gradcheck.case
def one_node_as_both_operands() -> Iterator[Case]:
    """x * x, x / x, A A, (A, A): an op that looks its operands up by name or identity finds one of them twice."""
    for name in ("add", "sub", "mul", "div", "pow", "matmul", "concatenate", "cross_entropy"):
        op, shape = OPS[name], (2, 2)
        build = GraphBuilder()
        x = build.parameter("x", shape)
        y = build.apply(name, x, x, name="y")
        graph = build.graph(
            build.sum(build.mul(build.input("c", op.shape(shape, shape, **op.attributes)), y), name="loss")
        )
        values = np.array([[0.75, 1.5], [0.25, 2.0]])
        yield Case(f"{name} of x and x", graph, _point(graph, [values]), "both messages belong to x", labels=(name,))


def _squares(op: Op) -> tuple[Example, ...]:
    if op.name in SQUARES:
        return SQUARES[op.name]
    operands = op.arity or 1
    if "axis" in op.attributes:
        flat = [(((2, 2),) * operands, {"axis": axis}) for axis in (0, 1)]
        return (*flat, (((2, 2, 2),) * operands, {"axis": 1}))
    return tuple((shapes, {}) for shapes in STRETCHED) if op.elementwise and operands == 2 and not op.attributes else ()


def _alone(op: Op, shapes: tuple[Shape, ...], attributes: dict[str, Any]) -> Graph:
    build = GraphBuilder()
    arguments = [build.parameter(name, shape) for name, shape in zip(_arguments(len(shapes)), shapes, strict=True)]
    y = build.apply(op.name, *arguments, name="y", **attributes)
    shape = op.shape(*shapes, **{**op.attributes, **attributes})
    product = build.mul(build.input("c", shape), y)
    return build.graph(build.sum(product, name="loss") if shape else product)


def _point(graph: Graph, values: list[Any]) -> dict[str, Any]:
    shape = graph.shapes[graph.index("c")]
    cotangent = np.reshape(list(islice(cycle(COTANGENT), int(np.prod(shape)))), shape)
    return {**dict(zip(_arguments(len(values)), values, strict=True)), "c": cotangent}


def _arguments(count: int) -> list[str]:
    return ["x"] if count == 1 else [f"x{k}" for k in range(1, count + 1)]


def _values(op: Op, shapes: tuple[Shape, ...], attributes: dict[str, Any], seed: int) -> list[Any]:
    """Numbers of two decimals from the op's ranges, the same in every run, drawn again if too close to a kink."""
    random = np.random.default_rng(seed)
    while True:
        values = [np.round(random.uniform(*op.range_of(k), shape), 2) for k, shape in enumerate(shapes)]
        if op.kink is None or np.all(op.kink(*values, **attributes) >= CLEARANCE):
            return values


def _name(op: Op, example: Example) -> str:
    """The op's name, and what sets this example apart from the op's others: "sum axis=0", "matmul (2, 3) (3,)"."""
    words = [op.name]
    words += [f"{name}={value}" for name, value in example[1].items() if len(str(value)) <= 20]
    others = [other for other in op.examples if other is not example]
    if any(len(other[1]) == len(example[1]) and other[0] != example[0] for other in others):
        words += map(str, example[0])
    return " ".join(words)


@gradcheck.case
def shapes_that_tell() -> Iterator[Case]:
    """Square matrices, three axes, rows against columns: where a rule of the wrong shape keeps a plausible shape."""
    build = GraphBuilder()
    a = build.parameter("a", (2, 2))
    weights = build.constant([[1.0, -2.0], [0.5, 3.0]])
    columns = build.sum(build.square(build.sum(a, axis=0)))
    yield Case(
        "square matrices",
        build.graph(build.add(build.sum(weights * (a @ (a @ a))), columns, name="loss")),
        {"a": [[1.0, 2.0], [-0.5, 0.75]]},
        "a (a a) and column sums: a transposed factor has the right shape here",
    )
    build = GraphBuilder()
    cube = build.parameter("x", (2, 2, 2))
    turned = build.square(build.transpose(cube, axes=(1, 2, 0)))
    rows = build.reshape(turned, shape=(4, 2)) * build.constant([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]])
    yield Case(
        "three axes",
        build.graph(build.sum(rows, name="loss")),
        {"x": [[[-0.6, -0.35], [-0.1, 0.15]], [[0.4, 0.65], [0.9, 1.15]]]},
        "a cyclic transpose and a reshape: the inverse permutation is another one",
    )
