"""Calls of the user's code at points of our own choosing, where a loop that converges at the given one may not end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, TypeVar

Value = TypeVar("Value")

MOST_LINES = 1_000_000
"""Maximum number of lines of Python that one such call may execute; about half a second of Python."""


class TooLongError(Exception):
    """The call executed MOST_LINES lines and was given up."""


def bounded(call: Callable[[], Value]) -> Value:
    """The value of `call()`; TooLongError once it has executed MOST_LINES lines of Python.

    Counted, not timed, so that runs repeat. Under a debugger, which traces already, nothing is bounded.
    """
    if sys.gettrace() is not None:
        return call()
    left = MOST_LINES

    def watch(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if event == "line":
            left -= 1
            if left < 0:
                raise TooLongError
        return watch

    sys.settrace(watch)
    try:
        return call()
    finally:
        sys.settrace(None)
