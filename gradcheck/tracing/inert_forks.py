"""Forks that cannot matter: selections between equal numbers whose result has an adjoint of 0."""

from collections.abc import Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.derivative import adjoints_of
from gradcheck.tracing.session import Run


def inert(current: Run, cotangents: Sequence[Array]) -> set[int]:
    """Numbers of the decisions that only chose between equal values with an adjoint of 0."""
    decisions = current.trace.decisions
    candidates = [k for k, d in enumerate(decisions) if d.contested and not d.escaped]
    if not candidates:
        return set()
    adjoints, _ = adjoints_of(current, cotangents)
    balls = current.trace.balls
    sizes: dict[int, tuple[Array, Array]] = {}
    largest = 0.0
    for adjoint in adjoints:
        if adjoint is not None:
            middle = np.abs(balls.midpoint(adjoint))
            largest = max(largest, float(np.max(middle, initial=0.0, where=np.isfinite(middle))))
    found = set()
    for k in candidates:
        zero = True
        for slot, position in decisions[k].contested:
            adjoint = adjoints[slot]
            if adjoint is None:
                continue
            if slot not in sizes:
                sizes[slot] = np.abs(balls.midpoint(adjoint)).ravel(), balls.radius(adjoint).ravel()
            middle, radius = (side[position] for side in sizes[slot])
            if not (middle <= radius and (radius == 0 or radius <= 1e-25 * max(largest, 1e-300))):
                zero = False
                break
        if zero:
            found.add(k)
    return found
