"""A first-order bound on what roundings can cost a derivative if they repeat, whatever signs they have.

Adding one constant over and over rounds the same way every time, so that n errors add up like n. Errors drawn at random
add up like sqrt(n) and underestimate that. Here every rounding has its largest size and its worst sign.

A derivative g = <c, J t>, the cotangent c times the Jacobian times a direction t, is itself the output of a program:
the values v_i, forward, and the adjoints a_i, in reverse. Let a dot be the derivative along t. Moving v_i by d changes
g by (dot a_i) d, since mixed second derivatives commute; moving a_i by d changes it by (dot v_i) d. With the unit
roundoff u and the number of roundings k of each operation,

    |error of g|  <=  sum_i  k_i u |dot a_i| |v_i|  +  sum over messages m to node i  k_m u |dot v_i| |m|      + O(u^2)

With |a_i| in place of |dot a_i|, and without the second sum, it bounds the error of the value <c, f>. The adjoints
account for cancellation. So the bound does not grow where errors cancel, unlike intervals.

Sources: Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16 (1976); Iri, "Simultaneous
computation of functions, partial derivatives and estimates of rounding errors", Japan J. Appl. Math. 1 (1984); Higham,
"Accuracy and Stability of Numerical Algorithms" (2002), chapters 3 and 4.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.numbers.arithmetic import Array, Shape
from gradcheck.numbers.dual import Dual, Duals
from gradcheck.numbers.stochastic import Floats
from gradcheck.tracing import derivative, sweep
from gradcheck.tracing.session import Run

ROUNDINGS: Mapping[str, tuple[int, int]] = {
    "add": (1, 0),
    "sub": (1, 0),
    "neg": (0, 0),
    "held": (0, 0),
    "mul": (1, 1),
    "div": (1, 2),
    "sum": (1, 0),
    "cumsum": (1, 1),
    "matmul": (1, 1),
    "gather": (0, 1),
    "scatter": (1, 0),
}
"""Number of roundings of a primitive's value, and of a message through it. Roundings between the terms of one sum are
left to the stochastic runs, because the order of a sum is free."""
FORMULA = (4, 4)
"""The same for every other primitive: a formula of a sigmoid rounds a few times, a library's exp once or twice."""
MOST_NUMBERS = 4_000_000
"""Maximum number of floats in one sweep: the record's entries times the directions taken together."""
MOST_WORK = 10_000_000
"""Maximum work, entries of the record times entries of the derivative that are asked for, before entries share random
directions; some three seconds."""
SAMPLES = 16
"""Number of random directions that entries share."""


def repeating_of_value(run: Run, cotangents: Sequence[Array]) -> float:
    """The bound on the error of <c, f>, from one reverse sweep."""
    floats = Floats(run.trace.floats.dtype, 0, 1)
    record = run.trace.record
    with np.errstate(all="ignore"):
        values = record.forward(floats, _inputs(run))
        seeds = derivative.seeds_of(run, floats, cotangents)
        _, masked = derivative.adjoints_of(run, cotangents)
        adjoints = sweep.reverse(floats, record, values, seeds, masked=masked, constants=True)
        return float(sum(_forward(run, floats, values, adjoints, lambda a: a, lambda v: v), np.zeros(1))[0])


def repeating_of_vjp(
    run: Run, cotangents: Sequence[Array], wanted: Sequence[Array] | None = None
) -> tuple[NDArray[np.float64], ...]:
    """The bound per entry of J^T u, one array per input.

    `wanted` are the entries to bound, a mask per input; the others may stay NaN. Without it all are bounded. If a
    direction for each of them takes too long, it is an estimate from random signs (see `_shared`).
    """
    record = run.trace.record
    adjoints, masked = derivative.adjoints_of(run, cotangents)
    gradient = [np.abs(run.trace.balls.longdouble(g)) for g in derivative.gradients(run, adjoints)]
    shapes = [record.nodes[slot].shape for slot in record.inputs]

    def along(columns: Array) -> NDArray[np.float64]:
        floats = Floats(run.trace.floats.dtype, 0, columns.shape[1])
        seeds = derivative.seeds_of(run, Duals(floats), cotangents)
        return _bound(run, floats, _split(columns.astype(floats.carrier), shapes), seeds, masked=masked)

    return _over_entries(run, gradient, along, wanted)


def repeating_of_jvp(
    run: Run, tangents: Sequence[Array | None], wanted: Sequence[Array] | None = None
) -> tuple[NDArray[np.float64], ...]:
    """The bound per entry of J v, one array per output; `wanted`, a mask for each, as for `repeating_of_vjp`."""
    found = [np.abs(run.trace.balls.longdouble(t)) for t in derivative.tangents_of(run, tangents)]
    shapes = [run.trace.record.nodes[slot].shape for slot in run.outputs]

    def along(columns: Array) -> NDArray[np.float64]:
        floats = Floats(run.trace.floats.dtype, 0, columns.shape[1])
        duals, seeds = Duals(floats), dict[int, Any]()
        for slot, part in zip(run.outputs, _split(columns.astype(floats.carrier), shapes), strict=True):
            seed = Dual(part, None)
            seeds[slot] = duals.add(seeds[slot], seed) if slot in seeds else seed
        given = [None if t is None else floats.constant(np.asarray(t)) for t in tangents]
        return _bound(run, floats, given, seeds, masked=True)

    return _over_entries(run, found, along, wanted)


