"""An engine in any language: a process that reads questions and writes answers, a line each. Runs in the child."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import numpy as np

from gradcheck.errors import SubjectError
from gradcheck.problem import LEAVES, Graph
from gradcheck.subject import line_protocol
from gradcheck.subject.answer import Answer, Array
from gradcheck.subject.endings import how_it_ended
from gradcheck.subject.line_protocol import Greeting
from gradcheck.subject.wire import Malformed

LONGEST_LINE = 64 << 20
"""Maximum bytes of a line: some two million numbers."""
T = TypeVar("T")
_CHUNK = 1 << 16
_LAST_SECONDS = 1.0
"""Seconds for a process that has closed its output to end."""


class LineEngine:
    """A running engine. It inherits the child's limits, process group and standard error.

    Parameters
    ----------
    argv: the program's path and its arguments.
    folder: its working directory.
    environment: its environment variables.
    longest: most bytes of one of its lines.

    Raises SubjectError GC006 if it cannot be started. Nothing here waits for a limited time: the parent does.
    """

    def __init__(
        self, argv: Sequence[str], folder: str, environment: Mapping[str, str], longest: int = LONGEST_LINE
    ) -> None:
        try:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=folder, env=dict(environment)
            )
        except OSError as wrong:
            how = f"it could not be started: {wrong.strerror or wrong}"
            raise SubjectError("GC006", how=how, phase="loading") from None
        self._longest = longest
        self._held = bytearray()
        self._asked = 0
        self._phase = "loading"
        self.greeting = Greeting()

    def greet(self) -> Greeting:
        """Send the greeting and return that of the engine; SubjectError GC006 if it sends something else, or ends."""
        self.greeting = self._spoken(lambda: line_protocol.greeting(self._exchange(line_protocol.hello())))
        self._phase = "answering"
        return self.greeting

    def ask(self, graph: Graph, point: Mapping[str, Array], begin: Callable[[], None] = lambda: None) -> Answer:
        """Its gradients at `point`; `begin` is called when its own time starts.

        Raises
        ------
        SubjectError: GC004 it reports an error or offers no answer, GC006 it ended or broke the protocol, GC007 its
            answer has not the form.
        """
        if beyond := self._beyond(graph):
            begin()
            raise line_protocol.not_offered(beyond)
        self._asked += 1
        dtype = np.result_type(*point.values()) if point else np.dtype(np.float64)
        line = line_protocol.question(self._asked, graph, point)
        begin()
        return self._spoken(lambda: line_protocol.answer(self._exchange(line), self._asked, graph, dtype))

    def _beyond(self, graph: Graph) -> str:
        """What the graph has and the engine said that it does not offer; "" if there is nothing."""
        if self.greeting.scalars and any(graph.shapes):
            return "a graph of arrays"
        ops = self.greeting.ops
        return next((n.op for n in graph.nodes if ops is not None and n.op not in ops and n.op not in LEAVES), "")

    def _spoken(self, exchange: Callable[[], T]) -> T:
        try:
            return exchange()
        except Malformed as wrong:
            how = f"broke the protocol: it sent {wrong}"
            raise SubjectError("GC006", how=how, phase=self._phase) from None

    def _exchange(self, line: bytes) -> dict[str, Any]:
        self._write(line)
        return line_protocol.fields(self._line())

    def _write(self, line: bytes) -> None:
        assert self._process.stdin is not None, "it was started with a pipe"
        view = memoryview(line)
        try:
            while view:
                view = view[os.write(self._process.stdin.fileno(), view) :]
        except OSError:
            raise self._ended() from None

    def _line(self) -> bytes:
        """The next line, and nothing after it."""
        assert self._process.stdout is not None, "it was started with a pipe"
        seen = 0
        while (end := self._held.find(b"\n", seen)) < 0:
            seen = len(self._held)
            if seen > self._longest:
                raise Malformed(f"a line of more than {self._longest:,} bytes")
            chunk = os.read(self._process.stdout.fileno(), _CHUNK)
            if not chunk:
                raise self._ended()
            self._held += chunk
        line, rest = bytes(self._held[:end]), bytes(self._held[end + 1 :])
        self._held.clear()
        if rest.strip():
            raise Malformed(f"more than one line: {rest[:60].decode('utf-8', 'replace')!r} came after it")
        return line

    def _ended(self) -> SubjectError:
        """GC006 for an engine that hung up."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_LAST_SECONDS)
        status = self._process.returncode
        how = "closed its standard output" if status is None else how_it_ended(status)
        return SubjectError("GC006", how=how, phase=self._phase)
