"""`ChildSubject`: an implementation that answers from a process of its own.

A child starts when it is first needed, answers many questions, and is started again after it died or was killed. Its
messages are checked on arrival (see `received_answers`). Whatever it does, `ask` returns an answer or raises
SubjectError within its time limit, plus the time of gradcheck's own start and transport.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.errors import HarnessFault, SubjectError, UsageError
from gradcheck.subject import limits, received_answers, wire
from gradcheck.subject.answer import NATIVE, Answer, Array, Declared, Guarantee, Origin, Subject, TrainingAnswer
from gradcheck.subject.channel import Gone, TooLate
from gradcheck.subject.inprocess import InProcessSubject, no_entry
from gradcheck.subject.messages import REPLIES, checked
from gradcheck.subject.offspring import Offspring
from gradcheck.subject.paths import existing, installed_names
from gradcheck.subject.plain_arrays import LARGEST
from gradcheck.subject.point import rounded
from gradcheck.subject.problems import problem_to_wire
from gradcheck.subject.trouble import LONGEST

__all__ = ["ChildSubject", "InProcessSubject", "Subject"]

TRANSPORT_SECONDS = 60.0
"""Seconds for gradcheck's own work in the child: starting up, and building a large graph."""

COUNTING_TAKES = 12.0
"""Factor on the time limit of a question whose operations are counted: counting is slow, and limits operations."""

T = TypeVar("T")


