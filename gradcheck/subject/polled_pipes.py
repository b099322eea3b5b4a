"""Pipes to a child where the system can poll them (Linux, macOS): no call blocks, one call waits for all of them."""

from __future__ import annotations

import os
import select

CHUNK = 1 << 20
"""Maximum bytes of one read or write."""


class PolledPipes:
    """The parent's ends of three pipes; they stay the caller's to close.

    Parameters
    ----------
    questions: descriptor that is written to.
    answers, prints: descriptors that are read.
    """

    def __init__(self, questions: int, answers: int, prints: int) -> None:
        self._questions, self._answers, self._prints = questions, answers, prints
        for end in (questions, answers, prints):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(answers, select.POLLIN)
        self._poll.register(prints, select.POLLIN)

    def write(self, piece: memoryview) -> int:
        """The number of bytes taken, 0 while the pipe is full; raises OSError if nobody reads any more."""
        try:
            return os.write(self._questions, piece[:CHUNK])
        except BlockingIOError:
            return 0

    def answer(self, count: int) -> bytes | None:
        """At most that many bytes of answers; None if none has come yet, b"" at the end."""
        return _read(self._answers, count)

    def print(self) -> bytes | None:
        """Bytes printed; None if none has come yet, b"" at the end."""
        chunk = _read(self._prints, CHUNK)
        if chunk == b"":
            self._poll.unregister(self._prints)  # else it would be ready for ever
        return chunk

    def wait(self, seconds: float, *, writing: bool = False) -> bool:
        """Wait until something can be read (or written, with `writing`); whether answers, or their end, have come."""
        if writing:
            self._poll.register(self._questions, select.POLLOUT)
        try:
            return any(end == self._answers for end, _ in self._poll.poll(1000 * seconds))
        finally:
            if writing:
                self._poll.unregister(self._questions)

    def has_answer(self) -> bool:
        """Whether bytes of an answer have come."""
        return any(end == self._answers and event & select.POLLIN for end, event in self._poll.poll(0))

    def settle(self, seconds: float) -> None:
        """Do nothing: what was printed before an answer can be read as soon as the answer can."""

    def close(self) -> None:
        """Do nothing: no thread and no descriptor is held."""


def _read(end: int, count: int) -> bytes | None:
    try:
        return os.read(end, count)
    except BlockingIOError:
        return None
