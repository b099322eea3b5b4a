"""Limits on the time and the number of questions that the search for a cause may take.

A subject behind a budget answers as it always does, until the budget is spent: then every further question raises
BudgetSpent. No experiment catches that, so that none reads an unfinished search as evidence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.subject.answer import NATIVE, Answer, Declared, Guarantee, Subject, TrainingAnswer

MOST_QUESTIONS = 20_000


class BudgetSpent(Exception):
    """No time, or no question, is left; the message says which."""


class Budget:
    """Limits on seconds and questions; the seconds count from the first question on.

    Parameters
    ----------
    seconds: of wall clock; None for no limit.
    questions: None for no limit.
    clock: returns the time in seconds.
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
        self._asked = 0

    def part(self, share: float) -> Budget:
        """A budget of this share of the seconds and questions; what it spends counts against this one, too."""
        seconds = None if self._seconds is None else share * self._seconds
        questions = None if self._questions is None else int(share * self._questions)
        smaller = Budget(seconds, questions, clock=self._clock)
        smaller._whole = self
        return smaller

    def spend(self) -> None:
        """Count one more question; raises BudgetSpent where none is left."""
        if self._whole is not None:
            self._whole.spend()
        now = self._clock()
        self._begun = now if self._begun is None else self._begun
        if self._seconds is not None and now - self._begun >= self._seconds:
            raise BudgetSpent(f"after {self._seconds:g} s; --diagnosis-budget {6 * self._seconds:g} goes on")
        if self._questions is not None and self._asked >= self._questions:
            raise BudgetSpent(f"after {self._questions:,} questions")
        self._asked += 1


class Rationed:
    """`subject`, until `budget` is spent: then `ask` and `train` raise BudgetSpent."""

    def __init__(self, subject: Subject, budget: Budget) -> None:
        self._subject = subject
        self._budget = budget

    def __repr__(self) -> str:
        return f"Rationed({self._subject!r})"

    @property
    def guarantees(self) -> Mapping[str, Guarantee]:
        """The guarantees of the subject."""
        return self._subject.guarantees

    @property
    def declared(self) -> Declared:
        """The declarations of the subject's file."""
        return self._subject.declared

    def entry_points(self) -> frozenset[str]:
        """The entry points of the subject."""
        return self._subject.entry_points()

    def ask(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
        *,
        count: bool = False,
        most: int | None = None,
    ) -> Answer:
        """The subject's answer; raises what the subject raises, and BudgetSpent."""
        self._budget.spend()
        return self._subject.ask(problem, point, dtype, entry, count=count, most=most)

    def train(self, training: Any) -> TrainingAnswer:
        """The subject's steps; raises what the subject raises, and BudgetSpent."""
        self._budget.spend()
        return self._subject.train(training)

    def close(self) -> None:
        """Close the subject; its next question starts a fresh one."""
        self._subject.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
