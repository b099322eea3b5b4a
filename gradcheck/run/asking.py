"""Asks the subject about one case after the other: in this process or in workers, and no more once it is given up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gradcheck.diagnosis.budget import Budget
from gradcheck.judge.dispatch import own_subject, try_any
from gradcheck.judge.settings import Settings
from gradcheck.judge.tried import Tried
from gradcheck.oracle.estimate import Oracle
from gradcheck.problem import Case
from gradcheck.run.offered import Offers, as_the_case_expects
from gradcheck.run.suite import Addressed
from gradcheck.run.workers import Alone, Task, Workers, fitting
from gradcheck.subject.answer import Subject
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import Result, Verdict

GIVE_UP_AFTER = 3
"""Number of time-outs, or of successive cases without an answer, after which the subject is not asked any more."""
SILENT = frozenset({"GC005", "GC006"})
"""Codes for no answer in time, and for a child that died."""


@dataclass(frozen=True)
class How:
    """How cases are judged; the same for all of a run.

    Attributes
    ----------
    oracles, settings: of the judge.
    give_up_after: see GIVE_UP_AFTER; 0 for never.
    jobs: number of processes that judge at the same time; None for as many as fit the cases and the processors.
    another: opens a further subject like the one given, for a worker.
    budget: what the search for the cause of each case may take; None for no limit.
    """

    oracles: Sequence[Oracle]
    settings: Settings | None = None
    give_up_after: int = GIVE_UP_AFTER
    jobs: int | None = 1
    another: Callable[[], Subject] | None = None
    budget: Budget | None = None


class Asking:
    """The results of `items`, each asked for by its number and in their order; `close` ends what judges them."""

    def __init__(
        self,
        items: Sequence[Addressed],
        subject: Subject,
        offers: Offers,
        how: How,
        replay: Callable[[Addressed], str],
    ) -> None:
        self._items, self._offers, self._how, self._replay = items, offers, how, replay
        self._subject = subject
        self._silent = self._timeouts = 0
        self._tried: dict[int, Tried] = {}
        asked = [k for k, item in enumerate(items) if self._is_asked(item)]
        jobs = fitting(len(asked)) if how.jobs is None else min(how.jobs, len(asked))
        self._judges: Alone[Result] | Workers[Result] = (
            Workers(jobs, self._opened, self._judged, asked) if jobs > 1 and how.another else Alone(self._judged)
        )

    def result(self, number: int) -> Result:
        """The result of a case; HarnessFault where the harness contradicts itself on it."""
        item = self._items[number]
        if item.case.subject is not None:
            return self._judges.result(number)
        if (missing := self._offers.missing(item)) is not None:
            return as_the_case_expects(item, self._unasked(item, missing))
        if self._given_up():
            return self._unasked(item, finding("GC017", times=max(self._silent, self._timeouts)))
        result = self._judges.result(number)
        self._silent = self._silent + 1 if SILENT.intersection(result.codes) else 0
        self._timeouts += "GC005" in result.codes  # each costs the time limit, in a row or not
        if self._given_up():
            self._judges.only(k for k, item in enumerate(self._items) if item.case.subject is not None)
        return result

    def ahead(self, number: int) -> Iterator[tuple[Addressed, Result]]:
        """Wait for what `result` needs, and tell the results of other cases that workers have meanwhile."""
        if self._will_ask(number):
            for other, result in self._judges.ahead(number):
                yield self._items[other], result

    def judged(self, number: int) -> Result | None:
        """The result of a wrong case before `result` looks for its cause; None for any other, and where workers ask.

        HarnessFault as for `result`.
        """
        if not isinstance(self._judges, Alone) or not self._will_ask(number):
            return None
        self._tried[number] = tried = self._try(number, self._subject)
        return tried.result if tried.wrong else None

    def finished(self) -> Iterator[tuple[Addressed, Result]]:
        """What workers have finished and nobody has asked for, after an interrupt."""
        for number in sorted(self._judges.arrived()):
            if not self._given_up() or self._items[number].case.subject is not None:
                yield self._items[number], self._judges.result(number)

    def close(self) -> None:
        """End the workers, if there are any."""
        self._judges.close()

    def _given_up(self) -> bool:
        most = self._how.give_up_after
        return bool(most) and max(self._silent, self._timeouts) >= most

    def _will_ask(self, number: int) -> bool:
        item = self._items[number]
        return self._is_asked(item) and (item.case.subject is not None or not self._given_up())

    def _is_asked(self, item: Addressed) -> bool:
        if item.case.subject is not None:
            return True
        return self._offers.undeclared(item) is None and self._offers.missing(item) is None

    @contextmanager
    def _opened(self) -> Iterator[Task[Result]]:
        assert self._how.another is not None
        with self._how.another() as subject:
            yield lambda number: self._judged(number, subject)

    def _judged(self, number: int, subject: Subject | None = None) -> Result:
        """The result of one case, with findings about its cause."""
        asked = subject or self._subject
        tried = self._tried.pop(number, None) or self._try(number, asked)
        if not tried.wrong:
            return tried.result
        from gradcheck.diagnosis.diagnosed import diagnosed  # imported late: a run without a failure does not need it

        how, budget = self._how, self._how.budget
        asked = own_subject(self._items[number].case) or asked
        return diagnosed(tried, asked, how.oracles, None if budget is None else budget.afresh())

    def _try(self, number: int, subject: Subject) -> Tried:
        item, how = self._items[number], self._how
        asked = own_subject(item.case) or subject
        return try_any(item.address, item.case, asked, how.oracles, how.settings, replay=self._replay(item))

    def _unasked(self, item: Addressed, why: Finding) -> Result:
        case, replay = item.case, self._replay(item)
        seed = seed_of(item)
        return Result(
            item.address, Verdict.ERROR, (why,), sentence=case.sentence, labels=case.labels, seed=seed, replay=replay
        )


def seed_of(item: Addressed) -> int | None:
    """The seed that a gradient case was generated from; a training's own is part of the training."""
    return item.case.seed if isinstance(item.case, Case) else None
