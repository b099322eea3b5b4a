"""Files that nobody meant: each is a result or one sentence, at once, within the memory of a small machine.

The fuzz takes GRADCHECK_MUTATIONS files (3,000 in the suite); 20,000 take half a minute.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from by_path import load
from gradcheck.errors import LONGEST, GradcheckError, InvalidProblem
from gradcheck.problem import Case, Graph, GraphBuilder
from gradcheck.problem.reading import MOST_BYTES, MOST_DEEP, parsed, read_text
from gradcheck.problem.serialise import case_from_dict, graph_from_dict, suite_from_json
from gradcheck.problem.shapes import MOST_ENTRIES

MUTATIONS = int(os.environ.get("GRADCHECK_MUTATIONS", "3000"))
PATIENCE = 60
"""Seconds for one file, however busy the machine: what hangs takes for ever."""


@pytest.fixture(scope="module")
def mutated() -> Any:
    """The neighbour that makes the files."""
    return load(Path(__file__).with_name("mutated.py"))


class Hangs(BaseException):
    """It took longer than PATIENCE."""


@contextmanager
def alarm() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def reading(text: str) -> list[Case] | str:
    """The cases of a file, or the sentence that refuses it; anything else is a defect."""
    try:
        with alarm():
            return suite_from_json(text, where="f.json")
    except GradcheckError as wrong:
        return str(wrong)


def test_mutated_files_load_or_say_why_not(mutated: Any) -> None:
    loaded = refused = 0
    for number in range(MUTATIONS):
        try:
            found = reading(mutated.text(number))
        except BaseException as wrong:
            raise AssertionError(f"file {number}: {type(wrong).__name__}: {str(wrong)[:200]}") from wrong
        if isinstance(found, str):
            refused += 1
            assert found.startswith("f.json"), number
            assert len(found) <= LONGEST, number
        else:
            loaded += 1  # a case evaluates its graph when it is made
            assert all(np.isfinite(case.largest) for case in found), number
    assert loaded > MUTATIONS / 20  # a fuzz that loads nothing, or refuses nothing, looks at nothing
    assert refused > MUTATIONS / 5


def node(name: str, op: str, *inputs: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "op": op, **({"inputs": list(inputs)} if inputs else {}), **more}


def case(*nodes: dict[str, Any], point: Any = None, **more: Any) -> dict[str, Any]:
    graph = {"schema_version": 1, "nodes": list(nodes), "loss": "loss"}
    return {"name": "mine", "graph": graph, "point": {"x": 3.0} if point is None else point, **more}


X = node("x", "parameter")
LOSS = node("loss", "square", "x")
SUM = node("loss", "sum", "y")


def wide(shape: list[int]) -> list[dict[str, Any]]:
    return [X, node("y", "broadcast_to", "x", attributes={"shape": shape}), SUM]


LEAKY = node("loss", "leaky_relu", "x", attributes={"slope": 10**400})
STRANGE: dict[str, tuple[dict[str, Any], str]] = {
    "10^9 entries": (
        case(*wide([10**9])),
        "node 'y': broadcast_to: a shape has at most 50,000,000 entries, got (10000",
    ),
    "10^400 entries": (case(*wide([10**400])), "at most 50,000,000 entries"),
    "0 times 10^18 entries": (case(*wide([0, 10**9, 10**9])), "node 'y': broadcast_to: a shape has at most"),
    "33 axes": (case(*wide([1] * 33)), "node 'y': broadcast_to: a shape has at most 32 axes, got 33"),
    "33 axes of a leaf": (case(node("x", "parameter", shape=[1] * 33), LOSS), "at most 32 axes, got 33"),
    "33 axes of a value": (
        case(node("c", "constant", value=json.loads("[" * 33 + "1" + "]" * 33)), X, LOSS),
        "node 'c': an array has at most 32 axes, got 33",
    ),
    "33 axes by an index": (
        case(
            node("x", "parameter", shape=[1] * 32),
            node("y", "take", "x", attributes={"indices": [[0]]}),
            SUM,
            point={"x": json.loads("[" * 32 + "1" + "]" * 32)},
        ),
        "node 'y': an array has at most 32 axes, got 33",
    ),
    "an outer product": (
        case(
            node("x", "parameter", shape=[8000, 1]),
            node("r", "transpose", "x"),
            node("y", "add", "x", "r"),
            SUM,
            point={"x": [[0.0]] * 8000},
        ),
        "node 'y': an array has at most 50,000,000 entries, got (8000, 8000)",
    ),
    "many large arrays": (
        case(*wide([40_000_000])[:2], node("z", "neg", "y"), node("loss", "sum", "z")),
        "node 'z': the arrays of a graph's nodes have at most 50,000,000 entries together",
    ),
    "a slope of 10^400": (case(X, LEAKY), "leaky_relu: slope must be a finite number, got 1000"),
    "a constant of 10^400": (
        case(X, node("c", "constant", value=10**400), LOSS),
        "node 'c': expected an array of real",
    ),
    "texts among numbers": (
        case(node("c", "constant", value=["a" * 10**6, *["b"] * 10**4]), X, LOSS),
        "node 'c': expected an array of real numbers, got ['aaa",
    ),
    "texts among indices": (
        case(X, node("y", "take", "x", attributes={"indices": ["a" * 10**6, *["b"] * 10**4]}), SUM),
        "node 'y': expected numbers, true or false for the attribute 'indices'",
    ),
    "indices of several lengths": (
        case(node("x", "parameter", shape=[2]), node("y", "take", "x", attributes={"indices": [[0], [0, 1]]}), SUM),
        "node 'y': take: indices must be an array, got ((0,), (0, 1))",
    ),
    "values of 24 axes": (
        case(*wide([2] * 24)[:2], node("z", "log", "y"), node("loss", "sum", "z"), point={"x": -1.0}),
        "node 'z': log(an array of shape (2, 2, 2",
    ),
    "a constant beyond float16": (
        case(X, node("c", "constant", value=1e30), LOSS, dtype="float16"),
        "node 'c': a constant must be finite, got inf",
    ),
    "control characters in a node's name": (
        case(node("\x1b[31m", "parameter"), X, LOSS),
        "a node's name must be a text that is not empty, of printable characters, got '\\x1b[31m'",
    ),
    "a null character in a node's name": (case(node("a\0", "parameter"), X, LOSS), "got 'a\\x00'"),
    "half a surrogate pair": (case(node("\ud800", "parameter"), X, LOSS), "got '\\ud800'"),
    "control characters in a case's name": (case(X, LOSS) | {"name": "\x1b[2J"}, "printable name"),
    "a long name": (case(node("n" * 10**5, "exponential"), X, LOSS), "nn': unknown op 'exponential'"),
    "a long op": (case(node("y", "n" * 10**5, "x"), X, LOSS), "node 'y': unknown op 'nnnn"),
    "a negative seed": (case(X, LOSS, seed=-1), '"seed" must be a whole number >= 0, got -1'),
    "a reason that is no text": (case(X, LOSS, expect=["FAIL", 3]), "expect must be"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_cases(name: str) -> None:
    given, says = STRANGE[name]
    with pytest.raises(InvalidProblem) as refusal:
        suite_from_json(json.dumps({"schema_version": 1, "cases": [given]}), where="f.json")
    message = str(refusal.value)
    assert says in message
    assert message.startswith("f.json: ")
    assert "case " in message
    assert len(message) <= LONGEST
    with pytest.raises(InvalidProblem):
        case_from_dict(given)


TEXTS = {
    "4,301 digits": ('{"schema_version": ' + "9" * 4301 + "}", "a number of 4,301 digits is beyond all floats"),
    "deep lists": ("[" * 100_000 + "]" * 100_000, "lists and objects are nested too deeply, more than 60"),
    "deep objects": ('{"a":' * 100 + "1" + "}" * 100, "nested too deeply"),
    "a key twice": ('{"schema_version": 1, "cases": [], "cases": []}', "one object has the key 'cases' twice"),
    "NaN": ('{"schema_version": NaN, "cases": []}', "got nan"),
    "Infinity": ('{"schema_version": Infinity, "cases": []}', "got inf"),
    "a null byte": ('{"schema_version": 1, \0"cases": []}', "not JSON: Expecting property name"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_strange_texts(name: str) -> None:
    text, says = TEXTS[name]
    with pytest.raises(InvalidProblem) as refusal:
        suite_from_json(text, where="f.json")
    assert says in str(refusal.value)
    assert str(refusal.value).startswith("f.json: ")


def test_what_is_just_within_the_bounds_is_read() -> None:
    deep = json.dumps({"a": json.loads("[" * (MOST_DEEP - 1) + "]" * (MOST_DEEP - 1))})
    assert parsed(deep, "f.json")
    with pytest.raises(InvalidProblem, match="nested too deeply"):
        parsed(f"[{deep}]", "f.json")
    axes = case(*wide([1] * 32))
    assert case_from_dict(axes).graph.shapes[1] == (1,) * 32
    assert of_size(MOST_ENTRIES - 2).shapes[1] == (MOST_ENTRIES - 2,)
    with pytest.raises(InvalidProblem, match="entries together; this node goes beyond"):
        of_size(MOST_ENTRIES - 1)


def of_size(entries: int) -> Graph:
    """x, `entries` copies of it, and their sum."""
    build = GraphBuilder()
    return build.graph(build.sum(build.broadcast_to(build.parameter("x"), shape=(entries,))))


def test_numbers_that_no_text_can_hold() -> None:
    huge = 10**5000  # Python refuses to write it
    for given in (
        case(X, LOSS, seed=-huge),
        case(X, LOSS) | {"name": huge},
        case(*wide([huge])),
        case(X, node("y", huge)),
    ):
        with pytest.raises(InvalidProblem):
            case_from_dict(given)
    with pytest.raises(InvalidProblem, match="a number of thousands of digits"):
        graph_from_dict({"schema_version": huge})


def test_a_slope_beyond_all_floats_from_python() -> None:
    build = GraphBuilder()
    loss = build.leaky_relu(build.parameter("x"), slope=10**400)
    with pytest.raises(InvalidProblem, match="slope must be a finite number"):
        Case("mine", build.graph(loss), {"x": -1.0})


def test_files(tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    file.write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(file) == "{}"  # a byte order mark, as Windows writes it
    file.write_bytes(b'{"name": "\xff"}')
    with pytest.raises(InvalidProblem, match=r"suite\.json: expected a text in UTF-8, got byte 0xff at position 10"):
        read_text(file)
    file.write_bytes("{}".encode("utf-16"))
    with pytest.raises(InvalidProblem, match="UTF-8"):
        read_text(file)
    with file.open("wb") as sparse:
        sparse.truncate(MOST_BYTES + 1)
    with pytest.raises(InvalidProblem, match="it has 268,435,457 bytes; at most 268,435,456 are read"):
        read_text(file)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_that_must_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "suite.json"
    file.write_text("{}")
    file.chmod(0)
    with pytest.raises(InvalidProblem, match="permission denied"):
        read_text(file)


def test_paths_without_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "loop.json").symlink_to(tmp_path / "loop.json")
    (tmp_path / "folder.json").mkdir()
    wanted = {
        "pipe.json": "it is no regular file, but a pipe",
        "loop.json": "too many levels of symbolic links",
        "folder.json": "it is a folder",
        "absent.json": "there is no such file",
        "a" * 300: "file name too long",
        "a\0b": "a file's name holds no null character",
    }
    for name, says in wanted.items():
        with pytest.raises(InvalidProblem, match=says):
            read_text(tmp_path / name)
