"""Derivatives of one finished run, in balls: reverse, forward, and the check of one by the other."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import HarnessFault
from gradcheck.numbers import sweep
from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.session import Run


def adjoints_of(run: Run, cotangents: Sequence[Array]) -> tuple[list[Any | None], bool]:
    """Adjoints of all nodes in balls, and whether unselected branches had to be masked.

    The mask is used only if a derivative is not finite without it.
    """
    key = tuple((np.shape(c), np.asarray(c).tobytes(), np.asarray(c).dtype) for c in cotangents)
    if key not in run.adjoints:
        run.adjoints.clear()
        run.adjoints[key] = _adjoints(run, cotangents)
    adjoints, masked = run.adjoints[key]
    return adjoints, masked


def _adjoints(run: Run, cotangents: Sequence[Array]) -> tuple[list[Any | None], bool]:
    trace = run.trace
    seeds = seeds_of(run, trace.balls, cotangents)
    adjoints = sweep.reverse(trace.balls, trace.record, trace.values, seeds)
    for slot in trace.record.inputs:
        adjoint = adjoints[slot]
        if adjoint is not None and not np.all(np.isfinite(trace.balls.midpoint(adjoint))):
            return sweep.reverse(trace.balls, trace.record, trace.values, seeds, masked=True), True
    return adjoints, False


def seeds_of(run: Run, numbers: Any, cotangents: Sequence[Array]) -> dict[int, Any]:
    """Cotangents by slot; one node may be several outputs, whose cotangents then add up."""
    seeds: dict[int, Any] = {}
    for slot, cotangent in zip(run.outputs, cotangents, strict=True):
        shape = run.trace.record.nodes[slot].shape
        if np.shape(cotangent) != shape:
            raise ValueError(f"a cotangent of shape {np.shape(cotangent)} was given for an output of shape {shape}")
        array = numbers.constant(np.asarray(cotangent))
        seeds[slot] = numbers.add(seeds[slot], array) if slot in seeds else array
    return seeds


def gradients(run: Run, adjoints: Sequence[Any | None]) -> list[Array]:
    """The adjoints of the inputs, as arrays of balls; exact zeros where nothing depends on one."""
    trace = run.trace
    return [
        trace.balls.constant(np.zeros(trace.record.nodes[slot].shape)) if (a := adjoints[slot]) is None else a
        for slot in trace.record.inputs
    ]


def tangents_of(run: Run, tangents: Sequence[Array | None]) -> list[Array]:
    """Tangents of the outputs, as arrays of balls, by a forward sweep of dual numbers."""
    trace = run.trace
    balls = trace.balls
    inputs = [trace.values[slot] for slot in trace.record.inputs]
    given = [None if t is None else balls.constant(np.asarray(t)) for t in tangents]
    duals = sweep.forward(balls, trace.record, inputs, given)
    return [
        balls.constant(np.zeros(balls.shape(duals[slot].value))) if (t := duals[slot].tangent) is None else t
        for slot in run.outputs
    ]


def cross_check(run: Run, cotangents: Sequence[Array], gradient: Sequence[Array], seed: int) -> None:
    """u . (J v), by dual numbers, against (J^T u) . v, by the reverse sweep, for a random direction v.

    Raises HarnessFault if the two balls do not meet. Entries whose derivative is not finite are left out of v.
    """
    balls = run.trace.balls
    random = np.random.default_rng(seed)
    directions = []
    for array in gradient:
        finite = np.isfinite(balls.midpoint(array))
        directions.append(np.where(finite, random.standard_normal(finite.shape), 0.0))
    outputs = tangents_of(run, directions)
    ahead = _inner(balls, [balls.constant(np.asarray(c)) for c in cotangents], outputs)
    known = [balls.keep(g, d != 0) for g, d in zip(gradient, directions, strict=True)]
    back = _inner(balls, known, [balls.constant(d) for d in directions])
    if not np.all(np.isfinite([balls.midpoint(ahead), balls.midpoint(back)])):
        return  # an infinite derivative somewhere on the way, as of sqrt at 0
    if not balls.overlap(ahead, back):
        raise HarnessFault(
            "the reverse and the forward sweep of the exact oracle contradict each other along one direction: "
            f"{float(balls.midpoint(back)):.17g} backward, {float(balls.midpoint(ahead)):.17g} forward"
        )


def _inner(balls: Any, left: Sequence[Array], right: Sequence[Array]) -> Any:
    total = balls.constant(np.zeros(()))
    for a, b in zip(left, right, strict=True):
        product = balls.mul(a, b)
        total = balls.add(total, balls.sum(product, axes=tuple(range(product.ndim))))
    return total
