"""A reverse sweep over all rules for ties at once: per entry the least and the largest derivative.

Every tied selection passes a share of its adjoint, between none and all, to each of its operands. Adjoints are
intervals (middle and half width). The bounds enclose whatever rules of each op's own can give, and may be wider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing.derivative import seeds_of
from gradcheck.tracing.primitives import PRIMITIVES
from gradcheck.tracing.record import Node
from gradcheck.tracing.session import Run, Task
from gradcheck.tracing.trace import Entry

SLACK = 2.0**-40
"""Share of an entry's bounds by which they are widened, for the rounding of this sweep."""


def interval_sweep(
    run: Run, task: Task, cotangents: Sequence[Array], sources: Mapping[Entry, tuple[int, ...]]
) -> tuple[Array, Array]:
    """Lower and upper bounds of J^T u over all choices of the tied entries `sources`, (m,) each."""
    record = run.trace.record
    floats = Floats(task.dtype, 0, 1)
    tied: dict[int, list[int]] = {}
    for slot, position in sources:
        tied.setdefault(slot, []).append(position)
    with np.errstate(all="ignore"):
        values = record.forward(floats, [x.astype(floats.carrier)[..., None] for x in task.inputs])
        sums = _Intervals(record.nodes)
        for slot, seed in seeds_of(run, floats, cotangents).items():
            sums.add(slot, seed, np.zeros_like(seed))
        for slot in range(len(record.nodes) - 1, -1, -1):
            node = record.nodes[slot]
            if slot not in sums.middle or not node.args or not node.varies:
                continue
            for position in tied.get(slot, ()):
                low, high = sums.taken(slot, position)
                for source in sources[slot, position]:
                    sums.add_entry(*record.argument(slot, source), min(low, 0.0), max(high, 0.0))
            _sent(floats, node, sums, slot, [values[a] for a in node.args], values[slot], record.nodes)
    lower, upper = (np.concatenate([sums.bound(slot, sign) for slot in record.inputs]) for sign in (-1, 1))
    slack = SLACK * np.maximum(np.abs(lower), np.abs(upper))
    return lower - slack, upper + slack


class _Intervals:
    """Middle and half width of each node's adjoint, which grow as contributions come in."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self.middle: dict[int, Array] = {}
        self.width: dict[int, Array] = {}

    def add(self, slot: int, middle: Array, width: Array) -> None:
        """Add a contribution to all entries of a node."""
        shape = (*self._nodes[slot].shape, 1)
        for side, part in ((self.middle, middle), (self.width, width)):
            side[slot] = side.get(slot, np.zeros(shape, np.longdouble)) + np.broadcast_to(part, shape)

    def add_entry(self, slot: int, position: int, low: float, high: float) -> None:
        """Add an interval to one entry."""
        if slot not in self.middle:
            for side in (self.middle, self.width):
                side[slot] = np.zeros((*self._nodes[slot].shape, 1), np.longdouble)
        self.middle[slot].reshape(-1)[position] += (low + high) / 2
        self.width[slot].reshape(-1)[position] += (high - low) / 2

    def taken(self, slot: int, position: int) -> tuple[float, float]:
        """The interval of one entry, which is 0 afterwards."""
        middle, width = self.middle[slot].reshape(-1), self.width[slot].reshape(-1)
        bounds = middle[position] - width[position], middle[position] + width[position]
        middle[position] = width[position] = 0.0
        return bounds

    def bound(self, slot: int, sign: int) -> Array:
        """The lower (sign -1) or upper (1) bounds of a node, (entries,)."""
        if slot not in self.middle:
            return np.zeros(int(np.prod(self._nodes[slot].shape)))
        return np.asarray(self.middle[slot] + sign * self.width[slot], dtype=np.float64).ravel()


def _sent(
    floats: Floats, node: Node, sums: _Intervals, slot: int, inputs: list[Array], output: Array, nodes: Sequence[Node]
) -> None:
    """Send a node's interval to its arguments: the middle by its rule, the width by the sizes of its derivatives."""
    primitive = PRIMITIVES[node.primitive]
    needed = [nodes[a].varies for a in node.args]
    middle, width = sums.middle[slot], sums.width[slot]
    floats.enter(node.dtype)
    parts = primitive.vjp(floats, middle, inputs, output, node.attributes, needed)
    if primitive.elementwise:
        slopes = primitive.vjp(floats, np.ones_like(middle), inputs, output, node.attributes, needed)
        wide = [0.0 if s is None else np.abs(s) * width for s in slopes]
    else:  # a matrix product is linear in the sizes of its operands; all others pass entries on
        sizes = [np.abs(x) for x in inputs]
        wide = list(primitive.vjp(floats, width, sizes, output, node.attributes, needed))
    for argument, part, extent, wanted in zip(node.args, parts, wide, needed, strict=True):
        if wanted:
            pair = [np.asarray(part), np.asarray(extent)]
            if primitive.elementwise:
                full = (*node.shape, 1)
                pair = [floats.sum_to(np.broadcast_to(p, full), nodes[argument].shape) for p in pair]
            sums.add(argument, *pair)
