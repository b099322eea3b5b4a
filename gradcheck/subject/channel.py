"""The parent's end of the pipes to one child. It never waits longer than its time limit, whatever the child does."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.subject import wire
from gradcheck.subject.answer import Array

OUTPUT_KEPT = 64 << 10
_CHUNK = 1 << 20
_LOOK = 0.05
"""Seconds between checks that the child still lives: a grandchild may hold its pipes open."""


class TooLate(Exception):
    """No frame arrived in time."""


class Gone(Exception):
    """The child died, or closed its end of the pipes."""


class Channel:
    """Frames to and from a child, and the text that it prints."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None, "all three pipes are the channel's"
        assert process.stdout is not None, "all three pipes are the channel's"
        assert process.stderr is not None, "all three pipes are the channel's"
        self._process = process
        self._questions = process.stdin.fileno()
        self._answers = process.stdout.fileno()
        self._prints = process.stderr.fileno()
        for end in (self._questions, self._answers, self._prints):
            os.set_blocking(end, False)
        self._poll = select.poll()
        self._poll.register(self._answers, select.POLLIN)
        self._poll.register(self._prints, select.POLLIN)
        self._printed = bytearray()
        self._closed = False

    @property
    def printed(self) -> str:
        """The text that the child printed since `forget`, as far as it is kept."""
        return self._printed.decode("utf-8", "replace")

    def forget(self) -> None:
        """Discard the text printed so far."""
        self._printed.clear()

    def is_quiet(self) -> bool:
        """Whether nothing has come that was not asked for."""
        return not any(end == self._answers and event & select.POLLIN for end, event in self._poll.poll(0))

    def send(self, pieces: Sequence[bytes], until: float) -> None:
        """Write a whole frame; TooLate, Gone, or wire.Malformed for a child that answers before it has all of it."""
        for piece in pieces:
            view = memoryview(piece)
            while view:
                try:
                    view = view[os.write(self._questions, view[:_CHUNK]) :]
                except BlockingIOError:
                    if self._wait(until, writing=True) and self._read(1):
                        raise wire.Malformed("bytes before it had the whole question") from None
                except OSError:
                    raise Gone from None

    def receive(self, until: float, *, payload: int, most: int) -> tuple[Mapping[str, Any], list[Array]]:
        """The next frame; TooLate, Gone, or wire.Malformed for a frame that is none or larger than allowed.

        Nothing beyond the frame is read: a child that writes more fills its pipe and waits.
        """
        head = self._take(wire.HEAD.size, until)
        sizes = wire.lengths(head, header=wire.LARGEST_HEADER, payload=payload)
        header, body = self._take(sizes[0], until), self._take(sizes[1], until)
        self._drain()
        return wire.unpack(header, body, most=most)

    def _take(self, count: int, until: float) -> bytearray:
        """Exactly that many bytes; memory grows as they arrive, not by the announced length."""
        taken = bytearray()
        while len(taken) < count:
            if self._wait(until):
                taken += self._read(min(_CHUNK, count - len(taken)))
        return taken

    def _wait(self, until: float, *, writing: bool = False) -> bool:
        """Wait a moment for data; whether there is some for `_read`."""
        left = until - time.monotonic()
        if left <= 0:
            raise TooLate
        if writing:
            self._poll.register(self._questions, select.POLLOUT)
        try:
            ready = dict(self._poll.poll(1000 * min(left, _LOOK)))
        finally:
            if writing:
                self._poll.unregister(self._questions)
        if self._prints in ready:
            self._read_prints()
        if self._answers not in ready and self._process.poll() is not None:
            self._drain()
            raise Gone
        return self._answers in ready

    def _read(self, count: int) -> bytes:
        """At most that many bytes of answers, none if none has come yet; raises Gone at the end."""
        try:
            chunk = os.read(self._answers, count)
        except BlockingIOError:
            return b""
        if not chunk:
            self._drain()
            raise Gone
        return chunk

    def _read_prints(self) -> bool:
        """Whether there may be more to read."""
        if self._closed:
            return False
        try:
            chunk = os.read(self._prints, _CHUNK)
        except BlockingIOError:
            return False
        if not chunk:
            self._closed = True
            self._poll.unregister(self._prints)
            return False
        self._printed += chunk[: OUTPUT_KEPT - len(self._printed)]
        return True

    def _drain(self) -> None:
        """Read what was printed before the frame; all of it is in the pipe by now. More than that is not waited for."""
        for _ in range(4):
            if not self._read_prints():
                return
