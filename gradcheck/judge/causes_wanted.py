"""Whether a wrong answer's cause is looked for: not where a check is asked for its verdict alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_wanted: ContextVar[bool] = ContextVar("causes_wanted", default=True)


@contextmanager
def verdict_alone() -> Iterator[None]:
    """While the block runs, no cause is looked for."""
    before = _wanted.set(False)
    try:
        yield
    finally:
        _wanted.reset(before)


def causes_wanted() -> bool:
    """Whether a cause is of interest."""
    return _wanted.get()
