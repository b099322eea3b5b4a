"""What honest rounding can cost a derivative: stochastic replays of the recorded forward and reverse sweep."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats, largest
from gradcheck.tracing import derivative, sweep
from gradcheck.tracing.session import Run


@dataclass(frozen=True)
class Rounding:
    """Largest deviations from the exact derivative, per entry; inf where a run broke down.

    Attributes
    ----------
    deviation: one float64 array per part of the derivative: over `runs` runs in which every operation rounded.
    input_change: the same without rounding, but with every input moved up or down by one unit in the last place.
    runs: number of runs of each kind.
    """

    deviation: tuple[NDArray[np.float64], ...]
    input_change: tuple[NDArray[np.float64], ...]
    runs: int


def rounding_of_vjp(run: Run, cotangents: Sequence[Array]) -> Rounding:
    """Deviations of J^T u."""
    adjoints, masked = derivative.adjoints_of(run, cotangents)
    exact = [run.trace.balls.longdouble(g) for g in derivative.gradients(run, adjoints)]

    def sweep_back(floats: Floats, values: Sequence[Any]) -> list[Array]:
        record = run.trace.record
        seeds = derivative.seeds_of(run, floats, cotangents)
        found = sweep.reverse(floats, record, values, seeds, masked=masked)
        return [np.zeros((1,)) if (g := found[slot]) is None else g for slot in record.inputs]

    return _compare(run, exact, sweep_back)


def rounding_of_jvp(run: Run, tangents: Sequence[Array | None]) -> Rounding:
    """Deviations of J v."""
    record = run.trace.record
    exact = [run.trace.balls.longdouble(t) for t in derivative.tangents_of(run, tangents)]

    def sweep_ahead(floats: Floats, values: Sequence[Any]) -> list[Array]:
        inputs = [values[slot] for slot in record.inputs]
        given = [None if t is None else floats.constant(np.asarray(t)) for t in tangents]
        duals = sweep.forward(floats, record, inputs, given)
        return [np.zeros((1,)) if (t := duals[slot].tangent) is None else t for slot in run.outputs]

    return _compare(run, exact, sweep_ahead)


def _compare(run: Run, exact: Sequence[Array], derive: Callable[[Floats, Sequence[Any]], list[Array]]) -> Rounding:
    floats = run.trace.floats
    with np.errstate(all="ignore"):
        moved = derive(floats, run.replay.catch_up())
        deviations = [m - e[..., None] for m, e in zip(moved, exact, strict=True)]
        everywhere = [np.broadcast_to(d, (*d.shape[:-1], floats.runs)) for d in deviations]
        return Rounding(
            tuple(largest([d[..., : floats.rounded] for d in everywhere])),
            tuple(largest([d[..., floats.rounded :] for d in everywhere])),
            floats.rounded,
        )
