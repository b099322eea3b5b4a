"""Where else may a traced function be looked at, and does it lead there?

    branches(outcomes, most)        comparisons of the function, and points on their other sides
    behind_guards(outcomes, most)   points beyond what guards an operation
    goes_on(here, there)            whether the function is the same one beyond a guard
    leads_to(here, there)           whether it can be followed from one point to another
    same_formula(here, there)       whether the formula of one point is that of another, too
    guards(outcomes)                small constants that are added to keep an operation off the edge of its domain
    derivatives_there(outcomes, ...)    the derivatives at other points in floats, where the record holds there

branch_crossing     solves for the other side of a comparison
continuation        follows a record along segments; `segments` proves in balls that it has values there
guards              edges of domains, and what guards them
recorded_derivative    sees whether the record holds at another point, and sweeps over it there
"""

from collections.abc import Collection, Sequence

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.stochastic import Floats
from gradcheck.routes import branch_crossing, continuation
from gradcheck.routes.branch_crossing import Branch, Key
from gradcheck.routes.guards import AddedGuard, added_guards
from gradcheck.routes.recorded_derivative import Floating, RecordedDerivatives, recorded_derivatives
from gradcheck.tracing.outcomes import Outcomes
from gradcheck.tracing.replay import Replay

__all__ = ["AddedGuard", "Branch", "Floating", "Key", "RecordedDerivatives", "branches", "derivatives_there", "guards"]
__all__ += ["behind_guards", "goes_on", "leads_to", "same_formula", "thresholds"]


def branches(outcomes: Outcomes, most: int, known: Collection[Key] = ()) -> list[Branch]:
    """Comparisons other than guards, the nearest first; the first `most` have a point on their other side, if any."""
    return branch_crossing.branches(outcomes.first, outcomes.task, most, known)


def behind_guards(outcomes: Outcomes, most: int) -> list[list[Array]]:
    """Points on the other side of guards, the nearest `most` of them, as far as there are any."""
    found = branch_crossing.branches(outcomes.first, outcomes.task, most, guards=True)
    return [branch.point for branch in found if branch.point is not None]


def goes_on(here: Outcomes, there: Outcomes) -> bool:
    """Whether the function beyond a guard is that of this side, by another formula."""
    return continuation.goes_on(here.first, here.task, there.first, there.task.inputs)


def thresholds(outcomes: Outcomes, most: int) -> list[list[list[Array]]]:
    """Points with an entry of an argument at a constant that it is compared with, and on both sides; at most `most`."""
    return branch_crossing.thresholds(outcomes.first, outcomes.task, most)


def leads_to(here: Outcomes, there: Outcomes) -> bool:
    """Whether the first run's record can be followed to the point of other outcomes, of the same function."""
    return continuation.leads_to(here.first, here.task, there.first, there.task.inputs)


def same_formula(here: Outcomes, there: Outcomes) -> bool:
    """Whether the first run's record has the derivative of other outcomes at their point."""
    return continuation.same_derivative(here.first, there.first, here.task, there.task.inputs)


def derivatives_there(
    outcomes: Outcomes,
    points: Sequence[Sequence[Array]],
    *,
    cotangents: Sequence[Array] | None,
    tangents: Sequence[Array] | None,
) -> RecordedDerivatives | None:
    """The derivatives at other points, if the first run's record may hold there."""
    run, task = outcomes.first, outcomes.task
    return recorded_derivatives(run, task, points, cotangents=cotangents, tangents=tangents)


def guards(outcomes: Outcomes) -> list[AddedGuard]:
    """Small constants that the function adds to keep an operation off the edge of its domain."""
    trace = outcomes.first.trace
    inputs = [np.asarray(x, np.longdouble)[..., None] for x in outcomes.task.inputs]
    replay = Replay(trace.record, Floats(outcomes.task.dtype, 0, 1), inputs)
    return added_guards(trace.record, trace.added_at, replay)
