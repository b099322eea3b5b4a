"""The runner: takes cases, yields events. It does not know who uses them."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from gradcheck.diagnosis.budget import Budget
from gradcheck.errors import HarnessFault, Interrupted, SubjectError, shell_word
from gradcheck.judge.entry_points import missing_entry
from gradcheck.judge.protocol import no_answer
from gradcheck.judge.settings import ALL, Settings
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case
from gradcheck.run.asking import GIVE_UP_AFTER, Asking, How, seed_of
from gradcheck.run.events import (
    CaseAhead,
    CaseFinished,
    CaseJudged,
    CaseStarted,
    Event,
    Faulted,
    Finished,
    NotOffered,
    Started,
)
from gradcheck.run.exit_code import as_it_should_be
from gradcheck.run.offered import Offers
from gradcheck.run.posed import USUAL, posed
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import Subject
from gradcheck.verdict.result import Result, Verdict


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
    jobs: int | None = 1,
    another: Callable[[], Subject] | None = None,
) -> Iterator[Event]:
    """Judge the cases one after the other, those with an address in `first` before the others, and yield what happens.

    The order of asking changes nothing else: results and diagnosis have the cases in the order in which they are given.

    Cases are rounded to `dtype`, or else to the dtype that the subject declares (see `posed`). A case that the subject
    does not offer has no result, unless it is `required` (see `offered`); the reason of a refusal is decided, and
    yielded, when all cases have been asked.

    With `maxfail` the run stops after so many cases that are not as they should be.

    `replay_as` is the command that repeats a case, up to its address; `gradcheck run` by default. With
    `forms_may_lack` an op that is answered in one form and refused in another is not offered in that form.

    With `jobs` several processes judge at the same time (None: as many as fit the cases and the processors), each with
    a subject of its own, which `another` opens. Events and results are those of one job, in the same order, but for
    CaseAhead, which tells of a result before its turn, and CaseJudged, which tells of one before its cause is known.

    KeyboardInterrupt, thrown in at any event or raised in between, ends the run with the finished results and without a
    diagnosis. A harness fault ends only its case. With `give_up_after=0` the subject is asked every question. Without a
    `budget` the diagnosis runs to its end; each case's own may take as much.
    """
    started = time.perf_counter()
    results: list[Result] = []
    faults: list[Faulted] = []
    not_offered: list[NotOffered] = []
    offers = Offers(subject, required, forms_may_lack=forms_may_lack)
    interrupted: int | None = None
    bad = 0
    guarantees = dict(subject.guarantees)
    failure = _cannot_load(subject) if cases else None
    left_out: list[str] = []
    if failure is None and cases:
        cases, left_out = _answerable(cases, subject)
        cases, unposed = posed(cases, dtype or subject.declared.dtype or USUAL)
        left_out += [*unposed, *offers.remarks()]
    how = How(oracles, settings or Settings(oracles=ALL), give_up_after, jobs, another, budget)
    asking = judged = None
    try:
        yield Started(len(cases), described, self_check, seed, guarantees, tuple(left_out))
        if failure is not None:
            results.append(Result(described, Verdict.ERROR, (no_answer(failure),)))
            yield CaseFinished(results[-1])
            cases = [item for item in cases if item.case.subject is not None]
        items = sorted(cases, key=lambda item: item.address not in first)
        asking = Asking(items, subject, offers, how, lambda item: replay_line(item, replay_options, replay_as))
        for number, item in enumerate(items):
            if (undeclared := offers.undeclared(item)) is not None:
                not_offered.append(undeclared)
                yield undeclared
                continue
            yield CaseStarted(item.address)
            try:
                for other, early in asking.ahead(number):
                    if not offers.withholds(other, early):
                        yield CaseAhead(early)
                judged = asking.judged(number)
                if judged is not None:
                    yield CaseJudged(judged)
                result = asking.result(number)
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
        told = {result.address for result in results}
        if judged is not None and judged.address not in told and offers.counts(item, judged):
            results.append(judged)
            yield CaseFinished(judged)
        for item, result in asking.finished() if asking is not None else ():
            if offers.counts(item, result):
                results.append(result)
                yield CaseFinished(result)
    finally:
        if asking is not None:
            asking.close()
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


def replay_line(item: Addressed, options: str, replay_as: str = "") -> str:
    """The command that runs this case alone; a generated case needs its seed."""
    if replay_as:
        return replay_as + shell_word(item.address)
    seed = f" --seed {seed_of(item)}" if seed_of(item) is not None else ""
    return f"gradcheck run {shell_word(item.address)}{options}{seed}"
