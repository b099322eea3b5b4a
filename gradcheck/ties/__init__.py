"""Ties: what do comparisons of equal numbers allow a derivative, beyond the outcomes that were explored?

many_ties        more ties than outcomes can be explored: what each contributes, one at a time
interval_sweep   bounds over all choices, where ties depend on one another
contradictions   outcomes in which a tie takes a side that the choice made before leaves out
"""

from collections.abc import Sequence
from dataclasses import replace

from gradcheck.numbers.arithmetic import Array
from gradcheck.ties.contradictions import contradicts_itself
from gradcheck.ties.many_ties import sides_of_jvp, sides_of_vjp
from gradcheck.tracing import Derivative, Outcomes, Smoothness
from gradcheck.tracing.derivative import probe

__all__ = ["derivative_of"]


def derivative_of(
    outcomes: Outcomes,
    cotangents: Sequence[Array] | None,
    tangents: Sequence[Array | None] | None,
    *,
    crossed: bool = True,
) -> Derivative:
    """J^T u for `cotangents`, or J v for `tangents`, with what its ties allow (`sides`, `possible`).

    `crossed` as for `Outcomes.vjp`.

    Raises Unsupported where there are too many ties and it is not known what they allow.
    """
    found = outcomes.vjp(cotangents, crossed=crossed) if tangents is None else outcomes.jvp(tangents, crossed=crossed)
    if found.smoothness is not Smoothness.KINK:
        return found
    if not outcomes.crowd:
        coherent = [not contradicts_itself(run, outcomes.task, outcomes.runs) for run in outcomes.runs]
        possible = [False] * len(found.alternatives)
        for place, one in zip(found.members, coherent, strict=True):
            possible[place] |= one
        return replace(found, possible=tuple(possible))
    asked = outcomes.first, outcomes.task, outcomes.balls, outcomes.patched, outcomes.crowd
    with outcomes.balls.working(outcomes.bits):
        if tangents is None:
            sides = sides_of_vjp(*asked, probe(outcomes.first, cotangents, 0))
        else:
            sides = sides_of_jvp(*asked, tangents)
    return replace(found, sides=sides, smoothness=Smoothness.SMOOTH if sides.smooth else Smoothness.KINK)
