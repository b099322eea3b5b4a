"""What is asked of an answer, and what is noticed, for callables in this process; the child runs the same code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem, SubjectError, UsageError
from gradcheck.problem import Graph, GraphBuilder
from gradcheck.subject import Answer, InProcessSubject


@pytest.fixture
def graph() -> Graph:
    build = GraphBuilder()
    return build.graph(build.sum(build.parameter("w", (2,)) * build.input("x", (2,)), name="loss"))


POINT = {"w": np.array([1.0, -2.0]), "x": np.array([0.5, 3.0])}


def right(graph: Graph, point: Mapping[str, Any]) -> tuple[Any, ...]:
    return np.sum(point["w"] * point["x"]), {"w": point["x"]}


def test_an_answer(graph: Graph) -> None:
    with InProcessSubject(right) as subject:
        answer = subject.ask(graph, POINT)
        assert subject.entry_points() == {"gradients"}
        assert set(subject.guarantees.values()) == {"absent"}
    assert (answer.value, answer.gradients["w"].tolist()) == (-5.5, [0.5, 3.0])
    assert (answer.adjoints, answer.mutated, answer.stdout) == (None, (), "")
    assert answer.seconds >= 0


def test_an_answer_shares_no_memory(graph: Graph) -> None:
    kept = np.zeros(2)
    subject = InProcessSubject(lambda g, p: (1.0, {"w": kept}))
    first = subject.ask(graph, POINT).gradients["w"]
    kept += 1
    assert first.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("answer", "block", "came"),
    [
        (None, None, "None"),
        (1.0, None, "float 1.0"),
        ((1.0,), None, "a tuple of 1 (float)"),
        ((1.0, {}, {}, {}), None, "a tuple of 4"),
        ({"value": 1.0}, None, "a dict"),
        ((1.0, [np.ones(2)]), "gradients", "a list of 1"),
        ((1.0, {"w": [1.0, 2.0]}), "gradients['w']", "a list of 2"),
        ((1.0, {"w": None}), "gradients['w']", "None"),
        ((1.0, {"w": object()}), "gradients['w']", "an object"),
        ((1.0, {"w": np.array([None])}), "gradients['w']", "object"),
        ((1.0, {"w": np.array("text")}), "gradients['w']", "<U4"),
        ((1.0, {"w": np.datetime64("2020-01-01")}), "gradients['w']", "datetime64"),
        ((1.0, {"w": 2**70}), "gradients['w']", "object"),
        ((1.0, {3: np.ones(2)}), "gradients", "int 3"),
        (("text", {}), "value", "str text"),
        ((1.0, {}, 3), "adjoints", "int 3"),
        ((1.0, {}, {"loss": "x"}), "adjoints['loss']", "str x"),
        ((1.0, {"w": np.broadcast_to(0.0, (10**12,))}), "gradients['w']", "8,000,000,000,000 bytes"),
    ],
)
def test_malformed(graph: Graph, answer: object, block: str | None, came: str) -> None:
    with pytest.raises(SubjectError) as caught:
        InProcessSubject(lambda g, p: answer).ask(graph, POINT)
    assert caught.value.code == "GC007"
    assert caught.value.facts["block"] == block
    assert came in caught.value.facts["came"]


@pytest.mark.parametrize(
    "number", [2.0, 2, True, 2j, np.float32(2), np.int8(2), np.ones((1,)), np.array([1], ">f8"), np.longdouble(1) / 3]
)
def test_numbers_keep_their_dtype(graph: Graph, number: Any) -> None:
    answer = InProcessSubject(lambda g, p: (number, {})).ask(graph, POINT)
    assert answer.value == number
    assert answer.value.dtype == np.asarray(number).dtype.newbyteorder("=")
    assert answer.value.shape == np.shape(number)


class Liar(np.ndarray[Any, Any]):
    """Says that it agrees with anything, and lies about its shape."""

    shape = (7,)  # type: ignore[assignment]

    def __array_function__(self, *arguments: Any, **options: Any) -> bool:
        return True

    def __array_ufunc__(self, *arguments: Any, **options: Any) -> bool:
        return True


def test_subclasses_are_stripped(graph: Graph) -> None:
    lie = np.array([3.0, 4.0]).view(Liar)
    gradient = InProcessSubject(lambda g, p: (1.0, {"w": lie})).ask(graph, POINT).gradients["w"]
    assert np.allclose(lie, 0), "the lie works on whoever asks it"
    assert type(gradient) is np.ndarray
    assert gradient.tolist() == [3.0, 4.0]


class Reluctant(dict[str, Any]):
    def items(self) -> Any:
        raise OSError("not today")


def test_a_mapping_that_cannot_be_read(graph: Graph) -> None:
    with pytest.raises(SubjectError, match="not today") as caught:
        InProcessSubject(lambda g, p: (1.0, Reluctant())).ask(graph, POINT)
    assert caught.value.code == "GC007"


def rebind(graph: Graph, point: dict[str, Any]) -> None:
    point["w"] = point["w"] * 1.0


def bend(name: str, value: object) -> Callable[..., None]:
    return lambda graph, point: object.__setattr__(graph, name, value)


def unfreeze(graph: Graph, point: object) -> None:
    graph.offsets.flags.writeable = True
    graph.offsets[-1] += 1


@pytest.mark.parametrize(
    ("change", "mutated"),
    [
        (lambda g, p: None, ()),
        (lambda g, p: p["w"] + p["x"], ()),
        (lambda g, p: p["w"].sort(), ("point['w']",)),
        (lambda g, p: p["w"].__imul__(1.0), ()),
        (lambda g, p: np.copyto(p["x"], np.nan), ("point['x']",)),
        (lambda g, p: p.pop("x"), ("point['x']",)),
        (lambda g, p: p.update(grad=1), ("point['grad']",)),
        (rebind, ("point['w']",)),
        (bend("loss", 0), ("Graph.loss",)),
        (bend("names", ("a", "b", "c", "d")), ("Graph.names",)),
        (bend("shapes", ()), ("Graph.shapes",)),
        (bend("constants", {0: np.ones(())}), ("Graph.constants",)),
        (unfreeze, ("Graph.offsets",)),
    ],
)
def test_mutations(graph: Graph, change: Callable[..., Any], mutated: tuple[str, ...]) -> None:
    def gradients(graph: Graph, point: dict[str, Any]) -> tuple[Any, ...]:
        change(graph, point)
        return 1.0, {}

    mine = {name: value.copy() for name, value in POINT.items()}
    assert InProcessSubject(gradients).ask(graph, mine).mutated == mutated
    assert all(np.array_equal(mine[name], POINT[name]) for name in POINT), "it was handed copies"


def test_nan_in_a_point_is_not_a_mutation(graph: Graph) -> None:
    answer = InProcessSubject(lambda g, p: (1.0, {})).ask(graph, {**POINT, "w": np.array([np.nan, -0.0])})
    assert answer.mutated == ()


def raiser(graph: Graph, point: Any) -> None:
    inner()


def inner() -> None:
    np.zeros(3).reshape(2)


def test_exceptions_are_placed_in_the_subject(graph: Graph) -> None:
    with pytest.raises(SubjectError) as caught:
        InProcessSubject(raiser).ask(graph, POINT)
    facts = caught.value.facts
    assert caught.value.code == "GC004"
    assert (facts["type"], facts["function"], facts["file"]) == ("ValueError", "inner", "test_calling.py")
    assert facts["text"] == "np.zeros(3).reshape(2)"
    assert "raiser" in facts["traceback"]


def test_a_callable_without_code_of_its_own(graph: Graph) -> None:
    assert InProcessSubject(partial(right)).ask(graph, POINT).value == -5.5
    with pytest.raises(SubjectError) as caught:
        InProcessSubject(partial(raiser)).ask(graph, POINT)
    assert caught.value.facts["type"] == "ValueError"


def leave(graph: Graph, point: Any) -> None:
    raise SystemExit(0)


def interrupt(graph: Graph, point: Any) -> None:
    raise KeyboardInterrupt


def test_leaving_and_interrupting(graph: Graph) -> None:
    with pytest.raises(SubjectError) as caught:
        InProcessSubject(leave).ask(graph, POINT)
    assert caught.value.code == "GC006"
    with pytest.raises(KeyboardInterrupt):
        InProcessSubject(interrupt).ask(graph, POINT)


def test_points_that_do_not_fit(graph: Graph) -> None:
    subject = InProcessSubject(right)
    with pytest.raises(InvalidProblem, match="no value to 'x'"):
        subject.ask(graph, {"w": POINT["w"]})
    with pytest.raises(InvalidProblem, match="a value to 'zoo'"):
        subject.ask(graph, {**POINT, "zoo": 1.0})


def test_entry_points(graph: Graph) -> None:
    with pytest.raises(UsageError, match="no_such"):
        InProcessSubject(right, entry="no_such")
    with pytest.raises(SubjectError, match="mlp_gradients") as caught:
        InProcessSubject(right).ask(graph, POINT, entry="mlp_gradients")
    assert caught.value.code == "GC003"


def steps(answer: Any) -> Any:
    return InProcessSubject(lambda training: answer, entry="train").train(object())


def test_training_steps() -> None:
    answer = steps([(np.array([0, 2]), {"W1": np.ones(2)}), ([1], {"W1": np.zeros(2)})])
    assert [s.indices.tolist() for s in answer.steps] == [[0, 2], [1]]
    assert answer.steps[1].parameters["W1"].tolist() == [0.0, 0.0]
    assert steps([]).steps == ()


def test_steps_may_be_yielded() -> None:
    def some() -> Iterator[Any]:
        yield [0], {}

    assert len(steps(some()).steps) == 1


@pytest.mark.parametrize(
    ("answer", "block"),
    [
        (None, None),
        ([3], "step 0"),
        ([([0], {}, {})], "step 0"),
        ([([0], {}), ([0.5], {})], "step 1 indices"),
        ([([0], {"W": [1.0]})], "step 0 parameters['W']"),
        ([([0], {"W": 1.0}), ([1], {"V": 1.0})], "step 1"),
    ],
)
def test_malformed_steps(answer: object, block: str | None) -> None:
    with pytest.raises(SubjectError) as caught:
        steps(answer)
    assert caught.value.code == "GC007"
    assert caught.value.facts["block"] == block


def test_answers_are_values() -> None:
    with pytest.raises(AttributeError):
        Answer(np.ones(()), {}, None).value = np.zeros(())  # type: ignore[misc]
