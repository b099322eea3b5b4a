"""Tracing: run a plain NumPy function in other numbers, and read its derivative from that.

`explore` traces a function: it runs once on arrays that write down what is computed with them (`Traced`), and carry the
exact value in balls. The record is then evaluated in other numbers: in balls forward and in reverse, which proves every
entry of the gradient, and in stochastic arithmetic, which shows what honest rounding can cost.

    outcomes = explore(f, (x, w), wrt=(0, 1), dtype=np.float32)   # Unsupported: cannot be traced, and why
    outcomes.values                 one Enclosure (midpoint, radius) per output
    admit(outcomes, f(x, w))        reasons why this run may not speak for f; () if there is none
    outcomes.vjp(cotangents)        a Derivative: smooth, kink or jump, with an Enclosure per argument
    outcomes.jvp(tangents)          the same per output
    outcomes.rounding(cotangents)   a Rounding: per entry the largest deviation over the stochastic runs, and over runs
    outcomes.rounding_jvp(tangents)     whose inputs moved by one unit in the last place
    outcomes.repeating(cotangents)  per entry the most that roundings can cost if they repeat; also repeating_jvp(),
    outcomes.repeating_value            and that of the value
    outcomes.value_spread           per output, the largest deviation of its value over the stochastic runs
    outcomes.adjoints(cotangents)   total adjoints of all outputs, for a function that returns its intermediate results
    outcomes.gradients_around()     J^T u at points near by, where it is not finite at the point itself
    outcomes.across(tried, most)    points at which a comparison comes out otherwise, and did at none of those tried
    outcomes.prolonged(k)           the same with loops that end on a comparison run k iterations longer, or None

How it works, file by file:

    primitives         one VJP rule per primitive, over any number system
    record             the flat list of primitives; `sweep` goes over it in reverse and forward
    trace              one run being recorded; which comparisons are decided
    traced             the array class, over `storage`; `lifting` makes one of anything that can be an operand
    registry, handlers what traced arrays answer when NumPy asks: a table, and the files that fill it
    patched_numpy      np.zeros, np.array, float, math and the like, replaced while a function is traced
    session            run a function once, and put back what it keeps (`kept_state`); `location` of a user's line
    fork               every outcome of undecided comparisons; `inert_forks`, those that cannot matter
    outcomes           what came out: `derivative`, `rounding`, `repeated_rounding`, `nearby`, `branch_crossing`
    replay             the record in stochastic arithmetic, while it is being written
    admission          whether a run in other numbers may speak for the function itself
"""

# Importing the handlers fills the registry.
from gradcheck.tracing import handlers  # noqa: F401
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
