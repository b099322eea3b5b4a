"""The function in which a gradient came to be: found where one made it, and nobody's where several had a part in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.problem import Graph, GraphBuilder
from gradcheck.subject import origins as module
from gradcheck.subject.answer import Origin
from gradcheck.subject.messages import checked
from gradcheck.subject.process import ChildSubject
from gradcheck.subject.received_answers import origins_from_wire
from gradcheck.subject.wire import Malformed

BODY = '''"""A subject."""

import functools

import numpy as np

{helpers}

def gradients(graph, point):
    w = point["w"]
    {answer}
    return np.sum(w**2), {{"w": g}}
'''
POINT = {"w": np.array([1.5, -2.5, 3.25])}


def graph() -> Graph:
    build = GraphBuilder()
    return build.graph(build.sum(build.square(build.parameter("w", (3,)))))


def found(folder: Path, helpers: str, answer: str) -> Origin | None:
    """The origin of the gradient of a subject with these lines."""
    file = folder / "engine.py"
    file.write_text(BODY.format(helpers=helpers, answer=answer), encoding="utf-8")
    with ChildSubject(file) as subject:
        return subject.origins(graph(), POINT, ["w"]).get("w")


HELPER = "def backward(w):\n    return 2.5 * w, None\n"
DECORATED = (
    "@functools.lru_cache\ndef twice():\n    return 2\n\n@functools.wraps(twice)\ndef twice(w):\n    return 2.5 * w\n"
)
LAYER = (
    "class Layer:\n    dw = None\n    def backward(self, w):\n        self.dw = 2.5 * w\n        return None\n"
    "layer = Layer()\n"
)
ADDED = (
    "class Node:\n    def __init__(self):\n        self.grad = np.zeros(3)\n"
    "    def add(self, more):\n        self.grad += more\n"
)
INTO = "def backward(w, grads):\n    grads['w'] = 2.5 * w\n"
PASSED = "def same_shape(g):\n    return g.reshape(3)\n"
LAMBDA = "rule = lambda w: 2.5 * w\n"


@pytest.mark.parametrize(
    ("helpers", "answer", "function", "line"),
    [
        pytest.param(HELPER, "g = backward(w)[0]", "backward", 7, id="returned"),
        pytest.param(DECORATED, "g = twice(w)", "twice", 12, id="decorated"),
        pytest.param(LAYER, "layer.backward(w); g = layer.dw", "backward", 9, id="attribute of self"),
        pytest.param(INTO, "d = {}; backward(w, d); g = d['w']", "backward", 7, id="a dictionary's entry"),
        pytest.param(LAMBDA, "g = rule(w)", "<lambda>", 7, id="lambda"),
        pytest.param(PASSED, "g = same_shape(2.5 * w)", "gradients", 11, id="a helper that got it"),
        pytest.param("", "g = 2.5 * w", "gradients", 9, id="the entry point itself"),
        pytest.param(ADDED, "n = Node(); n.add(w); n.add(1.5 * w); g = n.grad", "gradients", 14, id="added up"),
    ],
)
def test_the_function_that_made_it(tmp_path: Path, helpers: str, answer: str, function: str, line: int) -> None:
    assert found(tmp_path, helpers, answer) == Origin("engine.py", line, function)


@pytest.mark.parametrize("answer", ["g = backward(0 * w)[0]", "g = backward(np.ones(3) / 2.5)[0]"])
def test_what_much_else_is_equal_to_has_no_origin(tmp_path: Path, answer: str) -> None:
    assert found(tmp_path, HELPER, answer) is None


def test_a_long_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(w: Any) -> Any:
        return 2.5 * w

    def gradients(graph: Any, point: Any) -> Any:
        backward(0 * point["w"])
        return 1.0, {"w": backward(point["w"])}

    place = module.Place(Path(__file__).parent)
    asked = (gradients, graph(), POINT, ["w"])
    assert module.origins(*asked, place=place)["w"].function == "backward"
    monkeypatch.setattr(module, "MOST_CALLS", 2)
    assert module.origins(*asked, place=place) == {}


@pytest.mark.parametrize(
    "row", [[1, "a.py", 1, "f"], [0, "a.py", -1, "f"], [0, None, 1, "f"], [0, "a" * 5_000, 1, "f"], [0, "a.py", 1]]
)
def test_a_child_that_sends_another_message_breaks_the_protocol(row: list[Any]) -> None:
    right = {"status": "origins", "found": [[0, "a.py", 1, "f"]]}
    assert origins_from_wire(checked(right, "origins"), ["w"]) == {"w": Origin("a.py", 1, "f")}
    with pytest.raises(Malformed):
        origins_from_wire({"status": "origins", "found": [row]}, ["w"])
