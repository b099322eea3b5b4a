"""Limits on the time and the number of questions that the search for a cause may take.

A subject behind a budget answers as it always does, until the budget is spent: then every further question raises
BudgetSpent. No experiment catches that, so that none reads an unfinished search as evidence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from gradcheck.subject.answer import Subject
from gradcheck.subject.wrapped import Wrapped

MOST_QUESTIONS = 20_000


def working_seconds() -> float:
    """Seconds that count less while other programs have the processor, so that a busy machine costs no name."""
    return 0.75 * time.process_time() + 0.25 * time.monotonic()


class BudgetSpent(Exception):
    """No time, or no question, is left; the message says which."""


class Budget:
    """Limits on seconds and questions; the seconds count from the first question on.

    Parameters
    ----------
    seconds: of wall clock; None for no limit.
    questions: None for no limit.
    clock: returns the time in seconds.

    Attributes
    ----------
    asked: the number of questions so far.
    """

    def __init__(
        self,
        seconds: float | None = None,
        questions: int | None = MOST_QUESTIONS,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = seconds
        self._questions = questions
        self._clock = clock
        self._whole: Budget | None = None
        self._begun: float | None = None
        self.asked = 0

    def part(self, share: float) -> Budget:
        """A budget of this share of the seconds and questions; what it spends counts against this one, too."""
        seconds = None if self._seconds is None else share * self._seconds
        questions = None if self._questions is None else int(share * self._questions)
        smaller = Budget(seconds, questions, clock=self._clock)
        smaller._whole = self
        return smaller

    def afresh(self) -> Budget:
        """A budget with the same limits, of which nothing is spent."""
        return Budget(self._seconds, self._questions, clock=self._clock)

    def spend(self) -> None:
        """Count one more question; raises BudgetSpent where none is left."""
        if self._whole is not None:
            self._whole.spend()
        now = self._clock()
        self._begun = now if self._begun is None else self._begun
        if self._seconds is not None and now - self._begun >= self._seconds:
            raise BudgetSpent(f"after {self._seconds:g} s; --diagnosis-budget {6 * self._seconds:g} goes on")
        if self._questions is not None and self.asked >= self._questions:
            raise BudgetSpent(f"after {self._questions:,} questions")
        self.asked += 1


@dataclass
class Spent:
    """What one experiment took: questions to the subject, and seconds of wall clock."""

    experiment: str
    questions: int = 0
    seconds: float = 0.0


class Rationed(Wrapped):
    """`subject`, until `budget` is spent: then every question raises BudgetSpent.

    `spent` has what each `experiment` took, in the order in which they were begun.
    """

    def __init__(self, subject: Subject, budget: Budget) -> None:
        super().__init__(subject)
        self.budget = budget
        self.spent: list[Spent] = []

    def _before(self, problem: Any) -> None:
        self.budget.spend()


@contextmanager
def experiment(subject: Subject, name: str) -> Iterator[None]:
    """Write down what the questions meanwhile take, if the subject is a rationed one."""
    if not isinstance(subject, Rationed):
        yield
        return
    asked, begun = subject.budget.asked, time.perf_counter()
    try:
        yield
    finally:
        subject.spent.append(Spent(name, subject.budget.asked - asked, time.perf_counter() - begun))
