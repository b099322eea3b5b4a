"""`ChildSubject`: an implementation that answers from a process of its own.

A child is started when it is first needed, answers many questions, and is started again after it died or was killed.
What a child says is checked on arrival (see `answers`); whatever it does, `ask` returns an answer or raises
SubjectError within its time limit, up to the time that gradcheck's own start and transport take.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from gradcheck.errors import HarnessFault, SubjectError, Unsupported, UsageError
from gradcheck.problem.reading import brief, is_there, trouble
from gradcheck.subject import answers, limits, wire
from gradcheck.subject.answer import ENTRY_POINTS, NATIVE, Answer, Array, Guarantee, Subject, TrainingAnswer
from gradcheck.subject.channel import Gone, TooLate
from gradcheck.subject.inprocess import InProcessSubject, no_entry
from gradcheck.subject.offspring import SUPPORTED, Offspring
from gradcheck.subject.plain import LARGEST
from gradcheck.subject.point import rounded
from gradcheck.subject.problems import problem_to_wire
from gradcheck.subject.trouble import LONGEST

__all__ = ["ChildSubject", "InProcessSubject", "Subject", "subject_path"]

TRANSPORT_SECONDS = 60.0
"""For what gradcheck itself does in the child: starting up, and building a large graph."""

T = TypeVar("T")


def subject_path(text: str) -> tuple[Path, str | None]:
    """`FILE` or `FILE:NAME` as (file, name).

    Raises UsageError if there is no such file, if it is a folder without `__init__.py`, or if NAME is no name.
    """
    file, colon, name = text.rpartition(":")
    if not colon or is_there(Path(text)) or not (name.isidentifier() or is_there(Path(file))):
        return _existing(Path(text)), None
    path = _existing(Path(file))
    if not name:
        raise UsageError(
            f"no name after the colon of {brief(text)}: give {file}, or {file}:NAME for one of its functions"
        )
    if not name.isidentifier():
        raise UsageError(f"{brief(name)} is no name of a Python function; expected {file}:NAME")
    return path, name


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
    Unsupported: on a platform without pipes that can be polled.
    """

    def __init__(
        self,
        path: str | Path,
        name: str | None = None,
        *,
        timeout: float = 10.0,
        load_timeout: float = 30.0,
        memory: int = 2 << 30,
        sandbox: str = "limits",
        largest: int = LARGEST,
    ) -> None:
        self.path = _existing(Path(path))
        self.name = name
        if not (timeout > 0 and load_timeout > 0):
            raise UsageError(f"a time limit must be positive, got {timeout} s and {load_timeout} s for loading")
        if memory < limits.SMALLEST_MEMORY:
            raise UsageError(f"a memory limit must be at least {limits.SMALLEST_MEMORY:,} bytes, got {memory:,}")
        if sandbox not in limits.LEVELS:
            raise UsageError(f"the sandbox must be one of {', '.join(limits.LEVELS)}, got {sandbox!r}")
        if not SUPPORTED:
            raise Unsupported("a child process needs POSIX pipes; on Windows run gradcheck in WSL")
        self._timeout = timeout
        self._load_timeout = load_timeout
        self._memory = memory
        self._level = sandbox
        self._largest = largest
        self._lifetime = max(600, int(40 * max(timeout, load_timeout)))  # seconds of processor time of one child
        self._known_as = _installed_names(self.path)
        self._child: Offspring | None = None
        self._entries: frozenset[str] | None = None
        self._broken: SubjectError | None = None
        self._held: Mapping[str, Guarantee] = {}
        self._asked = 0

    def __repr__(self) -> str:
        return f"ChildSubject({str(self.path)!r}{f', {self.name!r}' if self.name else ''})"

    @property
    def guarantees(self) -> Mapping[str, Guarantee]:
        """Which limits bind the child; starts it, since the child tells which of them it could set."""
        self._start()
        return MappingProxyType({**limits.guarantees(self._level), **self._held})

    def entry_points(self) -> frozenset[str]:
        """Which of ENTRY_POINTS the file has; SubjectError GC001, GC002, GC003, GC005 or GC006 if it does not load."""
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
    ) -> Answer:
        """The subject's answer at `point`, whose arrays are rounded to `dtype`.

        Raises
        ------
        SubjectError: whatever kept it from loading; GC003 no such entry point; GC004 raised; GC005 too late; GC006
            died or broke the protocol; GC007 not of the native form.
        InvalidProblem: the point gives no value to one of the graph's names.
        """
        arrays: list[Array] = []
        data = problem_to_wire(problem, arrays)
        names, values = rounded(problem, point, dtype)
        header = {"do": "ask", "problem": data, "point": names, "at": len(arrays), "entry": entry, "count": count}
        vocabulary = answers.Vocabulary(problem, point)
        return self._question(
            header,
            [*arrays, *values],
            answers.most_arrays(vocabulary),
            lambda reply, got, told, seconds: answers.answer_from_wire(
                reply, got, vocabulary, stdout=told, seconds=seconds
            ),
        )

    def train(self, training: Any) -> TrainingAnswer:
        """Every step of a training; SubjectError as for `ask`."""
        arrays: list[Array] = []
        header = {"do": "train", "problem": problem_to_wire(training, arrays), "entry": "train"}
        return self._question(
            header,
            arrays,
            answers.MOST_TRAINING_ARRAYS,
            lambda reply, got, told, seconds: answers.training_from_wire(reply, got, stdout=told, seconds=seconds),
        )

    def close(self) -> None:
        """End the child and whatever it started."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _start(self) -> Offspring:
        """A child that stands ready, its limits set, without a line of the subject read."""
        if self._child is not None and (self._child.is_gone() or self._child.answered_for > self._lifetime / 2):
            self.close()
        if self._child is None:
            self._child = child = Offspring()
            wish = {
                "do": "limit",
                "level": self._level == "limits",
                "memory": self._memory,
                "processor_seconds": self._lifetime,
                "largest": self._largest,
            }
            try:
                reply, *_ = self._exchange(child, wish, [], 0, "starting", TRANSPORT_SECONDS)
            except SubjectError as wrong:
                printed = child.channel.printed.strip() or "nothing"
                self.close()
                raise HarnessFault(f"a child process did not start ({wrong}); it printed: {printed[-1000:]}") from None
            self._held = reply["held"]
        return self._child

    def _load(self) -> Offspring:
        """A child that has loaded the subject."""
        if self._broken is not None:
            raise self._broken.with_traceback(None)
        child = self._start()
        if not child.loaded:
            wish = {"do": "load", "path": str(self.path), "name": self.name, "known_as": self._known_as}
            try:
                reply, *_ = self._exchange(child, wish, [], 0, "loading", self._load_timeout)
                found = reply.get("entry_points")
                if not isinstance(found, list) or not found or any(name not in ENTRY_POINTS for name in found):
                    raise self._violation(child, "loading", "an answer that is none to what was asked")
            except SubjectError as wrong:
                self._broken = wrong
                self.close()
                raise
            self._entries = frozenset(found)
            child.loaded = True
        return child

    def _question(
        self,
        header: dict[str, Any],
        arrays: list[Array],
        most: int,
        read: Callable[[Mapping[str, Any], list[Array], str, float], T],
    ) -> T:
        child = self._load()
        if header["entry"] not in self.entry_points():
            raise no_entry(self.path.name, header["entry"], self.entry_points())
        if not child.channel.is_quiet():
            raise self._violation(child, "answering", "an answer that nobody had asked for")
        child.channel.forget()
        reply, got, seconds = self._exchange(child, header, arrays, most, "answering", self._timeout)
        child.answered_for += seconds
        try:
            if reply["status"] not in ("answer", "training"):
                raise wire.Malformed("an answer that is none to what was asked")
            return read(reply, got, child.channel.printed, seconds)
        except wire.Malformed as wrong:
            raise self._violation(child, "answering", str(wrong)) from None

    def _exchange(
        self,
        child: Offspring,
        header: dict[str, Any],
        arrays: list[Array],
        most: int,
        phase: str,
        limit: float,
    ) -> tuple[Mapping[str, Any], list[Array], float]:
        """One frame there, one back, and the seconds between; the child is ended if there is none."""
        self._asked += 1
        allowed = TRANSPORT_SECONDS if phase == "answering" else limit
        try:
            begun = time.monotonic()
            child.channel.send(wire.pack({**header, "id": self._asked}, arrays), begun + TRANSPORT_SECONDS)
            reply, got = self._reply(child, begun + allowed, most)
            if phase == "answering" and reply["status"] == "begin":  # from here on the time is the subject's own
                begun, allowed = time.monotonic(), limit
                reply, got = self._reply(child, begun + allowed, most)
            seconds = time.monotonic() - begun
            if reply["status"] != "error":
                return reply, got, seconds
            wrong = answers.error_from_wire(reply)
        except TooLate:
            raise self._ended(child, SubjectError("GC005", seconds=allowed, phase=phase)) from None
        except Gone:
            raise self._ended(child, SubjectError("GC006", **child.how_it_ended(), phase=phase)) from None
        except wire.Malformed as malformed:
            raise self._violation(child, phase, str(malformed)) from None
        except BaseException:  # Ctrl-C: what the child would still answer is nobody's
            self.close()
            raise
        raise _with_output(child, wrong)

    def _reply(self, child: Offspring, until: float, most: int) -> tuple[Mapping[str, Any], list[Array]]:
        header, arrays = child.channel.receive(until, payload=self._largest + (16 << 20), most=most)
        if header.get("id") != self._asked or not isinstance(header.get("status"), str):
            raise wire.Malformed("an answer to another question")
        return header, arrays

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


def _existing(path: Path) -> Path:
    shown = brief(str(path), 300)
    if is_there(path) and path.is_dir():
        if not (path / "__init__.py").is_file():
            raise UsageError(f"the folder {shown} has no __init__.py: name the file in it that has the entry point")
    elif why := trouble(path):
        raise UsageError(f"no subject file {shown}: {why}; expected a Python file, or a folder with an __init__.py")
    return path.resolve()


def _installed_names(path: Path) -> list[str]:
    """Where the subject is a part of gradcheck that is loaded like a student's file: the name it is installed by."""
    spec = importlib.util.find_spec("gradcheck.reference")
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    return ["gradcheck.reference"] if any(path.is_relative_to(Path(f).resolve()) for f in folders) else []
