"""The failing cases that a named fault explains: those on which an engine with the fault gives the subject's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradcheck.diagnosis.naming.answer_match import AskedCase, Observed, entry_of
from gradcheck.diagnosis.naming.fitted_numbers import fitted
from gradcheck.diagnosis.naming.match_catalogue import LARGEST, RELATIONS, Bend
from gradcheck.diagnosis.naming.search import Named
from gradcheck.diagnosis.naming.single_edges import bends_messages
from gradcheck.diagnosis.operands import made_of_parts, parameter_rows
from gradcheck.faults.entries import bends_at
from gradcheck.judge.graph_trial import try_case
from gradcheck.judge.settings import Settings
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import Case
from gradcheck.subject.answer import NATIVE, Subject

MOST_CASES = 60
"""Maximum number of failing cases that are tried, the smallest first."""


def sorted_out(
    cases: Sequence[tuple[str, AskedCase]], explains: Callable[[AskedCase], bool]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Addresses of the failing cases that are explained, and of those that are not, each in the order given.

    Only the MOST_CASES smallest are tried; a graph that is too large for a textbook is in neither list.
    """
    looked_at = sorted((c for c in cases if not _large(c[1])), key=lambda c: _nodes(c[1]))[:MOST_CASES]
    found = {address: explains(case) for address, case in looked_at}
    order = [address for address, _ in cases if address in found]
    return tuple(a for a in order if found[a]), tuple(a for a in order if not found[a])


def _nodes(case: AskedCase) -> int:
    return len(case.graph) if isinstance(case, Case) else 0


def _large(case: AskedCase) -> bool:
    return _nodes(case) > LARGEST


class Explains:
    """Compares the engines of some faults with a subject's answers, the engine that fitted last first.

    An engine is bent everywhere, or only at the edges whose message is wrong when its node is tried alone (half of a
    rule may be right). For networks, a relation that is wrong among the subject's own numbers counts as well. If an
    experiment showed that branches are combined wrongly, in any order, a case is explained if its wrong numbers are
    made of the right parts.
    """

    def __init__(self, named: Named, subject: Subject) -> None:
        self._codes = {fault.code for fault in named.faults}
        branches = all(fault.family in ("branches", "order") for fault in named.faults)
        self._by_parts = branches and not named.alike
        self._subject = subject
        self._fitting: Bend | None = None

    def __call__(self, case: AskedCase) -> bool:
        """Whether the subject gives the same wrong answer as such an engine.

        False for graphs that are too large for a textbook.
        """
        if _large(case):
            return False
        entry = entry_of(case, self._subject)
        one = Observed(case, self._subject, entry)
        if not one.wrong:
            return False
        if self._fitting is not None and self._fitting.entry == entry and self._fitting.gives(one):
            return True
        made = [(row, make) for row, make in (*bends_at(entry), *fitted(entry, [one])) if row.code in self._codes]
        bends = [Bend(row, make, False, entry) for row, make in made]
        bends += [Bend(row, make, True, entry) for row, make in made if bends_messages(make)]
        for bend in bends:
            if bend.gives(one):
                self._fitting = bend
                return True
        relation = RELATIONS.get(entry)
        if relation is not None:
            return any(relation(bend.make, one) for bend in bends if not bend.partly)
        if not self._by_parts or entry != NATIVE or not isinstance(case, Case):
            return False
        tried = try_case("", case, self._subject, (symbolic,), Settings(moved_points=0))
        return made_of_parts(parameter_rows(case, tried.comparisons))
