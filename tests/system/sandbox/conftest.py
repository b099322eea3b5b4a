"""Real child processes around small files, and the graph that they are asked about."""

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.subject import Answer, ChildSubject


class Bench:
    """Writes files, keeps children, asks them about loss = (w * x)^2."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[ChildSubject] = []
        build = GraphBuilder()
        w, x = build.parameter("w", (2,)), build.input("x", (2,))
        self.graph: Graph = build.graph(build.sum(build.square(w * x), name="loss"))
        self.point = {"w": np.array([1.0, -2.0]), "x": np.array([0.5, 3.0])}

    def write(self, text: str, name: str = "engine.py") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def child(self, path: Path | str, name: str | None = None, **options: Any) -> ChildSubject:
        child = ChildSubject(path, name, **{"timeout": 20.0, **options})
        self.children.append(child)
        return child

    def subject(self, text: str, **options: Any) -> ChildSubject:
        return self.child(self.write(text), **options)

    def body(self, body: str, **options: Any) -> ChildSubject:
        """A subject whose `gradients` consists of `body`; `right` is the right answer."""
        text = """
            import os, sys, time
            import numpy as np

            def right(point):
                w, x = point["w"], point["x"]
                return np.sum((w * x) ** 2), {"w": 2 * w * x * x}

            def gradients(graph, point):
            """
        return self.subject(dedent(text) + "".join(f"    {line}\n" for line in dedent(body).splitlines()), **options)

    def ask(self, child: ChildSubject) -> Answer:
        return child.ask(self.graph, self.point)

    def refused(self, child: ChildSubject, code: str) -> dict[str, Any]:
        """The facts of the SubjectError that asking ends in, which must have this code."""
        with pytest.raises(SubjectError) as caught:
            self.ask(child)
        assert caught.value.code == code, caught.value
        return caught.value.facts


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A folder for subjects; its children end with the test."""
    made = Bench(tmp_path)
    yield made
    for child in made.children:
        child.close()


@pytest.fixture
def truth() -> Callable[[Answer], bool]:
    """Whether an answer is right: 0.25 + 36 and 2 w x^2, by hand."""

    def is_right(answer: Answer) -> bool:
        return float(answer.value) == 36.25 and answer.gradients["w"].tolist() == [0.5, -36.0]

    return is_right
