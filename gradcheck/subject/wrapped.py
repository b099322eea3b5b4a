"""A subject that passes its questions on to another one; subclasses look at a question first, or change its entry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.subject.answer import NATIVE, Answer, Declared, Guarantee, Origin, Subject, TrainingAnswer


class Wrapped:
    """`subject`, asked through this object; it raises what the subject raises."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._subject!r})"

    def _before(self, problem: Any) -> None:
        """Look at a question before it is asked; may raise."""

    def _entry(self, entry: str) -> str:
        """The entry point that is asked where `entry` is wanted."""
        return entry

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
        """The subject's answer."""
        self._before(problem)
        return self._subject.ask(problem, point, dtype, self._entry(entry), count=count, most=most)

    def origins(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        blocks: Collection[str],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
    ) -> Mapping[str, Origin]:
        """The functions in which the subject's gradients came to be."""
        self._before(problem)
        return self._subject.origins(problem, point, blocks, dtype, self._entry(entry))

    def train(self, training: Any) -> TrainingAnswer:
        """The subject's steps."""
        self._before(training)
        return self._subject.train(training)

    def close(self) -> None:
        """Close the subject; its next question starts a fresh one."""
        self._subject.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
