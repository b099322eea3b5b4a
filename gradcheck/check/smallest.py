"""The smallest graph on which a subject is wrong: graphs are drawn, and the first few that fail are shrunk as graphs.

What is drawn grows from three nodes to twelve, so that the first that fails is small as a rule. Shrinking can come to
rest on a graph that no single step makes simpler, though a simpler one fails; hence several starts, and the simplest
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from gradcheck.check.budget import BudgetSpent
from gradcheck.check.settings import Settings
from gradcheck.check.trial import is_wrong
from gradcheck.errors import InvalidProblem
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import OPS, Case, Training
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.smaller import complexity, minimise
from gradcheck.strategies.wish import Wish
from gradcheck.subject.answer import Subject

EXAMPLES = 200
"""Graphs drawn at most."""
STARTS = 4
"""Graphs that fail, each of which is shrunk."""
FEWEST, MOST = 3, 12
"""Nodes of the first graphs drawn, and of the last."""
QUESTIONS = 1_500
"""Graphs tried in all, shrinking included."""
OPS_OF_SCALARS = frozenset(name for name, op in OPS.items() if op.elementwise)


def smallest(subject: Subject, *, scalar: bool = True, ops: frozenset[str] | None = None) -> Case | None:
    """The simplest case found on which the subject gives a wrong gradient or value; None if none was found.

    `ops` limits the graphs to ops that the subject is known to have; the search repeats exactly.

    Raises InvalidProblem where no graph can be drawn from `ops`.
    """
    return _simplest(_Wrong(subject, ops), _drawn(_wish(scalar, ops)))


def smallest_like(subject: Subject, case: Case | Training) -> Case | None:
    """The simplest case found among graphs that use only the ops of one that is known to fail, arrays included.

    That case itself is one of the graphs to start from, where it fails without being moved.
    """
    if not isinstance(case, Case):
        return None
    ops = frozenset(node.op for node in case.graph.nodes if node.inputs)
    known = [replace(case, name=_NAME, sentence="", expect=None, labels=(), seed=None)]
    try:
        drawn = _drawn(_wish(ops <= OPS_OF_SCALARS, ops))
    except InvalidProblem:  # no graph can be drawn from these ops alone
        drawn = iter(())
    return _simplest(_Wrong(subject, ops), chain(known, drawn))


_NAME = "smallest"


def _wish(scalar: bool, ops: frozenset[str] | None) -> Wish:
    return Wish.of(2, MOST, ops, scalar=scalar, near_kinks=False, saturated=False, integer_points=False, shuffled=True)


def _drawn(wish: Wish) -> Iterator[Case]:
    """Graphs of the wish, each of a seed of its own; they grow."""
    for seed in range(EXAMPLES):
        size = FEWEST + seed * (MOST + 1 - FEWEST) // EXAMPLES
        yield Case(_NAME, *draw(picker(seed), replace(wish, max_nodes=size)))


def _simplest(fails: _Wrong, cases: Iterable[Case]) -> Case | None:
    """Of the first STARTS cases that fail, each shrunk, the simplest; once a budget is spent, the simplest so far.

    Raises BudgetSpent where none has failed by then.
    """
    found = []
    try:
        for case in cases:
            if fails(case):
                found.append(minimise(case, fails))
                if len(found) == STARTS:
                    break
    except BudgetSpent:
        if not fails.failed:
            raise
        found = fails.failed
    return min(found, key=lambda c: complexity(c.graph, c.point), default=None)


@dataclass
class _Wrong:
    """Whether the subject is wrong on a case; no, once QUESTIONS are asked, and for ops that it need not know.

    `failed` are the cases on which it was.
    """

    subject: Subject
    ops: frozenset[str] | None
    asked: int = 0
    failed: list[Case] = field(default_factory=list)

    def __call__(self, case: Case) -> bool:
        if self.asked == QUESTIONS:
            return False
        if self.ops is not None and not all(node.op in self.ops for node in case.graph.nodes if node.inputs):
            return False
        self.asked += 1
        wrong = is_wrong(case, self.subject, (symbolic,), Settings(moved_points=0))
        if wrong:
            self.failed.append(case)
        return wrong
