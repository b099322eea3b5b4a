"""Frames, problems and answers, there and back; and everything that must not be believed."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies

from gradcheck.errors import SubjectError, Unsupported
from gradcheck.judge.protocol import no_answer
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.problem.mlp import MLP
from gradcheck.problem.neuron_dag import NeuronDAG
from gradcheck.problem.schedules import AdaGrad, Custom
from gradcheck.problem.training import Training, Until
from gradcheck.subject import Answer, TrainingAnswer, TrainingStep, received_answers, wire
from gradcheck.subject.problems import problem_from_wire, problem_to_wire


def through(header: dict[str, Any], arrays: list[Any], most: int = 100) -> tuple[dict[str, Any], list[Any]]:
    head, data, payload = wire.pack(header, arrays)
    sizes = wire.lengths(head, header=1 << 20, payload=1 << 20)
    assert sizes == (len(data), len(payload))
    return wire.unpack(data, payload, most=most)


@pytest.mark.parametrize("code", [*"?bhilqBHILQefdgFDG"])
def test_arrays_come_back_bit_for_bit(code: str) -> None:
    given = [np.array([[1, 0], [1, 1]]).astype(code), np.array(1).astype(code), np.zeros((0, 3), code)]
    if np.dtype(code).kind in "fc":
        given.append(np.array([np.nan, np.inf, -np.inf, -0.0, 1 / 3]).astype(code))
    header, back = through({"a": [1.5, None]}, [*given, *given])
    assert header == {"a": [1.5, None]}
    for one, other in zip([*given, *given], back, strict=True):
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def test_other_byte_orders_and_strides() -> None:
    swapped, strided = np.array([1.0, 2.0], ">f8"), np.arange(12.0).reshape(3, 4)[:, ::-2]
    _, (first, second) = through({}, [swapped, strided])
    assert first.tolist() == [1.0, 2.0]
    assert second.tolist() == strided.tolist()


def test_like_arrays_are_one_run() -> None:
    _, data, _ = wire.pack({}, [np.array(float(i)) for i in range(1000)])
    assert json.loads(data)["arrays"] == [["<f8", [], 1000]]


@pytest.mark.parametrize(
    ("header", "payload"),
    [
        (b"{", b""),
        (b"[" * 100_000, b""),
        (b"[]", b""),
        (b"{}", b""),
        (b'{"arrays": 3}', b""),
        (b'{"arrays": [3]}', b""),
        (b'{"arrays": [["|O", [1], 1]]}', bytes(8)),
        (b'{"arrays": [["<f8", [1], 1], ["<f8", [1], 1]]}', bytes(8)),
        (b'{"arrays": [["<f8", [1], 1]]}', bytes(9)),
        (b'{"arrays": [["<f8", [1], 1]]}', bytes(7)),
        (b'{"arrays": [["<f8", [-1], 1]]}', b""),
        (b'{"arrays": [["<f8", [true], 1]]}', bytes(8)),
        (b'{"arrays": [["<f8", [0.5], 2]]}', bytes(8)),
        (b'{"arrays": [["<f8", [99999999, 99999999], 1]]}', bytes(8)),
        (b'{"arrays": [["<f8", [0], 99999999]]}', b""),
        (b'{"arrays": [[["<f8"], [0], 1]]}', b""),
        (b'{"arrays": [["<f8", "1", 1]]}', bytes(8)),
        (b'{"arrays": [["<f8", [' + b"1," * 40 + b"1], 1]]}", bytes(8)),
        (b"\xff\xfe\x00", b""),
    ],
)
def test_malformed_frames(header: bytes, payload: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.unpack(header, payload, most=10)


def test_a_frame_s_beginning() -> None:
    good = wire.HEAD.pack(b"gck1", 10, 20)
    assert wire.lengths(good, header=10, payload=20) == (10, 20)
    for header, payload in ((9, 20), (10, 19)):
        with pytest.raises(wire.Malformed, match="too large"):
            wire.lengths(good, header=header, payload=payload)
    with pytest.raises(wire.Malformed):
        wire.lengths(wire.HEAD.pack(b"GET ", 1, 1), header=10, payload=20)


def carried(problem: Any) -> Any:
    arrays: list[Any] = []
    data = problem_to_wire(problem, arrays)
    header, back = through({"p": data}, arrays)
    return problem_from_wire(header["p"], back)


def test_graphs() -> None:
    build = GraphBuilder()
    w = build.parameter("weiß 'w'", (2, 3))
    loss = build.sum(build.sum(w * build.constant([[1.5, -2.0, 0.1]]) + 3.0, axis=(0,), name="s"))
    graph = build.graph(loss)
    back = carried(graph)
    for part in ("codes", "offsets", "inputs", "order"):
        assert np.array_equal(getattr(back, part), getattr(graph, part))
    assert (back.names, back.shapes, back.loss) == (graph.names, graph.shapes, graph.loss)
    assert {i: dict(a) for i, a in back.attributes.items()} == {i: dict(a) for i, a in graph.attributes.items()}
    assert [c.tolist() for c in back.constants.values()] == [c.tolist() for c in graph.constants.values()]


def test_a_graph_without_names_of_its_own_sends_none() -> None:
    graph = Graph.from_arrays(["parameter", "square"], [0, 0, 1], [0], loss=1)
    arrays: list[Any] = []
    assert problem_to_wire(graph, arrays)["graph"]["names"] is None
    assert carried(graph).names[1] == "v1"


def test_networks() -> None:
    mlp = MLP((2, 3, 1), ("tanh", "identity"), l2=0.1, batch=4)
    assert carried(mlp) == mlp
    dag = NeuronDAG({"h": "tanh", "y": "identity"}, [("x", "h"), ("h", "y"), ("x", "y")], ["x"], ["y"])
    assert carried(dag) == dag


def training(**options: Any) -> Training:
    data = {"X": np.ones((3, 2)), "T": np.zeros((3, 1)), "parameters": {"W1": np.ones((1, 2)), "b1": np.zeros(1)}}
    return Training("t", MLP((2, 1)), batch_size=2, **{"schedule": AdaGrad(0.1), **data, **options})


def halve(t: int, gradients: Any) -> Any:
    return {name: 0.5 * g for name, g in gradients.items()}


def test_trainings() -> None:
    given = training()
    back = carried(given)
    for field in fields(given):
        one, other = getattr(given, field.name), getattr(back, field.name)
        if field.name == "parameters":
            assert {k: v.tolist() for k, v in one.items()} == {k: v.tolist() for k, v in other.items()}
        else:
            assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


def test_a_schedule_travels_as_text() -> None:
    back = carried(training(schedule=Custom("halve", halve)))
    assert back.schedule.name == "halve"
    assert back.schedule.update(0, {"W1": np.array([3.0])})["W1"].tolist() == [1.5]


def test_what_cannot_travel() -> None:
    @dataclass(frozen=True)
    class Own:
        x: int

    for thing in (Own(1), halve, object()):
        with pytest.raises(Unsupported, match="cannot be sent"):
            problem_to_wire(thing, [])
    with pytest.raises(Unsupported, match="function"):
        problem_to_wire(training(until=Until(when=lambda step, parameters: True)), [])


@pytest.mark.parametrize(
    "value", [0.1, float("inf"), float("-inf"), 5e-324, -0.0, 3, True, None, "é", (1, (2.5,)), [1]]
)
def test_plain_data(value: object) -> None:
    back = carried(value)
    assert (back, type(back), str(back)) == (value, type(value), str(value))


@pytest.fixture
def words() -> received_answers.Vocabulary:
    return received_answers.Vocabulary(None, dict.fromkeys(["w", "x", "y"]))


def answered(words: received_answers.Vocabulary, answer: Answer) -> Answer:
    header, arrays = through(*received_answers.answer_to_wire(answer, words))
    return received_answers.answer_from_wire(header, arrays, words, stdout="", seconds=1.0)


@pytest.mark.parametrize("names", [[], ["y", "w"], ["w", "x", "y"], ["other", "x", "é\ud800"]])
def test_answers(words: received_answers.Vocabulary, names: list[str]) -> None:
    arrays = {name: np.array([float(i)] * i) for i, name in enumerate(names)}
    back = answered(words, Answer(np.array(2.5), arrays, arrays, ("point['w']",)))
    for got in (back.gradients, back.adjoints or {}):
        assert {k: v.tolist() for k, v in got.items()} == {k: v.tolist() for k, v in arrays.items()}
    assert (float(back.value), back.mutated) == (2.5, ("point['w']",))


def test_too_many_names_that_nobody_knows(words: received_answers.Vocabulary) -> None:
    few = {f"n{i}": np.ones(()) for i in range(received_answers.MOST_UNKNOWN)}
    received_answers.answer_to_wire(Answer(np.ones(()), few, None), words)
    for many in ({**few, "one more": np.ones(())}, {"n" * (received_answers.LONGEST_UNKNOWN + 1): np.ones(())}):
        with pytest.raises(SubjectError) as caught:
            received_answers.answer_to_wire(Answer(np.ones(()), many, None), words)
        assert caught.value.code == "GC007"


ONE, PLACES = np.ones(()), np.array([0, 2])


@pytest.mark.parametrize(
    ("header", "arrays"),
    [
        ({}, []),
        ({}, [ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES, ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES, ONE, ONE, ONE]),
        ({"gradients": {"unknown": ["w"]}, "mutated": []}, [ONE, PLACES, ONE, ONE, ONE]),
        ({"gradients": {"unknown": [3]}, "mutated": []}, [ONE, PLACES, ONE, ONE, ONE]),
        ({"gradients": {"unknown": []}}, [ONE, PLACES, ONE, ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES + 1, ONE, ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES - 1, ONE, ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES[::-1], ONE, ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES * 0, ONE, ONE]),
        ({"gradients": {"unknown": []}, "mutated": []}, [ONE, PLACES * 1.0, ONE, ONE]),
        ({"gradients": {"unknown": []}, "mutated": [], "adjoints": None}, [ONE, PLACES, ONE, ONE]),
    ],
)
def test_answers_that_are_none(words: received_answers.Vocabulary, header: dict[str, Any], arrays: list[Any]) -> None:
    with pytest.raises(wire.Malformed):
        received_answers.answer_from_wire(header, arrays, words, stdout="", seconds=0.0)


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner) | strategies.dictionaries(strategies.text(), inner),
    max_leaves=8,
)
KEYS = ("status", "id", "gradients", "adjoints", "mutated", "steps", "names", "code", "facts", "unknown")
HEADERS = strategies.dictionaries(
    strategies.sampled_from(KEYS), JSON | strategies.dictionaries(strategies.sampled_from(KEYS), JSON)
)


@given(HEADERS, strategies.lists(strategies.sampled_from([ONE, PLACES, np.ones(3, bool)]), max_size=5))
def test_whatever_comes_is_an_answer_or_malformed(header: dict[str, Any], arrays: list[Any]) -> None:
    words = received_answers.Vocabulary(None, dict.fromkeys(["w", "x", "y"]))
    with suppress(wire.Malformed):
        received_answers.answer_from_wire(header, arrays, words, stdout="", seconds=0.0)
    with suppress(wire.Malformed):
        received_answers.training_from_wire(header, arrays, stdout="", seconds=0.0)
    with suppress(wire.Malformed):
        received_answers.error_from_wire(header, "ask")


@given(strategies.lists(JSON, max_size=3) | JSON, strategies.binary(max_size=64))
def test_whatever_comes_is_a_frame_or_malformed(runs: Any, payload: bytes) -> None:
    header = json.dumps({"arrays": runs}).encode()
    with suppress(wire.Malformed):
        wire.unpack(header, payload, most=100)
    with suppress(wire.Malformed):
        wire.unpack(payload, payload, most=100)


def test_trainings_answered() -> None:
    steps = tuple(
        TrainingStep(np.arange(i + 1), {"W": np.full(2, float(i)), "b": np.array(float(-i))}) for i in range(3)
    )
    header, arrays = through(*received_answers.training_to_wire(TrainingAnswer(steps)))
    back = received_answers.training_from_wire(header, arrays, stdout="", seconds=0.0)
    for one, other in zip(steps, back.steps, strict=True):
        assert one.indices.tolist() == other.indices.tolist()
        assert {k: v.tolist() for k, v in one.parameters.items()} == {
            k: v.tolist() for k, v in other.parameters.items()
        }
    for broken in ({**header, "steps": 2}, {**header, "steps": -1}, {**header, "names": ["W", "W"]}, {}):
        with pytest.raises(wire.Malformed):
            received_answers.training_from_wire(broken, arrays, stdout="", seconds=0.0)


RAISED = {"type": "ValueError", "message": "no", "file": "engine.py", "line": 3, "function": "f"}
FACTS: dict[str, dict[str, Any]] = {
    "GC001": RAISED,
    "GC002": {"file": "engine.py", "line": None, "text": "(1,", "message": "never closed"},
    "GC003": {"file": "engine.py", "looked_for": ["gradients"], "found": ["a"], "near": []},
    "GC004": {"type": "ValueError", "message": ""},
    "GC006": {"how": "called sys.exit()", "phase": "answering"},
    "GC007": {"expected": "a number", "came": "None", "block": None},
    "GC065": {"operations": 5, "what": "counting was stopped"},
}
LOADING, ANSWERING = {"GC001", "GC002", "GC003", "GC004", "GC006"}, {"GC004", "GC006", "GC007", "GC065"}


@pytest.mark.parametrize("code", sorted(FACTS))
def test_errors(code: str) -> None:
    """Errors that a child may give come back, make a sentence, and may not be given at the other time."""
    header = received_answers.error_to_wire(SubjectError(code, **FACTS[code]))
    for do, allowed in (("load", LOADING), ("ask", ANSWERING), ("train", ANSWERING)):
        if code in allowed:
            back = received_answers.error_from_wire(header, do)
            assert (back.code, back.facts) == (code, FACTS[code])
            assert code == "GC065" or no_answer(back).sentence
        else:
            with pytest.raises(wire.Malformed, match="not its own to give"):
                received_answers.error_from_wire(header, do)


ODD: tuple[Any, ...] = (None, True, -1, 1 << 62, 0.5, [], [3], [["a"]], {}, {"a": 1}, "", "x")


@pytest.mark.parametrize("code", sorted(FACTS))
def test_facts_of_another_form(code: str) -> None:
    """Each fact in turn is left out or odd: what comes through still makes a sentence, all else is malformed."""
    do = "load" if code in LOADING else "ask"
    for name in FACTS[code]:
        left = {key: value for key, value in FACTS[code].items() if key != name}
        tried = [left, *({**left, name: odd} for odd in ODD), {**left, name: FACTS[code][name], "more": 1}]
        malformed = 0
        for facts in tried:
            try:
                back = received_answers.error_from_wire({"status": "error", "code": code, "facts": facts}, do)
            except wire.Malformed:
                malformed += 1
            else:
                assert code == "GC065" or no_answer(back).sentence
        assert malformed >= 8


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("GC005", {"seconds": 1.0, "phase": "answering"}),
        ("GC012", {}),
        ("GC999", {}),
        (["GC004"], {}),
        (None, {}),
        ("GC004", {}),
        ("GC004", []),
        ("GC004", {**RAISED, "line": [3]}),
        ("GC004", {**RAISED, "message": 3}),
        ("GC004", {**RAISED, "secret": "x"}),
        ("GC007", {"expected": "a", "came": "b"}),
        ("GC006", {"how": "x", "phase": "judging"}),
        ("GC065", {"operations": -1, "what": "stopped"}),
        ("GC065", {"operations": True, "what": "stopped"}),
    ],
)
def test_errors_that_are_none(code: Any, facts: Any) -> None:
    with pytest.raises(wire.Malformed):
        received_answers.error_from_wire({"status": "error", "code": code, "facts": facts}, "ask")


def test_facts_can_be_printed_and_written() -> None:
    facts = received_answers.error_from_wire(
        {"status": "error", "code": "GC004", "facts": {**RAISED, "message": "\ud800" + "x" * 10**6}}, "ask"
    ).facts
    assert len(facts["message"]) < 3_000
    assert facts["message"].encode("utf-8")[:2] == b"?x"


@pytest.mark.parametrize("length", [4_000, 5_000])  # Python refuses integers of more than 4,300 digits
def test_long_numbers(length: int) -> None:
    with pytest.raises(wire.Malformed):
        wire.unpack(b'{"arrays": [["<f8", [' + b"9" * length + b"], 1]]}", b"", most=10)


@pytest.mark.parametrize(
    "header",
    [
        b'{"arrays": [], "id": NaN}',
        b'{"arrays": [], "id": -Infinity}',
        b'{"arrays": [], "id": 1, "id": 2}',
        b'{"arrays": [], "facts": {"a": 1, "a": 2}}',
        b'{"arrays": [], "arrays": []}',
        b'{"arrays": [], "id": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
    ],
    ids=["nan", "infinity", "twice", "inside", "arrays twice", "deep"],
)
def test_json_that_means_two_things_or_none(header: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.unpack(header, b"", most=10)


def test_lengths_beside_a_zero() -> None:
    """Two arrays of shape (0, 10^9, 10^9) exist; one of shape (2, 0, 10^9, 10^9) does not."""
    header = b'{"arrays": [["<f8", [0, 1000000000, 1000000000], 2]]}'
    _, arrays = wire.unpack(header, b"", most=2)
    assert [array.shape for array in arrays] == [(0, 10**9, 10**9)] * 2
    with pytest.raises(wire.Malformed, match="no array"):
        wire.unpack(b'{"arrays": [["<f8", [0, 1000000000, 1000000000, 1000000000], 1]]}', b"", most=2)


def test_positions_whose_differences_overflow(words: received_answers.Vocabulary) -> None:
    """Each position is above the one before it modulo 2^64, the first and the last are in order, two are not."""
    header = {"status": "answer", "gradients": {"unknown": []}, "mutated": []}
    places = np.array([0, 2**63 - 1, -(2**63) + 5, 2])
    with pytest.raises(wire.Malformed, match="positions"):
        received_answers.answer_from_wire(header, [ONE, places, *[ONE] * 4], words, stdout="", seconds=0.0)
