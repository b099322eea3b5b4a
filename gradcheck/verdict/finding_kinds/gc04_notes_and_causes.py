"""Kinds of findings: how a verdict came about (GC04x), place and cause of a mistake (GC05x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import error, note, warning

ROWS = (
    note(
        "GC040",
        "oracle stepped aside",
        "{oracle} stepped aside: {why}",
        "An oracle answers only where its method is sound and affordable. The verdict rests on the others.",
    ),
    warning(
        "GC041",
        "oracle discarded",
        "{oracle} (estimated) misses {proven} (proven) at {block}{entry} and was discarded",
        "An estimated bound was too small. Proven bounds win; the estimate takes no part in the verdict.",
    ),
    error(
        "GC042",
        "case passes unexpectedly",
        "the case was expected to be {expected} ({reason}), but is {verdict}",
        "An expectation is strict: when a known shortcoming is gone, the line that excuses it must go too.",
    ),
    note(
        "GC043",
        "known shortcoming",
        "as expected: {verdict} ({reason})",
        "The case states that it is known not to pass, and why.",
    ),
    note(
        "GC044",
        "subject's own output",
        "the subject printed: {text}",
        "What the subject writes to its standard output is captured and shown; it is never read as an answer.",
    ),
    note(
        "GC045",
        "kink, answer legal",
        "{where}: the answer lies in the hull of the one-sided derivatives {which}",
        "The function has no derivative here, but the answer is a mixture of derivatives that hold nearby (or that each "
        "choice at the kink allows). That is what automatic differentiation returns, and it counts as right.",
    ),
    note(
        "GC046",
        "directions only",
        "{entries} entries were tried along {directions} random directions: an error as large as {size:.3g} of its "
        "block is missed with probability at most {miss:.1g}",
        "Too many entries to compare one by one. Directions are weighted so that every block has a like share.",
    ),
    note(
        "GC047",
        "rests on estimates",
        "no proof was to be had; the finding rests on {what}",
        "Every oracle that proves stepped aside, so that two independent estimates had to agree.",
    ),
    note(
        "GC048",
        "points drawn",
        "{points}",
        "Inputs came from strategies: so many points were drawn and compared, or this is the simplest one that fails.",
    ),
    note(
        "GC049",
        "not counted elsewhere",
        "at {where}{values} the derivative is wrong, which does not count: {why}",
        "f may not be meant for such a point. An error elsewhere counts if f can be followed there from the point given "
        "without a singularity, without a guard (a clip that keeps a logarithm's argument off 0) and without a loop "
        "that runs more or less often. If f is meant there, check the derivative at that point itself.",
    ),
    note(
        "GC050",
        "where it goes wrong",
        "node {node} ({op}) {what}",
        "The node whose local rule is wrong while every node after it is right.",
    ),
    note(
        "GC051",
        "cause",
        "{cause}",
        "The mistake that explains the numbers, and how sure that is: 'proved by' when a smaller case shows it; "
        "otherwise the numbers fit it.",
    ),
)
