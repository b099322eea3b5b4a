"""SIGINT, SIGTERM and SIGHUP end a command in good order: finished results are reported, and nothing is left behind."""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import Generator, Iterator
from types import FrameType, TracebackType
from typing import Self, TypeVar

from gradcheck.errors import Interrupted
from gradcheck.subject.undisturbed import NUMBERS

Event = TypeVar("Event")


class Signals:
    """A context manager in which each of these signals raises Interrupted; a signal that was ignored stays ignored."""

    def __init__(self) -> None:
        self._before: dict[int, signal.Handlers | int | None] = {}
        self._holding = False
        self._received: int | None = None
        self._raised = False

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # handlers can only be set there
            for number in NUMBERS:
                if signal.getsignal(number) is not signal.SIG_IGN:  # nohup, and jobs in the background of a script
                    # typeshed allows None, for a handler set from C; none of these is one.
                    self._before[number] = signal.signal(number, self._came)  # type: ignore[assignment]
        return self

    def __exit__(self, kind: type[BaseException] | None, wrong: BaseException | None, tb: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def events(self, source: Generator[Event, None, None]) -> Iterator[Event]:
        """Yields the events of `source`.

        A signal while `source` works is raised in it. A signal while a listener handles an event is thrown into
        `source` afterwards, so that no listener is interrupted. A second signal is raised at once.
        """
        pending: Interrupted | None = None
        while True:
            try:
                self._holding = False
                event = next(source) if pending is None else source.throw(pending)
            except StopIteration:
                return
            except Interrupted as asked:
                if inspect.getgeneratorstate(source) == inspect.GEN_CLOSED:  # it has ended
                    raise
                pending = asked  # raised on the way into it
                continue
            finally:
                self._holding = True
            pending = None
            yield event
            if self._received is not None and not self._raised:
                pending, self._raised = Interrupted(self._received), True

    def _came(self, number: int, frame: FrameType | None) -> None:
        first, self._received = self._received is None, number
        if first and self._holding:
            return
        self._raised = True
        raise Interrupted(number)
