"""Adds cause and place to the result of one failed case, as far as its own numbers show them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.budget import Budget, BudgetSpent, Rationed
from gradcheck.diagnosis.causes import causes
from gradcheck.diagnosis.made_in import with_origin
from gradcheck.diagnosis.place import Locator
from gradcheck.diagnosis.wrong_steps import cause
from gradcheck.judge.dispatch import try_any
from gradcheck.judge.entry_points import entry_for
from gradcheck.judge.settings import Settings
from gradcheck.judge.tried import Tried
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case, Cost, Training
from gradcheck.subject.answer import NATIVE, Subject
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result

SINGLE_PRECISION = "GC081"
"""Finding that float32 explains an answer's error; then no other cause is looked for."""


def try_and_diagnose(
    address: str,
    case: Case | Training | Cost,
    subject: Subject,
    oracles: Sequence[Oracle],
    settings: Settings | None = None,
    *,
    replay: str = "",
) -> Result:
    """Judge `subject` on one case of any kind, and add findings about the cause to its result.

    Raises HarnessFault when proven oracles contradict each other; nothing the subject does raises.
    """
    return diagnosed(try_any(address, case, subject, oracles, settings, replay=replay), subject, oracles)


def diagnosed(tried: Tried, subject: Subject, oracles: Sequence[Oracle], budget: Budget | None = None) -> Result:
    """The result of a judged case, with findings about cause and place where something is wrong.

    A search that the budget cuts short keeps what it has found, and a finding says so.
    """
    started = time.perf_counter()
    subject = subject if budget is None else Rationed(subject, budget)
    found = list[Finding]()
    if tried.wrong and SINGLE_PRECISION not in tried.result.codes:
        try:
            found += _of_step(tried) + _of_numbers(tried)
            found += _of_place(tried, subject, oracles)
            if not {"GC015", "GC050"} & {f.code for f in found}:  # the subject could not be asked about parts
                tried = replace(tried, result=replace(tried.result, findings=tuple(with_origin(tried, subject))))
        except BudgetSpent as spent:
            found.append(finding("GC114", spent=str(spent)))
    result = with_findings(tried.result, found)
    return replace(result, seconds=result.seconds + time.perf_counter() - started)


def _of_step(tried: Tried) -> list[Finding]:
    """The finding about the cause of a wrong step."""
    step = tried.wrong_step
    if step is None or (words := cause(step)) is None:
        return []
    return [finding("GC051", cause=f"{words} (proved by step {step.step}, entry by entry)")]


def _of_numbers(tried: Tried) -> list[Finding]:
    """Findings about causes that fit a wrong gradient."""
    if tried.case is None or not tried.comparisons or np.any(tried.comparisons[0].wrong):
        return []
    return causes(tried.case, tried.comparisons)


def _of_place(tried: Tried, subject: Subject, oracles: Sequence[Oracle]) -> list[Finding]:
    """Findings about the node that is wrong; the parts that are asked about are graphs."""
    if tried.case is None or entry_for(tried.case, subject) != NATIVE:
        return []
    return Locator(tried.case, subject, oracles).findings(tried.comparisons)
