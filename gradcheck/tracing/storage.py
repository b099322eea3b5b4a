"""Changeable memory of traced arrays."""

import math

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.trace import Trace


class Storage:
    """Memory that views share: for every position, the node and entry whose value stands there now."""

    __slots__ = ("entry", "run", "slot", "source", "version")

    def __init__(self, trace: Trace, slot: int) -> None:
        self.run = trace
        self.slot = slot
        self.version = 0
        self.source: Array | None = None
        self.entry: Array | None = None

    @property
    def size(self) -> int:
        """Number of positions."""
        return math.prod(self.run.record.nodes[self.slot].shape)

    def read(self, index: Array) -> int:
        """A slot that holds the current values at the given positions."""
        if self.source is None or self.entry is None:
            return self.run.gather((self.slot,), index)
        source, entry = self.source[index], self.entry[index]
        slots = np.unique(source)
        if slots.size == 0:
            return self.run.gather((self.slot,), index)
        nodes = self.run.record.nodes
        starts = np.cumsum([0, *(math.prod(nodes[int(slot)].shape) for slot in slots)])
        offset = starts[np.searchsorted(slots, source)]
        return self.run.gather(tuple(int(slot) for slot in slots), entry + offset)

    def write(self, index: Array, slot: int, entries: Array) -> None:
        """Put entries of a node at the given positions."""
        if self.source is None or self.entry is None:
            self.source, self.entry = np.full(self.size, self.slot), np.arange(self.size)
        self.source[index] = slot
        self.entry[index] = entries
        self.version += 1
