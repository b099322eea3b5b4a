"""The child's side for an engine in another language: it starts the engine, and translates frames into lines and back.

The engine inherits what this process has set on itself: limits on memory, processor time and files, signals that reach
its own processes alone, a session and a process group that the parent kills.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from gradcheck.subject.answer import NATIVE, Array
from gradcheck.subject.line_engine import LONGEST_LINE, LineEngine
from gradcheck.subject.problems import problem_from_wire
from gradcheck.subject.received_answers import Vocabulary, answer_to_wire
from gradcheck.subject.service import Service as SubjectService


class Service(SubjectService):
    """Answers "load" and "ask"."""

    def __init__(self, questions: int, answers: int) -> None:
        self._prepare(questions, answers)

    def _reply(self, header: dict[str, Any], arrays: list[Array]) -> tuple[Mapping[str, Any], Sequence[Array]]:
        match header["do"]:
            case "load":
                return self._started(header), []
            case "ask":
                graph = problem_from_wire(header["problem"], arrays)
                point = dict(zip([graph.names[i] for i in graph.free], arrays[header["at"] :], strict=True))
                begin = {"status": "begin"}
                answer = self._engine.ask(graph, point, lambda: self._send(header["id"], begin))
                return answer_to_wire(answer, Vocabulary(graph, point))
            case _:
                return super()._reply(header, arrays)

    def _started(self, header: Mapping[str, Any]) -> dict[str, Any]:
        environment = {**os.environ, "PATH": header["search"]}
        self._engine = LineEngine(header["argv"], header["folder"], environment, min(self._largest, LONGEST_LINE))
        said = self._engine.greet()
        return {
            "status": "loaded",
            "entry_points": [NATIVE],
            "forms": [],
            "ops": None if said.ops is None else sorted(said.ops),
            "dtype": said.dtype,
            "name": said.name,
            "scalars": said.scalars,
            "counts": False,
        }
