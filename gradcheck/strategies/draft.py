"""`Draft`: a graph while it is being drawn, with the value of every node so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import CODES, OPS, Array, Shape
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish

NOTHING: Mapping[str, Any] = MappingProxyType({})


LARGEST = 12
"""Maximum number of entries of a node in a drawn array graph."""


class Draft:
    """Nodes in the order they were drawn, arguments first. Every node added is comfortable.

    Attributes
    ----------
    ops, arguments, attributes: what each node is.
    values: each node's float64 value; its shape is the node's shape.
    users: how many nodes use each node.
    trained: whether a parameter reaches each node.
    hidden: results that stay unused: no later step takes them, and they are not joined into the loss.
    """

    def __init__(self, wish: Wish) -> None:
        self.wish = wish
        self.ops: list[str] = []
        self.arguments: list[tuple[int, ...]] = []
        self.attributes: dict[int, Mapping[str, Any]] = {}
        self.values: list[Array] = []
        self.users: list[int] = []
        self.trained: list[bool] = []
        self.hidden: set[int] = set()

    def __len__(self) -> int:
        return len(self.ops)

    @property
    def computed(self) -> list[int]:
        """The nodes that are not leaves."""
        return [i for i, arguments in enumerate(self.arguments) if arguments]

    @property
    def ends(self) -> list[int]:
        """Computed nodes that nothing uses yet: loose ends, one of which becomes the loss."""
        loose = (i for i, arguments in enumerate(self.arguments) if arguments and not self.users[i])
        return [i for i in loose if i not in self.hidden]

    @property
    def left(self) -> int:
        """How many nodes still fit; an array graph reserves one to make its loss a scalar."""
        return self.wish.max_nodes - len(self) - (not self.wish.scalar)

    @property
    def room(self) -> int:
        """How many nodes still fit if the loose ends must also be joined."""
        return self.left - max(0, len(self.ends) - 1)

    def pool(self, nodes: Iterable[int]) -> list[int]:
        """The nodes to choose an operand from: loose ends, newest first, then the others, newest first.

        So the simplest choice uses the newest node, and stays the same when an earlier step is shrunk away. Loose ends
        are listed twice, so that graphs grow deep; hidden nodes are left out.
        """
        among = [i for i in nodes if i not in self.hidden][::-1]
        ends = [i for i in among if self.arguments[i] and not self.users[i]]
        return [*ends, *(i for i in among if i not in ends), *ends]

    def shape(self, node: int) -> Shape:
        """Shape of a node's value."""
        return self.values[node].shape

    def leaf(self, kind: str, value: Any) -> int:
        """A new input, parameter or constant."""
        return self.add(kind, (), np.asarray(value, dtype=np.float64), NOTHING, kind == "parameter")

    def apply(self, op: str, *arguments: int, attributes: Mapping[str, Any] = NOTHING) -> int | None:
        """A new node; None, with the draft unchanged, if it does not fit or is not comfortable."""
        row, given = OPS[op], [self.values[i] for i in arguments]
        with np.errstate(all="ignore"):  # an uncomfortable value is refused below
            value = np.asarray(row.value(*given, **attributes), dtype=np.float64)
        if value.size > LARGEST or self.left < 1:
            return None
        if not self.wish.comfort.result(row, given, value, {**row.attributes, **attributes}):
            return None
        return self.add(op, arguments, value, attributes, any(self.trained[i] for i in arguments))

    def reduce(self, op: str, node: int) -> int:
        """The last node, a loss made of an array; a total that is large or cancels is allowed."""
        return self.add(op, (node,), np.asarray(OPS[op].value(self.values[node])), NOTHING, self.trained[node])

    def repeat(self) -> None:
        """Apply the last op to the same arguments once more, as another node; this is always possible."""
        last = self.computed[-1]
        self.add(
            self.ops[last],
            self.arguments[last],
            self.values[last],
            self.attributes.get(last, NOTHING),
            self.trained[last],
        )

    def add(
        self, op: str, arguments: tuple[int, ...], value: Array, attributes: Mapping[str, Any], trained: bool
    ) -> int:
        """A node as it is, whether or not it is comfortable."""
        node = len(self.ops)
        self.ops.append(op)
        self.arguments.append(arguments)
        self.values.append(value)
        self.users.append(0)
        self.trained.append(trained)
        for i in arguments:
            self.users[i] += 1
        if attributes:
            self.attributes[node] = attributes
        return node

    def finish(self, loss: int, shuffle: int) -> tuple[Graph, dict[str, Array]]:
        """The graph and its point, nodes in the order drawn (`shuffle` 0), reversed (1) or at random (others)."""
        order = list(range(len(self)))
        if shuffle == 1:
            order.reverse()
        elif shuffle:
            pick = picker(shuffle)
            for last in range(len(order) - 1, 0, -1):  # Fisher and Yates
                other = pick(last + 1)
                order[last], order[other] = order[other], order[last]
        place = {node: at for at, node in enumerate(order)}
        names = self._names(loss)
        offsets, inputs = [0], []
        for node in order:
            inputs += [place[i] for i in self.arguments[node]]
            offsets.append(len(inputs))
        leaves = [node for node in order if not self.arguments[node]]
        graph = Graph(
            [CODES[self.ops[node]] for node in order],
            offsets,
            inputs,
            loss=place[loss],
            names=[names[node] for node in order],
            leaf_shapes={place[n]: self.shape(n) for n in leaves if self.ops[n] != "constant"},
            constants={place[n]: self.values[n] for n in leaves if self.ops[n] == "constant"},
            attributes={place[n]: attributes for n, attributes in self.attributes.items()},
        )
        return graph, {names[n]: self.values[n] for n in leaves if self.ops[n] != "constant"}

    def _names(self, loss: int) -> Sequence[str]:
        """Parameters w1, w2, ...; inputs x1, x2, ...; constants by value; ops by name; and the loss is `loss`."""
        taken: dict[str, int] = {}
        names = []
        for node, op in enumerate(self.ops):
            if node == loss and self.arguments[node]:
                names.append("loss")
                continue
            stem = {"parameter": "w", "input": "x"}.get(op, op)
            if op == "constant":
                value = self.values[node]
                stem = f"{value.item():g}" if value.ndim == 0 else "c"
            count = taken[stem] = taken.get(stem, 0) + 1
            if stem in ("w", "x", "c"):
                names.append(f"{stem}{count}")
            else:
                names.append(stem if count == 1 else f"{stem}_{count}")
        return names
