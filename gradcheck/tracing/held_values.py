"""Values that a function holds (`gradcheck.held`) while it is traced: no derivative passes them."""

from typing import Any

from gradcheck.holding import Rule
from gradcheck.tracing.complex_traced import ComplexTraced, is_complex, parts
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import Traced


def rule(trace: Trace) -> Rule:
    """What `held` does in a traced run: the same numbers, exact and rounded as before, in a node that does not vary."""

    def hold(value: Any) -> Any:
        slots: list[int] = []
        answer = _hold(trace, value, slots)
        trace.held.append(slots)
        return answer

    return hold


def _hold(trace: Trace, value: Any, slots: list[int]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)([_hold(trace, part, slots) for part in value])
    if isinstance(value, dict):
        return {key: _hold(trace, part, slots) for key, part in value.items()}
    if not contains_traced(value):
        return value
    if is_complex(value):
        return ComplexTraced(*(_hold(trace, part, slots) for part in parts(value)))
    x = lift(trace, value)
    slots.append(trace.hold(x.slot))
    return Traced(trace, slots[-1], weak=x.weak, scalar=x.scalar, dtype=x.dtype)
