"""The smallest graph on which a subject is wrong: Hypothesis draws graphs and shrinks the first that fails."""

from __future__ import annotations

from contextlib import suppress

import hypothesis
from hypothesis.errors import NoSuchExample

from gradcheck.check.settings import Settings
from gradcheck.check.trial import is_wrong
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import Case, Graph
from gradcheck.strategies import graph_cases
from gradcheck.subject.answer import Subject

EXAMPLES = 200
"""Graphs drawn at most until one fails."""
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


def size(graph: Graph) -> tuple[int, int]:
    """By what small is meant: nodes first, then edges."""
    return len(graph), len(graph.inputs)
