"""Signs of life while a command works: on a terminal one line that is written anew, elsewhere a line now and then.

A thread writes them, so that a single long case is no silence either. Nothing is animated where nobody looks: what is
no terminal gets whole lines, whatever FORCE_COLOR says.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self, TextIO

from gradcheck.run.events import CaseFinished, CaseStarted, Diagnosing, Event, Faulted, Finished, Started
from gradcheck.verdict.result import Verdict

LIVE_SECONDS = 0.2
"""Between two looks of the line on a terminal."""
SILENCE = 8.0
"""Seconds without output after which a line is due elsewhere: with a look every second, no ten pass in silence."""
LOOK = 1.0
BAR = 20
"""Characters of the bar."""


class Progress:
    """Tells on `stream` how far a command is; a context manager, whose thread ends with it.

    Parameters
    ----------
    stream: where to.
    live: whether that is a terminal, where one line is written over and over.
    width: characters that a line may have on it.
    others: when something else was last written that the user sees, in seconds of `clock`.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        live: bool,
        width: int = 80,
        others: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._live, self._width = stream, live, width
        self._others, self._clock = others, clock
        self._begun = self._last = clock()
        self._total = self._done = 0
        self._counts: Counter[Verdict] = Counter()
        self._what, self._noun = "", "cases"
        self._shown = False
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._begun = self._last = self._clock()
        self._thread = threading.Thread(target=self._work, name="gradcheck progress", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
        with self.aside():
            pass

    def add(self, event: Event) -> None:
        """Take note of one event of a run."""
        with self._lock:
            match event:
                case Started():
                    self._total, self._what = event.cases, ""
                case CaseStarted():
                    self._what = event.address
                case CaseFinished():
                    self._done += 1
                    self._counts[event.result.verdict] += 1
                case Faulted():
                    self._done += 1
                case Diagnosing():
                    self._what = event.what
                case Finished():
                    self._what = ""

    def start(self, noun: str, total: int) -> None:
        """So many of these are to be done."""
        with self._lock:
            self._noun, self._total, self._done, self._what = noun, total, 0, ""

    def now(self, what: str, *, done: int | None = None) -> None:
        """What is being done, and how many are finished."""
        with self._lock:
            self._what, self._done = what, self._done if done is None else done

    def step(self) -> None:
        """One more is finished."""
        with self._lock:
            self._done += 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The line is out of the way while something else is written."""
        with self._lock:
            if self._shown:
                self._stream.write("\r\x1b[2K")
                self._stream.flush()
                self._shown = False
            yield

    def line(self) -> str:
        """How far it is, in one line."""
        worse = [f"{n} {v}" for v in (Verdict.FAIL, Verdict.ERROR, Verdict.UNDECIDED) if (n := self._counts[v])]
        parts = [f"{self._done} of {self._total} {self._noun}" if self._total else "", *worse]
        parts.append(f"{self._clock() - self._begun:.0f} s")
        text = ", ".join(filter(None, parts))
        return f"{text}; now {self._what}" if self._what else text

    def look(self) -> None:
        """Write a line if one is due."""
        with self._lock:
            if self._live:
                done = BAR * self._done // self._total if self._total else 0
                bar = f"[{'#' * done}{'.' * (BAR - done)}] " if self._total else ""
                text = f"{bar}{self.line()}"
                text = text if len(text) < self._width else f"{text[: self._width - 4]}..."
                self._stream.write(f"\r\x1b[2K{text}")
                self._shown = True
            elif self._clock() - max(self._last, self._others()) >= SILENCE:
                self._stream.write(f"gradcheck: {self.line()}\n")
                self._last = self._clock()
            else:
                return
            self._stream.flush()

    def _work(self) -> None:
        while not self._end.wait(LIVE_SECONDS if self._live else LOOK):
            self.look()
