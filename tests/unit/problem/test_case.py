"""`Case`: what makes one, and what refuses to."""

import pickle
from typing import Any

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Case, Graph, GraphBuilder, Lowers


def log_case(**changes: Any) -> Case:
    build = GraphBuilder()
    x = build.parameter("x", (2,))
    given = {"name": "logs", "problem": build.graph(build.sum(build.log(x, name="l"))), "point": {"x": [1.0, 2.0]}}
    return Case(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"name": ""}, ("printable name", "''")),
        ({"name": "a::b"}, ("without '::'",)),
        ({"name": "tab\t"}, ("printable name",)),
        ({"name": 3}, ("printable name", "got 3")),
        ({"dtype": "int64"}, ("case 'logs'", "float64, float32, float16", "'int64'")),
        ({"expect": ("WRONG", "why")}, ("expect must be", "'WRONG'")),
        ({"expect": ("FAIL",)}, ("expect must be",)),
        ({"expect": "FAIL"}, ("expect must be", "'FAIL'")),
        ({"expect": 5}, ("expect must be", "got 5")),
        ({"problem": "x"}, ("a Graph, MLP or NeuronDAG, got str",)),
        ({"point": {}}, ("case 'logs': node 'x'", "no value")),
        ({"point": {"x": [1.0, 0.0]}}, ("case 'logs': node 'l'", "log([1., 0.])", "outside")),
        ({"point": {"x": [1.0, 1e-9]}, "dtype": "float16"}, ("node 'l'", "outside")),  # 1e-9 rounds to 0
        ({"point": {"x": [1.0, 1e39]}, "dtype": "float32"}, ("node 'x'", "finite in float32")),
        ({"point": None}, ("map names to values", "NoneType")),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, dict) else "",
)
def test_bad_cases_are_refused(changes: dict[str, Any], says: tuple[str, ...]) -> None:
    with pytest.raises(InvalidProblem) as refusal:
        log_case(**changes)
    for words in says:
        assert words in str(refusal.value)


@pytest.mark.parametrize("verdict", ["PASS", "FAIL", "UNDECIDED", "ERROR"])
def test_expectations(verdict: str) -> None:
    assert log_case(expect=(verdict, "why")).expect == (verdict, "why")


@pytest.mark.parametrize(
    ("dtype", "expected"), [("float64", 0.1), ("float32", np.float32(0.1)), ("float16", np.float16(0.1))]
)
def test_the_point_is_rounded_before_anybody_sees_it(dtype: str, expected: Any) -> None:
    case = log_case(point={"x": [0.1, 2.0]}, dtype=dtype)
    assert case.point["x"].dtype == dtype
    assert case.point["x"][0] == expected
    with pytest.raises(ValueError, match="read-only"):
        case.point["x"][0] = 1.0
    # Values follow from the rounded point, in float64.
    assert float(case.graph.evaluate(case.point)["l"][0]) == float(np.log(float(expected)))


def test_moving_a_case_keeps_the_rest() -> None:
    case = log_case(labels=("L",), sentence="s", seed=3)
    moved = case.at({"x": np.array([3.0, 4.0])}, name="there")
    assert (moved.name, moved.labels, moved.sentence, moved.seed) == ("there", ("L",), "s", 3)
    assert moved.point["x"].tolist() == [3.0, 4.0]
    assert case.point["x"].tolist() == [1.0, 2.0]
    assert case.at(case.point).name == "logs"
    with pytest.raises(InvalidProblem, match="outside"):
        case.at({"x": np.array([-1.0, 1.0])})


def test_a_problem_is_whatever_lowers_to_a_graph() -> None:
    class Twice:
        def lower(self) -> Graph:
            build = GraphBuilder()
            return build.graph(2.0 * build.parameter("x"))

    assert isinstance(Twice(), Lowers)
    case = Case("twice", Twice(), {"x": 3.0})
    assert float(case.graph.evaluate(case.point)["mul"]) == 6.0


def test_a_problem_that_lowers_to_nothing_names_the_case() -> None:
    class Broken:
        def lower(self) -> Graph:
            raise InvalidProblem("no layers", where="layer 0")

    with pytest.raises(InvalidProblem, match=r"^case 'broken': layer 0: no layers$"):
        Case("broken", Broken(), {})


def test_cases_can_be_sent_to_other_processes() -> None:
    case = log_case(labels=("L",), expect=("FAIL", "why"))
    again = pickle.loads(pickle.dumps(case))
    assert again.labels == case.labels
    assert again.expect == case.expect
    assert again.point["x"].tolist() == [1.0, 2.0]
    assert again.graph.names == case.graph.names
