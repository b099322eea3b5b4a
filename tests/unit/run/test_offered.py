"""What a subject does not offer: no error, and no excuse for what it does offer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gradcheck.faults.catalogue import fault
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle.symbolic import symbolic
from gradcheck.problem import MLP, Case, Graph, GraphBuilder
from gradcheck.report.not_offered import not_offered_line, nothing_answered_line
from gradcheck.run.events import CaseFinished, CaseStarted, Finished, NotOffered, Started
from gradcheck.run.runner import run
from gradcheck.run.suite import Addressed
from gradcheck.subject.answer import Declared
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.result import Verdict


def chain(*ops: str, **options: Any) -> Addressed:
    """The ops one after the other, on a scalar parameter."""
    build = GraphBuilder()
    v = build.parameter("x")
    for op in ops:
        v = build.apply(op, v)
    name = " ".join(ops)
    return Addressed(f"s::{name}", "s", Case(name, build.graph(v), {"x": 0.5}, **options))


class Refusing:
    """A right engine, or `inner`, that raises NotImplementedError for some ops, or whenever `form` says so."""

    def __init__(self, *ops: str, inner: Any = None, form: Any = lambda graph: False) -> None:
        self.ops, self.inner, self.form, self.asked = ops, inner or Backprop(), form, list[str]()

    def __call__(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        self.asked += [node.op for node in graph.nodes]
        if self.form(graph) or any(node.op in self.ops for node in graph.nodes):
            raise NotImplementedError("not here")
        return self.inner(graph, point)


def ran(
    engine: Any, *items: Addressed, declared: Declared | None = None, required: frozenset[str] = frozenset()
) -> Any:
    """The events of a run and its end."""
    subject = InProcessSubject(engine, declared=declared)
    options: dict[str, Any] = {"described": "it", "required": required, "diagnosis": False}
    events = list(run(items, subject, (symbolic,), **options))
    assert isinstance(events[-1], Finished)
    return events, events[-1]


class TestRefusals:
    def test_an_op_that_is_refused_is_no_error(self) -> None:
        events, end = ran(Refusing("sin"), chain("exp"), chain("sin"), chain("exp", "sin"))
        assert [r.verdict for r in end.results] == [Verdict.PASS]
        assert end.exit_code == 0
        expected = tuple(NotOffered(f"s::{name}", ("sin",), "NotImplementedError") for name in ("sin", "exp sin"))
        assert end.not_offered == expected
        assert tuple(e for e in events if isinstance(e, NotOffered)) == expected
        assert [e.result.address for e in events if isinstance(e, CaseFinished)] == ["s::exp"]

    def test_what_is_answered_is_judged_all_the_same(self) -> None:
        build = GraphBuilder()
        x = build.parameter("x")
        twice = Addressed("s::twice", "s", Case("twice", build.graph(x + x), {"x": 0.5}))
        wrong = Refusing("sin", inner=fault("F01").subject())
        _, end = ran(wrong, chain("sin"), twice)
        assert [r.verdict for r in end.results] == [Verdict.FAIL]
        assert end.exit_code == 1

    def test_another_exception_is_an_error(self) -> None:
        def raises(graph: Graph, point: Any) -> Any:
            if any(node.op == "sin" for node in graph.nodes):
                raise KeyError("sin")
            return Backprop()(graph, point)

        _, end = ran(raises, chain("exp"), chain("sin"))
        assert [r.verdict for r in end.results] == [Verdict.PASS, Verdict.ERROR]
        assert not end.not_offered
        assert end.exit_code == 1

    def test_every_suspect_is_named_where_none_stands_out(self) -> None:
        _, end = ran(Refusing("sin"), chain("exp"), chain("exp", "sin", "tanh"))
        assert [row.ops for row in end.not_offered] == [("sin", "tanh")]

    def test_an_op_refused_alone_explains_the_others(self) -> None:
        _, end = ran(Refusing("sin"), chain("exp"), chain("sin", "tanh"), chain("sin"))
        assert [row.ops for row in end.not_offered] == [("sin",), ("sin",)]

    def test_a_form_of_an_op_that_is_answered_elsewhere_is_an_error(self) -> None:
        def long(graph: Graph) -> bool:
            return len(graph) > 2

        _, end = ran(Refusing(form=long), chain("sin", "sin"), chain("sin"))
        assert not end.not_offered
        (error,) = [r for r in end.results if r.verdict is Verdict.ERROR]
        assert error.address == "s::sin sin"
        assert error.codes == ("GC004",)
        assert "offers every op of this case elsewhere, but not in this form" in error.findings[0].sentence
        assert end.exit_code == 1

    def test_an_answer_that_is_wrong_is_an_answer(self) -> None:
        """A wrong gradient of one form does not turn a refusal of another into something not offered."""

        def long(graph: Graph) -> bool:
            return len(graph) > 2

        def flipped(graph: Graph, point: Any) -> Any:
            value, grads, *_ = Backprop()(graph, point)
            return value, {name: -g for name, g in grads.items()}

        _, end = ran(Refusing(inner=flipped, form=long), chain("sin", "sin"), chain("sin"))
        assert {r.verdict for r in end.results} == {Verdict.FAIL, Verdict.ERROR}
        assert not end.not_offered

    def test_a_subject_that_refuses_everything_is_not_known(self) -> None:
        _, end = ran(Refusing("parameter"), chain("exp"), chain("sin"))
        assert end.exit_code == 5
        assert not end.results
        assert [row.ops for row in end.not_offered] == [("exp",), ("sin",)]
        assert "nothing was compared" in nothing_answered_line(end)

    @pytest.mark.parametrize(("required", "code"), [("all", 1), ("sin", 1), ("cos", 0)])
    def test_required_ops(self, required: str, code: int) -> None:
        _, end = ran(Refusing("sin"), chain("exp"), chain("sin"), required=frozenset({required}))
        assert end.exit_code == code
        assert [r.codes for r in end.results if r.verdict is Verdict.ERROR] == [("GC004",)] * code

    def test_an_expectation_is_compared_all_the_same(self) -> None:
        met = chain("sin", expect=("ERROR", "not written yet"))
        unmet = chain("sin", "sin", expect=("FAIL", "wrong since May"))
        _, end = ran(Refusing("sin"), chain("exp"), met)
        assert end.exit_code == 0
        assert len(end.results) == 2
        _, end = ran(Refusing("sin"), chain("exp"), unmet)
        assert end.exit_code == 1

    def test_a_case_with_a_subject_of_its_own_is_its_own_affair(self) -> None:
        own = chain("sin", subject=Refusing("sin"))
        _, end = ran(Backprop(), chain("exp"), own)
        assert [r.verdict for r in end.results] == [Verdict.PASS, Verdict.ERROR]

    def test_networks_have_names_of_their_own(self) -> None:
        def relu_is_missing(network: MLP, point: Mapping[str, Any]) -> Any:
            if "relu" in network.activations:
                raise NotImplementedError
            graph = network.lower()
            value, grads, *_ = Backprop()(graph, point)
            return value, grads

        def network(activation: str) -> Addressed:
            mlp = MLP((1, 1), activation)
            point = {"X": [[0.5]], "T": [[0.25]], "W1": [[2.0]], "b1": [1.0]}
            return Addressed(f"s::{activation}", "s", Case(activation, mlp, point))

        subject = InProcessSubject(relu_is_missing, entry="mlp_gradients")
        items = [network("tanh"), network("relu")]
        *_, end = run(items, subject, (symbolic,), described="it", diagnosis=False)
        assert isinstance(end, Finished)
        assert [row.ops for row in end.not_offered] == [("relu (mlp_gradients)",)]
        assert end.exit_code == 0


class TestDeclared:
    def test_what_is_not_declared_is_not_asked(self) -> None:
        engine = Refusing("sin")
        events, end = ran(engine, chain("exp"), chain("sin"), declared=Declared(frozenset({"exp"})))
        assert end.not_offered == (NotOffered("s::sin", ("sin",), "not in its OPS"),)
        assert end.exit_code == 0
        assert "sin" not in engine.asked
        assert [e.address for e in events if isinstance(e, CaseStarted)] == ["s::exp"]

    def test_what_is_declared_and_refused_is_an_error(self) -> None:
        _, end = ran(Refusing("sin"), chain("exp"), chain("sin"), declared=Declared(frozenset({"exp", "sin"})))
        assert [r.verdict for r in end.results] == [Verdict.PASS, Verdict.ERROR]
        assert "not in this form" in end.results[1].findings[0].sentence

    @pytest.mark.parametrize("required", ["all", "sin"])
    def test_required_ops(self, required: str) -> None:
        declared = Declared(frozenset({"exp"}))
        _, end = ran(Backprop(), chain("exp"), chain("sin"), declared=declared, required=frozenset({required}))
        assert [r.codes for r in end.results] == [(), ("GC080",)]
        assert end.results[1].verdict is Verdict.ERROR
        assert "does not offer sin" in end.results[1].findings[0].sentence
        assert end.exit_code == 1

    def test_an_expectation_is_compared_all_the_same(self) -> None:
        declared = Declared(frozenset({"exp"}))
        _, end = ran(Backprop(), chain("exp"), chain("sin", expect=("ERROR", "later")), declared=declared)
        assert end.exit_code == 0
        _, end = ran(Backprop(), chain("exp"), chain("sin", expect=("FAIL", "later")), declared=declared)
        assert end.exit_code == 1

    def test_names_that_are_no_ops_are_told(self) -> None:
        events, end = ran(Backprop(), chain("exp"), declared=Declared(frozenset({"exp", "sinus"})))
        assert isinstance(events[0], Started)
        assert events[0].left_out == ("OPS in the subject's file has names that are no ops of gradcheck's: 'sinus'",)
        assert end.exit_code == 0

    def test_a_table_under_names_of_its_own_declares_nothing(self) -> None:
        events, end = ran(Backprop(), chain("exp"), declared=Declared(frozenset({"Exp", "Add"})))
        assert [r.verdict for r in end.results] == [Verdict.PASS]
        assert "OPS is ignored" in events[0].left_out[0]


class TestLine:
    def test_equal_reasons_are_one_clause(self) -> None:
        rows = [NotOffered(f"s::{k}", ("sin",), "NotImplementedError") for k in range(3)]
        rows += [
            NotOffered("s::3", ("cos", "exp"), "NotImplementedError"),
            NotOffered("s::4", ("pow",), "not in its OPS"),
        ]
        assert not_offered_line(rows) == (
            "4 cases not asked of it: sin, cos, exp are not offered (NotImplementedError); "
            "1 case not asked of it: pow is not offered (not in its OPS)"
        )

    def test_many_ops_are_counted(self) -> None:
        rows = [NotOffered(f"s::{k}", (f"op{k:02}",), "not in its OPS") for k in range(15)]
        assert not_offered_line(rows).endswith("op10, op11 and 3 more are not offered (not in its OPS)")

    def test_nothing_to_say(self) -> None:
        assert not_offered_line([]) == ""
        assert nothing_answered_line(Finished((), (), 0.0)) == ""


def test_what_is_not_offered_is_not_asked_by_the_diagnosis() -> None:
    """Wrong at a node used twice, and without `sin`: the search for the cause leaves `sin` alone."""
    build = GraphBuilder()
    x = build.parameter("x")
    twice = Addressed("s::twice", "s", Case("twice", build.graph(build.mul(x, x)), {"x": 1.5}))
    engine = Refusing("sin", inner=fault("F01").subject())
    items = [twice, chain("sin"), chain("square", "sin")]
    *_, end = run(items, InProcessSubject(engine), (symbolic,), described="it", diagnosis=False)
    before = engine.asked.count("sin")
    engine.asked.clear()
    *_, end = run(items, InProcessSubject(engine), (symbolic,), described="it")
    assert isinstance(end, Finished)
    assert end.exit_code == 1
    assert engine.asked.count("mul") > 20  # the diagnosis did ask
    assert engine.asked.count("sin") == before
