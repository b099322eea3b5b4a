"""The runner: takes cases, yields events. It does not know who uses them."""

from __future__ import annotations

import shlex
import signal
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import HarnessFault, Interrupted, SubjectError
from gradcheck.judge.dispatch import own_subject, try_any
from gradcheck.judge.entry_points import missing_entry
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.settings import Settings
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case
from gradcheck.run.events import (
    CaseFinished,
    CaseStarted,
    Event,
    Faulted,
    Finished,
    NotOffered,
    Started,
)
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.offered import Offers, as_the_case_expects
from gradcheck.run.posed import USUAL, posed
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import Subject
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

GIVE_UP_AFTER = 3
"""Number of time-outs, or of successive cases without an answer, after which the subject is not asked any more."""
SILENT = frozenset({"GC005", "GC006"})
"""Codes for no answer in time, and for a child that died."""


def run(
    cases: Sequence[Addressed],
    subject: Subject,
    oracles: Sequence[Oracle],
    *,
    described: str,
    self_check: bool = False,
    seed: int | None = None,
    settings: Settings | None = None,
    maxfail: int = 0,
    replay_options: str = "",
    give_up_after: int = GIVE_UP_AFTER,
    diagnosis: bool = True,
    budget: Budget | None = None,
    required: frozenset[str] = frozenset(),
    dtype: str | None = None,
    first: Collection[str] = (),
    replay_as: str = "",
    forms_may_lack: bool = False,
) -> Iterator[Event]:
    """Judge the cases one after the other, those with an address in `first` before the others, and yield what happens.

    The order of asking changes nothing else: results and diagnosis have the cases in the order in which they are given.

    Cases are rounded to `dtype`, or else to the dtype that the subject declares (see `posed`). A case that the subject
    does not offer has no result, unless it is `required` (see `offered`); the reason of a refusal is decided, and
    yielded, when all cases have been asked.

    With `maxfail` the run stops after so many cases that are not as they should be.

    `replay_as` is the command that repeats a case, with {} for its address; `gradcheck run` by default. With
    `forms_may_lack` an op that is answered in one form and refused in another is not offered in that form.

    KeyboardInterrupt, thrown in at any event or raised in between, ends the run with the finished results and without a
    diagnosis. A harness fault ends only its case. With `give_up_after=0` the subject is asked every question. Without a
    `budget` the diagnosis runs to its end.
    """
    started = time.perf_counter()
    results: list[Result] = []
    faults: list[Faulted] = []
    not_offered: list[NotOffered] = []
    offers = Offers(subject, required, forms_may_lack=forms_may_lack)
    interrupted: int | None = None
    silent = timeouts = bad = 0
    guarantees = dict(subject.guarantees)
    failure = _cannot_load(subject) if cases else None
    left_out: list[str] = []
    if failure is None and cases:
        cases, left_out = _answerable(cases, subject)
        cases, unposed = posed(cases, dtype or subject.declared.dtype or USUAL)
        left_out += [*unposed, *offers.remarks()]
    try:
        yield Started(len(cases), described, self_check, seed, guarantees, tuple(left_out))
        if failure is not None:
            results.append(Result(described, Verdict.ERROR, (no_answer(failure),)))
            yield CaseFinished(results[-1])
            cases = [item for item in cases if item.case.subject is not None]
        for item in sorted(cases, key=lambda item: item.address not in first):
            if (undeclared := offers.undeclared(item)) is not None:
                not_offered.append(undeclared)
                yield undeclared
                continue
            yield CaseStarted(item.address)
            replay = replay_line(item, replay_options, replay_as)
            try:
                if (own := own_subject(item.case)) is not None:
                    result = _tried(item, own, oracles, settings, replay)
                elif (missing := offers.missing(item)) is not None:
                    result = as_the_case_expects(item, _unasked(item, missing, replay))
                elif give_up_after and max(silent, timeouts) >= give_up_after:
                    result = _unasked(item, finding("GC017", times=max(silent, timeouts)), replay)
                else:
                    result = _tried(item, subject, oracles, settings, replay)
                    silent = silent + 1 if SILENT.intersection(result.codes) else 0
                    timeouts += "GC005" in result.codes  # each costs the time limit, in a row or not
            except HarnessFault as fault:
                faults.append(Faulted(item.address, str(fault)))
                yield faults[-1]
                continue
            if not offers.counts(item, result):
                continue
            results.append(result)
            yield CaseFinished(result)
            bad += not as_it_should_be(result)
            if maxfail and bad >= maxfail:
                break
    except KeyboardInterrupt as asked:
        interrupted = number_of(asked)
    for refused in offers.sorted_out():
        if isinstance(refused, NotOffered):
            not_offered.append(refused)
            yield refused
        else:
            results.append(refused)
            yield CaseFinished(refused)
    places = {item.address: place for place, item in enumerate(cases)}
    results.sort(key=lambda result: places.get(result.address, -1))
    try:
        if diagnosis and interrupted is None and not all(as_it_should_be(result) for result in results):
            from gradcheck.run.afterthought import diagnose  # imported late: a run without a failure does not need it

            yield from diagnose(cases, results, subject, oracles, budget=budget)
    except KeyboardInterrupt as asked:
        interrupted = number_of(asked)
    seconds = time.perf_counter() - started
    yield Finished(tuple(results), tuple(faults), seconds, interrupted, tuple(not_offered))


def _tried(
    item: Addressed, subject: Subject, oracles: Sequence[Oracle], settings: Settings | None, replay: str
) -> Result:
    """The result of one case, with findings about its cause."""
    tried = try_any(item.address, item.case, subject, oracles, settings, replay=replay)
    if not tried.wrong:
        return tried.result
    from gradcheck.diagnosis.diagnosed import diagnosed  # imported late: a run without a failure does not need it

    return diagnosed(tried, subject, oracles)


def number_of(asked: KeyboardInterrupt) -> int:
    """The signal that asked for the end."""
    return asked.number if isinstance(asked, Interrupted) else signal.SIGINT


def _cannot_load(subject: Subject) -> SubjectError | None:
    """The reason why the subject cannot be asked anything; None if it can."""
    try:
        subject.entry_points()
    except SubjectError as failure:
        return failure
    return None


def _answerable(cases: Sequence[Addressed], subject: Subject) -> tuple[list[Addressed], list[str]]:
    """The cases that the subject has an entry point for, or that were asked for by address; lines about the others."""
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


def replay_line(item: Addressed, options: str, replay_as: str = "") -> str:
    """The command that runs this case alone; a generated case needs its seed."""
    if replay_as:
        return replay_as.format(shlex.quote(item.address))
    seed = f" --seed {_seed(item)}" if _seed(item) is not None else ""
    return f"gradcheck run {shlex.quote(item.address)}{options}{seed}"


def _seed(item: Addressed) -> int | None:
    """The seed that a gradient case was generated from; a training's own is part of the training."""
    return item.case.seed if isinstance(item.case, Case) else None
