"""Whether a run in other numbers represents the function itself."""

from typing import Any

import numpy as np

from gradcheck.numbers.stochastic import Floats, unit_roundoff
from gradcheck.tracing.outcomes import Outcomes
from gradcheck.tracing.sweep import forward
from gradcheck.tracing.trace import MARGIN

MOST_DOUBLED = 1_000
"""Maximum number of arrays of a record whose tangents are computed twice more to see that they double."""
DOUBLES = 2.0**-40
"""Maximum relative distance of the tangent of a doubled direction from twice the tangent."""


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
            off = np.abs(own - exact.midpoint)
            if own.shape == () and len(parts) == 1 and not same and off > allowed:
                allowed = allowed + outcomes.repeating_value  # a loop may round the same way in every turn
            same |= off <= allowed
        if not same.all():
            entry = np.unravel_index(int(np.argmin(same)), own.shape)
            reasons.append(
                f"the function's own value {own[entry]:.17g} is not the exact {exact.midpoint[entry]:.17g} to within "
                f"rounding ({allowed[entry]:.1e}){where}"
            )
    return reasons


def _doubling(outcomes: Outcomes) -> list[str]:
    """In floats, where what is linear doubles to the last bit: two sweeps in balls took a third of an analysis."""
    record, task = outcomes.first.trace.record, outcomes.task
    random = np.random.default_rng(task.seed + 4)
    directions = [random.standard_normal(x.shape).astype(np.longdouble) for x in task.inputs]
    points = [x.astype(np.longdouble)[..., None] for x in task.inputs]
    with np.errstate(all="ignore"):
        pairs = forward(Floats(task.dtype, 0, 2), record, points, [np.stack([d, 2 * d], axis=-1) for d in directions])
        for slot in record.outputs:
            if (tangent := pairs[slot].tangent) is None:
                continue
            both = np.broadcast_to(tangent, (*record.nodes[slot].shape, 2))
            one, two = both[..., 0], both[..., 1]
            if not np.all(np.abs(two - 2 * one)[np.isfinite(one)] <= DOUBLES * np.abs(two)[np.isfinite(one)]):
                return ["doubling the direction does not double the tangent"]
    return []
