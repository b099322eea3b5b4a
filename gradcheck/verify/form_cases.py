"""Scalar graphs in the forms in which small engines were seen to be wrong, made from whatever ops an engine offers.

The forms come from the public trackers of small engines: operators with a number on the left, the same node as both
operands, an exponent that is a node, intermediates that nobody uses, a node that is used late and early.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gradcheck.errors import InvalidProblem
from gradcheck.problem import OPS, Case, Graph, GraphBuilder
from gradcheck.problem.builder import Handle

X, Y = 1.25, 0.75
"""The point: no op of the table has a kink, a tie or a zero slope there."""
FORKS = 26
"""Number of stacked forks: 2 ** 26 paths in some eighty nodes, which an engine that walks paths does not finish."""
DEPTHS = (1_000, 10_000)
"""Numbers of nodes of the chains; Python's own limit on recursion is 1,000."""
FAR = (40.0, 400.0)
"""Arguments at which saturating functions lose their slope, and naive formulas overflow."""
SATURATING = ("tanh", "sigmoid", "softplus", "relu", "elu", "gelu")

Made = Callable[[GraphBuilder, Handle, Handle], Handle]


def form_cases() -> Iterator[Case]:
    """Every case whose point lies in the domain of its ops."""
    for name, sentence, made, point in _forms():
        build = GraphBuilder()
        x, y = build.parameter("x"), build.parameter("y")
        try:
            yield Case(name, build.graph(made(build, x, y)), point, sentence)
        except InvalidProblem:  # an op that is not defined there
            continue


def deep_cases() -> Iterator[Case]:
    """Chains that are too deep for an engine that recurses, and forks that are too many for one that walks paths."""
    for depth in DEPTHS:
        yield Case(f"a chain of {depth:,} nodes", _chain(depth), {"x": 0.5}, "depth alone must not stop a sweep")
    yield forked()


def _chain(depth: int) -> Graph:
    build = GraphBuilder()
    x = build.parameter("x")
    half = build.constant(0.5)
    node: Handle = x
    for k in range(depth):
        node = build.mul(node, half) if k % 2 else build.add(node, x)
    return build.graph(node)


def forked() -> Case:
    """Stacked forks: every node is used twice by the next one."""
    build = GraphBuilder()
    x = build.parameter("x")
    node: Handle = x
    for _ in range(FORKS):
        node = build.mul(build.add(node, node), build.constant(0.5))
    return Case(f"{FORKS} stacked forks", build.graph(node), {"x": X}, f"2^{FORKS} paths, and dloss/dx = 1")


def _forms() -> Iterator[tuple[str, str, Made, dict[str, float]]]:
    at = {"x": X, "y": Y}
    binary = [op.name for op in OPS.values() if op.arity == 2 and op.elementwise and op.name != "where"]
    unary = [op.name for op in OPS.values() if op.arity == 1 and op.elementwise]
    for op in binary:
        apply = _apply(op)
        if op not in ("minimum", "maximum"):  # a tie has no derivative
            yield (f"{op}: a node with itself", "both operands are one node", _with_itself(apply), at)
        yield (f"{op}: inner nodes", "the operands are no leaves", _on_inner(apply), at)
        for left in (False, True):
            side = "left" if left else "right"
            yield (f"{op}: number on the {side}", f"a constant on the {side} of a leaf", _number(apply, left), at)
            yield (
                f"{op}: number on the {side} of a product",
                "a constant beside x * y",
                _number(apply, left, True),
                at,
            )
            yield (
                f"{op}: two numbers on the {side}",
                "the same op with two constants: the second must not replace the first",
                _two_numbers(apply, left),
                at,
            )
    for op in unary:
        yield (f"{op}: inner node", "the argument is no leaf", _unary(_apply(op), "inner"), at)
        yield (f"{op}: twice", "the same function of the same node, twice", _unary(_apply(op), "twice"), at)
        yield (f"{op}: beside its argument", "a node and a function of it", _unary(_apply(op), "beside"), at)
    for op in SATURATING:
        for far in FAR:
            for sign in (1.0, -1.0):
                yield (f"{op} at {sign * far:g}", "where it saturates", _alone(_apply(op)), {"x": sign * far, "y": Y})
    yield ("an intermediate that nobody uses", "x * y leads nowhere", lambda b, x, y: _unused(b, x, y), at)
    yield ("an input that is not needed", "the loss does not depend on y", lambda b, x, y: b.mul(x, x), at)
    yield ("a leaf used by three", "x + x * y + x * x", lambda b, x, y: b.add(b.add(x, b.mul(x, y)), b.mul(x, x)), at)
    yield (
        "an upstream factor",
        "3 * (x * y): the cotangent is not 1",
        lambda b, x, y: b.mul(b.constant(3.0), b.mul(x, y)),
        at,
    )
    yield ("used early and late", "a node's first use is a long way from its last", _early_and_late, at)


def _apply(op: str) -> Callable[..., Handle]:
    return lambda build, *operands: getattr(build, op)(*operands)


def _with_itself(apply: Callable[..., Handle]) -> Made:
    return lambda b, x, y: b.add(apply(b, x, x), y)


def _on_inner(apply: Callable[..., Handle]) -> Made:
    return lambda b, x, y: b.mul(apply(b, b.mul(x, y), b.add(x, y)), b.constant(1.5))


def _number(apply: Callable[..., Handle], left: bool, inner: bool = False) -> Made:
    def made(b: GraphBuilder, x: Handle, y: Handle) -> Handle:
        node, two = (b.mul(x, y) if inner else x), b.constant(2.0)
        return b.add(apply(b, two, node) if left else apply(b, node, two), y)

    return made


def _two_numbers(apply: Callable[..., Handle], left: bool) -> Made:
    def made(b: GraphBuilder, x: Handle, y: Handle) -> Handle:
        both = [
            apply(b, b.constant(c), node) if left else apply(b, node, b.constant(c)) for c, node in ((2.0, x), (3.0, y))
        ]
        return b.mul(*both)

    return made


def _unary(apply: Callable[..., Handle], how: str) -> Made:
    def made(b: GraphBuilder, x: Handle, y: Handle) -> Handle:
        if how == "inner":
            return b.mul(apply(b, b.mul(x, y)), b.constant(1.5))
        if how == "twice":
            return b.mul(apply(b, x), b.add(apply(b, x), y))
        return b.mul(apply(b, x), x)

    return made


def _alone(apply: Callable[..., Handle]) -> Made:
    return lambda b, x, y: apply(b, x)


def _unused(b: GraphBuilder, x: Handle, y: Handle) -> Handle:
    b.mul(x, y)
    return b.add(x, y)


def _early_and_late(b: GraphBuilder, x: Handle, y: Handle) -> Handle:
    first = b.mul(x, y)
    late = first
    for _ in range(4):
        late = b.add(b.mul(late, y), x)
    return b.mul(late, first)
