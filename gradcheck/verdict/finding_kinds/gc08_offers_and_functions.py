"""Kinds of findings: what a subject offers (GC08x), answers about functions (GC09x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import fatal, note, undecided, warning

ROWS = (
    fatal(
        "GC080",
        "not offered",
        "the subject does not offer {ops}: OPS in its file does not name it, and this case has to be answered",
        "A file that says OPS = {...} is asked for these ops alone; cases with others are listed and not counted. Here "
        "the case has to be answered all the same: because of --require-ops, or because it has an `expect`. Add the op "
        "to the engine and to its OPS, or ask for less.",
    ),
    note(
        "GC081",
        "single precision",
        "the answer is right to what float32 arithmetic gives (about 7 digits), and its wrong numbers are float32 "
        'numbers: if float32 is meant, say DTYPE = "float32" in the subject\'s file, or --dtype float32',
        "The case is posed in float64, where about 16 digits are expected. An engine that computes in float32 somewhere, "
        "perhaps in one buffer alone, keeps 7. With DTYPE or --dtype the same cases are posed in float32, and judged by "
        "what rounding costs there.",
    ),
    warning(
        "GC090",
        "another form",
        "the gradient of {block} should be {wanted}, got {came}; its numbers were compared all the same",
        "A float32 function that divides by np.sqrt(4) answers in float64 under NumPy 2, and a sum with keepdims has an "
        "axis more. The numbers may be right, but code that uses them may broadcast or run slower.",
    ),
    note(
        "GC091",
        "reseeds the global generator",
        "{who} seeds NumPy's global generator; its state was put back after the check",
        "So dropout gets the same mask forward and backward. It also changes what everybody else draws: a generator of "
        "your own, numpy.random.default_rng(seed), does not.",
    ),
    warning(
        "GC092",
        "agrees to many digits",
        "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: it agrees to {digits} "
        "digits, and {why}",
        "Exact arithmetic would give more digits. What f approximates, and what it computes, differ by as much.",
    ),
    undecided(
        "GC093",
        "agrees to some digits only",
        "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: it agrees to {digits} "
        "digits only{also}; say accuracy={accuracy} if f or its gradient is approximate on purpose, "
        "interest={interest} if an error as small as this matters",
        "The error is beyond rounding and below what matters, and no mistake that is known reproduces it: a solver's "
        "tolerance, a series cut short or differences leave such errors, and so may a mistake.",
    ),
    note(
        "GC095",
        "left out for want of time",
        "the budget of {seconds} s was not enough for {what}",
        "The point given comes first, then whatever time is left for. What was left out was not looked at and counts "
        "neither way: budget= (in seconds) gives more.",
    ),
    warning(
        "GC096",
        "not finite elsewhere",
        "with {where} the derivative answers {subject} for {block}{entry}, where {truth} is right",
        "f is smooth there, and the derivative's formula is 0/0 or inf/inf: it divides by an input (prod(x) / x), or an "
        "exponential in it overflows. Multiply the other factors, or write it so that nothing overflows. If f is not "
        "meant for such a point, say domain=, or elsewhere=False.",
    ),
)