def _over_entries(
    run: Run,
    values: Sequence[Array],
    along: Callable[[Array], NDArray[np.float64]],
    wanted: Sequence[Array] | None,
) -> tuple[NDArray[np.float64], ...]:
    """The bound of the wanted entries of `values` (magnitudes), else of all; NaN for those not bounded.

    `along` gives the bounds of directions, one per column.
    """
    shapes, size = [v.shape for v in values], sum(v.size for v in values)
    asked = np.arange(size) if wanted is None else np.flatnonzero(np.concatenate([w.ravel() for w in wanted]))
    entries = max(run.trace.record.entries, 1)
    if len(asked) * entries > MOST_WORK:
        return _shared(values, along)
    together, bounds = max(1, MOST_NUMBERS // entries), np.full(size, np.nan)
    for start in range(0, len(asked), together):
        chosen = asked[start : start + together]
        columns = np.zeros((size, len(chosen)))
        columns[chosen, np.arange(len(chosen))] = 1.0
        bounds[chosen] = along(columns)
    return tuple(_split(bounds, shapes))


def _shared(values: Sequence[Array], along: Callable[[Array], NDArray[np.float64]]) -> tuple[NDArray[np.float64], ...]:
    """Bounds estimated from random signs, in the root mean square over all entries, relative to each block's own.

    The root mean square of a sum over r with random signs r is the norm of its terms; by Minkowski's inequality the
    norm of the bounds is no more than the sum of the norms of the single effects. The mean of |z| for a normal z is
    sqrt(2 / pi) of its standard deviation. Entries above their block's root mean square get a bound in proportion.
    """
    scales = [float(np.sqrt(np.mean(np.square(v)))) if v.size else 0.0 for v in values]
    scales = [s if 0 < s < np.inf else 1.0 for s in scales]
    size = sum(v.size for v in values)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(size, SAMPLES))
    inverse = np.concatenate([np.full(v.size, 1 / s) for v, s in zip(values, scales, strict=True)])
    level = float(np.sqrt(np.pi / 2) * np.mean(along(signs * inverse[:, None])) / np.sqrt(size))
    return tuple(level * np.maximum(s, v.astype(np.float64)) for v, s in zip(values, scales, strict=True))


def _split(flat: Array, shapes: Sequence[Shape]) -> list[Array]:
    """Consecutive rows of `flat`, an array of each shape; a further axis stays."""
    ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
    rows = zip(ends[:-1], ends[1:], shapes, strict=True)
    return [flat[start:end].reshape((*shape, *flat.shape[1:])) for start, end, shape in rows]


def _bound(
    run: Run, floats: Floats, tangents: Sequence[Array | None], seeds: Mapping[int, Any], *, masked: bool
) -> NDArray[np.float64]:
    """The bound per run of `floats`, by a reverse sweep in dual numbers."""
    record = run.trace.record
    total = np.zeros(floats.runs)
    with np.errstate(all="ignore"):
        values = sweep.forward(floats, record, _inputs(run), tangents)

        def message(slot: int, argument: int, contribution: Dual, added: Dual | None) -> None:
            moved = values[argument].tangent
            if moved is None:
                return
            roundings = ROUNDINGS.get(record.nodes[slot].primitive, FORMULA)[1]
            size = roundings * np.abs(contribution.value)
            if added is not None:
                size = size + np.abs(added.value)
            np.add(total, _effect(floats, moved, size), out=total)

        adjoints = sweep.reverse(Duals(floats), record, values, seeds, masked=masked, constants=True, visit=message)
        for term in _forward(run, floats, values, adjoints, lambda a: a.tangent, lambda v: v.value):
            np.add(total, term, out=total)
    return total


def _forward(
    run: Run,
    floats: Floats,
    values: Sequence[Any],
    adjoints: Sequence[Any | None],
    weight: Callable[[Any], Array | None],
    size: Callable[[Any], Array],
) -> Iterator[NDArray[np.float64]]:
    """The effect of rounding each computed value."""
    for node, value, adjoint in zip(run.trace.record.nodes, values, adjoints, strict=True):
        if not node.args or adjoint is None or (moved := weight(adjoint)) is None:
            continue
        if roundings := ROUNDINGS.get(node.primitive, FORMULA)[0]:
            floats.enter(node.dtype)
            yield _effect(floats, moved, roundings * np.abs(size(value)))


def _effect(floats: Floats, weight: Array, size: Array) -> NDArray[np.float64]:
    """unit * sum |weight| |size| over the entries, per run; what is not finite is left to the stochastic runs."""
    terms = np.abs(weight) * size
    terms = np.where(np.isfinite(terms), terms, 0.0)
    return np.asarray(floats.unit * np.sum(terms, axis=tuple(range(terms.ndim - 1))), dtype=np.float64)


def _inputs(run: Run) -> list[Array]:
    """The values of the inputs, the same for all runs."""
    trace = run.trace
    return [trace.balls.longdouble(trace.values[slot])[..., None] for slot in trace.record.inputs]
