"""Failures go to the op whose rule is wrong, to the uses of nodes, or to what was raised."""

from __future__ import annotations

import numpy as np
import pytest

from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.problem import Case, GraphBuilder
from gradcheck.run.events import Diagnosed
from gradcheck.run.suite import Addressed
from gradcheck.verdict.finding import finding
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.group_causes import merged
from gradcheck.verify.groups import STRETCHED, USES, Group, groups, is_tree
from gradcheck.verify.unreduced import BROADCASTING, IN_PLACE, SHAPES


def case(address: str, *ops: str) -> Addressed:
    build = GraphBuilder()
    node = build.parameter("x")
    for op in ops:
        node = getattr(build, op)(node)
    return Addressed(address, "drawn", Case(address, build.graph(node), {"x": 0.5}))


def place(op: str, what: str):
    return finding("GC050", node="n", op=op, what=what)


RULE = "passes a wrong gradient to 'x': its rule is wrong, alone on one op"


def test_each_op_gets_its_own_group_and_the_smallest_case_comes_first():
    cases = [case("long", "sin", "tanh", "sin"), case("short", "tanh"), case("other", "exp")]
    wrong = [
        Result("long", Verdict.FAIL, (place("tanh", RULE),)),
        Result("short", Verdict.FAIL, (place("tanh", RULE),)),
        Result("other", Verdict.FAIL, (place("exp", RULE),)),
    ]
    found = {group.what: [r.address for r in group.results] for group in groups(cases, wrong)}
    assert found == {"exp": ["other"], "tanh": ["short", "long"]}
    assert all(group.is_rule for group in groups(cases, wrong))


def test_uses_come_before_rules_and_forward_values_before_both():
    cases = [case(name, "tanh") for name in "abc"]
    wrong = [
        Result("a", Verdict.FAIL, (place("tanh", RULE),)),
        Result("b", Verdict.FAIL, (place("mul", "is used 2 times, and the gradient that arrives is wrong"),)),
        Result("c", Verdict.FAIL, (finding("GC015", node="n", op="sub", subject=1, truth=2),)),
    ]
    assert [group.what for group in groups(cases, wrong)] == ["sub", USES, "tanh"]


def test_a_failure_without_a_place_joins_the_op_that_it_has():
    cases = [case("a", "tanh"), case("b", "sin", "tanh"), case("c", "exp")]
    wrong = [
        Result("a", Verdict.FAIL, (place("tanh", RULE),)),
        Result("b", Verdict.FAIL, ()),
        Result("c", Verdict.FAIL, ()),
    ]
    found = {group.what: {r.address for r in group.results} for group in groups(cases, wrong)}
    assert found == {"tanh": {"a", "b"}, USES: {"c"}}


@pytest.mark.parametrize(
    ("op", "shapes", "group"),
    [
        ("matmul", ((2, 2), (2, 2)), SHAPES),
        ("mul", ((2, 2), (2, 2)), SHAPES),
        ("mul", ((2,), (2, 2)), BROADCASTING),
        ("matmul", ((2, 3), (2, 3, 2)), BROADCASTING),
    ],
)
def test_nothing_is_broadcast_where_all_shapes_are_alike(op: str, shapes: tuple[tuple[int, ...], ...], group: str):
    build = GraphBuilder()
    operands = [build.parameter(name, shape) for name, shape in zip("ab", shapes, strict=True)]
    graph = build.graph(build.sum(getattr(build, op)(*operands)))
    one = Addressed("a", "forms", Case("a", graph, {n: np.ones(s) for n, s in zip("ab", shapes, strict=True)}))
    wrong = Result("a", Verdict.FAIL, (finding("GC004", type="ValueError", message=f"{IN_PLACE} (2,)", place=""),))
    assert [found.what for found in groups([one], [wrong])] == [group]


def test_errors_are_grouped_by_what_was_raised():
    cases = [case(name, "tanh") for name in "ab"]
    wrong = [
        Result(name, Verdict.ERROR, (finding("GC004", type=kind, message="m", place=""),))
        for name, kind in (("a", "IndexError"), ("b", "NameError"))
    ]
    assert sorted(group.what for group in groups(cases, wrong)) == ["IndexError", "NameError"]


def test_a_tree_uses_no_node_twice():
    build = GraphBuilder()
    x, y = build.parameter("x"), build.parameter("y")
    assert is_tree(build.graph(build.mul(x, y)))
    build = GraphBuilder()
    x = build.parameter("x")
    assert not is_tree(build.graph(build.mul(x, x)))


def test_a_deep_graph_is_no_first_example():
    cases = [case("small", "tanh")]
    wrong = [
        Result("deep::a chain", Verdict.FAIL, (place("tanh", RULE),)),
        Result("small", Verdict.FAIL, (place("tanh", RULE),)),
    ]
    (group,) = groups(cases, wrong)
    assert [r.address for r in group.results] == ["small", "deep::a chain"]


