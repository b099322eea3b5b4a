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
from gradcheck.subject.polled_pipes import PolledPipes
from gradcheck.subject.threaded_pipes import ThreadedPipes

OUTPUT_KEPT = 64 << 10
_CHUNK = 1 << 20
_LOOK = 0.05
"""Seconds between checks that the child still lives: a grandchild may hold its pipes open."""
_A_MOMENT = 0.002
"""Seconds for a thread, where threads read, to fetch what was printed before an answer."""


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
        ends = (process.stdin.fileno(), process.stdout.fileno(), process.stderr.fileno())
        self._pipes = PolledPipes(*ends) if _can_poll() else ThreadedPipes(*ends)
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
        return not self._pipes.has_answer()

    def send(self, pieces: Sequence[bytes], until: float) -> None:
        """Write a whole frame; TooLate, Gone, or wire.Malformed for a child that answers before it has all of it."""
        for piece in pieces:
            view = memoryview(piece)
            while view:
                try:
                    taken = self._pipes.write(view)
                except OSError:
                    raise Gone from None
                view = view[taken:]
                if not taken and self._wait(until, writing=True) and self._read(1):
                    raise wire.Malformed("bytes before it had the whole question")

    def close(self) -> None:
        """End what reads and writes the pipes; the pipes themselves are the process's."""
        self._pipes.close()

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
        answered = self._pipes.wait(min(left, _LOOK), writing=writing)
        self._read_prints()
        if not answered and self._process.poll() is not None:
            raise self._gone()
        return answered

    def _read(self, count: int) -> bytes:
        """At most that many bytes of answers, none if none has come yet; raises Gone at the end."""
        chunk = self._pipes.answer(count)
        if chunk == b"":
            raise self._gone()
        return chunk or b""

    def _read_prints(self) -> bool:
        """Whether there may be more to read."""
        if self._closed:
            return False
        chunk = self._pipes.print()
        if not chunk:
            self._closed = chunk is not None
            return False
        self._printed += chunk[: OUTPUT_KEPT - len(self._printed)]
        return True

    def _drain(self, patience: float = _A_MOMENT) -> None:
        """Read what was printed before the frame; more than that is not waited for."""
        self._pipes.settle(patience)
        for _ in range(4):
            if not self._read_prints():
                return

    def _gone(self) -> Gone:
        self._drain(_LOOK)
        return Gone()


def _can_poll() -> bool:
    """Whether pipes can be polled here; on Windows they cannot."""
    return hasattr(select, "poll") and hasattr(os, "set_blocking")
