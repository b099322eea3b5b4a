"""A user's project in a folder of its own, where pytest runs as a program with the installed plugin."""

import os

import pytest

PYPROJECT = """
[tool.gradcheck]
diagnosis-budget = 0
"""
"""Most tests here need no cause, and the search for one takes seconds."""

ENGINE = '''\
"""An engine of three ops."""

import numpy as np

RULES = {
    "add": (lambda a, b: a + b, lambda g, a, b: (g, g)),
    "mul": (lambda a, b: a * b, lambda g, a, b: (g * b, g * a)),
    "square": (np.square, lambda g, a: (g * 2 * a,)),
}
OPS = set(RULES)


def gradients(graph, point):
    nodes = [graph.node(int(i)) for i in graph.order]
    values, arrived = {}, {node.name: np.zeros(node.shape) for node in nodes}
    for node in nodes:
        arguments = [values[name] for name in node.inputs]
        if node.inputs:
            values[node.name] = RULES[node.op][0](*arguments)
        else:
            values[node.name] = point[node.name] if node.value is None else node.value
    loss = graph.names[graph.loss]
    arrived[loss] = np.ones(())
    for node in reversed(nodes):
        arguments = [values[name] for name in node.inputs]
        passed = RULES[node.op][1](arrived[node.name], *arguments) if node.inputs else ()
        for name, g in zip(node.inputs, passed):
            arrived[name] = arrived[name] + g
    return values[loss], {graph.names[i]: arrived[graph.names[i]] for i in graph.parameters}
'''
LINE = 1 + ENGINE[: ENGINE.index("def gradients")].count("\n")

SUITE = """\
import gradcheck


@gradcheck.case
def alone():
    build = gradcheck.GraphBuilder()
    yield gradcheck.Case("alone", build.graph(build.square(build.parameter("a"))), {"a": 3.0}, "da = 2 a")


@gradcheck.case
def used_twice():
    build = gradcheck.GraphBuilder()
    a, b = build.parameter("a"), build.parameter("b")
    y = build.mul(a, b, name="y")
    loss = build.graph(build.add(y, build.square(y), name="loss"))
    yield gradcheck.Case("shared", loss, {"a": 3.0, "b": 5.0}, "y is used twice", labels=("fan-out",))
"""

LAYERS = """\
import numpy as np


def affine(x, W, b):
    return x @ W + b


def affine_backward(upstream, x, W, b):
    return upstream @ W.T, x.T @ upstream, upstream.sum(axis=0)


def wrong_backward(upstream, x, W, b):
    return upstream @ W.T, x.T @ upstream, upstream.mean(axis=0)


x, W, b = np.arange(6.0).reshape(3, 2) / 7, np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([0.1, -0.2])
"""
WRONG_LINE = 1 + LAYERS[: LAYERS.index("def wrong_backward")].count("\n")


class Project:
    """The project of a user, and pytest in it.

    Attributes
    ----------
    line, wrong_line: where `engine.py` and `wrong.py` define `gradients`, and `layers.py` defines `wrong_backward`.
    """

    line, wrong_line = LINE, WRONG_LINE

    def __init__(self, pytester: pytest.Pytester) -> None:
        self._pytester = pytester
        self.path = pytester.path
        self.write(
            {
                "pyproject.toml": PYPROJECT,
                "engine.py": ENGINE,
                "wrong.py": ENGINE.replace("arrived[name] + g", "g"),
                "layers.py": LAYERS,
            }
        )

    def write(self, files: dict[str, str]) -> None:
        """Write files, by their paths."""
        for name, text in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def pytest(self, *arguments: str) -> pytest.RunResult:
        """Run pytest as a program."""
        return self._pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:asyncio", *arguments)


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name in [name for name in os.environ if name.startswith(("PYTEST_", "GRADCHECK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CI", "1")  # pytest does not cut its summary lines to the terminal's width
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    return Project(pytester)


@pytest.fixture
def suite() -> str:
    """A suite of two cases, `alone` and `shared`; an engine that writes = for += has the second one wrong."""
    return SUITE
