"""Number systems: run a plain NumPy function in other numbers, and read its derivative from that.

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

    arithmetic   the operations that every number system offers; `ball`, `stochastic` and `dual` offer them
    ball         arrays of balls over those of python-flint (`flint_balls`)
    stochastic   floats in which every operation rounds at random, many runs at once; `replay`, `rounding`
    repeating    the bound of first order for roundings that repeat
    dual         value and tangent, over any number system
    primitives   one VJP rule per primitive, over any number system
    record       the flat list of primitives; `sweep` goes over it in reverse and forward
    trace        one run being recorded; which comparisons are decided
    traced       the array class; `storage`, `methods`, `calls`, `lifting`, and what fills `tables`
    patched      np.zeros, np.array, float, math and the like, replaced while a function is traced
    session      run a function once; `fork` every outcome of undecided comparisons; `inert` those that cannot matter
    outcome      what came out; `derivative`, `nearby`, `across`, `admission`
    symbol(s)    formulas
"""

# Importing these fills the tables of what traced arrays answer.
from gradcheck.numbers import (  # noqa: F401
    buffers,
    comparison,
    contraction,
    elementwise,
    extremes,
    linear_algebra,
    methods,
    reductions,
    selection,
    sorting,
    special,
    statistics,
    steps,
    structure,
)
from gradcheck.numbers.admission import admit
from gradcheck.numbers.ball import Balls, Enclosure
from gradcheck.numbers.fork import MOST_RUNS, explore
from gradcheck.numbers.outcome import Derivative, Outcomes, Smoothness
from gradcheck.numbers.rounding import Rounding
from gradcheck.numbers.trace import BecameFloat

__all__ = [
    "MOST_RUNS",
    "Balls",
    "BecameFloat",
    "Derivative",
    "Enclosure",
    "Outcomes",
    "Rounding",
    "Smoothness",
    "admit",
    "explore",
]
