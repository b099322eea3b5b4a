"""Adjoints that a subject reveals are judged although every gradient is right; each kind of mistake has its subject."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcheck.diagnosis.diagnosed import try_and_diagnose
from gradcheck.errors import HarnessFault
from gradcheck.faults.correct.tape import gradients
from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.judge import revealed_adjoints as judged
from gradcheck.judge.allowance import least_measured
from gradcheck.oracle import Aside, Estimates, Oracle, graph_oracles
from gradcheck.oracle.estimate import Estimate, Kind
from gradcheck.problem import Case, Graph, GraphBuilder, NeuronDAG, Point
from gradcheck.problem.parts import probed
from gradcheck.subject.inprocess import InProcessSubject
from gradcheck.verdict.compare import intersect, judge, scale
from gradcheck.verdict.result import Result, Verdict

Change = Callable[[dict[str, Any]], Mapping[str, Any]]


def chain(w: float = 0.5, dtype: str = "float64") -> Case:
    """f = exp(x tanh(w) w)."""
    build = GraphBuilder()
    w_, x = build.parameter("w"), build.input("x")
    t = build.tanh(w_, name="t")
    m = build.mul(build.mul(t, w_, name="s"), x, name="m")
    return Case("chain", build.graph(build.exp(m, name="f")), {"w": w, "x": 2.0}, dtype=dtype)


def trial(case: Case, change: Change, oracles: Any = None) -> Result:
    """A right engine, whose adjoints are changed."""

    def subject(graph: Graph, point: Point) -> Any:
        value, grads, adjoints = gradients(graph, point)
        return value, grads, change(dict(adjoints))

    return try_and_diagnose("case", case, InProcessSubject(subject), oracles or graph_oracles())


def scaled(*names: str, factor: float) -> Change:
    return lambda a: {name: v * (factor if name in names else 1.0) for name, v in a.items()}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_adjoints_pass(dtype: str) -> None:
    result = trial(chain(dtype=dtype), dict)
    assert (result.verdict, result.codes) == (Verdict.PASS, ())


@pytest.mark.parametrize(
    ("names", "blamed", "truth"),
    [
        (("f",), "'f'", 1.0),
        (("m",), "'m'", np.exp(2 * np.tanh(0.5) * 0.5)),
        (("x",), "'x'", np.exp(2 * np.tanh(0.5) * 0.5) * np.tanh(0.5) * 0.5),
        (("t", "s", "w"), "'s'", 2 * np.exp(2 * np.tanh(0.5) * 0.5)),  # the one nearest the loss
    ],
)
def test_a_doubled_adjoint_is_found_at_the_node_nearest_the_loss(
    names: tuple[str, ...], blamed: str, truth: float
) -> None:
    result = trial(chain(), scaled(*names, factor=2.0))
    (found,) = (f for f in result.findings if f.code == "GC070")
    assert result.verdict is Verdict.FAIL
    assert (found.facts["node"], found.facts["wrong"]) == (blamed, len(names))
    assert found.facts["truth"] == pytest.approx(truth, rel=1e-14)
    assert found.facts["subject"] == pytest.approx(2 * truth, rel=1e-14)


def test_off_by_less_than_allowed_passes_and_by_more_fails() -> None:
    (found,) = trial(chain(), scaled("m", factor=2.0)).findings
    allowed = found.facts["allowed"] / found.facts["truth"]
    assert allowed < 1e-13
    assert trial(chain(), scaled("m", factor=1 + 0.5 * allowed)).verdict is Verdict.PASS
    assert trial(chain(), scaled("m", factor=1 + 2 * allowed)).verdict is Verdict.FAIL


def test_one_entry_of_an_array() -> None:
    build = GraphBuilder()
    a = build.parameter("A", (2, 3))
    case = Case("array", build.graph(build.sum(build.square(a, name="q"))), {"A": np.arange(6.0).reshape(2, 3)})

    def change(adjoints: dict[str, Any]) -> dict[str, Any]:
        adjoints["q"] = np.array(adjoints["q"])
        adjoints["q"][1, 2] = np.nan
        return adjoints

    (found,) = trial(case, change).findings
    assert (found.code, found.facts["entry"]) == ("GC070", [1, 2])


def test_the_literal_reading_of_s2_doubles_the_inputs_adjoints_and_no_weight(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hidden layers of two (S2): every weight gradient is right, what arrives at the inputs is twice too much."""
    names = [("x1", "x2"), ("a1", "a2"), ("b1", "b2"), ("y",)]
    edges = [(u, v) for before, after in pairwise(names) for u in before for v in after]
    neurons = {v: "tanh" for layer in names[1:] for v in layer}
    network = NeuronDAG(neurons, edges, inputs=["x1", "x2"], loss_neurons=["y"])
    shapes = {**network.parameter_shapes, **network.input_shapes}
    random = np.random.default_rng(2)
    point = {name: np.round(random.uniform(-1, 1, shape), 2) for name, shape in shapes.items()}

    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "faults"))
    from _neurons import Neurons  # type: ignore[import-not-found] # on the path just now
    from neurons_literal import Wrong  # type: ignore[import-not-found] # the same

    def answer(kind: Any) -> Result:
        def subject(given: Any, at: Any) -> Any:
            engine = kind(given, at)
            passed: dict[str, Any] = {}
            value, grads = engine.gradients(passed)
            return value, grads, {u: passed[u] for u in given.inputs}

        case = Case("two", network, point)
        return try_and_diagnose("case", case, InProcessSubject(subject, entry="neuron_gradients"), graph_oracles())

    try:
        assert answer(Neurons).verdict is Verdict.PASS
        result = answer(Wrong)
    finally:
        for module in ("_maps", "_neurons", "neurons_literal"):
            sys.modules.pop(module, None)
    (found,) = (f for f in result.findings if f.code == "GC070")
    assert (result.verdict, result.codes) == (Verdict.FAIL, ("GC070",))
    assert found.facts["wrong"] == 2
    assert found.facts["subject"] == pytest.approx(2 * found.facts["truth"], rel=1e-13)


