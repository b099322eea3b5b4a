"""Tracing: run a plain NumPy function in other numbers, and read its derivative from that.

`explore` runs a function once on arrays of class `Traced`, which record every operation and hold the exact values as
balls. The record is then evaluated in other numbers. Balls, forward and in reverse, prove every entry of the gradient.
Stochastic arithmetic shows what honest rounding can cost.

    outcomes = explore(f, (x, w), wrt=(0, 1), dtype=np.float32)   # Unsupported: cannot be traced, and why
    outcomes.values                 one Enclosure (midpoint, radius) per output
    admit(outcomes, f(x, w))        reasons why this run does not represent f; () if there are none
    outcomes.vjp(cotangents)        a Derivative: smooth, kink or jump, with an Enclosure per argument
    outcomes.jvp(tangents)          the same per output
    outcomes.rounding(cotangents)   a Rounding: per entry the largest deviation over the stochastic runs, and over
                                        runs with inputs moved by one unit in the last place
    outcomes.rounding_jvp(tangents)     the same for jvp
    outcomes.repeating(cotangents)  per entry the most that roundings can cost if they repeat; also repeating_jvp()
    outcomes.repeating_value        the same for the value
    outcomes.value_spread           per output, the largest deviation of its value over the stochastic runs
    outcomes.adjoints(cotangents)   total adjoints of all outputs, for a function that returns its intermediate results
    outcomes.gradients_around()     J^T u at points near by, where it is not finite at the point itself
    outcomes.prolonged(k)           the same with loops that end on a comparison run k iterations longer, or None

How it works, file by file:

    primitives         one VJP rule per primitive, over any number system
    record             the flat list of primitives; `sweep` goes over it in reverse and forward
    trace              one run being recorded; which comparisons are decided
    traced             the array class, over `storage`; `lifting` converts operands to it
    registry, handlers the NumPy functions that traced arrays support: a table, and files that fill it
    patched_numpy      np.zeros, np.array, float, math and the like, replaced while a function is traced
    held_values        what `gradcheck.held` does in a traced run; `held_runs`: which outcomes agree with it
    session            run a function once; `kept_state` restores what it stored, `location` finds its line
    fork               run every outcome of undecided comparisons; `inert_forks` finds those that cannot matter
    outcomes           what `explore` found: `derivative`, `rounding`, `repeated_rounding`, `nearby`
    replay             the record in stochastic arithmetic, while it is being written
    admission          whether a run in other numbers represents the function itself
"""

# Importing the handlers fills the registry.
from gradcheck.tracing import handlers  # noqa: F401 - importing them fills the registry
from gradcheck.tracing.admission import admit
from gradcheck.tracing.fork import MOST_RUNS, explore
from gradcheck.tracing.outcomes import Derivative, Outcomes, Smoothness
from gradcheck.tracing.rounding import Rounding
from gradcheck.tracing.trace import BecameFloat

__all__ = [
    "MOST_RUNS",
    "BecameFloat",
    "Derivative",
    "Outcomes",
    "Rounding",
    "Smoothness",
    "admit",
    "explore",
]
