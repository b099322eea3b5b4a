"""The failing cases that a named fault explains: those on which an engine with the fault gives the subject's answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.naming.answer_match import AnyAnswer, Array, AskedCase, Observed, entry_of, equal, nodes_of
from gradcheck.diagnosis.naming.fitted_numbers import fitted
from gradcheck.diagnosis.naming.match_catalogue import LARGEST, RELATIONS, Bend
from gradcheck.diagnosis.naming.search import Named
from gradcheck.diagnosis.naming.single_edges import bends_messages
from gradcheck.diagnosis.operands import made_of_parts, parameter_rows
from gradcheck.errors import InvalidProblem
from gradcheck.faults.entries import bends_at
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.settings import Settings
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import Case, Graph
from gradcheck.problem.parts import leaves_as_parameters
from gradcheck.subject.answer import NATIVE, Answer, Subject
from gradcheck.subject.inprocess import InProcessSubject

MOST_CASES = 200
"""Maximum number of failing cases that are tried, the smallest first."""
ONE_POINT = Settings(moved_points=0)
"""Settings of a trial at the point of the case alone, which is where the subject failed."""


def sorted_out(
    cases: Sequence[tuple[str, AskedCase]], explains: Callable[[AskedCase], bool]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Addresses of the failing cases that are explained, and of those that are not, each in the order given.

    Only the MOST_CASES smallest are tried; a graph that is too large for a textbook is in neither list.
    """
    looked_at = sorted((c for c in cases if not _large(c[1])), key=lambda c: nodes_of(c[1]))[:MOST_CASES]
    found = {address: explains(case) for address, case in looked_at}
    order = [address for address, _ in cases if address in found]
    return tuple(a for a in order if found[a]), tuple(a for a in order if not found[a])


def _large(case: AskedCase) -> bool:
    return nodes_of(case) > LARGEST


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
        """Whether the subject, which fails the case, gives the same wrong answer as such an engine.

        False for graphs that are too large for a textbook.
        """
        if _large(case):
            return False
        entry = entry_of(case, self._subject)
        one = Observed(case, self._subject, entry)
        if self._fitting is not None and self._fitting.entry == entry and _wrong_alike(self._fitting, one):
            return True
        made = [(row, make) for row, make in (*bends_at(entry), *fitted(entry, [one])) if row.code in self._codes]
        bends = [Bend(row, make, False, entry) for row, make in made]
        bends += [Bend(row, make, True, entry) for row, make in made if bends_messages(make)]
        for bend in bends:
            if _wrong_alike(bend, one):
                self._fitting = bend
                return True
        if not one.wrong:
            return False
        relation = RELATIONS.get(entry)
        if relation is not None:
            return any(relation(bend.make, one) for bend in bends if not bend.partly)
        if not self._by_parts or entry != NATIVE or not isinstance(case, Case):
            return False
        tried = try_any("", case, self._subject, (symbolic,), ONE_POINT)
        return made_of_parts(parameter_rows(case, tried.comparisons))


def _wrong_alike(bend: Bend, one: Observed) -> bool:
    """Whether the bend gives the subject's answer to a case that the subject fails, and fails it, too.

    Answers may differ from the right ones by too little for the textbook to tell (a slope of 4e-18), or
    in a revealed adjoint alone. Then the bend is judged, and asked for every adjoint.
    """
    if not bend.gives(one):
        return False
    if one.wrong or not isinstance(one.case, Case):
        return one.wrong
    if isinstance(one.theirs, Answer) and one.theirs.adjoints:
        asked = _with_every_adjoint(one)
        ours, right = _every_adjoint(bend.answer_of(asked)), _every_adjoint(asked.right)
        shared = [node for node in one.theirs.adjoints if node in ours and node in right]
        if not all(equal(one.theirs.adjoints[node], ours[node], one.case.dtype) for node in shared):
            return False
        if not all(equal(ours[node], right[node], one.case.dtype) for node in shared):
            return True
    engine = InProcessSubject(bend.make(), entry=bend.entry)
    tried = try_any("", one.case, engine, (symbolic,), ONE_POINT)
    return any(np.any(compared.wrong) for compared in tried.comparisons)


def _every_adjoint(answer: AnyAnswer | None) -> Mapping[str, Array]:
    """The adjoints of an answer, those of its parameters included."""
    return {**(answer.adjoints or {}), **answer.gradients} if isinstance(answer, Answer) else {}


def _with_every_adjoint(one: Observed) -> Observed:
    """The same question with leaves made parameters, so that there is an adjoint of every node.

    Constants stay where an op rests on their being constant, such as a whole exponent of a negative base.
    """
    case = one.case
    if not isinstance(case, Case) or not isinstance(case.problem, Graph):
        return one
    for kinds in (("input", "constant"), ("input",)):
        graph, values = leaves_as_parameters(case.problem, kinds)
        with suppress(InvalidProblem):
            asked = replace(case, problem=graph, point={**case.point, **values})
            return Observed(asked, one.subject, one.entry)
    return one
