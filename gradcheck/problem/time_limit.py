"""A limit on the time that may be spent on a user's code: looked at between its calls, and while it is traced.

A call that runs cannot be stopped; the next one raises TimeUp. Inside `spent_at_most` every call of a user's function
counts, whichever oracle makes it.

Time is this program's processor time, as long as that is a fifth of wall-clock time at least: other programs that run
besides must not change a verdict. On a machine of its own the two are the same.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")

LOAD = 5.0
"""Maximum factor by which other programs may slow this one down without any effect; what is slower waits by itself."""


class TimeUp(BaseException):
    """The time is up. No Exception: what catches those that a user's code raises must let it pass."""


def wall_clock() -> float:
    """Seconds of wall-clock time."""
    return time.monotonic()


def processor_clock() -> float:
    """Seconds of processor time, of this program and of those that it started and that have ended.

    Every call of f asks. `os.times` tells both, but took 31 us where these two take 1, and milliseconds under load.
    """
    return time.process_time() + _of_children()


def _clock_of_children() -> Callable[[], float]:
    try:
        import resource
    except ImportError:  # Windows, which does not tell the time of ended programs in any other way either
        return lambda: 0.0

    def seconds() -> float:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime

    return seconds


_of_children = _clock_of_children()


def spent(waited: float, worked: float) -> float:
    """Seconds that count, of those on the wall clock and those on the processor's: never more than the former."""
    return min(waited, max(worked, waited / LOAD))


@dataclass(frozen=True)
class Instant:
    """A moment on both clocks."""

    wall: float
    processor: float

    @classmethod
    def now(cls) -> Instant:
        """This moment."""
        return cls(wall_clock(), processor_clock())

    def until(self, now: Instant) -> float:
        """Seconds from this moment to a later one: never more than the wall clock says."""
        return spent(now.wall - self.wall, now.processor - self.processor)


@dataclass
class Limit:
    """A limit in force.

    Attributes
    ----------
    start, seconds: from when on, and how long.
    outer: the limit around it, if any.
    per_call: the shortest time that one call of f took, in seconds; inf before the first one.
    """

    start: Instant
    seconds: float
    outer: Limit | None
    per_call: float = math.inf

    @property
    def left(self) -> float:
        """Seconds until this limit, or one around it, is reached."""
        now = Instant.now()
        return min(limit.seconds - limit.start.until(now) for limit in self.all())

    @property
    def far(self) -> bool:
        """Whether the wall clock alone tells that no limit is reached.

        Every call of f asks; the processor's clock is a call of the system, and most of what asking cost.
        """
        wall = wall_clock()
        limit: Limit | None = self
        while limit is not None:  # as `all` goes, in a fifth of the time
            if wall - limit.start.wall >= limit.seconds:
                return False
            limit = limit.outer
        return True

    def all(self) -> Iterator[Limit]:
        """This limit and those around it."""
        limit: Limit | None = self
        while limit is not None:
            yield limit
            limit = limit.outer


_LIMIT: ContextVar[Limit | None] = ContextVar("limit", default=None)


def left() -> float:
    """Seconds until the time is up; inf without a limit."""
    limit = _LIMIT.get()
    return math.inf if limit is None else limit.left


def check_time() -> None:
    """Raise TimeUp if the time is up."""
    limit = _LIMIT.get()
    if limit is not None and not limit.far and limit.left <= 0:
        raise TimeUp


@contextmanager
def spent_at_most(seconds: float) -> Iterator[None]:
    """Inside, time is up after so many seconds, or when it was up before."""
    outer = _LIMIT.get()
    inner = Limit(Instant.now(), seconds, outer, math.inf if outer is None else outer.per_call)
    token = _LIMIT.set(inner)
    try:
        yield
    finally:
        _LIMIT.reset(token)
        if outer is not None:
            outer.per_call = min(outer.per_call, inner.per_call)


def in_time(share: float, call: Callable[[], Value], otherwise: Callable[[], Value]) -> Value:
    """`call()` within a share of the time left; `otherwise()` where that is not enough."""
    with spent_at_most(share * left()):
        try:
            return call()
        except TimeUp:
            pass
    return otherwise()


class _TimedCall:
    """What `timed_call` gives under a limit. A class, not a generator, and no Instants: 5 of the 9 us that it took."""

    __slots__ = ("_limit", "_processor", "_wall")

    def __init__(self, limit: Limit) -> None:
        self._limit = limit

    def __enter__(self) -> None:
        check_time()
        self._wall, self._processor = wall_clock(), processor_clock()

    def __exit__(self, *_: object) -> None:
        limit, waited = self._limit, wall_clock() - self._wall
        if waited / LOAD < limit.per_call:  # else no clock can tell a shorter time
            worked = processor_clock() - self._processor
            limit.per_call = min(limit.per_call, spent(waited, worked))


def timed_call() -> AbstractContextManager[None]:
    """A call of f. Raises TimeUp before it if the time is up; notes how long it took."""
    limit = _LIMIT.get()
    return nullcontext() if limit is None else _TimedCall(limit)


def calls_left(share: float) -> float:
    """How many calls of f fit in a share of the time left; inf without a limit, and before the first call."""
    limit = _LIMIT.get()
    if limit is None or not 0 < limit.per_call < math.inf:
        return math.inf
    return share * max(limit.left, 0.0) / limit.per_call
