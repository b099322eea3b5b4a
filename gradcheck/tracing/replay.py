"""Replay the record in floats while it is being written, to see how far rounding moves each entry."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing.record import Record


class Replay:
    """Values of a growing record in `floats`.

    `values[slot]` has the node's shape and a last axis of runs; `inputs` are such arrays too (a last axis of length 1
    is the same for all runs).
    """

    def __init__(self, record: Record, floats: Floats, inputs: Sequence[Array]) -> None:
        self.record = record
        self.floats = floats
        self.inputs = inputs
        self.values: list[Array] = []

    def catch_up(self) -> list[Array]:
        """Evaluate the nodes recorded since the last call."""
        if len(self.values) < len(self.record.nodes):
            with np.errstate(all="ignore"):
                self.record.extend(self.floats, self.inputs, self.values)
        return self.values

    def entries(self, slot: int, positions: Array) -> Array:
        """Entries at flat positions, with their runs."""
        values = self.catch_up()[slot]
        return np.asarray(values.reshape(-1, values.shape[-1])[positions])

    def _rounded(self, slot: int, positions: Array) -> Array:
        """The rounded runs of entries, those of one entry once."""
        one = positions[:1] if positions.size and np.all(positions == positions[0]) else positions
        runs = self.catch_up()[slot]
        return np.asarray(runs.reshape(-1, runs.shape[-1])[:, : self.floats.rounded][one])

    def spread(self, left: tuple[int, Array], right: tuple[int, Array], exact: Array) -> NDArray[np.float64]:
        """Largest distance, over the rounded runs, of left - right from the exact difference (a longdouble array).

        0 where the exact difference is infinite, inf where a run broke down.
        """
        with np.errstate(all="ignore"):
            moved = self._rounded(*left) - self._rounded(*right) - exact[..., None]
            size = np.max(np.abs(moved, out=moved), axis=-1).astype(np.float64)
        size = np.where(np.isnan(size), np.inf, size)
        return np.where(np.isinf(exact), 0.0, size)

    @classmethod
    def of_rounding(cls, record: Record, floats: Floats, inputs: Sequence[Array], seed: int) -> "Replay":
        """Rounded runs that start at `inputs`, and plain ones that start one unit in the last place beside them.

        Zeros do not move: the smallest subnormal numbers beside them could only move a branch already taken (|x| as x)
        out of its domain. Infinite ones have no neighbours.
        """
        random = np.random.default_rng(seed)
        starts = []
        for x in inputs:
            start = np.repeat(x.astype(floats.carrier)[..., None], floats.runs, axis=-1)
            step = np.abs(np.spacing(np.abs(x).astype(floats.dtype))).astype(floats.carrier)[..., None]
            plain = floats.runs - floats.rounded
            step[(x == 0) | np.isinf(x)] = 0.0
            start[..., floats.rounded :] += step * random.choice([-1.0, 1.0], size=(*x.shape, plain))
            starts.append(start)
        return cls(record, floats, starts)
