"""A fault is named where it gives the subject's very answers, and only there."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.answer_match import Observed, at_kink
from gradcheck.diagnosis.naming.further_cases import drawn_cases
from gradcheck.diagnosis.naming.match_catalogue import Likeness, alike
from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.faults.fault import Fault
from gradcheck.faults.graphs.habits import Nudged
from gradcheck.faults.graphs.layouts import NotTransposed
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.problem import CODES, Case, Graph, GraphBuilder, Training
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


def every_op() -> list[Case]:
    """A case per op of an engine's usual ones, so that all of them may be drawn."""
    made: list[Case] = []
    for name in ("add", "sub", "mul", "div", "square", "sin", "tanh", "sigmoid", "relu"):
        binary = name in ("add", "sub", "mul", "div")
        made.append(case(lambda b, x, op=name, two=binary: b.apply(op, x, *([x] if two else [])), 0.5))
    for name in ("sum", "mean"):
        made.append(case(lambda b, x, op=name: b.apply(op, x), np.ones(2)))
    made.append(case(lambda b, x: b.sum(b.matmul(x, x)), np.ones((2, 2))))
    made.append(case(lambda b, x: b.sum(b.transpose(x, axes=(1, 2, 0))), np.ones((2, 2, 2))))
    made.append(case(lambda b, x: b.sum(b.broadcast_to(x, shape=(2, 2))), np.ones(2)))
    return made


EVERY_OP = every_op()


def planted(code: str) -> InProcessSubject:
    return InProcessSubject(fault(code).subject())


def codes(likeness: Likeness) -> set[str]:
    return {f.code for f in likeness.faults}


@pytest.mark.parametrize("code", ["F01", "F20", "F31", "F82"])
def test_a_fault_is_like_itself(code: str) -> None:
    failing = [shared(3.0), case(lambda b, x: b.mul(b.tanh(x), b.tanh(x)), 0.7)]
    likeness = alike(planted(code), failing, [])
    assert codes(likeness) == {code}
    assert likeness.cases > 2
    assert not likeness.reading


def test_cases_are_asked_that_tell_faults_apart() -> None:
    """On x * x alone these four give the same: half of it. Where sums and sines are known, they do not."""
    others: list[Case | Training] = [chain(0.5), case(lambda b, x: b.add(x, b.constant(1.0)), 0.5)]
    for code in ("F01", "F07", "F08", "F10"):
        assert codes(alike(planted(code), [case(lambda b, x: b.mul(x, x), 3.0)], others)) == {code}


def test_one_case_that_a_fault_explains_is_no_name_if_others_refute_it() -> None:
    """Wrong as F31 is on one graph, and right on all others with a square."""
    bent, right = fault("F31").subject(), Backprop()

    def once(graph: Any, point: Any) -> Any:
        return (bent if float(point["x" if "x" in point else next(iter(point))].flat[0]) == 3.0 else right)(
            graph, point
        )

    assert alike(InProcessSubject(once), [shared(3.0)], []) == Likeness()


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


@pytest.mark.parametrize(("share", "named"), [(0.5, True), (50.0, False)])
def test_differences_are_forgiven_the_rounding_that_they_magnify(share: float, named: bool) -> None:
    """The truncation is a thousand times that."""
    bent = Nudged(1e-3)

    def nearly(graph: Any, point: Any) -> Any:
        value, gradients, *_ = bent(graph, point)
        return value, {n: g + share * bent.noise for n, g in gradients.items()}

    assert ("F81" in codes(alike(InProcessSubject(nearly), [shared(3.0)], []))) is named


def test_cases_on_which_the_subject_is_right_say_nothing() -> None:
    assert alike(planted("F01"), [chain(0.5)], []) == Likeness()


def test_a_case_at_a_kink_says_nothing() -> None:
    kink = case(lambda b, x: b.add(b.abs(x), b.square(x)), 0.0)
    bent = fault("F31").subject()

    def other_choice(graph: Any, point: Any) -> Any:
        value, gradients, *_ = bent(graph, point)
        return value, {n: np.asarray(0.25) if not point.get("x", 1.0) else g for n, g in gradients.items()}

    assert "F31" in codes(alike(InProcessSubject(other_choice), [shared(3.0)], [kink]))


def test_a_fault_of_scalars_only_is_named_for_where_it_is_wrong() -> None:
    bent, right = fault("F31").subject(), Backprop()

    def scalars(graph: Any, point: Any) -> Any:
        return (right if any(graph.shapes) else bent)(graph, point)

    arrays = case(lambda b, x: b.sum(b.square(x)), np.array([1.0, 2.0]))
    likeness = alike(InProcessSubject(scalars), [shared(3.0)], [arrays])
    assert codes(likeness) == {"F31"}
    assert likeness.reading == "on graphs of scalars"
    assert not alike(InProcessSubject(bent), [shared(3.0), arrays], []).reading


def test_a_fault_of_large_graphs_only_is_named_for_where_it_is_wrong() -> None:
    bent, right = fault("F31").subject(), Backprop()

    def large(graph: Any, point: Any) -> Any:
        return (bent if len(graph) > 3 else right)(graph, point)

    squares = case(lambda b, x: b.square(b.square(b.square(x))), 1.5)
    likeness = alike(InProcessSubject(large), [squares], [shared(3.0)])
    assert codes(likeness) == {"F31"}
    assert likeness.reading == "wherever it is wrong"


