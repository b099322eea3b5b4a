"""Branches on purpose: nodes used more than once, as scalars and as arrays, early and late, by few and by many.

"Gradients add at branches" (S4). How they are added depends on an engine's own ways: arrays may share memory, and an
engine that works on many nodes at once adds in another place than one that works node by node.
"""

from collections.abc import Iterator

import numpy as np

import gradcheck
from gradcheck.problem import Case, GraphBuilder

WEIGHTS = np.array([1.5, -0.75, 2.0])
A, B = np.array([0.5, -1.25, 0.75]), np.array([1.0, 0.25, -0.5])


@gradcheck.case
def shared_arrays() -> Iterator[Case]:
    """An addition hands the same array to both operands, and one of them has further uses, before it or after it."""
    for operand in ("left", "right"):
        for place in ("later", "earlier"):
            build = GraphBuilder()
            a, b = build.parameter("a", (3,)), build.parameter("b", (3,))
            total = build.add(a, b) if operand == "left" else build.add(b, a)
            if place == "later":
                both = build.add(build.square(total), build.sin(a))
            else:
                both = build.add(total, build.tanh(build.sin(build.square(a))))
            yield Case(
                f"the {operand} operand of a sum, used {place}",
                build.graph(build.sum(build.mul(both, build.constant(WEIGHTS)), name="loss")),
                {"a": A, "b": B},
                "a + b sends one array to a and to b; what a receives besides must not reach b",
            )


@gradcheck.case
def array_diamonds() -> Iterator[Case]:
    """Inner arrays that are used twice, one behind the other: each passes on what both uses sent, once."""
    build = GraphBuilder()
    v = build.parameter("a", (3,))
    for _ in range(3):
        v = build.add(build.sin(v), build.mul(v, build.constant(0.5)))
    loss = build.sum(build.mul(v, build.constant(WEIGHTS)), name="loss")
    yield Case("three diamonds of arrays", build.graph(loss), {"a": A}, "8 paths lead from each entry to the loss")
    build = GraphBuilder()
    a = build.parameter("a", (3,))
    t = build.tanh(a, name="t")
    short, long = build.mul(t, build.constant(2.0)), build.exp(build.sin(t))
    loss = build.sum(build.mul(build.add(short, long), build.constant(WEIGHTS)), name="loss")
    yield Case(
        "a short and a long way to an array", build.graph(loss), {"a": A}, "t hears of one use long before the other"
    )


@gradcheck.case
def many_uses() -> Iterator[Case]:
    """One node used by many at the same distance from the loss, at once or in turn."""
    for name, on_left in (("factor of sixteen products", True), ("divisor of sixteen quotients", False)):
        build = GraphBuilder()
        x = build.parameter("x")
        numbers = [build.constant(0.25 * (k + 1)) for k in range(16)]
        level = [build.mul(x, c) if on_left else build.div(c, x) for c in numbers]
        level = level if on_left else level[::-1]
        while len(level) > 1:
            level = [build.add(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
        yield Case(name, build.graph(level[0]), {"x": 0.75}, "x feeds 16 nodes at the same distance from the loss")
    build = GraphBuilder()
    x = build.parameter("x")
    level = [build.leaky_relu(x * build.constant(-0.5 * k - 0.5), slope=0.0625 * (k + 1)) for k in range(16)]
    while len(level) > 1:
        level = [build.add(left, right) for left, right in zip(level[::2], level[1::2], strict=True)]
    said = "one op side by side, each with an attribute of its own"
    yield Case("sixteen leaky slopes", build.graph(level[0]), {"x": 0.75}, said)
    build = GraphBuilder()
    x = build.parameter("x", (3,))
    total = build.square(x)
    for k in range(5):
        total = build.add(total, build.mul(build.sin(x), build.constant(0.5 * (k + 1))))
    loss = build.sum(build.mul(total, build.constant(WEIGHTS)), name="loss")
    six, said = build.graph(loss), "x feeds 6 nodes, each nearer to the loss"
    yield Case("six uses of an array", six, {"x": A}, said)
    yield Case("six uses of an array in float32", six, {"x": A}, said, dtype="float32")
