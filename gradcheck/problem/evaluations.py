"""How often are a derivative and its function evaluated? They are counted inside `counted_evaluations` only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(eq=False)
class Evaluations:
    """How often the derivative, or the engine, was asked, and how often f ran, in numbers of any kind."""

    derivative: int = 0
    f: int = 0

    def taken(self) -> Evaluations:
        """The counts so far; counting begins at 0 again."""
        counts = Evaluations(self.derivative, self.f)
        self.derivative = self.f = 0
        return counts


_counting: list[Evaluations] = []
"""Who counts, in the whole process: a test may check in threads of its own. The last one does."""
_FAILURES: ContextVar[list[None] | None] = ContextVar("failures", default=None)
_DERIVATIVE: ContextVar[bool] = ContextVar("derivative", default=False)


@contextmanager
def counted_evaluations() -> Iterator[Evaluations]:
    """Count inside the block."""
    counts = Evaluations()
    _counting.append(counts)
    try:
        yield counts
    finally:
        _counting.remove(counts)


def derivative_evaluated() -> None:
    """The derivative is about to be asked."""
    if _counting:
        _counting[-1].derivative += 1


def f_evaluated() -> None:
    """The function is about to run; inside `as_derivative` the one that runs is the derivative."""
    if not _counting:
        return
    if _DERIVATIVE.get():
        _counting[-1].derivative += 1
    else:
        _counting[-1].f += 1


@contextmanager
def as_derivative() -> Iterator[None]:
    """What runs as a function inside the block is the derivative's own code."""
    token = _DERIVATIVE.set(True)
    try:
        yield
    finally:
        _DERIVATIVE.reset(token)


@contextmanager
def noted_failures() -> Iterator[list[None]]:
    """One entry for every time that a function raises inside the block, whatever is made of the exception."""
    failures: list[None] = []
    token = _FAILURES.set(failures)
    try:
        yield failures
    finally:
        _FAILURES.reset(token)


def function_failed() -> None:
    """A function has raised."""
    if (failures := _FAILURES.get()) is not None:
        failures.append(None)


def counting() -> bool:
    """Whether somebody counts."""
    return bool(_counting)
