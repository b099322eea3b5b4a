"""Points at which different mistakes give different numbers: distinct, short, and exact in float32.

At 2 the results of 2 + 2, 2 * 2 and 2 ** 2 are equal, and at 1 most rules agree. So no value here is 0, 1, -1 or a
power of two other than 2, and no two entries of a point have the same magnitude. Every value is a multiple of 1/16, so
that float32 holds it exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import islice, permutations

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.problem.case import Case
from gradcheck.problem.graph import Graph
from gradcheck.problem.ops import OPS, Array
from gradcheck.strategies.comfort import LARGE, MARGIN, Comfort
from gradcheck.strategies.pick import picker
from gradcheck.strategies.smaller import MOVERS, PLAIN_OPS, Sketch

POSITIVE: tuple[float, ...] = (3.0, 5.0, 2.0, 7.0, 1.5, 0.75, 2.5, 0.375, 0.625)
NEGATIVE: tuple[float, ...] = (-1.5, -0.75, -3.0, -2.5, -0.375)
"""Values for few entries, the plainest first."""
FURTHER: tuple[float, ...] = (3.5, 1.25, 1.75, 2.25, 4.5, 2.75, 3.25)
"""More values, for arrays; after these come odd eighths."""

FEW = 3
"""Maximum number of entries of a point for which arrangements are tried in order, the plainest first."""
TRIES = 400
"""Maximum number of arrangements tried, once without and once with negative values."""
GRID = 16
"""Values are multiples of 1 / GRID."""


def telling_points(case: Case, count: int) -> list[Case]:
    """The case at up to `count` points of distinct values at which every op is comfortable and away from kinks.

    A third of them have negative entries. Constants change as well; names are new. Empty if no such point was
    found.
    """
    sketch = Sketch.of(case if isinstance(case.problem, Graph) else replace(case, problem=case.graph))
    entries = sum(value.size for value, a in zip(sketch.values, sketch.arguments, strict=True) if not a)
    found: list[Case] = []
    for choices, most in ((_arranged(entries, False), count - count // 3), (_arranged(entries, True), count // 3)):
        fit = (made for values in islice(choices, TRIES) if (made := _at(sketch, case, values)) is not None)
        found += islice(fit, most)
    return found


def with_own_operands(case: Case) -> Case | None:
    """The case of one op whose operands are one and the same leaf, with a leaf of its own for each: a - b for a - a.

    None for any other graph (a sum or the like, to make a loss of an array, may follow).
    """
    sketch = Sketch.of(case)
    leaves = [i for i, arguments in enumerate(sketch.arguments) if not arguments]
    ops = [i for i, op in enumerate(sketch.ops) if i not in leaves and op not in MOVERS]
    if len(ops) != 1 or len(leaves) != 1 or sketch.arguments[ops[0]] != (leaves[0],) * 2:
        return None
    after = {i: i + 1 for i in range(len(sketch.ops)) if i not in leaves}
    apart = replace(
        sketch,
        ops=(sketch.ops[0], *sketch.ops),
        arguments=tuple(
            (0, 1) if i - 1 == ops[0] else tuple(after[j] for j in sketch.arguments[i - 1]) if i > 1 else ()
            for i in range(len(sketch.ops) + 1)
        ),
        attributes={after[i]: given for i, given in sketch.attributes.items()},
        values=(sketch.values[0], *sketch.values),
        loss=after[sketch.loss],
    )
    return _evaluated(apart, case)


def with_other_ops(case: Case) -> Iterator[Case]:
    """The case with one op replaced by a plain one with as many operands; element-wise ops only.

    For graphs whose gradient is 0 at every point, such as x - x.
    """
    sketch = Sketch.of(case)
    for node, op in enumerate(sketch.ops):
        for other in PLAIN_OPS:
            if op in OPS and op != other and OPS[op].elementwise and OPS[op].arity == OPS[other].arity:
                if not OPS[other].elementwise:
                    continue
                attributes = {i: given for i, given in sketch.attributes.items() if i != node}
                ops = (*sketch.ops[:node], other, *sketch.ops[node + 1 :])
                if made := _evaluated(replace(sketch, ops=ops, attributes=attributes), case):
                    yield made


def on_grid(case: Case) -> Case:
    """The case with every leaf moved to a multiple of 1/16 (never to 0), which float32 holds exactly.

    The case itself if all are multiples already, or if an op would leave its domain.
    """
    if exact_in_float32(case):
        return case
    sketch = Sketch.of(case)
    values = tuple(
        _snapped(value) if not arguments else value
        for value, arguments in zip(sketch.values, sketch.arguments, strict=True)
    )
    return _evaluated(replace(sketch, values=values), case) or case


def in_float32(case: Case) -> Case:
    """The case with every leaf rounded to float32; values out of its range stay as they are."""
    sketch = Sketch.of(case)
    values = tuple(
        np.where(_ordinary(value), np.where(_ordinary(value), value, 0.0).astype(np.float32), value)
        if not arguments
        else value
        for value, arguments in zip(sketch.values, sketch.arguments, strict=True)
    )
    return _evaluated(replace(sketch, values=values), case) or case


def exact_in_float32(case: Case) -> bool:
    """Whether float32 holds every value that the graph starts from, except those out of its range."""
    arrays = [np.asarray(a) for a in (*case.point.values(), *case.graph.constants.values())]
    return all(np.array_equal(a[_ordinary(a)], a[_ordinary(a)].astype(np.float32)) for a in arrays)


def _ordinary(value: Array) -> Array:
    """Which entries float32 holds to full precision: neither too large nor too small."""
    return np.asarray((np.abs(value) < 1e37) & (np.abs(value) > 1e-37))


def _snapped(value: Array) -> Array:
    near = np.round(value * GRID) / GRID
    return np.where(near == 0, np.copysign(1 / GRID, value), near) if np.any(near == 0) else near


def _at(sketch: Sketch, case: Case, values: tuple[float, ...]) -> Case | None:
    """The case with these entries in its leaves, one after the other; None where an op is not comfortable there."""
    given, filled = iter(values), []
    for old, arguments in zip(sketch.values, sketch.arguments, strict=True):
        new = np.reshape(np.array(list(islice(given, old.size))), old.shape) if not arguments else old
        filled.append(new)
    made = _evaluated(replace(sketch, values=tuple(filled)), case)
    return made if made is not None and _comfortable(made) else None


def _evaluated(sketch: Sketch, case: Case) -> Case | None:
    try:
        made = sketch.case(case)
        made.graph.evaluate(made.point)
    except InvalidProblem:
        return None
    return made


def _comfortable(case: Case) -> bool:
    """Whether every node is of ordinary size, away from kinks, and neither steep nor flat; 0 is allowed: -w + w."""
    known, comfort = case.graph.evaluate(case.point), Comfort()
    for node in case.graph.nodes:
        if not node.inputs:
            continue
        row, arguments, value = OPS[node.op], [known[name] for name in node.inputs], known[node.name]
        if not np.all(np.abs(value) <= LARGE):
            return False
        if row.kink is not None and not np.all(row.kink(*arguments, **node.attributes) >= MARGIN):
            return False
        if row.elementwise and row.arity == 1 and not comfort.unary(node.op, arguments[0], node.attributes):
            return False
    return True


def _arranged(entries: int, negative: bool) -> Iterator[tuple[float, ...]]:
    """Values for `entries` entries, distinct in magnitude; with `negative`, some below 0."""
    if entries <= FEW:
        yield from _plainest(entries, negative)
        return
    pool = (*POSITIVE, *FURTHER, *((2 * k + 9) / 8 for k in range(2 * entries)))[: 2 * entries]
    for seed in range(TRIES):
        pick, left = picker(seed), list(pool)
        chosen = [left.pop(pick(len(left))) for _ in range(entries)]
        if negative:
            chosen = [-v if pick(2) else v for v in chosen]
        yield tuple(chosen)


@cache
def _plainest(entries: int, negative: bool) -> tuple[tuple[float, ...], ...]:
    pool = (*POSITIVE, *NEGATIVE) if negative else POSITIVE
    found = [
        values
        for values in permutations(pool, entries)
        if len({abs(v) for v in values}) == entries and (not negative or min(values, default=0.0) < 0)
    ]
    return tuple(sorted(found, key=lambda values: sum(map(pool.index, values))))