def pair(address: str, op: str, shape: tuple[int, ...]) -> Addressed:
    build = GraphBuilder()
    node = build.apply(op, build.parameter("x", (2, 2)), build.parameter("y", shape))
    point = {"x": [[0.5, 0.5], [0.5, 0.5]], "y": np.full(shape, 0.5)}
    return Addressed(address, "drawn", Case(address, build.graph(build.sum(node)), point))


@pytest.mark.parametrize(("shape", "found"), [((2, 1), [STRETCHED, "exp"]), ((2, 2), ["add", "mul", "exp"])])
def test_ops_that_fail_at_stretched_operands_alone_are_one_group(shape: tuple[int, ...], found: list[str]) -> None:
    cases = [pair("add", "add", shape), pair("mul", "mul", (2, 1)), case("exp", "exp", "exp", "exp", "exp")]
    wrong = [Result(op, Verdict.FAIL, (place(op, RULE),)) for op in ("add", "mul", "exp")]
    assert [group.what for group in groups(cases, wrong)] == found


@pytest.mark.parametrize("code", ["GC005", "GC006"])
def test_what_was_not_asked_follows_what_got_no_answer(code: str):
    cases = [case("first", "sin", "tanh", "exp"), case("rest", "tanh"), case("raised", "exp")]
    wrong = [
        Result("first", Verdict.ERROR, (finding(code, seconds=3, how="it sent a line that is no JSON"),)),
        Result("raised", Verdict.ERROR, (finding("GC004", type="ValueError", message="no"),)),
        Result("rest", Verdict.ERROR, (finding("GC017", times=3),)),
    ]
    found = {group.what: [r.address for r in group.results] for group in groups(cases, wrong)}
    assert found == {"ValueError": ["raised"], code: ["first", "rest"]}
    assert [group.what for group in groups(cases, wrong[2:])] == ["GC017"], "alone it is told all the same"


def test_an_op_that_is_made_of_a_wrong_one_has_its_mistake():
    cases = [case("a", "neg"), case("b", "sin"), case("c", "tanh")]
    wrong = [
        Result(item.address, Verdict.FAIL, (place(op, RULE),))
        for item, op in zip(cases, ("neg", "sin", "tanh"), strict=True)
    ]
    found = groups(cases, wrong, {"neg": frozenset({"sin"})})
    assert {group.what: [r.address for r in group.results] for group in found} == {"sin": ["b", "a"], "tanh": ["c"]}


def test_a_wrong_value_of_an_op_is_a_mistake_of_its_own():
    cases = [case("a", "neg"), case("b", "sin")]
    wrong = [
        Result("a", Verdict.FAIL, (finding("GC015", node="n", op="neg", subject=1, truth=2),)),
        Result("b", Verdict.FAIL, (place("sin", RULE),)),
    ]
    assert [group.what for group in groups(cases, wrong, {"neg": frozenset({"sin"})})] == ["neg", "sin"]


def test_a_composed_op_joins_the_uses_only_where_they_fail_without_it():
    cases = [case("a", "neg"), case("b", "tanh"), case("c", "neg", "tanh")]
    uses = place("mul", "is used 2 times, and the gradient that arrives is wrong")
    neg = Result("a", Verdict.FAIL, (place("neg", RULE),))
    made_of = {"neg": frozenset({"mul"})}
    without, within = (Result(name, Verdict.FAIL, (uses,)) for name in "bc")
    assert [group.what for group in groups(cases, [neg, without], made_of)] == [USES]
    assert [group.what for group in groups(cases, [neg, within], made_of)] == [USES, "neg"]


def test_a_large_graph_without_a_place_joins_the_op_that_it_has_and_is_no_example():
    cases, deep = [case("a", "tanh")], [case("deep", "tanh", "tanh")]
    wrong = [Result("deep", Verdict.FAIL, ()), Result("a", Verdict.FAIL, (place("tanh", RULE),))]
    (group,) = groups(cases, wrong, further=deep)
    assert [r.address for r in group.results] == ["a", "deep"]


@pytest.mark.parametrize(("code", "rows"), [("F24", 2), ("F19", 1)])
def test_wrong_rules_of_two_ops_are_two_mistakes_and_a_common_step_is_one(code: str, rows: int):
    fault = next(fault for fault in CATALOGUE if fault.code == code)
    found = Diagnosed(None, None, (fault,))
    pairs = [(Group(op, (Result(op, Verdict.FAIL, ()),)), found) for op in ("tanh", "sigmoid")]
    assert len(list(merged(pairs))) == rows
