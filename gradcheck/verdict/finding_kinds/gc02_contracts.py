"""Kinds of findings: what an answer must keep to besides its numbers (GC02x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import error

ROWS = (
    error(
        "GC020",
        "mutates its problem",
        "{who} changed {what}, which it was only lent",
        "A gradient is asked for at a point; code that changes inputs, parameters or the graph in place gives its "
        "caller a different point afterwards. Copy before you write.",
    ),
    error(
        "GC021",
        "not repeatable",
        "asked twice the same question, the answer was {first} and then {second} for {block}{entry}",
        "State that survives between calls (adjoints not reset, a cache that is stale), uninitialised memory or "
        "random numbers. The two calls stand in the evidence.",
    ),
    error(
        "GC022",
        "a result changes later",
        "what one call returned for {block} was changed by the next call: {first} became {second}",
        "The derivative (or f) hands out a buffer that it uses again, so that an earlier result is overwritten. "
        "Return a copy, or a fresh array.",
    ),
    error(
        "GC023",
        "depends on earlier calls",
        "{what}: {block}{entry} is {first} at first and {second} afterwards",
        "The derivative rests on what some earlier call left behind (a cache of the forward pass, adjoints that "
        "were not reset). It has to compute what it needs from its own arguments.",
    ),
    error(
        "GC024",
        "global random state",
        "{who} gives another answer in another state of NumPy's global generator",
        "Code that draws from the global generator answers the same question in two ways. Use a generator of your own: "
        "numpy.random.default_rng(seed).",
    ),
    error(
        "GC025",
        "not linear in the cotangent",
        "{what}: {block}{entry} is {second}, expected {first}",
        "A VJP is J^T c, linear in the cotangent c (a JVP in the tangent): no cotangent, no gradient; twice the "
        "cotangent, twice the gradient. An upstream gradient that is ignored, added, clipped or normalised breaks this.",
    ),
    error(
        "GC026",
        "depends on memory layout",
        "{block}{entry} is {first} for a contiguous input and {second} for the same numbers {layout}",
        "The same numbers in another memory order (Fortran order, every second element of a larger array, read-only) "
        "are the same point. ravel() and reshape() may copy, order='K' and tobytes() follow memory.",
    ),
    error(
        "GC027",
        "the same array twice",
        "given one array for {names}, {block}{entry} is {second} instead of {first}",
        "Gradients are per argument slot. Filing them under id() or a name merges the slots when one array is passed "
        "twice.",
    ),
    error(
        "GC028",
        "wrong at another point",
        "at {where}{values}: {sentence}; if f is not meant there, say domain= or elsewhere=False",
        "The point given does not show the mistake; a neighbour that the function's own branches suggest does "
        "(another sign, a zero, another magnitude, a batch of one or two).",
    ),
)
