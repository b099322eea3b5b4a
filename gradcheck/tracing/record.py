"""The record of one run: a flat list of array primitives, in the order in which they were computed."""

import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.numbers.arithmetic import Arithmetic, Array, Shape
from gradcheck.problem.time_limit import check_time
from gradcheck.tracing import primitives

MOST_NODES = 100_000
"""Maximum number of nodes before a trace gives up: a loop that waits for equal floats never ends in real numbers."""
MOST_ENTRIES = 2_000_000
"""Maximum number of entries of all nodes; each takes some 400 bytes with its ball and its stochastic runs."""

LOOKS = 64
"""Number of nodes after which a run checks the time that is left."""
MOST_LOOKED_AT = 1_000
"""Maximum number of entries inspected to see whether one entry is constant."""


@dataclass(frozen=True, slots=True)
class Node:
    """One array of the record.

    Attributes
    ----------
    primitive: "input", "constant" or a name of `primitives.PRIMITIVES`.
    args: slots (positions in the record) of its arguments, all smaller than its own.
    attributes: keyword arguments of the primitive; {"value": ndarray} for a constant.
    shape, dtype: of the array that NumPy would have made; the dtype tells with which unit it would round.
    varies: whether it depends on an input; a node that does not is structurally constant.
    """

    primitive: str
    args: tuple[int, ...]
    attributes: dict[str, Any]
    shape: Shape
    dtype: np.dtype[Any]
    varies: bool


