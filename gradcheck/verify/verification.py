"""A verification from the first look to the last result, as events."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial

from gradcheck.conventions.averaged import Averaged
from gradcheck.diagnosis.budget import Budget, working_seconds
from gradcheck.errors import SubjectError, shell_word
from gradcheck.judge.protocol import no_answer
from gradcheck.run.runner import number_of
from gradcheck.subject.command import Command, CommandSubject
from gradcheck.subject.description import Seen, SeenOffer
from gradcheck.subject.looking import Source
from gradcheck.subject.written import WrittenSubject
from gradcheck.verify.advice import ambiguous, nothing_recognised, unusable
from gradcheck.verify.averaged_together import Waiting
from gradcheck.verify.engine_trial import engine_events
from gradcheck.verify.second_look import confirmed
from gradcheck.verify.target import shown_name, subject_of
from gradcheck.verify.trials import MEMORY, TrialSubject
from gradcheck.verify.tried_engine import EngineTried
from gradcheck.verify.verify_events import Lacking, Offered, PairTried, Recognised, Unusable, Verified, VerifyEvent
from gradcheck.verify.wanted import Wanted


def verification(
    wanted: Wanted,
    now: Callable[[str], None] = lambda what: None,
    looker: WrittenSubject | CommandSubject | None = None,
) -> Generator[VerifyEvent, None, None]:
    """Look, try every offer, and sum up; `now` is told what is being done.

    `looker` is the source as a subject, for the look; it is closed afterwards.

    KeyboardInterrupt, thrown in at any event or raised in between, ends it with the finished results.
    """
    started = time.perf_counter()
    tally = _Tally()
    events = _events(wanted, now, looker or subject_of(wanted.source, timeout=wanted.timeout))
    asked: KeyboardInterrupt | None = None
    try:
        while tally.signal is None:
            try:  # what is thrown in here ends the trial that goes on, which still says what it has
                event = next(events) if asked is None else events.throw(asked)
            except StopIteration:
                break
            asked = None
            tally.add(event)
            try:
                yield event
            except KeyboardInterrupt as thrown:
                asked = thrown
    except KeyboardInterrupt as wrong:
        tally.signal = number_of(wrong)
    finally:
        events.close()
    seconds = time.perf_counter() - started
    yield Verified(tally.counts, tally.entries, seconds, tally.signal, tally.unusable, wanted.only)


class _Tally:
    """What the events come to."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.entries = 0
        self.signal: int | None = None
        self.unusable = False

    def add(self, event: VerifyEvent) -> None:
        """Count one event."""
        match event:
            case Unusable():
                self.unusable = True
            case Lacking():
                self.counts["ERROR"] += 1
            case PairTried(trial=pair):
                self.counts[pair.verdict] += 1
                self.entries += pair.entries
            case EngineTried(trial=engine):
                self.counts.update(engine.verdict_of(result) for result in engine.every_result)
                self.counts["HARNESS FAULT"] += len(engine.faulted)
                self.entries += sum(result.comparisons for result in engine.every_result)
                self.signal = engine.interrupted


def _events(
    wanted: Wanted, now: Callable[[str], None], looker: WrittenSubject | CommandSubject
) -> Generator[VerifyEvent, None, None]:
    source = wanted.source
    name = shown_name(source)
    now(f"reading {name}")
    with looker as subject:
        try:
            seen = subject.look()
        except SubjectError as wrong:
            sentence = unusable(name, wrong, program=isinstance(source, Command))
            yield Unusable(wanted.text, sentence, no_answer(wrong))
            return
        yield from _offered(wanted, name, seen, subject, now)


def _offered(
    wanted: Wanted, name: str, seen: Seen, subject: WrittenSubject | CommandSubject, now: Callable[[str], None]
) -> Iterator[VerifyEvent]:
    """Every offer tried; `subject` is the one that looked."""
    source = wanted.source
    trouble = nothing_recognised(name, seen, source.wanted, source.name) or ambiguous(wanted.text, seen)
    if trouble:
        yield Unusable(wanted.text, trouble)
        return
    yield Recognised(wanted.text, name, seen)
    waiting = Waiting(partial(_again, wanted, subject))
    try:
        for offer in seen.offers:
            yield from waiting.passed(Offered(offer))
            if offer.entries:
                yield from waiting.decided()
                yield from _engine(wanted, offer, now)
            if offer.pairs:
                for event in _pairs(wanted, offer, subject, now):
                    yield from waiting.passed(event, offer)
        yield from waiting.decided()
    except KeyboardInterrupt:
        yield from waiting.events
        raise


def _again(
    wanted: Wanted, looked: WrittenSubject | CommandSubject, offer: SeenOffer, event: PairTried, averaged: Averaged
) -> PairTried:
    """The pair once more, as one that leaves an average to other parts of the file."""
    assert isinstance(wanted.source, Source), "a command offers no pairs"
    assert isinstance(looked, WrittenSubject), "a command offers no pairs"
    number = offer.pairs.index(event.trial.pair)
    try:
        with TrialSubject(wanted.source, offer, timeout=wanted.timeout, memory=MEMORY) as subject:
            trial = subject.again(number, averaged)
    except SubjectError:
        return event
    return replace(event, trial=confirmed(trial, looked, offer.convention, offer.name, number, averaged))


def _engine(wanted: Wanted, offer: SeenOffer, now: Callable[[str], None]) -> Iterator[VerifyEvent]:
    known = offer.ops
    yield from (Lacking(op) for op in wanted.required if known is not None and op not in known)

    def opened() -> WrittenSubject | CommandSubject:
        return subject_of(wanted.source, offer, timeout=wanted.timeout)

    with opened() as subject:
        subject.prepare()
        yield from engine_events(
            subject,
            offer,
            another=opened,
            replay=wanted.replay,
            only=wanted.only,
            budget=Budget(wanted.budget, clock=working_seconds),
            now=now,
        )


def _pairs(
    wanted: Wanted, offer: SeenOffer, looked: WrittenSubject | CommandSubject, now: Callable[[str], None]
) -> Iterator[VerifyEvent]:
    assert isinstance(wanted.source, Source), "a command offers no pairs"
    assert isinstance(looked, WrittenSubject), "a command offers no pairs"
    with TrialSubject(wanted.source, offer, timeout=wanted.timeout, memory=MEMORY) as subject:
        now("the pairs of functions")
        for trial in subject.trials(wanted.only):
            trial = confirmed(trial, looked, offer.convention, offer.name, offer.pairs.index(trial.pair))
            yield PairTried(trial, wanted.replay + shell_word(trial.pair.name))
