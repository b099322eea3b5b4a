"""Proof that a record has values all along a segment: in balls that hold a whole piece of it.

A piece whose balls leave out every edge of a domain is proven; one that does not is halved. What is left after many
halvings touches an edge, or comes as near to it as makes no difference.
"""

from collections.abc import Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.ball import Balls
from gradcheck.routes.guards import edge_of, folds, has_edge
from gradcheck.tracing.session import Run

BITS = 64
"""Precision of the balls: pieces are wide, and more bits would tell nothing."""
MOST_PIECES = 256
"""Maximum number of pieces looked at."""
MOST_BALLS = 200_000
"""Maximum number of balls computed, about a second's work: entries of the record times pieces."""
FEWEST = 8
"""Number of pieces below which it is not begun."""
HALVINGS = 26
"""Number of halvings after which a piece counts as one that touches an edge."""


def proven(run: Run, start: Sequence[Array], end: Sequence[Array]) -> bool | None:
    """Whether no edge of a domain lies on a segment; None if balls cannot tell, or not in so many pieces.

    Entries that lie on an edge at the start, or have no value there, are no matter of the path, nor is what `folds`.
    """
    record, balls = run.trace.record, run.trace.balls
    edges = [slot for slot, node in enumerate(record.nodes) if node.varies and has_edge(node)]
    if not edges:
        return True
    most = min(MOST_PIECES, MOST_BALLS // max(record.entries, 1))
    if most < FEWEST:
        return None
    with balls.working(BITS):
        folded = folds(record, run.trace.compared)
        across = [slot for slot, entries in folded.items() if np.any(entries)]
        if any(has_edge(node) for slot in across for node in record.computed_from(slot)):
            return None  # a ball that holds 0 has no root, and nothing computed of it a bound
        matters = [_clear(balls, e) for e in _edges(run, edges, start, end, 0.0, 0.0)]
        matters = [m & ~folded[k].reshape(m.shape) if k in folded else m for k, m in zip(edges, matters, strict=True)]
        waiting, looked = [(0.0, 1.0, 0)], 0
        while waiting:
            low, high, depth = waiting.pop()
            looked += 1
            if looked > most:
                return None
            found = _edges(run, edges, start, end, low, high)
            if all(np.all(_clear(balls, e) | ~m) for e, m in zip(found, matters, strict=True)):
                continue
            if depth >= HALVINGS:
                return False
            middle = (low + high) / 2
            waiting += [(middle, high, depth + 1), (low, middle, depth + 1)]
    return True


def _edges(
    run: Run, slots: Sequence[int], start: Sequence[Array], end: Sequence[Array], low: float, high: float
) -> list[Array]:
    """What must not be 0, in balls, on the piece between two shares of the way."""
    record, balls = run.trace.record, run.trace.balls
    share = balls.between(low, high)
    inputs = []
    for a, b in zip(start, end, strict=True):
        first = balls.constant(np.asarray(a, float))
        inputs.append(balls.add(first, balls.mul(balls.constant(np.asarray(b - a, float)), share)))
    values = record.forward(balls, inputs)
    return [edge_of(slot, record.nodes[slot], values) for slot in slots]


def _clear(balls: Balls, edge: Array) -> Array:
    """Where balls leave out 0 and are finite."""
    middle, radius = balls.midpoint(edge), balls.radius(edge)
    return np.asarray(np.isfinite(middle) & np.isfinite(radius) & (np.abs(middle) > radius))
