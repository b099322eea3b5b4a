"""What can be said at once about a case that failed: the cause that fits its numbers, and the node where it sits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.causes import causes
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
"""The finding that an answer is off by no more than float32 explains: its numbers have no other cause."""


def try_and_diagnose(
    address: str,
    case: Case | Training | Cost,
    subject: Subject,
    oracles: Sequence[Oracle],
    settings: Settings | None = None,
    *,
    replay: str = "",
) -> Result:
    """Put `subject` on trial in one case of any kind, and add to its result what can be said of the cause at once.

    Raises HarnessFault when proven oracles contradict each other; nothing the subject does raises.
    """
    return diagnosed(try_any(address, case, subject, oracles, settings, replay=replay), subject, oracles)


def diagnosed(tried: Tried, subject: Subject, oracles: Sequence[Oracle]) -> Result:
    """The result of a trial, with findings about cause and place where something is wrong."""
    started = time.perf_counter()
    found = list[Finding]()
    if tried.wrong and SINGLE_PRECISION not in tried.result.codes:
        found = _of_step(tried) + _of_gradient(tried, subject, oracles)
    result = with_findings(tried.result, found)
    return replace(result, seconds=result.seconds + time.perf_counter() - started)


def _of_step(tried: Tried) -> list[Finding]:
    """The cause of a wrong step."""
    step = tried.wrong_step
    if step is None or (words := cause(step)) is None:
        return []
    return [finding("GC051", cause=f"{words} (proved by step {step.step}, entry by entry)")]


def _of_gradient(tried: Tried, subject: Subject, oracles: Sequence[Oracle]) -> list[Finding]:
    """Causes that fit a wrong gradient, and the node that is wrong."""
    if tried.case is None:
        return []
    found = list[Finding]()
    if tried.comparisons and not np.any(tried.comparisons[0].wrong):
        found += causes(tried.case, tried.comparisons)
    if entry_for(tried.case, subject) == NATIVE:  # the parts asked about are graphs
        found += Locator(tried.case, subject, oracles).findings(tried.comparisons)
    return found