def test_names_that_are_no_nodes_are_said_and_not_judged() -> None:
    result = trial(chain(), lambda a: {**a, "hidden": 3.0})
    assert (result.verdict, result.codes) == (Verdict.PASS, ("GC071",))
    assert "'hidden'" in result.findings[0].sentence


@pytest.mark.parametrize("wrong", [np.zeros(2), np.array("x"), np.array(True)])
def test_an_adjoint_of_the_wrong_form(wrong: Any) -> None:
    result = trial(chain(), lambda a: {**a, "m": wrong})
    assert result.verdict is Verdict.ERROR


def test_beyond_the_budget_they_are_left_alone_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "MOST", 3)
    result = trial(chain(), scaled("m", factor=2.0))
    assert (result.verdict, result.codes) == (Verdict.PASS, ("GC071",))


def test_a_wrong_gradient_is_told_once() -> None:
    result = try_and_diagnose("case", chain(), InProcessSubject(Doubled()), graph_oracles())
    assert "GC012" in result.codes
    assert "GC070" not in result.codes


class Doubled(Backprop):
    """Whatever arrives at a node arrives twice."""

    def receive(self, node: int, message: Any) -> None:
        super().receive(node, 2 * message)


def test_at_a_kink_there_is_no_one_truth() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    case = Case("kink", build.graph(build.square(build.abs(w, name="a"), name="f")), {"w": 0.0})
    assert trial(case, dict).verdict is Verdict.PASS


def test_an_exponent_given_as_data_leaves_the_other_adjoints_judged() -> None:
    """(-2)^3 has a derivative by its base and none by its exponent."""
    build = GraphBuilder()
    w, n = build.parameter("w"), build.input("n")
    p = build.pow(w, n, name="p")
    case = Case("power", build.graph(build.square(p, name="f")), {"w": -2.0, "n": 3.0})

    def known(a: dict[str, Any]) -> dict[str, Any]:
        return {name: a[name] for name in ("p", "f", "w", "n") if name in a}

    assert trial(case, lambda a: {**known(a), "n": 0.0}).verdict is Verdict.PASS
    assert trial(case, lambda a: {**known(a), "n": 0.0, "p": 2 * a["p"]}).verdict is Verdict.FAIL


class Bent:
    """An oracle whose estimates for probes are off by a factor."""

    def __init__(self, oracle: Oracle, factor: float) -> None:
        self.name, self._oracle, self._factor = oracle.name, oracle, factor

    def __call__(self, graph: Graph, point: Point) -> Estimates | Aside:
        said = self._oracle(graph, point)
        if isinstance(said, Aside):
            return said
        bent = {
            name: replace(e, value=self._factor * e.value) if "probe" in name else e
            for name, e in said.gradients.items()
        }
        return replace(said, gradients=bent)


def test_a_corrupt_proof_is_a_fault_and_never_a_wrong_verdict() -> None:
    bent = [Bent(o, 1.01) if o.name == judged.PROOF else o for o in graph_oracles()]
    with pytest.raises(HarnessFault, match=r"do not meet|contradict"):
        trial(chain(), dict, bent)


def test_probes_change_neither_value_nor_names() -> None:
    graph = chain().graph
    nodes = [i for i in range(len(graph)) if graph.op(i) != "constant"]
    longer, probes, zeros = probed(graph, nodes)
    point = {**chain().point, **zeros}
    assert longer.names[: len(graph)] == graph.names
    assert len(set(longer.names)) == len(longer.names) == len(graph) + 2 * len(nodes)
    assert longer.evaluate(point)[longer.names[longer.loss]] == graph.evaluate(chain().point)["f"]
    assert {longer.names[i] for i in longer.parameters} == {"w", *probes}


@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.integers(-40, 40)), min_size=1, max_size=4),
    st.sampled_from(["float32", "float64"]),
)
def test_numbers_are_judged_together_as_one_by_one(entries: list[tuple[float, int]], dtype: str) -> None:
    """Around the edge of the allowance: at the edge itself, moved by some units in the last place."""
    kind = np.dtype(dtype)
    numbers, alone = [], []
    for true, ulps in entries:
        proof = Estimate(np.array(true), np.array(abs(true) * 2.0**-60), Kind.PROVEN)
        given_ = np.array(true + ulps * np.spacing(kind.type(true)), kind)
        truth = intersect({"exact": proof}, ())
        least = least_measured(truth.middle, scale(truth, 0.0), 5, kind)
        alone.append(not judge("v", given_, truth, least, np.array(np.inf)).wrong.any())
        numbers.append((given_, proof))
    together = judged._numbers_right(numbers, 5, kind)
    assert all(alone) or not together
    assert together or any(abs(ulps) > 4 for _, ulps in entries)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_not_right(value: float) -> None:
    proof = Estimate(np.array(2.0), np.array(0.0), Kind.PROVEN)
    assert not judged._numbers_right([(np.array(value), proof)], 5, np.dtype(np.float64))
