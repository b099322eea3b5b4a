"""Kinds of findings: nothing can tell here (GC03x)."""

from __future__ import annotations

from gradcheck.verdict.finding_kind import undecided

ROWS = (
    undecided(
        "GC030",
        "at a kink",
        "{what}",
        "The function has no derivative at this point: one-sided derivatives differ (relu at 0, a tie of max). Move "
        "the point, or name the answer you expect.",
    ),
    undecided(
        "GC031",
        "no oracle reaches far enough",
        "no oracle bounds the gradient with respect to {block}{entry} closely enough: {bound:.3g}, "
        "wanted at most {interest:.3g}",
        "The verdict would rest on a bound wider than the error of interest, so that a wrong gradient could hide in "
        "it. The reasons of the oracles that stepped aside stand below.",
    ),
    undecided(
        "GC032",
        "estimates disagree",
        "{oracles} disagree about {block}{entry} beyond their bounds, and none is proven",
        "Two estimated oracles do not meet. One of them is misled, and nothing here can tell which.",
    ),
    undecided(
        "GC033",
        "nothing compared",
        "nothing was compared: {why}",
        "A check that compared nothing is no success. A graph without parameters, or parameters without entries, is "
        "the usual reason.",
    ),
    undecided(
        "GC034",
        "truncated iteration",
        "{block}{entry} is {subject}, the derivative of f as written {truth}; f ends a loop on a comparison, and "
        "they come closer when it runs on",
        "f approximates something by iterating until it is close enough, and the derivative looks like that of the "
        "limit. Say what was meant with meant=g, or how accurate f is with accuracy=r; without either, nothing can tell "
        "which derivative is the right one.",
    ),
    undecided(
        "GC035",
        "no valid point",
        "{tried} points were drawn, and f was defined at none of them: {why}",
        "The strategies never gave a point at which f has a finite value. Narrow them to f's domain.",
    ),
    undecided(
        "GC036",
        "wrong where an index repeats",
        "with an index of {name} taken twice: {sentence}",
        "The indices given are all different, and the derivative is right for such; where one repeats it is wrong, as "
        "assigning (g[i] = c, g[i] += c) instead of adding (np.add.at) is. Nothing says whether they may repeat: give "
        "some that do, or close over them (f = lambda x: ...) if they never will.",
    ),
    undecided(
        "GC037",
        "beyond the dtype's range",
        "node {node} is too large or too small for {dtype} at this point, and what an engine loses by that is no "
        "mistake",
        "A value on the way overflows to infinity, or vanishes, in the dtype that the subject computes in, whoever "
        "computes it. Move the point, or ask in a wider dtype.",
    ),
    undecided(
        "GC038",
        "within an approximation",
        "the gradient of {loss} with respect to {block}{entry} is {subject}, the truth {truth}: it agrees to {digits} "
        "digits, and {why}; say accuracy={accuracy} if that is how exact it is, or meant= for what it approximates",
        "A solver stops at its tolerance, and a loop when its step is small. The derivative of what was meant differs "
        "from that of what is computed by as much, so that a small error cannot be told from a right derivative.",
    ),
    undecided(
        "GC039",
        "out of time",
        "the budget of {seconds} s ended before the derivative could be judged at the point given; say budget= for more",
        "Each call of f or the derivative takes long, and several are needed: at least five of f, and some thirty per "
        "entry where f cannot be traced.",
    ),
)
