"""Whether a run in other numbers represents the function itself."""

from typing import Any

import numpy as np

from gradcheck.numbers.stochastic import unit_roundoff
from gradcheck.tracing.derivative import tangents_of
from gradcheck.tracing.outcomes import Outcomes
from gradcheck.tracing.trace import MARGIN

MOST_DOUBLED = 1_000
"""Maximum number of arrays of a record whose tangents are computed twice more to see that they double."""


def admit(outcomes: Outcomes, value: Any) -> tuple[str, ...]:
    """Reasons not to admit the exact run as evidence; () if it is admitted.

    It is admitted if its value agrees with the function's own up to rounding, if doubling the direction doubles the
    tangent, and if no warning was raised.

    Parameters
    ----------
    value: what the function itself returned at the same arguments: an array, a number, or a tuple or list of them.
    """
    # Doubling shows operations that are not what they seem; a long record repeats those of its beginning.
    short = len(outcomes.first.trace.record.nodes) <= MOST_DOUBLED
    return (*_values(outcomes, value), *(_doubling(outcomes) if short else ()), *outcomes.warnings)


def _values(outcomes: Outcomes, value: Any) -> list[str]:
    parts = list(value) if outcomes.is_tuple and isinstance(value, tuple | list) else [value]
    if len(parts) != len(outcomes.values):
        return [f"the function returns {len(parts)} arrays, its traced run {len(outcomes.values)}"]
    unit = unit_roundoff(outcomes.task.dtype)
    smallest = float(np.finfo(outcomes.task.dtype).smallest_subnormal)
    reasons = []
    for number, (part, exact, spread) in enumerate(zip(parts, outcomes.values, outcomes.value_spread, strict=True)):
        own = np.asarray(part, dtype=np.float64)
        where = f" (output {number})" if outcomes.is_tuple else ""
        if own.shape != exact.shape:
            reasons.append(f"the function returns shape {own.shape}, its traced run {exact.shape}{where}")
            continue
        allowed = MARGIN * (spread + unit * np.abs(exact.midpoint) + smallest) + exact.radius
        same = np.isnan(own) & np.isnan(exact.midpoint)
        same |= own == exact.midpoint
        with np.errstate(invalid="ignore"):
            same |= np.abs(own - exact.midpoint) <= allowed
        if not same.all():
            entry = np.unravel_index(int(np.argmin(same)), own.shape)
            reasons.append(
                f"the function's own value {own[entry]:.17g} is not the exact {exact.midpoint[entry]:.17g} to within "
                f"rounding ({allowed[entry]:.1e}){where}"
            )
    return reasons


def _doubling(outcomes: Outcomes) -> list[str]:
    balls = outcomes.balls
    random = np.random.default_rng(outcomes.task.seed + 4)
    directions = [random.standard_normal(x.shape) for x in outcomes.task.inputs]
    with balls.working(outcomes.bits):
        once = tangents_of(outcomes.first, directions)
        twice = tangents_of(outcomes.first, [2 * d for d in directions])
        for one, two in zip(once, twice, strict=True):
            finite = np.isfinite(balls.midpoint(one))
            if not balls.overlap(balls.add(one, one)[finite], two[finite]):
                return ["doubling the direction does not double the tangent"]
    return []
