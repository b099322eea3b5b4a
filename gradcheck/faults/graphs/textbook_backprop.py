"""Textbook backprop (S0) on SymEngine's local derivatives, one decision per method, for the catalogue's faults to
override.

The local derivatives come from SymEngine, so that the right version shares no rule with any engine under test. A fault
is a subclass that overrides one method. The code is made to be overridden, not to be fast: it runs in the harness's own
process, on small graphs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from gradcheck.oracle.closed_form.local_derivatives import Block, local_jacobian
from gradcheck.problem import LEAVES, OPS, Graph, Point
from gradcheck.problem.ops import Array, Shape
from gradcheck.problem.walks import ancestors

Gradients = dict[str, Array]
Answer = tuple[Any, ...]
"""(value, gradients, adjoints), or whatever a fault makes of it."""


class Backprop:
    """A subject of the native signature: call it with a graph and a point.

    Attributes while it answers; every method may use them:

    graph, dtype: the problem, and the dtype of the point.
    values: every node's value, by node index.
    adjoints: dl/dv summed up so far, by node index, each of its node's shape.
    varying: for every node, whether a parameter reaches it; no other node needs an adjoint.
    needed: the nodes that the loss is computed from. The sweep visits no other, unless `dead` is set.

    `constants_too`: nodes that no parameter reaches are sent messages as well.
    `by_levels`: of several orders in which users come first, the one that S2's enumeration finds.
    """

    dead = False
    by_levels = False
    constants_too = False

    graph: Graph
    dtype: np.dtype[Any]
    values: list[Array]
    adjoints: list[Array]
    varying: list[bool]
    needed: frozenset[int]

    def __call__(self, graph: Graph, point: Point) -> Answer:
        """The loss, its gradients by parameter, and the adjoints of all nodes that a parameter reaches, by name."""
        self.graph = graph
        self.dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
        self.varying = graph.depends_on_parameters().tolist()
        self.needed = frozenset(range(len(graph)) if self.dead else ancestors(graph, graph.loss))
        with np.errstate(all="ignore"):
            self.values = self.forward(point)
            self.adjoints = self.start()
            self.sweep()
            return self.answer()

    # Forward.

    def forward(self, point: Point) -> list[Array]:
        """Every node's value, arguments first."""
        graph = self.graph
        values: list[Array] = [np.zeros((), self.dtype)] * len(graph)
        for i in graph.order.tolist():
            op = graph.op(i)
            if op == "constant":
                values[i] = graph.constants[i].astype(self.dtype)
            elif op in LEAVES:
                values[i] = np.array(point[graph.names[i]], subok=True)  # arrays that count operations keep counting
            else:
                arguments = [values[j] for j in graph.arguments(i)]
                values[i] = np.asanyarray(self.value(i, arguments), dtype=self.dtype)
        return values

    def value(self, node: int, arguments: list[Array]) -> Any:
        """The value of a node's op for its arguments' values."""
        return OPS[self.graph.op(node)].value(*arguments, **self.graph.attributes.get(node, {}))

    # Backward.

    def start(self) -> list[Array]:
        """Adjoints before the sweep: dl/dl = 1, and 0 for all others."""
        adjoints = [np.zeros_like(value) for value in self.values]
        adjoints[self.graph.loss] = np.ones_like(self.values[self.graph.loss])
        return adjoints

    def sweep(self) -> None:
        """Visit every node once, after all the nodes that use it."""
        for node in self.backwards():
            self.visit(node)

    def backwards(self) -> list[int]:
        """The nodes to visit, users first."""
        graph = self.graph
        if not self.by_levels:
            return [node for node in graph.order[::-1].tolist() if node in self.needed]
        waiting = Counter(a for node in self.needed for a in graph.arguments(node))
        order = [node for node in self.needed if not waiting[node]]
        for node in order:  # grows while it is walked
            for argument in graph.arguments(node):
                waiting[argument] -= 1
                if not waiting[argument]:
                    order.append(argument)
        return order

    def visit(self, node: int) -> None:
        """Send a message to each argument of the node, repeats included."""
        for slot, argument in enumerate(self.graph.arguments(node)):
            if self.constants_too or self.varying[argument]:
                self.receive(argument, self.message(node, slot, self.adjoints[node]))

    def message(self, node: int, slot: int, upstream: Array) -> Array:
        """(dv/da)^T upstream for argument a = `slot` of node v, in the shape of a."""
        arguments = self.arguments(node)
        if not OPS[self.graph.op(node)].elementwise:
            return self.local(node, slot, arguments, upstream)
        spread = [np.broadcast_to(a, self.values[node].shape) for a in arguments]
        return self.unbroadcast(self.local(node, slot, spread, upstream), arguments[slot].shape)

    def local(self, node: int, slot: int, arguments: list[Array], upstream: Array) -> Array:
        """The VJP of the node's op by SymEngine's local derivatives, in the shape of `arguments[slot]`."""
        return local_vjp(self.graph.op(node), self.attributes(node), arguments, slot, upstream).astype(self.dtype)

    def unbroadcast(self, message: Array, shape: Shape) -> Array:
        """Sum over the axes that broadcasting added or stretched: every copy of an entry contributes."""
        message = np.sum(message, axis=tuple(range(message.ndim - len(shape))))
        stretched = tuple(k for k, n in enumerate(shape) if n == 1 and message.shape[k] != 1)
        return np.asarray(np.sum(message, axis=stretched, keepdims=True))

    def receive(self, node: int, message: Array) -> None:
        """Add the message to the adjoint: gradients add at branches (S4)."""
        self.adjoints[node] = self.adjoints[node] + message

    def answer(self) -> Answer:
        """Value, gradients and adjoints."""
        names = self.graph.names
        gradients = {names[i]: self.adjoints[i] for i in self.graph.parameters}
        adjoints = {names[i]: self.adjoints[i] for i, varies in enumerate(self.varying) if varies}
        return self.values[self.graph.loss], gradients, adjoints

    # Helpers for faults.

    def arguments(self, node: int) -> list[Array]:
        """Values of the node's arguments."""
        return [self.values[j] for j in self.graph.arguments(node)]

    def attributes(self, node: int) -> Mapping[str, Any]:
        """The node's attributes, defaults included."""
        return {**OPS[self.graph.op(node)].attributes, **self.graph.attributes.get(node, {})}


def local_vjp(op: str, attributes: Mapping[str, Any], arguments: list[Array], slot: int, upstream: Array) -> Array:
    """`local_derivatives.local_vjp` with its Jacobians cached: every fault meets the same nodes again."""
    key = tuple((a.shape, np.asarray(a, dtype=np.float64).tobytes()) for a in arguments)
    blocks = _blocks(op, tuple((name, _frozen(value)) for name, value in sorted(attributes.items())), key, slot)
    flat = np.asarray(upstream, dtype=np.float64).reshape(-1)
    shape = arguments[slot].shape
    out = np.zeros(int(np.prod(shape, dtype=np.int64)))
    for block in blocks:
        terms = np.einsum("lq,lqk->lk", flat[block.outputs], block.derivatives)
        out += np.bincount(block.inputs.reshape(-1), terms.reshape(-1), minlength=out.size)
    return out.reshape(shape)


@lru_cache(maxsize=20_000)
def _blocks(
    op: str, attributes: tuple[tuple[str, Any], ...], arguments: tuple[tuple[Shape, bytes], ...], slot: int
) -> tuple[Block, ...]:
    arrays = [np.frombuffer(data, dtype=np.float64).reshape(shape) for shape, data in arguments]
    return local_jacobian(op, dict(attributes), arrays, slot)


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value
