"""Cases in the dtype that an engine computes in: a right float32 engine passes, a wrong one does not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest

from gradcheck.faults.catalogue import fault
from gradcheck.faults.correct import recursive
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.oracle import graph_oracles
from gradcheck.problem import Case, Cost, Forwards, Graph, GraphBuilder, Training
from gradcheck.run.afterthought import SINGLE
from gradcheck.run.events import Diagnosed, Finished, Started
from gradcheck.run.posed import posed
from gradcheck.run.runner import run
from gradcheck.run.suite import Addressed, load_suite, shipped
from gradcheck.subject.answer import Declared
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.subject.process import ChildSubject
from gradcheck.verdict.result import Verdict

Engine = Any


def single(inner: Engine, dtype: type = np.float32) -> Engine:
    """An engine that casts every array to float32 on its way in, and hands out `dtype`."""

    def gradients(graph: Graph, point: Mapping[str, Any]) -> Any:
        shorter = {name: np.asarray(value, np.float32) for name, value in point.items()}
        value, grads, *_ = inner(graph.rounded(np.dtype(np.float32)), shorter)
        short = {name: np.asarray(g, np.float32).astype(dtype) for name, g in grads.items()}
        return np.asarray(value, np.float32).astype(dtype), short

    return gradients


def off(inner: Engine, by: float) -> Engine:
    """The engine, whose gradients of graphs with a product are off by a share."""

    def gradients(graph: Graph, point: Mapping[str, Any]) -> Any:
        value, grads, *_ = inner(graph, point)
        share = by if any(node.op == "mul" for node in graph.nodes) else 0.0
        return value, {name: g * np.float32(1.0 + share) for name, g in grads.items()}

    return gradients


@cache
def worked() -> list[Addressed]:
    return [a for a in load_suite("worked_examples") if isinstance(a.case, Case)]


@cache
def rules() -> list[Addressed]:
    """A few of the rules, sums and exponentials among them."""
    some = ("exp", "div (2,", "pow", "softmax", "matmul", "sum", "square: mul", "log")
    return [a for a in load_suite("local_rules") if a.address.partition("::")[2].startswith(some)][::3]


def ran(engine: Engine, items: list[Addressed], **options: Any) -> tuple[list[Any], Finished]:
    subject = InProcessSubject(engine, declared=options.pop("declared", None))
    events = list(run(items, subject, graph_oracles(), described="it", **options))
    assert isinstance(events[-1], Finished)
    return events, events[-1]


class TestPosed:
    def test_points_and_constants_are_rounded(self) -> None:
        build = GraphBuilder()
        case = Case("c", build.graph(build.parameter("x") * 0.1), {"x": 0.3})
        ((item,), lines) = posed([Addressed("s::c", "s", case)], "float32")
        assert isinstance(item.case, Case)
        assert item.case.dtype == "float32"
        assert item.case.point["x"] == np.float32(0.3)
        assert [float(c) for c in item.case.graph.constants.values()] == [float(np.float32(0.1))]
        assert not lines

    def test_what_is_bound_to_a_dtype_or_a_subject_stays(self) -> None:
        build = GraphBuilder()
        graph = build.graph(build.exp(build.parameter("x")))
        half = Case("half", graph, {"x": 0.3}, dtype="float16")
        own = Case("own", graph, {"x": 0.3}, subject=Backprop())
        items = [Addressed(f"s::{c.name}", "s", c) for c in (half, own)]
        assert posed(items, "float32") == (items, [])
        assert posed(worked(), "float64") == (worked(), [])

    def test_costs_and_trainings(self) -> None:
        def at(size: int) -> Case:
            build = GraphBuilder()
            return Case("c", build.graph(build.exp(build.parameter("x"))), {"x": 0.1 * size})

        training = next(a for a in load_suite("training") if a.address.endswith("::S3.b"))
        items = [Addressed("s::c", "s", Cost("c", at, (1, 2), Forwards())), training]
        (cost, trained), _ = posed(items, "float32")
        assert isinstance(cost.case, Cost)
        assert {cost.case.smallest.dtype, cost.case.at(2).dtype} == {"float32"}
        assert isinstance(trained.case, Training)
        assert trained.case.dtype == trained.case.X.dtype == "float32"

    def test_numbers_beyond_the_dtype_are_left_out_with_a_line(self) -> None:
        build = GraphBuilder()
        graph = build.graph(build.log(build.parameter("x")))
        items = [Addressed(f"s::{x}", "s", Case(str(x), graph, {"x": x})) for x in (1e200, 2.0)]
        events, end = ran(single(recursive.gradients), items, dtype="float32")
        assert isinstance(events[0], Started)
        assert events[0].left_out == ("1 case left out: not possible with numbers rounded to float32 (s::1e+200)",)
        assert [r.address for r in end.results] == ["s::2.0"]
        assert end.exit_code == 0


class TestRightEngines:
    @pytest.mark.parametrize("items", [worked, rules])
    @pytest.mark.parametrize("how", ["option", "declared"])
    def test_pass_in_float32(self, items: Any, how: str) -> None:
        options = {"dtype": "float32"} if how == "option" else {"declared": Declared(None, "float32")}
        _, end = ran(single(recursive.gradients), items(), **options)
        assert {r.verdict for r in end.results} == {Verdict.PASS}

    def test_the_option_goes_before_the_declaration(self) -> None:
        declared = Declared(None, "float32")
        _, end = ran(recursive.gradients, worked()[:3], dtype="float64", declared=declared)
        assert end.exit_code == 0
        _, end = ran(single(recursive.gradients), worked()[:3], dtype="float64", declared=declared, diagnosis=False)
        assert end.exit_code == 1


class TestWrongEngines:
    def test_a_thousandth_is_wrong_in_float32_too(self) -> None:
        _, end = ran(single(off(recursive.gradients, 1e-3)), worked(), dtype="float32", diagnosis=False)
        products = {a.address for a in worked() if any(n.op == "mul" for n in a.case.graph.nodes)}
        failed = {r.address for r in end.results if r.verdict is Verdict.FAIL}
        assert failed
        assert failed <= products
        assert end.exit_code == 1

    def test_overwriting_is_wrong_and_named(self) -> None:
        events, end = ran(single(fault("F01").subject()), worked(), dtype="float32")
        assert any(r.verdict is Verdict.FAIL for r in end.results)
        (found,) = [e for e in events if isinstance(e, Diagnosed)]
        assert [f.code for f in found.faults] == ["F01"]


class TestUndeclared:
    def test_float32_arithmetic_is_recognised(self) -> None:
        events, end = ran(single(recursive.gradients, np.float64), [*worked(), *rules()])
        failed = [r for r in end.results if r.verdict is Verdict.FAIL]
        assert failed
        assert all("GC081" in r.codes for r in failed)
        assert end.exit_code == 1  # an explanation, and no excuse
        (found,) = [e for e in events if isinstance(e, Diagnosed)]
        assert ([f.code for f in found.faults], found.how, found.case) == (["F80"], SINGLE, None)

    @pytest.mark.parametrize("by", [1e-3, 1e-5])
    def test_a_wrong_rule_besides_is_not_excused(self, by: float) -> None:
        _, end = ran(single(off(recursive.gradients, by), np.float64), worked(), diagnosis=False)
        assert any(r.verdict is Verdict.FAIL and "GC081" not in r.codes for r in end.results)

    def test_small_errors_of_float64_engines_are_something_else(self) -> None:
        def slightly(graph: Graph, point: Any) -> Any:
            value, grads, *_ = recursive.gradients(graph, point)
            return value, {name: g * (1.0 + 1e-8) for name, g in grads.items()}

        _, end = ran(slightly, worked(), diagnosis=False)
        assert any(r.verdict is Verdict.FAIL for r in end.results)
        assert not any("GC081" in r.codes for r in end.results)

    def test_arrays_of_float32_say_what_to_do(self) -> None:
        arrays = [a for a in rules() if a.address.endswith("matmul (2, 3) (3, 2)")] or rules()[:1]
        _, end = ran(single(recursive.gradients), arrays, diagnosis=False)
        (result,) = end.results
        assert result.verdict is Verdict.ERROR
        assert set(result.codes) == {"GC011"}
        assert 'say DTYPE = "float32" in the subject\'s file, or --dtype float32' in result.findings[0].sentence

    def test_other_dtypes_have_no_such_hint(self) -> None:
        def whole(graph: Graph, point: Any) -> Any:
            value, grads, *_ = recursive.gradients(graph, point)
            return value, {name: g.astype(np.int64) for name, g in grads.items()}

        _, end = ran(whole, [a for a in rules() if a.case.point][:1], diagnosis=False)
        assert end.results[0].codes[0] == "GC011"
        assert "DTYPE" not in end.results[0].findings[0].sentence


def test_a_training_in_float32_is_right_with_a_penalty() -> None:
    """The penalty's factor is rounded like every constant: proven oracles of float32 agree on it."""
    items = [a for a in load_suite("training") if a.address.endswith(("S4.d with L2", "S3.c constant"))]
    with ChildSubject(shipped("reference")) as reference:
        *_, end = run(items, reference, graph_oracles(), described="it", dtype="float32")
    assert isinstance(end, Finished)
    assert not end.faults
    assert [r.verdict for r in end.results] == [Verdict.PASS] * 2