class ChildSubject:
    """A Python file that answers from a process of its own.

    Parameters
    ----------
    path: the file, or a package's folder.
    name: a function of the native signature; without it, the functions of ENTRY_POINTS are looked for.
    timeout: wall-clock seconds for each question, the subject's own time alone.
    load_timeout: the same for importing the file.
    memory: bytes of address space, at least 1 GiB.
    sandbox: "limits", or "none" for no limits but the time's.
    largest: most bytes that the arrays of an answer may have.

    Raises
    ------
    UsageError: no such file, a time or memory limit that cannot be, an unknown sandbox level.
    """

    def __init__(
        self,
        path: str | Path,
        name: str | None = None,
        *,
        timeout: float = 10.0,
        load_timeout: float = 30.0,
        memory: int = limits.MEMORY,
        sandbox: str = "limits",
        largest: int = LARGEST,
    ) -> None:
        self.path = self._existing(Path(path))
        self.name = name
        if not (timeout > 0 and load_timeout > 0):
            raise UsageError(f"a time limit must be positive, got {timeout} s and {load_timeout} s for loading")
        if memory < limits.SMALLEST_MEMORY:
            raise UsageError(f"a memory limit must be at least {limits.SMALLEST_MEMORY:,} bytes, got {memory:,}")
        if sandbox not in limits.LEVELS:
            raise UsageError(f"the sandbox must be one of {', '.join(limits.LEVELS)}, got {sandbox!r}")
        self._timeout = timeout
        self._load_timeout = load_timeout
        self._memory = memory
        self._level = sandbox
        self._largest = largest
        self._lifetime = max(600, int(40 * max(timeout, load_timeout)))  # seconds of processor time of one child
        self._known_as = installed_names(self.path)
        self._child: Offspring | None = None
        self._waiting: Offspring | None = None
        self._entries: frozenset[str] | None = None
        self._forms: frozenset[str] = frozenset()
        self._declared = Declared()
        self._broken: SubjectError | None = None
        self._held: Mapping[str, Guarantee] = {}
        self._asked = 0

    def __repr__(self) -> str:
        return f"ChildSubject({str(self.path)!r}{f', {self.name!r}' if self.name else ''})"

    @property
    def guarantees(self) -> Mapping[str, Guarantee]:
        """The limits that apply to the child; starts it, since only the child knows which it could set."""
        self._start()
        return MappingProxyType({**limits.guarantees(self._level), **self._held})

    @property
    def declared(self) -> Declared:
        """The declarations of the file (`OPS`, `DTYPE`); SubjectError as for `entry_points`."""
        self._load()
        return self._declared

    def entry_points(self) -> frozenset[str]:
        """The ENTRY_POINTS of the file; SubjectError GC001, GC002, GC003, GC005 or GC006 if it does not load."""
        self._load()
        assert self._entries is not None, "a file that loads has entry points"
        return self._entries

    def ask(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
        *,
        count: bool = False,
        most: int | None = None,
    ) -> Answer:
        """The subject's answer at `point`, whose arrays are rounded to `dtype`.

        With `count` the time limit is COUNTING_TAKES times as long; `most` stops the subject instead.

        Raises
        ------
        SubjectError: whatever kept it from loading; GC003 no such entry point; GC004 raised; GC005 too late; GC006
            died or broke the protocol; GC007 not of the native form; GC065 took more than `most` operations.
        InvalidProblem: the point gives no value to one of the graph's names.
        """
        arrays: list[Array] = []
        data = problem_to_wire(problem, arrays)
        names, values = rounded(problem, point, dtype)
        asked = {"entry": entry, "count": count, "most": most if count else None}
        header = {"do": "ask", "problem": data, "point": names, "at": len(arrays), **asked}
        vocabulary = received_answers.Vocabulary(problem, point)
        return self._question(
            header,
            [*arrays, *values],
            received_answers.most_arrays(vocabulary),
            lambda reply, got, printed, seconds: received_answers.answer_from_wire(
                reply, got, vocabulary, stdout=printed, seconds=seconds
            ),
        )

    def origins(
        self,
        problem: Any,
        point: Mapping[str, ArrayLike],
        blocks: Collection[str],
        dtype: DTypeLike = np.float64,
        entry: str = NATIVE,
    ) -> Mapping[str, Origin]:
        """The functions in which the gradients of `blocks` came to be (see `origins.py`); SubjectError as for `ask`."""
        arrays: list[Array] = []
        data = problem_to_wire(problem, arrays)
        names, values = rounded(problem, point, dtype)
        asked = list(blocks)[: received_answers.MOST_ORIGINS]
        header = {"do": "origins", "problem": data, "point": names, "at": len(arrays), "entry": entry, "blocks": asked}
        return self._question(
            header, [*arrays, *values], 0, lambda reply, *_: received_answers.origins_from_wire(reply, asked)
        )

    def train(self, training: Any) -> TrainingAnswer:
        """Every step of a training; SubjectError as for `ask`."""
        arrays: list[Array] = []
        header = {"do": "train", "problem": problem_to_wire(training, arrays), "entry": "train"}
        return self._question(
            header,
            arrays,
            received_answers.most_training_arrays(training),
            lambda reply, got, printed, seconds: received_answers.training_from_wire(
                reply, got, stdout=printed, seconds=seconds
            ),
        )

    def prepare(self) -> None:
        """Start the first child without waiting for it: it imports NumPy while this process reads the suites."""
        if self._child is None and self._waiting is None:
            self._waiting = self._offspring()

    def close(self) -> None:
        """End the child and every process it started."""
        ended = (self._child, self._waiting)
        self._child = self._waiting = None
        for child in ended:
            if child is not None:
                child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @staticmethod
    def _existing(path: Path) -> Path:
        return existing(path)

    def _offspring(self) -> Offspring:
        return Offspring()

    def _start(self) -> Offspring:
        """A child that is ready, its limits set, before any line of the subject is read."""
        if self._child is not None and (self._child.is_gone() or self._child.answered_for > self._lifetime / 2):
            self.close()
        if self._child is None:
            self._child = child = self._waiting or self._offspring()
            self._waiting = None
            wish = {
                "do": "limit",
                "level": self._level == "limits",
                "memory": self._memory,
                "processor_seconds": self._lifetime,
                "largest": self._largest,
            }
            try:
                reply, *_ = self._exchange(child, wish, [], 0, TRANSPORT_SECONDS)
            except SubjectError as wrong:
                printed = child.channel.printed.strip() or "nothing"
                self.close()
                raise HarnessFault(f"a child process did not start ({wrong}); it printed: {printed[-1000:]}") from None
            self._held = checked(reply, "ready")["held"]
        return self._child

    def _load(self) -> Offspring:
        """A child that has loaded the subject."""
        if self._broken is not None:
            raise self._broken.with_traceback(None)
        child = self._start()
        if not child.loaded:
            wish = {"do": "load", **self._what()}
            try:
                reply, *_ = self._exchange(child, wish, [], 0, self._load_timeout)
            except SubjectError as wrong:
                self._broken = wrong
                self.close()
                raise
            self._entries, self._forms, self._declared = received_answers.loaded_from_wire(reply)
            child.loaded = True
        return child

    def _what(self) -> dict[str, Any]:
        """The fields of a message that say what is to be loaded."""
        return {"path": str(self.path), "name": self.name, "known_as": self._known_as, "convention": None}

    def _question(
        self,
        header: dict[str, Any],
        arrays: list[Array],
        most: int,
        read: Callable[[Mapping[str, Any], list[Array], str, float], T],
    ) -> T:
        child = self._load()
        if header["entry"] not in self.entry_points() | self._forms:
            raise no_entry(self.path.name, header["entry"], self.entry_points())
        if not child.channel.is_quiet():
            raise self._violation(child, "answering", "an answer that nobody had asked for")
        child.channel.forget()
        limit = self._timeout * (COUNTING_TAKES if header.get("count") else 1.0)
        try:
            reply, got, seconds = self._exchange(child, header, arrays, most, limit)
            child.answered_for += seconds
            answer = read(reply, got, child.channel.printed, seconds)
        except wire.Malformed as wrong:
            raise self._violation(child, "answering", str(wrong)) from None
        return answer

    def _exchange(
        self,
        child: Offspring,
        header: dict[str, Any],
        arrays: list[Array],
        most: int,
        limit: float,
    ) -> tuple[Mapping[str, Any], list[Array], float]:
        """Send a frame and receive one; the seconds between. The child is ended if none comes."""
        self._asked += 1
        phase = {"limit": "starting", "load": "loading"}.get(header["do"], "answering")
        allowed = TRANSPORT_SECONDS if phase == "answering" else limit
        try:
            begun = time.monotonic()
            child.channel.send(wire.pack({**header, "id": self._asked}, arrays), begun + TRANSPORT_SECONDS)
            expected = REPLIES[header["do"]]
            reply, got = self._reply(child, begun + allowed, most, expected)
            if reply["status"] == "begin":  # from here on the time counts as the subject's
                begun, allowed = time.monotonic(), limit
                reply, got = self._reply(child, begun + allowed, most, expected[1:])
            seconds = time.monotonic() - begun
            if reply["status"] != "error":
                return reply, got, seconds
            wrong = received_answers.error_from_wire(reply, header["do"])
            if wrong.code == "GC065" and wrong.facts["operations"] != header.get("most"):
                raise wire.Malformed("a limit on operations that it was not given")
        except TooLate:
            raise self._ended(child, SubjectError("GC005", seconds=allowed, phase=phase)) from None
        except Gone:
            raise self._ended(child, SubjectError("GC006", **child.how_it_ended(), phase=phase)) from None
        except wire.Malformed as malformed:
            raise self._violation(child, phase, str(malformed)) from None
        except BaseException:  # for example Ctrl-C: the pending answer has no reader
            self.close()
            raise
        raise _with_output(child, wrong)

    def _reply(
        self, child: Offspring, until: float, most: int, expected: Sequence[str]
    ) -> tuple[Mapping[str, Any], list[Array]]:
        """The next message, of an expected kind; raises TooLate, Gone or wire.Malformed."""
        header, arrays = child.channel.receive(until, payload=self._largest + (16 << 20), most=most)
        asked, status = header.get("id"), header.get("status")
        if type(asked) is not int or asked != self._asked:
            raise wire.Malformed("an answer to another question")
        if not isinstance(status, str) or status not in expected:
            raise wire.Malformed("an answer that is none to what was asked")
        if arrays and status not in ("answer", "training"):
            raise wire.Malformed(f"the message {status!r} with arrays")
        return checked(header, status), arrays

    def _violation(self, child: Offspring, phase: str, what: str) -> SubjectError:
        return self._ended(child, SubjectError("GC006", how=f"broke the protocol: it sent {what}", phase=phase))

    def _ended(self, child: Offspring, wrong: SubjectError) -> SubjectError:
        self.close()
        return _with_output(child, wrong)


def _with_output(child: Offspring, wrong: SubjectError) -> SubjectError:
    """`wrong`, with the end of what the child printed before it."""
    if printed := child.channel.printed:
        wrong.facts["stdout"] = printed[-LONGEST:]
    return wrong