@dataclass
class Record:
    """A list of nodes. `inputs` and `outputs` are slots; `inputs` come first, in the order of the traced arguments.

    `branching`: the slots on both sides of comparisons by which np.where chose between two arrays that both vary.
    """

    nodes: list[Node] = field(default_factory=list)
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    entries: int = 0
    branching: set[tuple[int, int]] = field(default_factory=set)

    def append(self, node: Node) -> int:
        """Add a node and return its slot. Raises Unsupported when the record outgrows its limits."""
        self.entries += math.prod(node.shape) if node.shape else 1
        if len(self.nodes) >= MOST_NODES or self.entries > MOST_ENTRIES:
            raise Unsupported(
                f"the function computes more than {MOST_NODES} arrays or {MOST_ENTRIES} numbers: too long to record "
                "(does a loop wait until two floats are equal?)"
            )
        if len(self.nodes) % LOOKS == 0:
            check_time()
        self.nodes.append(node)
        return len(self.nodes) - 1

    def forward(self, numbers: Arithmetic, inputs: Sequence[Any]) -> list[Any]:
        """The values of all nodes, with `inputs` (arrays of the number system) in place of the recorded ones."""
        values: list[Any] = []
        self.extend(numbers, inputs, values)
        return values

    def extend(self, numbers: Arithmetic, inputs: Sequence[Any], values: list[Any]) -> None:
        """Append the values of the nodes that `values` lacks."""
        for slot in range(len(values), len(self.nodes)):
            values.append(self.evaluate(slot, numbers, inputs, values))

    def evaluate(self, slot: int, numbers: Arithmetic, inputs: Sequence[Any], values: Sequence[Any]) -> Any:
        """The value of one node, given those before it."""
        node = self.nodes[slot]
        if node.primitive == "input":
            return inputs[self.inputs.index(slot)]
        if node.primitive == "constant":
            return numbers.constant(node.attributes["value"])
        arguments = [values[argument] for argument in node.args]
        numbers.enter(node.dtype)
        return primitives.value(numbers, node.primitive, arguments, node.attributes)

    def origin(self, slot: int, position: int, opaque: Set[tuple[int, int]] = frozenset()) -> tuple[int, int]:
        """The node and flat position where an entry was computed, looking through gathers except at `opaque` entries.

        A gather's fill is reported as (slot of the gather, position).
        """
        while True:
            node = self.nodes[slot]
            if node.primitive != "gather" or (slot, position) in opaque:
                return slot, position
            source = int(node.attributes["index"].ravel()[position])
            if source < 0:
                return slot, position
            slot, position = self.argument(slot, source)

    def argument(self, slot: int, source: int) -> tuple[int, int]:
        """The argument of a gather, and the flat position in it, to which an index of the gather points."""
        for argument in self.nodes[slot].args:
            size = math.prod(self.nodes[argument].shape)
            if source < size:
                return argument, source
            source -= size
        raise IndexError(f"a gather with an index of {source} beyond its arguments")

    def computed_from(self, slot: int) -> list[Node]:
        """The nodes that depend on a node."""
        found = {slot}
        for k in range(slot + 1, len(self.nodes)):
            if found.intersection(self.nodes[k].args):
                found.add(k)
        return [self.nodes[k] for k in sorted(found - {slot})]

    def roots(self, slot: int) -> frozenset[int]:
        """The nodes whose entries a node shows, looking through gathers."""
        found, open_ = set[int](), {slot}
        while open_:
            node = self.nodes[now := open_.pop()]
            if node.primitive == "gather":
                open_.update(node.args)
            else:
                found.add(now)
        return frozenset(found)

    def constant_entry(self, slot: int, position: int, opaque: Set[tuple[int, int]]) -> bool:
        """Whether one entry is computed from constants alone, even if other entries of its array vary.

        An `opaque` entry of a gather is not constant: another choice would give another number.
        Inspects at most `MOST_LOOKED_AT` entries, and returns False beyond.
        """
        waiting, seen = [(slot, position)], set[tuple[int, int]]()
        while waiting:
            entry = self.origin(*waiting.pop(), opaque)
            node = self.nodes[entry[0]]
            if entry in opaque:
                return False
            if not node.varies or node.primitive == "gather" or entry in seen:  # a gather that fills is its own origin
                continue
            seen.add(entry)
            shapes = [self.nodes[argument].shape for argument in node.args]
            if node.primitive == "sum":
                axes = node.attributes["axes"]
                kept = [axis for axis in range(len(shapes[0])) if axis not in axes]
                table = np.arange(math.prod(shapes[0])).reshape(shapes[0]).transpose(*kept, *axes)
                sources = [table.reshape(math.prod(node.shape), -1)[entry[1]]]
            elif node.args and primitives.PRIMITIVES[node.primitive].elementwise:
                at = np.unravel_index(entry[1], node.shape)
                sources = [_broadcast_position(at, shape) for shape in shapes]
            else:
                return False
            waiting += [(a, int(p)) for a, ps in zip(node.args, sources, strict=True) for p in ps]
            if len(seen) + len(waiting) > MOST_LOOKED_AT:
                return False
        return True

    def influences(self, outputs: Sequence[int]) -> list[Array | None]:
        """For each node, which entries the outputs depend on structurally; None if on none.

        A branch that `np.where` did not select has no influence, even if its derivative is NaN.
        """
        masks: list[Array | None] = [None] * len(self.nodes)
        for slot in outputs:
            masks[slot] = np.ones(self.nodes[slot].shape, dtype=bool)
        for slot in range(len(self.nodes) - 1, -1, -1):
            mask, node = masks[slot], self.nodes[slot]
            if mask is None or not node.args:
                continue
            for argument, reached in zip(node.args, self._reached(node, mask), strict=True):
                before = masks[argument]
                masks[argument] = reached if before is None else before | reached
        return masks

    def independent(self, entries: Iterable[tuple[int, int]]) -> bool:
        """Whether none of the entries, given as (slot, flat position), is computed from another one."""
        chosen: dict[int, list[int]] = {}
        for slot, position in entries:
            chosen.setdefault(slot, []).append(position)
        masks: dict[int, Array] = {}
        for slot in range(max(chosen, default=-1), -1, -1):
            node, mask = self.nodes[slot], masks.pop(slot, None)
            if slot in chosen:
                mask = np.zeros(node.shape, dtype=bool) if mask is None else mask.copy()
                if mask.ravel()[chosen[slot]].any():
                    return False
                mask.reshape(-1)[chosen[slot]] = True
            if mask is None or not node.args:
                continue
            for argument, reached in zip(node.args, self._reached(node, mask), strict=True):
                masks[argument] = masks[argument] | reached if argument in masks else reached
        return True

    def read_by(self, entries: Iterable[tuple[int, int]]) -> dict[int, Array]:
        """Which entries of each node the given ones, (slot, flat position), are computed from; those included."""
        masks: dict[int, Array] = {}
        for slot, position in entries:
            masks.setdefault(slot, np.zeros(self.nodes[slot].shape, dtype=bool)).reshape(-1)[position] = True
        for slot in range(max(masks, default=-1), -1, -1):
            node = self.nodes[slot]
            if slot not in masks or not node.args:
                continue
            for argument, reached in zip(node.args, self._reached(node, masks[slot]), strict=True):
                masks[argument] = masks[argument] | reached if argument in masks else reached
        return masks

    def _reached(self, node: Node, mask: Array) -> list[Array]:
        """The entries of each argument that the marked entries of `node` depend on."""
        shapes = [self.nodes[argument].shape for argument in node.args]
        if node.primitive == "gather":
            sizes = [math.prod(shape) for shape in shapes]
            flat = np.zeros(sum(sizes) + 1, dtype=bool)
            flat[node.attributes["index"][mask]] = True
            bounds = np.cumsum([0, *sizes])
            return [
                flat[start : start + size].reshape(shape)
                for start, size, shape in zip(bounds[:-1], sizes, shapes, strict=True)
            ]
        if node.primitive == "scatter":
            index: Array = node.attributes["index"]
            return [np.where(index >= 0, mask.ravel()[index], False)]
        if node.primitive == "sum":
            return [np.array(np.broadcast_to(np.expand_dims(mask, node.attributes["axes"]), shapes[0]))]
        if primitives.PRIMITIVES[node.primitive].elementwise:
            return [_unbroadcast(mask, shape) for shape in shapes]
        if not mask.any():
            return [np.zeros(shape, dtype=bool) for shape in shapes]
        return [np.ones(shape, dtype=bool) for shape in shapes]


def _broadcast_position(at: tuple[Any, ...], shape: Shape) -> Array:
    """The flat position (an array of one) in an argument of `shape` that output entry `at` is computed from."""
    own = at[len(at) - len(shape) :]
    if not shape:
        return np.zeros(1, dtype=np.intp)
    place = tuple(0 if n == 1 else int(k) for k, n in zip(own, shape, strict=True))
    return np.atleast_1d(np.ravel_multi_index(place, shape))


def _unbroadcast(mask: Array, shape: Shape) -> Array:
    extra = mask.ndim - len(shape)
    mask = np.asarray(mask.any(axis=tuple(range(extra)))) if extra else mask
    stretched = tuple(a for a, n in enumerate(shape) if n == 1 and mask.shape[a] != 1)
    return np.asarray(mask.any(axis=stretched, keepdims=True) if stretched else mask)
