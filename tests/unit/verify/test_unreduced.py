"""A gradient in the shape to which its leaf was broadcast is a wrong gradient with a name; other shapes have none."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.suite import Addressed
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.groups import groups
from gradcheck.verify.unreduced import BROADCASTING, SHAPES, as_failure, explained


def of_shape(wanted: tuple[int, ...], came: tuple[int, ...]) -> Result:
    facts = {"what": "the gradient of x", "block": "x", "wanted": wanted, "came": came}
    return Result("s::c", Verdict.ERROR, (finding("GC010", **facts),))


@pytest.mark.parametrize(("wanted", "came"), [((), (2, 1)), ((3,), (2, 3)), ((2, 1), (2, 3)), ((1, 1), (4, 2))])
def test_the_shape_of_the_result_is_a_failure_with_a_name(wanted: tuple[int, ...], came: tuple[int, ...]) -> None:
    result = as_failure(of_shape(wanted, came))
    assert result.verdict is Verdict.FAIL
    build = GraphBuilder()
    x = build.parameter("x", wanted)
    case = Case("c", build.graph(build.sum(build.mul(x, build.constant(np.ones(came))))), {"x": np.ones(wanted)})
    (group,) = groups([Addressed("s::c", "s", case)], [result])
    assert group.what == BROADCASTING
    assert [fault.code for fault in explained(group.results, case).faults] == ["F52"]


@pytest.mark.parametrize(("wanted", "came"), [((2, 3), (3, 2)), ((2, 3), ()), ((3,), (2,)), ((2, 1), (3, 1))])
def test_any_other_shape_is_a_failure_of_another_group(wanted: tuple[int, ...], came: tuple[int, ...]) -> None:
    result = as_failure(of_shape(wanted, came))
    assert result.verdict is Verdict.FAIL
    assert [group.what for group in groups([], [result])] == [SHAPES]


def test_an_answer_that_lacks_something_besides_stays_an_error() -> None:
    result = of_shape((3,), (2,))
    lacking = finding("GC008", mapping="gradients", missing="y", keys="x")
    assert as_failure(replace(result, findings=(*result.findings, lacking))).verdict is Verdict.ERROR


@pytest.mark.parametrize(
    ("message", "verdict"),
    [
        ("non-broadcastable output operand with shape (3,) doesn't match the broadcast shape (2,3)", Verdict.FAIL),
        ("operands could not be broadcast together with shapes (2,3) (2,)", Verdict.ERROR),
    ],
)
def test_a_sum_in_place_into_an_array_that_is_too_small(message: str, verdict: Verdict) -> None:
    raised = finding("GC004", type="ValueError", message=message, place=" (mine.py, line 3)")
    result = as_failure(Result("s::c", Verdict.ERROR, (raised,)))
    assert result.verdict is verdict
    assert [group.what for group in groups([], [result])] == [BROADCASTING if verdict is Verdict.FAIL else "ValueError"]
