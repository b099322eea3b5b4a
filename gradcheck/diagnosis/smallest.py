"""The smallest graph on which a subject is wrong: graphs are drawn, and the first few that fail are shrunk as graphs.

Drawn graphs grow from three nodes to twelve, so that the first failing one is usually small. Shrinking may stop at a
graph that no single step simplifies although a simpler one fails. So there are several starts, and the simplest end
counts. Its point is chosen anew, so that different mistakes give different numbers there (see `telling_point`).

float32 holds all values exactly: an engine that computes in float32 is not called wrong for rounding 0.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from gradcheck.diagnosis.budget import BudgetSpent
from gradcheck.diagnosis.telling_point import telling
from gradcheck.errors import InvalidProblem
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import Settings
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import OPS, Case, Training
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.smaller import complexity, minimise
from gradcheck.strategies.telling_values import exact_in_float32, in_float32, on_grid
from gradcheck.strategies.wish import Wish
from gradcheck.subject.answer import Subject

EXAMPLES = 200
"""Maximum number of graphs drawn."""
STARTS = 4
"""Number of failing graphs that are shrunk."""
FEWEST, MOST = 3, 12
"""Number of nodes of the first graphs drawn, and of the last."""
QUESTIONS = 1_500
"""Maximum number of graphs tried in all, shrinking included."""
OPS_OF_SCALARS = frozenset(name for name, op in OPS.items() if op.elementwise)


Shows = Callable[[Case], bool]
"""Whether a case on which the subject is wrong shows what is looked for."""


def smallest(
    subject: Subject, *, scalar: bool = True, ops: frozenset[str] | None = None, shows: Shows | None = None
) -> Case | None:
    """The simplest case found on which the subject gives a wrong gradient or value; None if none was found.

    `ops` limits the graphs to ops that the subject is known to have, `shows` to those that show one certain mistake.
    The search repeats exactly.

    Raises InvalidProblem where no graph can be drawn from `ops`.
    """
    return _simplest(_Wrong(subject, ops, shows), _drawn(_wish(scalar, ops), _dtype(subject)))


def smallest_like(subject: Subject, case: Case | Training, *, shows: Shows | None = None) -> Case | None:
    """The simplest case found among graphs that use only the ops of `case`, which is known to fail; arrays included.

    `case` itself, rounded to values that float32 holds, is one of the starts.
    """
    if not isinstance(case, Case):
        return None
    ops = case.graph.ops
    itself = replace(case, name=_NAME, sentence="", expect=None, labels=(), seed=None)
    known = [itself] if exact_in_float32(itself) else [on_grid(itself), in_float32(itself)]
    try:
        drawn = _drawn(_wish(ops <= OPS_OF_SCALARS, ops), case.dtype)
    except InvalidProblem:  # these ops alone make no graph
        drawn = iter(())
    return _simplest(_Wrong(subject, ops, shows), chain(known, drawn))


_NAME = "smallest"


def _wish(scalar: bool, ops: frozenset[str] | None) -> Wish:
    return Wish.of(2, MOST, ops, scalar=scalar, near_kinks=False, saturated=False, integer_points=False, shuffled=True)


def _dtype(subject: Subject) -> str:
    """The dtype that the subject computes in: in another one its rounding would be taken for a mistake."""
    return subject.declared.dtype or "float64"


def _drawn(wish: Wish, dtype: str) -> Iterator[Case]:
    """Graphs of the wish, each from its own seed, of growing size."""
    for seed in range(EXAMPLES):
        size = FEWEST + seed * (MOST + 1 - FEWEST) // EXAMPLES
        yield on_grid(Case(_NAME, *draw(picker(seed), replace(wish, max_nodes=size)), dtype=dtype))


def _simplest(fails: _Wrong, cases: Iterable[Case]) -> Case | None:
    """The simplest of the first STARTS failing cases after shrinking, at a point that distinguishes mistakes.

    When the budget is spent, the simplest case so far. Raises BudgetSpent if none has failed by then.
    """
    found = []
    try:
        for case in cases:
            if fails(case):
                found.append(minimise(case, fails))
                if len(found) == STARTS:
                    break
        least = min(found, key=lambda c: complexity(c.graph, c.point), default=None)
        return None if least is None else telling(least, fails.subject, replace(fails, asked=0))
    except BudgetSpent:
        if not fails.failed:
            raise
        return min(fails.failed, key=lambda c: complexity(c.graph, c.point))


@dataclass
class _Wrong:
    """Whether the subject is wrong on a case; False after QUESTIONS cases, and for ops that it need not know.

    A case counts only if float32 holds its values exactly: otherwise rounding alone may make an engine look wrong.
    `failed` collects the cases on which the subject was wrong.
    """

    subject: Subject
    ops: frozenset[str] | None
    shows: Shows | None = None
    asked: int = 0
    failed: list[Case] = field(default_factory=list)

    def __call__(self, case: Case) -> bool:
        if self.asked == QUESTIONS:
            return False
        if self.ops is not None and not all(node.op in self.ops for node in case.graph.nodes if node.inputs):
            return False
        if not exact_in_float32(case):
            return False
        self.asked += 1
        wrong = try_any("", case, self.subject, (symbolic,), Settings(moved_points=0)).wrong
        if wrong and (self.shows is None or self.shows(case)):
            self.failed.append(case)
            return True
        return False
