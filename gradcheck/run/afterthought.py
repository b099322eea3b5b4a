"""After a run with wrong gradients: the smallest counterexample, the fault that behaves alike, and files to replay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gradcheck.check.asking import entry_for
from gradcheck.check.naming import explanation, running_out
from gradcheck.check.smallest import OPS_OF_SCALARS, smallest, smallest_like
from gradcheck.check.trial import try_case
from gradcheck.errors import HarnessFault
from gradcheck.faults.catalogue import fault
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case, Cost, Training
from gradcheck.problem.serialise import suite_to_json
from gradcheck.run.events import Diagnosed, as_it_should_be
from gradcheck.run.offered import refuses
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.verdict.finding import Severity
from gradcheck.verdict.result import Result, Verdict

SINGLE = (
    'gives the answers of float32 arithmetic, right to about 7 digits. If that is meant, say DTYPE = "float32" in the '
    "file, or --dtype float32. If not, it is"
)
"""How it is known that a subject computes in float32, and what to do about it."""


def diagnose(
    items: Sequence[Addressed], results: Sequence[Result], subject: Subject, oracles: Sequence[Oracle]
) -> Diagnosed | None:
    """What can be said about a subject that failed some cases; None where there is nothing to add."""
    verdicts = {r.address: r.verdict for r in results if not refuses(r)}  # an op that is not offered is not asked for
    items = [a for a in items if a.address in verdicts]
    tried = [(a.address, a.case) for a in items if isinstance(a.case, Case | Training) and a.case.subject is None]
    failing = [case for address, case in tried if verdicts[address] in (Verdict.FAIL, Verdict.ERROR)]
    passing = [case for address, case in tried if verdicts[address] is Verdict.PASS]
    wrong = [r for r in results if r.verdict in (Verdict.FAIL, Verdict.ERROR) and not as_it_should_be(r)]
    codes = frozenset(code for r in results if r.verdict is not Verdict.PASS for code in r.codes)
    if "GC005" in codes or ("GC065" in codes and not failing):  # wrong numbers come before slow ones
        found, how = running_out(subject, _ops(items, subject))
        if found is not None:
            return Diagnosed(None, None, (found,), how)
    if _single_precision(wrong):  # no smaller graph and no experiment tells more
        return Diagnosed(None, None, (fault("F80"),), SINGLE)
    if not failing or "GC005" in codes:  # every further question might cost a time limit
        return None
    try:
        case = _smallest(subject, failing, passing)
        counterexample = None if case is None else try_case("the smallest counterexample", case, subject, oracles)
    except HarnessFault:  # the oracles contradict each other on it, so that it shows nothing about the subject
        case = counterexample = None
    drawn: list[Case | Training] = [case] if case is not None else []
    named = explanation(subject, [*failing, *drawn], passing, codes)
    if counterexample is None and not named.faults:
        return None
    return Diagnosed(counterexample, case, named.faults, named.how)


def _single_precision(wrong: Sequence[Result]) -> bool:
    """Whether float32 arithmetic explains every failure; its cases in float32 may have come back in float64."""
    failed = [r for r in wrong if r.verdict is Verdict.FAIL]
    others = {f.code for r in wrong if r.verdict is Verdict.ERROR for f in r.findings if f.severity is Severity.FATAL}
    return bool(failed) and all("GC081" in r.codes for r in failed) and others <= {"GC011"}


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


def save(
    folder: Path, items: Sequence[Addressed], results: Sequence[Result], diagnosed: Diagnosed | None
) -> list[Path]:
    """Write failing generated cases, and the smallest counterexample, as suite files that are replayed next time."""
    wrong = {r.address for r in results if r.verdict is Verdict.FAIL}
    cases = [a.case for a in items if isinstance(a.case, Case) and a.case.seed is not None and a.address in wrong]
    if diagnosed is not None and diagnosed.case is not None:
        cases.append(diagnosed.case)
    written = []
    for case in cases:
        folder.mkdir(parents=True, exist_ok=True)
        seed = f"-{case.seed}" if case.seed is not None else ""
        path = folder / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', case.name)}{seed}.json"
        path.write_text(suite_to_json([case]), encoding="utf-8")
        written.append(path)
    return written
