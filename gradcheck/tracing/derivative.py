"""Derivatives of one finished run, in balls: in reverse, forward, and a check of one by the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.errors import HarnessFault
from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.ball import Enclosure
from gradcheck.tracing import sweep
from gradcheck.tracing.session import Run


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


def adjoints_of_constants_too(run: Run, cotangents: Sequence[Array]) -> list[Any | None]:
    """Adjoints of all nodes in balls, of those that do not vary as well."""
    trace = run.trace
    return sweep.reverse(
        trace.balls, trace.record, trace.values, seeds_of(run, trace.balls, cotangents), constants=True
    )


def seeds_of(run: Run, numbers: Any, cotangents: Sequence[Array]) -> dict[int, Any]:
    """Cotangents by slot, added up where one node is several outputs; ValueError for a wrong shape."""
    seeds: dict[int, Any] = {}
    for slot, cotangent in zip(run.outputs, cotangents, strict=True):
        shape = run.trace.record.nodes[slot].shape
        if np.shape(cotangent) != shape:
            raise ValueError(f"a cotangent of shape {np.shape(cotangent)} was given for an output of shape {shape}")
        array = numbers.constant(np.asarray(cotangent))
        seeds[slot] = numbers.add(seeds[slot], array) if slot in seeds else array
    return seeds


def gradients(run: Run, adjoints: Sequence[Any | None]) -> list[Array]:
    """The adjoints of the inputs, as arrays of balls; exact zeros for an input without influence."""
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


@dataclass(frozen=True)
class Crossing:
    """u^T J v of a smooth run, computed by the other sweep than the derivative, to check it.

    Attributes
    ----------
    directions: per part of the derivative, an array of its shape: v for J^T u, u for J v.
    number: the sum over all parts of <derivative, direction>, enclosed.
    """

    directions: tuple[Array, ...]
    number: Enclosure


def cross_check(run: Run, cotangents: Sequence[Array], gradient: Sequence[Array], seed: int) -> Crossing | None:
    """Compare u . (J v), by dual numbers, with (J^T u) . v, by the reverse sweep, for a random direction v.

    Entries whose derivative is not finite are left out of v. Returns None if an intermediate derivative is infinite.

    Raises HarnessFault if the two balls do not meet.
    """
    random = np.random.default_rng(seed)
    directions = _finite(run, gradient, [random.standard_normal(array.shape) for array in gradient])
    outputs = tangents_of(run, directions)
    return _crossing(run, "reverse", gradient, directions, cotangents, outputs)


def cross_check_forward(
    run: Run, tangents: Sequence[Array | None], found: Sequence[Array], seed: int
) -> Crossing | None:
    """Compare (J v) . u, by dual numbers, with v . (J^T u), by the reverse sweep, for a random cotangent u.

    `found` is J v for v = `tangents`. Returns and raises as `cross_check`.
    """
    directions = _finite(run, found, probe(run, None, seed))
    adjoints, _ = adjoints_of(run, directions)
    given = [
        np.zeros(run.trace.record.nodes[slot].shape) if t is None else np.asarray(t)
        for slot, t in zip(run.trace.record.inputs, tangents, strict=True)
    ]
    return _crossing(run, "forward", found, directions, given, gradients(run, adjoints))


def probe(run: Run, cotangents: Sequence[Array] | None, seed: int) -> list[Array]:
    """The cotangents to explore with: those given, or 1 for one scalar output, else random ones."""
    shapes = [run.trace.record.nodes[slot].shape for slot in run.outputs]
    if cotangents is not None:
        return [np.asarray(c) for c in cotangents]
    if shapes == [()]:
        return [np.ones(())]
    random = np.random.default_rng(seed)
    return [random.standard_normal(shape) for shape in shapes]


def _finite(run: Run, parts: Sequence[Array], directions: Sequence[Array]) -> list[Array]:
    """The directions, with 0 where a part is not finite."""
    middles = [run.trace.balls.midpoint(part) for part in parts]
    return [np.where(np.isfinite(m), d, 0.0) for m, d in zip(middles, directions, strict=True)]


def _crossing(
    run: Run,
    sweep_used: str,
    parts: Sequence[Array],
    directions: Sequence[Array],
    weights: Sequence[Array],
    others: Sequence[Array],
) -> Crossing | None:
    """Compare <parts, directions> with <weights, others>, where `others` comes from the other sweep."""
    balls = run.trace.balls
    across = _inner(balls, [balls.constant(np.asarray(w)) for w in weights], others)
    known = [balls.keep(p, d != 0) for p, d in zip(parts, directions, strict=True)]
    along = _inner(balls, known, [balls.constant(d) for d in directions])
    if not np.all(np.isfinite([balls.midpoint(across), balls.midpoint(along)])):
        return None  # an intermediate derivative is infinite, such as that of sqrt at 0
    if not balls.overlap(across, along):
        other = "forward" if sweep_used == "reverse" else "reverse"
        raise HarnessFault(
            "the reverse and the forward sweep of the exact oracle contradict each other along one direction: "
            f"{float(balls.midpoint(along)):.17g} by the {sweep_used} sweep, "
            f"{float(balls.midpoint(across)):.17g} by the {other} one"
        )
    return Crossing(tuple(directions), balls.enclosure(across))


def _inner(balls: Any, left: Sequence[Array], right: Sequence[Array]) -> Any:
    total = balls.constant(np.zeros(()))
    for a, b in zip(left, right, strict=True):
        product = balls.mul(a, b)
        total = balls.add(total, balls.sum(product, axes=tuple(range(product.ndim))))
    return total
