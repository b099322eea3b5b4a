"""A fault is named where it gives the subject's very answers, and only there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.check.alike import Likeness, alike
from gradcheck.faults.catalogue import fault
from gradcheck.faults.engine import Backprop
from gradcheck.problem import Case, GraphBuilder
from gradcheck.subject.inprocess import InProcessSubject


def case(make: Callable[[GraphBuilder, Any], Any], at: Any) -> Case:
    build = GraphBuilder()
    x = build.parameter("x", np.shape(at))
    return Case("x", build.graph(make(build, x)), {"x": at})


def shared(at: float) -> Case:
    """x^2 + x, whose x is used twice by different ops."""
    return case(lambda b, x: b.add(b.square(x), x), at)


def chain(at: float) -> Case:
    return case(lambda b, x: b.exp(b.sin(x)), at)


def planted(code: str) -> InProcessSubject:
    return InProcessSubject(fault(code).subject())


def codes(likeness: Likeness) -> set[str]:
    return {f.code for f in likeness.faults}


@pytest.mark.parametrize("code", ["F01", "F20", "F31", "F82"])
def test_a_fault_is_like_itself(code: str) -> None:
    failing = [shared(3.0), case(lambda b, x: b.mul(b.tanh(x), b.tanh(x)), 0.7)]
    likeness = alike(planted(code), failing, [])
    assert code in codes(likeness)
    assert likeness.cases == 2


def test_more_cases_leave_fewer_faults() -> None:
    few = codes(alike(planted("F01"), [shared(3.0)], []))
    more = codes(alike(planted("F01"), [shared(3.0)], [chain(0.5), shared(0.5)]))
    assert "F01" in more <= few
    assert "F82" not in more


def test_an_answer_of_its_own_is_like_none() -> None:
    right = Backprop()

    def off(graph: Any, point: Any) -> Any:
        value, gradients, *_ = right(graph, point)
        return value, {n: 1.2345 * g for n, g in gradients.items()}

    assert alike(InProcessSubject(off), [shared(3.0), chain(0.5)], []) == Likeness()


@pytest.mark.parametrize(("factor", "same"), [(1 + 1e-13, True), (1 + 1e-10, False)])
def test_rounding_is_forgiven_and_no_more(factor: float, same: bool) -> None:
    bent = fault("F31").subject()

    def nearly(graph: Any, point: Any) -> Any:
        value, gradients, *_ = bent(graph, point)
        return value, {n: factor * g for n, g in gradients.items()}

    assert ("F31" in codes(alike(InProcessSubject(nearly), [shared(3.0)], []))) is same


def test_cases_on_which_the_subject_is_right_say_nothing() -> None:
    assert alike(planted("F01"), [chain(0.5)], []) == Likeness()


def test_a_case_at_a_kink_says_nothing() -> None:
    kink = case(lambda b, x: b.add(b.abs(x), b.square(x)), 0.0)
    bent = fault("F31").subject()

    def other_choice(graph: Any, point: Any) -> Any:
        value, gradients, *_ = bent(graph, point)
        return value, {n: np.asarray(0.25) if not point["x"] else g for n, g in gradients.items()}

    assert "F31" in codes(alike(InProcessSubject(other_choice), [shared(3.0)], [kink]))


def test_a_fault_of_scalars_only_is_named_by_scalars_alone() -> None:
    bent, right = fault("F31").subject(), Backprop()

    def scalars(graph: Any, point: Any) -> Any:
        return (right if any(graph.shapes) else bent)(graph, point)

    arrays = case(lambda b, x: b.sum(b.square(x)), np.array([1.0, 2.0]))
    assert "F31" in codes(alike(InProcessSubject(scalars), [shared(3.0)], [arrays]))
    assert codes(alike(InProcessSubject(bent), [shared(3.0), arrays], [])) == {"F31"}
    assert (
        alike(InProcessSubject(scalars), [shared(3.0), case(lambda b, x: b.sum(b.square(x)), np.ones(2))], [])
        == Likeness()
    )
