"""The smallest graph on which a subject is wrong: Hypothesis draws graphs and shrinks the first that fails."""

from __future__ import annotations

from contextlib import suppress

import hypothesis
from hypothesis.errors import NoSuchExample

from gradcheck.check.settings import Settings
from gradcheck.check.trial import is_wrong
from gradcheck.errors import InvalidProblem
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import OPS, Case, Graph, Training
from gradcheck.strategies import graph_cases
from gradcheck.subject.answer import Subject

EXAMPLES = 200
"""Graphs drawn at most until one fails."""
OPS_OF_SCALARS = frozenset(name for name, op in OPS.items() if op.elementwise)
QUESTIONS = 1_500
"""Graphs tried in all, shrinking included."""


def smallest(subject: Subject, *, scalar: bool = True, ops: frozenset[str] | None = None) -> Case | None:
    """The simplest case found on which the subject gives a wrong gradient or value; None if none was found.

    `ops` limits the graphs to ops that the subject is known to have; the search repeats exactly.
    """
    tried = 0
    best: Case | None = None

    def fails(case: Case) -> bool:
        nonlocal tried, best
        tried += 1
        if tried > QUESTIONS:
            return False
        wrong = is_wrong(case, subject, (symbolic,), Settings(moved_points=0))
        if wrong and (best is None or size(case.graph) <= size(best.graph)):
            best = case
        return wrong

    settings = hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
        verbosity=hypothesis.Verbosity.quiet,
    )
    with suppress(NoSuchExample):
        hypothesis.find(graph_cases(scalar=scalar, ops=ops, name="smallest"), fails, settings=settings)
    return best


def smallest_like(subject: Subject, case: Case | Training) -> Case | None:
    """The simplest case found among graphs that use only the ops of one that is known to fail, arrays included."""
    if not isinstance(case, Case):
        return None
    ops = frozenset(node.op for node in case.graph.nodes if node.inputs)
    scalar = ops <= OPS_OF_SCALARS
    try:
        return smallest(subject, scalar=scalar, ops=ops)
    except InvalidProblem:  # no graph is drawn from these ops alone
        return None


def size(graph: Graph) -> tuple[int, int]:
    """By what small is meant: nodes first, then edges."""
    return len(graph), len(graph.inputs)
