"""Whether a gradient stops growing. The subject is asked for d * (x / 2), at slopes d from small to large."""

from __future__ import annotations

from gradcheck.diagnosis.naming.path_counts import gradient
from gradcheck.faults.catalogue import fault
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.answer import Subject

NEEDED = frozenset({"mul"})
SLOPES = tuple(2.0**k for k in range(-6, 13, 2))
FLAT = 3
"""Minimum number of slopes at which the gradient is the same."""


def clipping(subject: Subject, known: frozenset[str]) -> tuple[Fault | None, str]:
    """F83 for gradients that are right up to some size and stay at it beyond; `known` are ops it may be asked for."""
    if not known >= NEEDED:
        return None, ""
    limits = set[float]()
    for sign in (1.0, -1.0):
        slopes = [_slope(subject, sign * d) for d in SLOPES]
        grows = sum(g == sign * d / 2.0 for g, d in zip(slopes, SLOPES, strict=True))
        flat = set(slopes[grows:])
        if not 0 < grows <= len(SLOPES) - FLAT or len(flat) != 1 or None in flat:
            return None, ""
        limits |= {abs(g) for g in flat if g is not None}
    if len(limits) != 1:
        return None, ""
    return fault("F83"), f"gets the gradient of d x / 2 for small d, and never more than {limits.pop():g}:"


def _slope(subject: Subject, d: float) -> float | None:
    build = GraphBuilder()
    graph = build.graph(build.constant(d) * (build.constant(0.5) * build.parameter("x")))
    slopes = gradient(subject, Case("slope", graph, {"x": 1.0}))
    return None if slopes is None else slopes["x"]
