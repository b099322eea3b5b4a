"""The lines to an engine in any language and back: exact questions, and every answer checked field by field."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import jsonschema
import numpy as np
import pytest

from gradcheck.errors import SubjectError
from gradcheck.judge.protocol import no_answer
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.problem.serialise import graph_from_dict, schema
from gradcheck.subject import line_protocol
from gradcheck.subject.wire import Malformed

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "gradcheck" / "subject" / "PROTOCOL.md").read_text(encoding="utf-8")
F64 = np.dtype(np.float64)


def graph() -> Graph:
    """loss = 2 exp(x y), as the page shows it."""
    build = GraphBuilder()
    x, y = build.parameter("x"), build.input("y")
    c = build.constant(2.0, name="c")
    q = build.exp(build.mul(x, y, name="p"), name="q")
    return build.graph(build.mul(q, c, name="loss"))


def arrays() -> Graph:
    build = GraphBuilder()
    w, d, e = build.parameter("w", (2, 3)), build.parameter("d", (2, 0)), build.parameter("e", (0, 3))
    return build.graph(build.sum(build.add(w, build.matmul(d, e))))


GRAPH, ARRAYS = graph(), arrays()
POINT = {"x": np.array(0.5), "y": np.array(-1.25)}


def read(line: str, of: Graph = GRAPH, dtype: Any = F64) -> Any:
    """What an answer to question 1 is read as."""
    return line_protocol.answer(line_protocol.fields(line.encode()), 1, of, np.dtype(dtype))


# --- the page -------------------------------------------------------------------------------------------------------


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.M | re.S)


def test_the_page_shows_what_is_sent() -> None:
    hello, said, question, answer, refusals = blocks("json")
    assert hello.encode() == line_protocol.hello()
    assert question.encode() == line_protocol.question(1, GRAPH, POINT)
    greeting = line_protocol.greeting(line_protocol.fields(said.encode()))
    assert greeting == line_protocol.Greeting("engine.c", frozenset({"add", "mul", "exp"}), "float64", True)
    read_as = read(answer)
    assert float(read_as.value) == pytest.approx(2 * math.exp(-0.625), rel=1e-15)
    assert float(read_as.gradients["x"]) == pytest.approx(-1.25 * 2 * math.exp(-0.625), rel=1e-15)
    for line in refusals.splitlines():
        with pytest.raises(SubjectError) as caught:
            read(line)
        assert caught.value.code == "GC004"


@pytest.mark.parametrize(("language", "file"), [("c", "engine.c"), ("js", "engine.js")])
def test_the_page_shows_the_engines_that_are_tested(language: str, file: str) -> None:
    assert blocks(language) == [(ROOT / "tests" / "other_languages" / file).read_text(encoding="utf-8")]


def test_the_page_names_every_field_and_spelling() -> None:
    for name in (*line_protocol._GREETING, *line_protocol._ANSWER, *(f'"{s}"' for s in line_protocol.SPELLED)):
        assert name in PAGE, name


# --- questions ------------------------------------------------------------------------------------------------------


def test_a_question_is_a_graph_file_in_topological_order() -> None:
    data = json.loads(line_protocol.question(1, GRAPH, POINT))
    jsonschema.validate(data["graph"], schema())
    assert graph_from_dict(data["graph"]).names == GRAPH.names
    late = Graph(
        [*GRAPH.codes][::-1],
        offsets_of(GRAPH),
        [5 - i for k in reversed(range(6)) for i in GRAPH.inputs[GRAPH.offsets[k] : GRAPH.offsets[k + 1]]],
        loss=0,
        names=list(GRAPH.names)[::-1],
        constants={3: 2.0},
    )
    nodes = json.loads(line_protocol.question(1, late, POINT))["graph"]["nodes"]
    seen: set[str] = set()
    for node in nodes:
        assert set(node.get("inputs", ())) <= seen
        seen.add(node["name"])
    assert seen == set(GRAPH.names)


def offsets_of(given: Graph) -> list[int]:
    lengths = [int(b - a) for a, b in zip(given.offsets, given.offsets[1:], strict=False)][::-1]
    return [sum(lengths[:k]) for k in range(len(lengths) + 1)]


@pytest.mark.parametrize(
    "number", [0.1 + 0.2, 5e-324, 1.7976931348623157e308, -0.0, 2.0**53 + 2, np.float64(1) / 3, 1e22, 1e-7]
)
def test_numbers_go_and_come_back_exactly(number: float) -> None:
    sent = json.loads(line_protocol.question(1, GRAPH, {"x": np.array(number), "y": np.array(1.0)}))["point"]["x"]
    assert np.float64(sent).tobytes() == np.float64(number).tobytes()
    came = read(f'{{"id": 1, "value": {float(number)!r}, "gradients": {{"x": {number:.17g}}}}}')
    assert came.value.tobytes() == came.gradients["x"].tobytes() == np.float64(number).tobytes()


def test_float32_goes_and_comes_in_float32() -> None:
    build = GraphBuilder()
    odd = build.graph(build.mul(build.parameter("x"), build.constant(0.1)))
    data = json.loads(line_protocol.question(1, odd, {"x": np.array(0.3, np.float32)}))
    assert data["dtype"] == "float32"
    assert data["point"]["x"] == float(np.float32(0.3))
    assert [n["value"] for n in data["graph"]["nodes"] if "value" in n] == [float(np.float32(0.1))]
    assert read('{"id": 1, "value": 0.1, "gradients": {"x": 1e300}}', odd, np.float32).value == np.float32(0.1)


def test_a_line_is_one_line_of_ascii() -> None:
    build = GraphBuilder()
    odd = build.graph(build.exp(build.parameter('a "é\\')))
    line = line_protocol.question(1, odd, {'a "é\\': np.array(1.0)})
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert json.loads(line)["graph"]["nodes"][0]["name"] == 'a "é\\'


# --- answers that are none ------------------------------------------------------------------------------------------

BROKEN = {
    "no JSON": ("hello", "no JSON: 'hello'"),
    "nothing": ("", "no JSON"),
    "half a line": ('{"id": 1, "value"', "no JSON"),
    "a list": ("[1, 2]", "no JSON object"),
    "a number": ("3", "no JSON object"),
    "printf's nan": ('{"id": 1, "value": nan, "gradients": {}}', 'spell nan as a string: "nan"'),
    "printf's -inf": ('{"id": 1, "value": 1, "gradients": {"x": -inf}}', 'spell inf as a string: "inf"'),
    "a field twice": ('{"id": 1, "id": 1}', "one field twice"),
    "a name twice": ('{"id": 1, "value": 1, "gradients": {"x": 1, "x": 2}}', "one field twice"),
    "no id": ('{"value": 1, "gradients": {}}', "id is None"),
    "another's id": ('{"id": 2, "value": 1, "gradients": {}}', "id is int 2 to question 1"),
    "true for an id": ('{"id": true, "value": 1, "gradients": {}}', "id is bool True"),
    "1.0 for an id": ('{"id": 1.0, "value": 1, "gradients": {}}', "id is float 1.0"),
    "too deep": ('{"id": 1, "value": ' + "[" * 100_000, "no JSON"),
    "a very long integer": ('{"id": 1, "value": ' + "9" * 5_000 + "}", "thousands of digits"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_line_that_breaks_the_protocol(name: str) -> None:
    line, says = BROKEN[name]
    with pytest.raises(Malformed) as caught:
        read(line)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 200


def test_bytes_that_are_no_utf_8() -> None:
    with pytest.raises(Malformed, match="UTF-8"):
        line_protocol.fields(b'{"id": "\xff"}')


def with_value(value: str) -> str:
    return f'{{"id": 1, "value": 1.0, "gradients": {{"x": {value}}}}}'


JUDGED = {
    "a misspelt field": ('{"id": 1, "value": 1, "gradient": {}}', "the fields adjoints", "'gradient'"),
    "no gradients": ('{"id": 1, "value": 1}', "value and gradients", "without 'gradients'"),
    "no value": ('{"id": 1, "gradients": {}}', "value and gradients", "without 'value'"),
    "nothing but an id": ('{"id": 1}', "value and gradients", "without 'value'"),
    "a list of gradients": ('{"id": 1, "value": 1, "gradients": [1]}', "an object", "a list of 1"),
    "null": (with_value("null"), "a number", "null (JSON.stringify"),
    "true": (with_value("true"), "a number", "bool True"),
    "text": (with_value('"1.5"'), "a number", "the only texts"),
    "an object": (with_value("{}"), "a number", "a dict"),
    "lists of unequal lengths": (with_value("[[1, 2], [3]]"), "equal lengths", "(1,) and (2,)"),
    "a number beside a list": (with_value("[1, [2]]"), "equal lengths", "() and (1,)"),
    "null in a list": (with_value("[1, null]"), "a number", "null"),
    "many dimensions": (with_value("[" * 40 + "1" + "]" * 40), "32 dimensions", "deeper"),
    "a huge integer": (with_value("9" * 400), "a double can hold", "hundreds of digits"),
    "an error that is no text": ('{"id": 1, "error": 3}', "a text", "int 3"),
    "ops not offered as a list": ('{"id": 1, "not_offered": ["exp"]}', "a text", "a list of 1"),
    "adjoints that are null": ('{"id": 1, "value": 1, "gradients": {}, "adjoints": null}', "an object", "None"),
}


@pytest.mark.parametrize("name", JUDGED)
def test_an_answer_of_another_form(name: str) -> None:
    line, expected, came = JUDGED[name]
    with pytest.raises(SubjectError) as caught:
        read(line)
    assert caught.value.code == "GC007"
    assert expected in caught.value.facts["expected"]
    assert came in caught.value.facts["came"]
    assert len(no_answer(caught.value).sentence) < 400


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(('"nan"', math.nan), ('"-nan"', math.nan), ("NaN", math.nan), ('"NaN"', math.nan)),
        *(('"inf"', math.inf), ('"-inf"', -math.inf), ('"Infinity"', math.inf), ('"-Infinity"', -math.inf)),
        *(("Infinity", math.inf), ("-Infinity", -math.inf), ("1e400", math.inf), ("7", 7.0), ("-0.0", -0.0)),
    ],
)
def test_how_numbers_may_be_spelt(text: str, number: float) -> None:
    came = read(with_value(text)).gradients["x"]
    assert came.dtype == np.float64
    assert came.tobytes() == np.float64(number).tobytes() or math.isnan(number)
    assert np.isnan(came) == math.isnan(number)


def test_arrays_have_the_shape_of_their_brackets() -> None:
    gradients = {"w": [[1, 2, 3], [4, 5, 6]], "e": [], "d": [[], []], "other": []}
    came = read(json.dumps({"id": 1, "value": 1, "gradients": gradients, "adjoints": {"w": [0]}}), ARRAYS)
    assert came.gradients["w"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert came.gradients["e"].shape == (0, 3)
    assert came.gradients["d"].shape == (2, 0)
    assert came.gradients["other"].shape == (0,)
    assert came.adjoints["w"].shape == (1,)


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ('"error": "no memory left"', "an error", "no memory left"),
        ('"error": "ValueError: math domain error"', "ValueError", "math domain error"),
        ('"error": "RangeError: Maximum call stack size exceeded"', "RangeError", "Maximum call stack size exceeded"),
        ('"error": "Note: this"', "an error", "Note: this"),
        ('"not_offered": "pow"', "NotImplementedError", "pow"),
        ('"error": "\\ud800"', "an error", "?"),
    ],
)
def test_an_engine_that_gives_no_answer_and_says_why(said: str, kind: str, message: str) -> None:
    with pytest.raises(SubjectError) as caught:
        read(f'{{"id": 1, {said}}}')
    assert caught.value.code == "GC004"
    assert (caught.value.facts["type"], caught.value.facts["message"]) == (kind, message)


GREETINGS = {
    "no version": ('{"name": "a"}', "without the version"),
    "another version": ('{"gradcheck": 2}', "version int 2"),
    "a version as text": ('{"gradcheck": "1"}', "version str 1"),
    "true for a version": ('{"gradcheck": true}', "version bool True"),
    "an unknown field": ('{"gradcheck": 1, "opps": []}', "unknown field 'opps'"),
    "ops as a text": ('{"gradcheck": 1, "ops": "add"}', "'ops' of a wrong form"),
    "ops that are no texts": ('{"gradcheck": 1, "ops": [1]}', "'ops' of a wrong form"),
    "very many ops": (json.dumps({"gradcheck": 1, "ops": ["a"] * 500}), "'ops' of a wrong form"),
    "a dtype that is none": ('{"gradcheck": 1, "dtype": "double"}', "'dtype' of a wrong form"),
    "a dtype in a list": ('{"gradcheck": 1, "dtype": []}', "'dtype' of a wrong form"),
    "scalars as a number": ('{"gradcheck": 1, "scalars": 1}', "'scalars' of a wrong form"),
    "a long name": (json.dumps({"gradcheck": 1, "name": "n" * 101}), "'name' of a wrong form"),
    "null for a name": ('{"gradcheck": 1, "name": null}', "'name' of a wrong form"),
}


@pytest.mark.parametrize("name", GREETINGS)
def test_a_hello_that_is_none(name: str) -> None:
    line, says = GREETINGS[name]
    with pytest.raises(Malformed, match=re.escape(says)):
        line_protocol.greeting(line_protocol.fields(line.encode()))


def test_the_shortest_hello() -> None:
    assert line_protocol.greeting({"gradcheck": 1}) == line_protocol.Greeting()


# --- whatever comes -------------------------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 1, 2**63, 10**400, 0.5, math.nan, math.inf, "", "nan", "x" * 5000, "\ud800"),
    *([], [None], [[1], [1, 2]], [[[]]], {}, {"a": {}}, {"x": 1}),
)
HONEST = {"id": 1, "value": 1.0, "gradients": {"x": 2.0, "odd": [1, 2]}, "adjoints": {"p": 1.0}}


def bent(random: Random) -> bytes:
    data = json.loads(json.dumps(HONEST))
    for _ in range(random.randint(1, 3)):
        inner = random.choice([data, *(v for v in data.values() if isinstance(v, dict))])
        if inner and random.random() < 0.3:
            del inner[random.choice(list(inner))]
        else:
            keys = ("id", "value", "gradients", "adjoints", "error", "not_offered", "x", "y")
            inner[random.choice(keys)] = random.choice(VALUES)
    line = bytearray(json.dumps(data).encode())
    if random.random() < 0.3:
        line[random.randrange(len(line))] = random.randrange(256)
    return bytes(line)


def outcome(line: bytes) -> tuple[str, str]:
    """How an answer is read, and the sentence about it."""
    try:
        answer = line_protocol.answer(line_protocol.fields(line), 1, GRAPH, F64)
    except Malformed as wrong:
        return "malformed", str(wrong)
    except SubjectError as wrong:
        return wrong.code, no_answer(wrong).sentence
    assert all(array.dtype == F64 for array in (answer.value, *answer.gradients.values()))
    return "answer", "an answer without more"


def test_whatever_comes_is_an_answer_or_has_a_sentence() -> None:
    outcomes = [outcome(bent(Random(number))) for number in range(3_000)]
    assert all(10 < len(sentence) < 10_000 for _, sentence in outcomes)
    seen = Counter(how for how, _ in outcomes)
    assert set(seen) == {"answer", "malformed", "GC004", "GC007"}
    assert min(seen.values()) > 30
