"""Pipes to a child where the system cannot poll them (Windows): a thread for each pipe blocks, the caller does not."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

CHUNK = 1 << 16
"""Maximum bytes of one read or write."""
HELD = 1 << 20
"""Maximum bytes that a thread reads ahead; then it waits, so that a child that floods fills its pipe and waits too."""


class ThreadedPipes:
    """The same contract as `PolledPipes`.

    Each thread works on a duplicate of its descriptor and closes that itself. So a thread that the system does not
    wake, because a stranger holds the other end open, never reads from a number that has been given away again.
    """

    def __init__(self, questions: int, answers: int, prints: int) -> None:
        self._changed = threading.Condition()
        self._writer = _Writer(os.dup(questions), self._changed)
        self._answers = _Reader(os.dup(answers), self._changed)
        self._prints = _Reader(os.dup(prints), self._changed)
        for worker in (self._writer, self._answers, self._prints):
            threading.Thread(target=worker.run, daemon=True).start()

    def write(self, piece: memoryview) -> int:
        """The number of bytes taken, 0 while earlier ones wait; raises OSError if nobody reads any more."""
        with self._changed:
            return self._writer.take(piece)

    def answer(self, count: int) -> bytes | None:
        """At most that many bytes of answers; None if none has come yet, b"" at the end."""
        with self._changed:
            return self._answers.take(count)

    def print(self) -> bytes | None:
        """Bytes printed; None if none has come yet, b"" at the end."""
        with self._changed:
            return self._prints.take(HELD)

    def wait(self, seconds: float, *, writing: bool = False) -> bool:
        """Wait until something can be read (or written, with `writing`); whether answers, or their end, have come."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_ready(writing), seconds)
            return self._answers.is_ready()

    def has_answer(self) -> bool:
        """Whether bytes of an answer have come."""
        with self._changed:
            return bool(self._answers.held)

    def settle(self, seconds: float) -> None:
        """Give the thread that much time to fetch what was printed before an answer."""
        with self._changed:
            self._changed.wait_for(self._prints.is_ready, seconds)

    def close(self) -> None:
        """Let the threads end; one that the system does not wake is left behind, and holds nothing but its end."""
        with self._changed:
            for worker in (self._writer, self._answers, self._prints):
                worker.stopped = True
            self._changed.notify_all()

    def _is_ready(self, writing: bool) -> bool:
        prints = bool(self._prints.held)  # their end is no event: it would be one for ever
        return self._answers.is_ready() or prints or (writing and self._writer.is_ready())


class _Reader:
    """Reads one descriptor ahead, a little."""

    def __init__(self, end: int, changed: threading.Condition) -> None:
        self._end, self._changed = end, changed
        self.held = bytearray()
        self.stopped = self._over = False

    def run(self) -> None:
        """The thread: read until the pipe ends."""
        chunk = b"-"
        while chunk and not self.stopped:
            chunk = b""
            with suppress(OSError):
                chunk = os.read(self._end, CHUNK)
            with self._changed:
                self.held += chunk
                self._over = not chunk
                self._changed.notify_all()
                self._changed.wait_for(lambda: self.stopped or len(self.held) < HELD)
        os.close(self._end)

    def is_ready(self) -> bool:
        """Whether `take` would give bytes, or the end."""
        return bool(self.held) or self._over

    def take(self, count: int) -> bytes | None:
        """As `ThreadedPipes.answer`."""
        if not self.held:
            return b"" if self._over else None
        taken = bytes(self.held[:count])
        del self.held[:count]
        self._changed.notify_all()
        return taken


class _Writer:
    """Writes one descriptor, a piece at a time."""

    def __init__(self, end: int, changed: threading.Condition) -> None:
        self._end, self._changed = end, changed
        self._waiting = b""
        self.stopped = False
        self._wrong: OSError | None = None

    def run(self) -> None:
        """The thread: write what `take` took."""
        while self._wrong is None:
            with self._changed:
                self._changed.wait_for(lambda: self.stopped or self._waiting)
                if self.stopped:
                    break
                piece = self._waiting
            try:
                while piece:
                    piece = piece[os.write(self._end, piece) :]
            except OSError as wrong:
                self._wrong = wrong
            with self._changed:
                self._waiting = b""
                self._changed.notify_all()
        os.close(self._end)

    def is_ready(self) -> bool:
        """Whether `take` would take something, or raise."""
        return not self._waiting

    def take(self, piece: memoryview) -> int:
        """As `ThreadedPipes.write`."""
        if self._wrong is not None:
            raise self._wrong
        if self._waiting:
            return 0
        self._waiting = bytes(piece[:CHUNK])
        self._changed.notify_all()
        return len(self._waiting)