def late(at: Any) -> Case:
    """sum(sin(tanh(x))), its nodes listed loss first."""
    codes = [CODES[op] for op in ("sum", "sin", "tanh", "parameter")]
    graph = Graph(codes, [0, 1, 2, 3, 3], [1, 2, 3], loss=0, names=["loss", "sin", "tanh", "x"], leaf_shapes={3: (2,)})
    return Case("late", graph, {"x": at})


def test_right_answers_of_the_same_kind_refute() -> None:
    """In the order of the list on arrays alone: where that is the reverse, as if nothing got beyond one edge."""
    bent, right = fault("F04").subject(), Backprop()

    def arrays_only(graph: Any, point: Any) -> Any:
        return (bent if any(graph.shapes) else right)(graph, point)

    failing = [late(np.array([0.5, n])) for n in (1.0, 2.0)]
    passing = [chain(0.5), case(lambda b, x: b.sum(b.sin(b.tanh(x))), np.array([0.5, 1.0]))]
    likeness = alike(InProcessSubject(arrays_only), failing, passing)
    assert codes(likeness) == {"F04"}
    assert likeness.reading == "on graphs of arrays"


def test_every_case_that_failed_has_to_be_explained() -> None:
    """Upstream gradients cut off at 1 are as good as ignored ones wherever they exceed 1; there are others."""

    class Clips(Backprop):
        def message(self, node: int, slot: int, upstream: Any) -> Any:
            return super().message(node, slot, np.clip(upstream, -1.0, 1.0))

    def times(factor: float) -> Case:
        return case(lambda b, x: b.mul(b.constant(factor), b.sin(x)), 0.5)

    failing = [times(2.0 + n) for n in range(40)]
    assert "F12" in codes(alike(planted("F12"), failing, []))
    below = case(lambda b, x: b.mul(b.constant(-3.0), b.sin(b.sin(x))), 0.5)
    assert alike(InProcessSubject(Clips()), [*failing, below], []) == Likeness()


def test_a_failure_on_which_the_fault_would_be_right_refutes_it() -> None:
    """Wrong squares, as F31 has them, and a sine that is wrong besides, among more failures than are compared first."""
    bent = fault("F31").subject()

    def both(graph: Any, point: Any) -> Any:
        value, gradients, *_ = bent(graph, point)
        off = 1.5 if any(node.op == "sin" for node in graph.nodes) else 1.0
        return value, {n: off * g for n, g in gradients.items()}

    squares = [case(lambda b, x: b.square(x), 1.0 + n) for n in range(40)]
    sine = case(lambda b, x: b.sin(b.tanh(b.tanh(b.tanh(x)))), 0.5)
    assert codes(alike(InProcessSubject(both), squares, [])) == {"F31"}
    assert alike(InProcessSubject(both), [*squares, sine], []) == Likeness()


def test_no_answer_explains_no_answer_under_other_names() -> None:
    right = Backprop()

    def renamed(graph: Any, point: Any) -> Any:
        value, gradients, *_ = right(graph, point)
        return value, {f"d{n}": g for n, g in gradients.items()}

    assert alike(InProcessSubject(renamed), [shared(3.0), chain(0.5)], []) == Likeness()


def test_a_fault_of_one_operand_only_is_named_for_that_argument() -> None:
    """Square matrices: the left factor's gradient lacks a transpose, the right one's is right."""
    build = GraphBuilder()
    a, b = build.parameter("a", (2, 2)), build.parameter("b", (2, 2))
    weights = build.constant([[1.0, -2.0], [0.5, 3.0]])
    graph = build.graph(build.sum(build.mul(weights, build.matmul(build.sin(build.matmul(a, b)), b))))
    point = {"a": np.array([[1.0, 0.5], [-0.5, 0.75]]), "b": np.array([[0.25, -1.0], [2.0, 1.5]])}
    problem = Case("two products", graph, point)

    class LeftOnly(NotTransposed):
        def local(self, node: int, slot: int, arguments: Any, upstream: Any) -> Any:
            own = slot == 0 and self.graph.op(node) == "matmul"
            return (
                super().local(node, slot, arguments, upstream)
                if own
                else Backprop.local(self, node, slot, arguments, upstream)
            )

    likeness = alike(InProcessSubject(LeftOnly()), [problem], [])
    assert codes(likeness) == {"F58"}
    assert likeness.reading == "at every argument that is sent something wrong"


def test_no_answer_is_no_likeness() -> None:
    """A subject that always raises is like no fault, although some faults have no answer either."""

    def raises(graph: Any, point: Any) -> Any:
        raise ValueError

    assert alike(InProcessSubject(raises), [shared(3.0), chain(0.5)], []) == Likeness()


VARIED = [r for r in CATALOGUE if r.variants and r.entry != "train"]  # trainings are not drawn


@pytest.mark.parametrize("row", VARIED, ids=lambda row: row.code)
def test_variants_are_called_by_the_name_of_their_fault(row: Fault) -> None:
    """Where the last variant is wrong on drawn cases, no other fault's name is given to it."""
    subject = InProcessSubject(row.variants[-1](), entry=row.entry)
    tried = [c for c in islice(drawn_cases(row.entry, EVERY_OP), 30) if not at_kink(c)]
    failing = [c for c in tried if Observed(c, subject, row.entry).wrong]
    assert codes(alike(subject, failing, [c for c in tried if c not in failing])) <= {row.code}
