"""After a run with wrong gradients: the smallest counterexample, the fault that behaves the same, and where to look.

Verdicts never change here. A search that its budget or an error of its own cuts short keeps what it has found, and
says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from gradcheck.diagnosis.budget import Budget, BudgetSpent, Rationed, experiment
from gradcheck.diagnosis.diagnosed import diagnosed
from gradcheck.diagnosis.look_at import look_at
from gradcheck.diagnosis.naming import Explains, Named, explanation, running_out, sorted_out
from gradcheck.diagnosis.operands import ParameterRow, parameter_rows
from gradcheck.diagnosis.smallest import OPS_OF_SCALARS, Shows, smallest, smallest_like
from gradcheck.errors import GradcheckError, HarnessFault
from gradcheck.faults.catalogue import fault
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.entry_points import entry_for
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case, Cost, Training
from gradcheck.run.events import Diagnosed, Diagnosing
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.offered import refuses
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import Result, Verdict

NO_ANSWER = frozenset({"GC001", "GC002", "GC003", "GC004", "GC005", "GC006", "GC017"})
"""Codes of results without an answer of the subject."""

SINGLE = (
    'gives the answers of float32 arithmetic, right to about 7 digits. If that is meant, say DTYPE = "float32" in the '
    "file, or --dtype float32. If not, it is"
)
"""How it is known that a subject computes in float32, and what to do about it."""

EXAMPLE = "the smallest counterexample"

SHARE = 0.4
"""Share of the budget after which the search for the smallest example stops, to leave time for the name."""


def diagnose(
    items: Sequence[Addressed],
    results: Sequence[Result],
    subject: Subject,
    oracles: Sequence[Oracle],
    *,
    budget: Budget | None = None,
    within: Shows | None = None,
) -> Iterator[Diagnosing | Diagnosed]:
    """The stages of the search as they begin, then what it found about a subject that failed, if anything.

    Without a budget the search runs to its end. It lets no exception out but KeyboardInterrupt. `within` says which
    graphs may be shown as the smallest counterexample; all by default.
    """
    search = _Search(items, results, subject, budget or Budget(None, None), oracles, within)
    ended = ""
    try:
        yield from search.stages()
    except BudgetSpent as spent:
        ended = f"the search for the cause was ended {spent}"
    except Exception as wrong:  # the verdicts are known, and must not be lost
        what = str(wrong) if isinstance(wrong, GradcheckError) else f"{type(wrong).__name__}: {wrong}"
        ended = f"the search for the cause ended early: {what}"
    if (found := search.found(ended)) is not None:
        yield found


class _Search:
    """The stages of a search; what a stage has found is kept, even if the next one fails.

    The budget limits all questions to the subject, except those about the one case that is shown at the end.
    """

    def __init__(
        self,
        items: Sequence[Addressed],
        results: Sequence[Result],
        subject: Subject,
        budget: Budget,
        oracles: Sequence[Oracle],
        within: Shows | None = None,
    ) -> None:
        self._within = within
        judged = {r.address: r for r in results if not refuses(r)}  # no op is asked for that is not offered
        self._items, self._results = [a for a in items if a.address in judged], results
        self._subject = Rationed(subject, budget)
        self._unlimited, self._budget, self._oracles = subject, budget, oracles
        self._tried = [
            (a.address, _where_wrong(a.case, judged[a.address]), judged[a.address].verdict)
            for a in self._items
            if isinstance(a.case, Case | Training) and a.case.subject is None
        ]
        self._case: Case | None = None
        self._example: Result | None = None
        self._rows: tuple[ParameterRow, ...] = ()
        self._fits = True
        self._named = Named()
        self._explains: tuple[str, ...] = ()
        self._unexplained: tuple[str, ...] = ()

    def found(self, ended: str) -> Diagnosed | None:
        """Everything found so far; None if that is nothing.

        An example that is not known to show the named mistake is left out, since it would mislead.
        """
        if self._example is None and not self._named.faults and not ended:
            return None
        spent = tuple(self._subject.spent)
        example, case, rows = (self._example, self._case, self._rows) if self._fits else (None, None, ())
        wrong = [f for r in self._results if r.verdict is Verdict.FAIL for f in r.findings]
        try:
            look = look_at(wrong if example is None else example.findings, self._named.faults, case)
        except GradcheckError:
            look = ""
        named = self._named
        return Diagnosed(
            example, case, named.faults, named.how, rows, self._explains, self._unexplained, look, ended, spent
        )

    def stages(self) -> Iterator[Diagnosing]:
        """Each stage, before it begins."""
        failing = [case for _, case, verdict in self._tried if verdict in (Verdict.FAIL, Verdict.ERROR)]
        passing = [case for _, case, verdict in self._tried if verdict is Verdict.PASS]
        wrong = [r for r in self._results if r.verdict in (Verdict.FAIL, Verdict.ERROR) and not as_it_should_be(r)]
        codes = frozenset(code for r in self._results if r.verdict is not Verdict.PASS for code in r.codes)
        if all(NO_ANSWER.intersection(r.codes) for r in self._results) or {"GC006", "GC017"} <= codes:
            return  # it never answered, or dies on questions: more of them teach nothing
        if "GC005" in codes or ("GC065" in codes and not failing):  # wrong numbers matter more than slow ones
            yield Diagnosing("looking for the cause")
            slow, how = running_out(self._subject, _ops(self._items, self._subject))
            if slow is not None:
                self._named = Named((slow,), how)
                self._explains = tuple(r.address for r in wrong if {"GC005", "GC065"} & set(r.codes))
                return
        if _single_precision(wrong):  # smaller graphs and experiments show nothing further
            self._named = Named((fault("F80"),), SINGLE)
            self._explains = tuple(r.address for r in wrong)
            return
        if not failing or "GC005" in codes:  # every further question might cost a time limit
            return
        yield Diagnosing("looking for the smallest counterexample")
        self._look_for_example(failing, passing, self._within)
        yield Diagnosing("looking for the cause")
        drawn: list[Case | Training] = [self._case] if self._case is not None else []
        named = explanation(self._subject, [*failing, *drawn], passing, codes)
        if named.faults:
            self._named, self._fits = named, named.alike
            self._sort_out(passing)

    def _look_for_example(
        self, failing: Sequence[Case | Training], passing: Sequence[Case | Training], shows: Shows | None = None
    ) -> None:
        """The smallest graph on which the subject is wrong, its answer there, and the right one.

        None if the oracles contradict each other on it: then it shows nothing about the subject.
        """
        self._case, self._example, self._rows = None, None, ()
        try:
            with experiment(self._subject, EXAMPLE):
                case = _smallest(Rationed(self._unlimited, self._budget.part(SHARE)), failing, passing, shows)
        except BudgetSpent:
            case = None
        if case is None:
            return
        try:
            tried = try_any(EXAMPLE, case, self._unlimited, self._oracles)
            self._example = diagnosed(tried, self._unlimited, self._oracles)
            self._case = tried.case if tried.case is not None else case
            self._rows = parameter_rows(self._case, tried.comparisons)
        except HarnessFault:
            self._example = None

    def _sort_out(self, passing: Sequence[Case | Training]) -> None:
        """The failures that the mistake explains, and an example that shows this mistake only."""
        fits = Explains(self._named, self._subject)
        failed = [(address, case) for address, case, verdict in self._tried if verdict is Verdict.FAIL]
        with experiment(self._subject, "the failures that the mistake explains"):
            self._explains, self._unexplained = sorted_out(failed, fits)
        if not self._explains and not self._named.alike:
            self._unexplained = ()  # no engine of the catalogue makes the fault in this way: nothing can be compared
        self._fits = self._case is None or fits(self._case)
        if not self._fits:
            explained = [case for address, case in failed if address in self._explains]
            shows = fits if self._within is None else partial(_both, fits, self._within)
            self._look_for_example(explained, passing, shows)
            self._fits = True


def _both(one: Shows, other: Shows, case: Case) -> bool:
    return other(case) and one(case)


def _single_precision(wrong: Sequence[Result]) -> bool:
    """Whether float32 arithmetic explains every failure; answers to float32 cases may have come in float64."""
    failed = [r for r in wrong if r.verdict is Verdict.FAIL]
    others = {f.code for r in wrong if r.verdict is Verdict.ERROR for f in r.findings if f.severity is Severity.FATAL}
    return bool(failed) and all("GC081" in r.codes for r in failed) and others <= {"GC011"}


def _where_wrong(case: Case | Training, result: Result) -> Case | Training:
    """The case at the point at which the subject is wrong."""
    if not result.moved_point or not isinstance(case, Case):
        return case
    return case.at({name: np.asarray(value) for name, value in result.moved_point.items()})


def _ops(items: Sequence[Addressed], subject: Subject) -> frozenset[str]:
    """The ops that appeared in questions to the subject's native entry point."""
    cases = [a.case.smallest if isinstance(a.case, Cost) else a.case for a in items]
    native = [c for c in cases if isinstance(c, Case) and entry_for(c, subject) == NATIVE]
    return frozenset[str]().union(*(case.graph.ops for case in native))


def _smallest(
    subject: Subject, failing: Sequence[Case | Training], passing: Sequence[Case | Training], shows: Shows | None
) -> Case | None:
    """The smallest graph on which the subject is wrong, made of ops that it knows and was asked about."""
    wrong = [c for c in failing if isinstance(c, Case) and entry_for(c, subject) == NATIVE]
    if not wrong:
        return None
    right = [c for c in passing if isinstance(c, Case) and entry_for(c, subject) == NATIVE]
    known = frozenset[str]().union(*(case.graph.ops for case in (*wrong, *right)))
    found = smallest(subject, ops=known & OPS_OF_SCALARS, shows=shows) if known & OPS_OF_SCALARS else None
    return found or smallest_like(subject, min(wrong, key=lambda c: len(c.graph)), shows=shows)
