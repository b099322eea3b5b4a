"""After a run with wrong gradients: the smallest counterexample, and the fault that behaves alike.

The verdicts stand whatever happens here. A search that is cut short, by its budget or by an error of its own, keeps
what it had found, and says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradcheck.check.asking import entry_for
from gradcheck.check.budget import Budget, BudgetSpent, Rationed
from gradcheck.check.naming import Named, explanation, running_out
from gradcheck.check.smallest import OPS_OF_SCALARS, smallest, smallest_like
from gradcheck.check.trial import try_case
from gradcheck.errors import GradcheckError, HarnessFault
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case, Cost, Training
from gradcheck.run.events import Diagnosed, Diagnosing
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.verdict.result import Result, Verdict

NO_ANSWER = frozenset({"GC001", "GC002", "GC003", "GC004", "GC005", "GC006", "GC017"})
"""Codes of results that hold no answer of the subject's."""


def diagnose(
    items: Sequence[Addressed],
    results: Sequence[Result],
    subject: Subject,
    oracles: Sequence[Oracle],
    *,
    budget: Budget | None = None,
) -> Iterator[Diagnosing | Diagnosed]:
    """What is being looked for, and at last what was found about a subject that failed; nothing where that is nothing.

    Without a budget the search goes on to its end. No exception of the search gets out, KeyboardInterrupt excepted.
    """
    search = _Search(items, results, Rationed(subject, budget or Budget(None, None)), subject, oracles)
    ended = ""
    try:
        yield from search.stages()
    except BudgetSpent as spent:
        ended = f"the search for the cause was ended {spent}"
    except Exception as wrong:  # the verdicts are known, and stand
        what = str(wrong) if isinstance(wrong, GradcheckError) else f"{type(wrong).__name__}: {wrong}"
        ended = f"the search for the cause ended early: {what}"
    if search.counterexample is not None or search.named.faults or ended:
        case = search.case if search.counterexample is not None else None
        yield Diagnosed(search.counterexample, case, search.named.faults, search.named.how, ended)


class _Search:
    """The stages of a search; what each has found stays, whatever becomes of the next.

    `subject` is asked throughout, but for the one case that is shown at the end: that is put to `unlimited`.
    """

    def __init__(
        self,
        items: Sequence[Addressed],
        results: Sequence[Result],
        subject: Subject,
        unlimited: Subject,
        oracles: Sequence[Oracle],
    ) -> None:
        self._items, self._results = items, results
        self._subject, self._unlimited, self._oracles = subject, unlimited, oracles
        self.case: Case | None = None
        self.counterexample: Result | None = None
        self.named = Named()

    def stages(self) -> Iterator[Diagnosing]:
        """Each is told before it begins."""
        verdicts = {r.address: r.verdict for r in self._results}
        tried = [
            (a.address, a.case)
            for a in self._items
            if isinstance(a.case, Case | Training) and a.case.subject is None and a.address in verdicts
        ]
        failing = [case for address, case in tried if verdicts[address] in (Verdict.FAIL, Verdict.ERROR)]
        passing = [case for address, case in tried if verdicts[address] is Verdict.PASS]
        codes = frozenset(code for r in self._results if r.verdict is not Verdict.PASS for code in r.codes)
        if all(NO_ANSWER.intersection(r.codes) for r in self._results) or {"GC006", "GC017"} <= codes:
            return  # it has never answered, or was given up since it dies: nothing is learnt from more of the same
        if "GC005" in codes or ("GC065" in codes and not failing):  # wrong numbers come before slow ones
            yield Diagnosing("looking for the cause")
            found, how = running_out(self._subject, _ops(self._items, self._subject))
            if found is not None:
                self.named = Named((found,), how)
                return
        if not failing or "GC005" in codes:  # every further question might cost a time limit
            return
        yield Diagnosing("looking for the smallest counterexample")
        try:
            self.case = _smallest(self._subject, failing, passing)
            if self.case is not None:
                name = "the smallest counterexample"
                self.counterexample = try_case(name, self.case, self._unlimited, self._oracles)
        except HarnessFault:  # the oracles contradict each other on it: it shows nothing about the subject
            self.case = None
        yield Diagnosing("looking for the cause")
        drawn: list[Case | Training] = [self.case] if self.case is not None else []
        self.named = explanation(self._subject, [*failing, *drawn], passing, codes)


def _ops(items: Sequence[Addressed], subject: Subject) -> frozenset[str]:
    """The ops that the subject's native entry point was asked about."""
    cases = [a.case.smallest if isinstance(a.case, Cost) else a.case for a in items]
    native = [c for c in cases if isinstance(c, Case) and entry_for(c, subject) == NATIVE]
    return frozenset(node.op for case in native for node in case.graph.nodes if node.inputs)


def _smallest(subject: Subject, failing: Sequence[Case | Training], passing: Sequence[Case | Training]) -> Case | None:
    """The smallest graph on which the subject is wrong, made of ops that it was asked about and knows."""
    wrong = [c for c in failing if isinstance(c, Case) and entry_for(c, subject) == NATIVE]
    if not wrong:
        return None
    right = [c for c in passing if isinstance(c, Case) and entry_for(c, subject) == NATIVE]
    known = frozenset(node.op for case in (*wrong, *right) for node in case.graph.nodes if node.inputs)
    found = smallest(subject, ops=known & OPS_OF_SCALARS) if known & OPS_OF_SCALARS else None
    return found or smallest_like(subject, min(wrong, key=lambda c: len(c.graph)))
