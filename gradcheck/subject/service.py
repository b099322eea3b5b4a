"""The child's side of the protocol: one frame in, one frame out, and "begin" when the subject's own time starts."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradcheck.problem  # noqa: F401 - imported before the subject's time starts
from gradcheck.conventions.averaged import Averaged, otherwise
from gradcheck.errors import SubjectError
from gradcheck.subject import (
    beside,
    calling,
    description,
    limits,
    loading,
    looking,
    masking,
    origins,
    pair_slopes,
    wire,
)
from gradcheck.subject.answer import ENTRY_POINTS, Array
from gradcheck.subject.plain_arrays import LARGEST
from gradcheck.subject.problems import problem_from_wire
from gradcheck.subject.received_answers import Vocabulary, answer_to_wire, error_to_wire, training_to_wire
from gradcheck.subject.trouble import exits, facts, is_ours

UNLIMITED = 1 << 62
_CHUNK = 1 << 20


class Service:
    """Answers frames from `questions` on `answers` until there are no more.

    From its start on, the subject can import, or open, no part of gradcheck that is not meant for it (see `masking`).
    """

    def __init__(self, questions: int, answers: int) -> None:
        masking.install()
        self._prepare(questions, answers)

    def _prepare(self, questions: int, answers: int) -> None:
        self._questions = questions
        self._answers = answers
        self._process = os.getpid()
        self._subject: loading.Loaded | None = None
        self._looked: tuple[looking.Source, looking.Looked] | None = None
        self._largest = LARGEST

    def run(self) -> None:
        """Answer questions until the parent closes the pipe."""
        while (frame := self._receive()) is not None:
            header, arrays = frame
            try:
                reply = self._reply(header, arrays)
            except SystemExit as leaving:  # raised by methods of the returned objects
                reply = error_to_wire(exits(leaving, "answering", self._place)), []
            except BaseException as wrong:
                if not isinstance(wrong, SubjectError) or not is_ours(wrong):
                    wrong = SubjectError("GC004", **facts(wrong, self._place))
                reply = error_to_wire(wrong), []
            if os.getpid() != self._process:
                os._exit(1)  # a fork that the subject made: only the original process answers
            self._send(header["id"], *reply)

    def _reply(self, header: dict[str, Any], arrays: list[Array]) -> tuple[Mapping[str, Any], Sequence[Array]]:
        match header["do"]:
            case "limit":
                self._largest = header["largest"]
                held = limits.apply(header["memory"], header["processor_seconds"]) if header["level"] else {}
                return {"status": "ready", "held": held}, []
            case "look":
                looked = self._look(header)
                return {"status": "looked", **description.to_wire(looked.recognition, looked.public)}, []
            case "slopes":
                pair = self._look(header).offer(header["convention"], header["offer"]).pairs[header["pair"]]
                pair = (pair, *pair.others)[header["reading"]]
                if header["averaged"]:
                    pair = otherwise(pair, Averaged.from_header(header["averaged"]))
                self._send(header["id"], {"status": "begin"})
                return {"status": "slopes", "lines": pair_slopes.slopes(pair)}, []
            case "load":
                self._subject = self._load(header)
                functions, ops = self._subject.functions, self._subject.declared.ops
                return {
                    "status": "loaded",
                    "entry_points": sorted(name for name in functions if name in ENTRY_POINTS),
                    "forms": sorted(name for name in functions if name not in ENTRY_POINTS),
                    "ops": None if ops is None else sorted(ops),
                    "dtype": self._subject.declared.dtype,
                }, []
            case "train":
                training = problem_from_wire(header["problem"], arrays)
                function = self._begin(header)
                return training_to_wire(calling.train(function, training, place=self._place, largest=self._largest))
            case "origins":
                problem, point = _question(header, arrays)
                function = self._begin(header)
                blocks = header["blocks"]
                found = origins.origins(function, problem, point, blocks, place=self._place)
                rows = [[blocks.index(block), o.file, o.line, o.function] for block, o in found.items()]
                return {"status": "origins", "found": rows}, []
            case _:
                problem, point = _question(header, arrays)
                vocabulary = Vocabulary(problem, point)
                function = self._begin(header)
                answer = calling.ask(
                    function,
                    problem,
                    point,
                    place=self._place,
                    largest=self._largest,
                    count=header["count"],
                    most=header["most"],
                )
                return answer_to_wire(answer, vocabulary)

    def _look(self, header: Mapping[str, Any]) -> looking.Looked:
        source = looking.Source.from_header(header)
        if self._looked is None or self._looked[0] != source:
            sys.argv = [source.path]
            masking.CLOSED.spare(Path(source.path))
            if not source.installed:
                beside.linked(source.folder)
            self._looked = source, looking.look(source)
        return self._looked[1]

    def _load(self, header: Mapping[str, Any]) -> loading.Loaded:
        if header["convention"] is not None:
            looked = self._look(header)
            return looked.loaded(looked.offer(header["convention"], header["offer"]))
        path = Path(header["path"])
        sys.argv = [str(path)]
        masking.CLOSED.spare(path)
        return loading.load(path, header["name"], known_as=header["known_as"])

    @property
    def _place(self) -> Any:
        return self._subject.place if self._subject is not None else None

    def _begin(self, header: Mapping[str, Any]) -> Any:
        assert self._subject is not None, "the parent asks after loading"
        self._send(header["id"], {"status": "begin"})
        return self._subject.functions[header["entry"]]

    def _receive(self) -> tuple[dict[str, Any], list[Array]] | None:
        head = self._read(wire.HEAD.size)
        if head is None:
            return None
        sizes = wire.lengths(head, header=UNLIMITED, payload=UNLIMITED)
        header, payload = self._read(sizes[0]), self._read(sizes[1])
        if header is None or payload is None:
            return None
        return wire.unpack(header, payload, most=UNLIMITED)

    def _read(self, count: int) -> bytearray | None:
        buffer = bytearray(count)
        view, got = memoryview(buffer), 0
        while got < count:
            more = os.read(self._questions, min(_CHUNK, count - got))
            if not more:
                return None
            view[got : got + len(more)] = more
            got += len(more)
        return buffer

    def _send(self, question: int, header: Mapping[str, Any], arrays: Sequence[Array] = ()) -> None:
        for piece in wire.pack({**header, "id": question}, arrays):
            view = memoryview(piece)
            while view:
                view = view[os.write(self._answers, view) :]


def _question(header: Mapping[str, Any], arrays: list[Array]) -> tuple[Any, dict[str, Array]]:
    """The problem and the point of a question about gradients."""
    problem = problem_from_wire(header["problem"], arrays)
    names = header["point"]
    names = [problem.names[i] for i in problem.free] if names is None else names
    return problem, dict(zip(names, arrays[header["at"] :], strict=True))
