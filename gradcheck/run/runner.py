"""The runner: cases in, events out. It does not know who listens."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from collections.abc import Iterator, Sequence

from gradcheck.check.asking import missing_entry
from gradcheck.check.dispatch import own_subject, try_any
from gradcheck.check.protocol import no_answer
from gradcheck.check.settings import Settings
from gradcheck.errors import HarnessFault, SubjectError
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case
from gradcheck.run.afterthought import diagnose
from gradcheck.run.events import CaseFinished, CaseStarted, Event, Faulted, Finished, Started, as_it_should_be
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import Subject
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

MOST_TIMEOUTS = 3
"""After so many cases without an answer in time, the subject is not asked any more."""


def run(
    cases: Sequence[Addressed],
    subject: Subject,
    oracles: Sequence[Oracle],
    *,
    described: str,
    self_check: bool = False,
    seed: int | None = None,
    settings: Settings | None = None,
    fail_fast: bool = False,
    replay_options: str = "",
    diagnosis: bool = True,
) -> Iterator[Event]:
    """Put every case on trial, one after the other, and tell what happens.

    Ctrl-C ends the run with what is finished; a harness fault ends its case only.
    """
    started = time.perf_counter()
    results: list[Result] = []
    faults: list[Faulted] = []
    interrupted = False
    timeouts = 0
    guarantees = dict(subject.guarantees)
    failure = _cannot_load(subject) if cases else None
    left_out: list[str] = []
    if failure is None:
        cases, left_out = _answerable(cases, subject)
    yield Started(len(cases), described, self_check, seed, guarantees, tuple(left_out))
    try:
        if failure is not None:
            results.append(Result(described, Verdict.ERROR, (no_answer(failure),)))
            yield CaseFinished(results[-1])
            cases = [item for item in cases if item.case.subject is not None]
        for item in cases:
            yield CaseStarted(item.address)
            replay = replay_line(item, replay_options)
            try:
                if (own := own_subject(item.case)) is not None:
                    result = try_any(item.address, item.case, own, oracles, settings, replay=replay)
                elif timeouts >= MOST_TIMEOUTS:
                    result = _unasked(item, finding("GC017", timeouts=timeouts), replay)
                else:
                    result = try_any(item.address, item.case, subject, oracles, settings, replay=replay)
                    timeouts += "GC005" in result.codes
            except HarnessFault as fault:
                faults.append(Faulted(item.address, str(fault)))
                yield faults[-1]
                continue
            results.append(result)
            yield CaseFinished(result)
            if fail_fast and not as_it_should_be(result):
                break
        if diagnosis and (found := diagnose(cases, results, subject, oracles)):
            yield found
    except KeyboardInterrupt:
        interrupted = True
    yield Finished(tuple(results), tuple(faults), time.perf_counter() - started, interrupted)


def _cannot_load(subject: Subject) -> SubjectError | None:
    """Why the subject cannot be asked anything at all, if so."""
    try:
        subject.entry_points()
    except SubjectError as failure:
        return failure
    return None


def _answerable(cases: Sequence[Addressed], subject: Subject) -> tuple[list[Addressed], list[str]]:
    """The cases that the subject has an entry point for, or that were asked for by address; a line about the others."""
    kept: list[Addressed] = []
    lacking: Counter[tuple[str, str]] = Counter()
    for item in cases:
        entry = None if item.named or item.case.subject is not None else missing_entry(item.case, subject)
        if entry is None:
            kept.append(item)
        else:
            kind = "gradient" if isinstance(item.case, Case) else type(item.case).__name__.lower()
            lacking[kind, entry] += 1
    lines = [
        f"{count} {kind} case{'s' * (count > 1)} left out: the subject has no `{entry}`"
        for (kind, entry), count in lacking.items()
    ]
    return kept, lines


def _unasked(item: Addressed, why: Finding, replay: str) -> Result:
    case = item.case
    return Result(
        item.address, Verdict.ERROR, (why,), sentence=case.sentence, labels=case.labels, seed=_seed(item), replay=replay
    )


def replay_line(item: Addressed, options: str) -> str:
    """The command that runs this case alone; a generated case needs its seed."""
    seed = f" --seed {_seed(item)}" if _seed(item) is not None else ""
    return f"gradcheck run {shlex.quote(item.address)}{options}{seed}"


def _seed(item: Addressed) -> int | None:
    """The seed that a gradient case was generated from; a training's own is part of the training."""
    return item.case.seed if isinstance(item.case, Case) else None
