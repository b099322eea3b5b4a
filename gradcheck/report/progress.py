"""Shows that a command works: on a terminal one line that is rewritten, elsewhere a new line now and then.

A thread writes them, so that one long case does not look like a standstill. Output that is no terminal gets whole lines
only, whatever FORCE_COLOR says.
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
"""Seconds between two updates of the line on a terminal."""
SILENCE = 8.0
"""Seconds without output after which a line is written elsewhere; `silence` says otherwise."""
LOOK = 0.25
"""Seconds between two looks at how long nothing was written."""
BAR = 20
"""Number of characters of the bar."""


class Progress:
    """Writes on `stream` how far a command is; a context manager, whose thread ends with it.

    Parameters
    ----------
    stream: the output.
    live: whether it is a terminal, on which one line is rewritten.
    width: maximum number of characters of that line.
    others: returns when the user last saw other output, in seconds of `clock`.
    silence: seconds without output after which a line is written where there is no terminal.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        live: bool,
        width: int = 80,
        others: Callable[[], float] = lambda: 0.0,
        silence: float = SILENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream, self._live, self._width = stream, live, width
        self._others, self._clock, self._silence = others, clock, silence
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
        """Record one event of a run."""
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
        """Begin a task of `total` steps, which are called `noun`."""
        with self._lock:
            self._noun, self._total, self._done, self._what = noun, total, 0, ""

    def now(self, what: str, *, done: int | None = None) -> None:
        """Set what is being done, and the number of finished steps."""
        with self._lock:
            self._what, self._done = what, self._done if done is None else done

    def step(self) -> None:
        """Count one more finished step."""
        with self._lock:
            self._done += 1

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Hide the line while something else is written."""
        with self._lock:
            if self._shown:
                self._stream.write("\r\x1b[2K")
                self._stream.flush()
                self._shown = False
            yield

    def line(self) -> str:
        """The progress in one line."""
        worse = [f"{n} {v}" for v in (Verdict.FAIL, Verdict.ERROR, Verdict.UNDECIDED) if (n := self._counts[v])]
        parts = [f"{self._done} of {self._total} {self._noun}" if self._total else "", *worse]
        parts.append(f"{self._clock() - self._begun:.0f} s")
        text = ", ".join(filter(None, parts))
        return f"{text}; now {self._what}" if self._what else text

    def look(self) -> None:
        """Write a line if it is time."""
        with self._lock:
            if self._live:
                done = BAR * self._done // self._total if self._total else 0
                bar = f"[{'#' * done}{'.' * (BAR - done)}] " if self._total else ""
                text = f"{bar}{self.line()}"
                text = text if len(text) < self._width else f"{text[: self._width - 4]}..."
                self._stream.write(f"\r\x1b[2K{text}")
                self._shown = True
            elif self._clock() - max(self._last, self._others()) >= self._silence:
                self._stream.write(f"gradcheck: {self.line()}\n")
                self._last = self._clock()
            else:
                return
            self._stream.flush()

    def _work(self) -> None:
        while not self._end.wait(LIVE_SECONDS if self._live else LOOK):
            self.look()
