"""Room on the stack for the user's own recursion: frames of ours, and of a test runner, do not count against it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_stack(more: int = 0) -> Iterator[None]:
    """The code within may recurse as deeply as if it were called from the top of a script, and `more` frames deeper.

    `more` is for code that calls other functions than when it runs by itself. A limit that the code sets by itself
    stays.
    """
    before, frame, depth = sys.getrecursionlimit(), sys._getframe(), 0
    while frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    given = before + depth + more
    sys.setrecursionlimit(given)
    try:
        yield
    finally:
        if sys.getrecursionlimit() == given:
            sys.setrecursionlimit(before)
