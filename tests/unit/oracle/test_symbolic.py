"""The oracle `symbolic`: closed forms, mpmath, kinks, budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.oracle import symbolic as module
from gradcheck.oracle.estimate import Aside, Estimates, Kind
from gradcheck.oracle.symbolic import formula, symbolic
from gradcheck.problem import OPS, Graph, GraphBuilder, Handle


def asked(graph: Graph, **point: Any) -> Estimates:
    answer = symbolic(graph, {name: np.asarray(value) for name, value in point.items()})
    assert isinstance(answer, Estimates), answer
    return answer


def truth(text: str, **values: float) -> Any:
    with mp.workdps(60):
        names = {name: mp.mpf(value) for name, value in values.items()}
        return eval(text, {"exp": mp.exp, "sin": mp.sin, "cos": mp.cos, "tanh": mp.tanh, "mpf": mp.mpf}, names)


def contains(estimate: Any, true: Any, scale: float = 1.0) -> bool:
    """Whether the truth lies within the bound; `scale` multiplies the truth, to make it wrong on purpose."""
    with mp.workdps(60):
        return bool(abs(mp.mpf(float(estimate.value)) - true * mp.mpf(scale)) <= mp.mpf(float(estimate.error)))


def logistic(l2: float = 0.0) -> Graph:
    build = GraphBuilder()
    w, b = build.parameter("w"), build.parameter("b")
    x, t = build.input("x"), build.input("t")
    loss = 0.5 * build.square(build.sigmoid(w * x + b) - t)
    return build.graph(loss + l2 * (0.5 * build.square(w)) if l2 else loss)


POINT = {"w": 0.75, "b": -0.3, "x": 1.7, "t": 0.4}
SIGMOID = "(1 / (1 + exp(-(w * x + b))))"
SLOPE = f"({SIGMOID} - t) * {SIGMOID} * (1 - {SIGMOID})"


@pytest.mark.parametrize("l2", [0.0, 0.125])
def test_logistic_least_squares(l2: float) -> None:
    """S1.a and S1.b: dL/dw = (y - t) sigma'(z) x + lambda w, dL/db = (y - t) sigma'(z)."""
    answer = asked(logistic(l2), **POINT)
    for name, text in (("w", f"{SLOPE} * x + {l2} * w"), ("b", SLOPE)):
        estimate, true = answer.gradients[name], truth(text, **POINT)
        assert estimate.kind is Kind.PROVEN
        assert contains(estimate, true)
        assert not contains(estimate, true, 1 + 1e-15)
        assert estimate.error <= 1e-16 * abs(estimate.value)
    assert answer.loss is not None
    assert contains(answer.loss, truth(f"({SIGMOID} - t) ** 2 / 2 + {l2} * w ** 2 / 2", **POINT))


def test_multivariate_chain_rule() -> None:
    """S1.c: df/dt = (y exp(xy)) (-sin t) + (1 + x exp(xy)) 2t."""
    build = GraphBuilder()
    t = build.parameter("t")
    x, y = build.cos(t), build.square(t)
    estimate = asked(build.graph(y + build.exp(x * y)), t=0.9).gradients["t"]
    text = "t**2 * exp(cos(t) * t**2) * -sin(t) + (1 + cos(t) * exp(cos(t) * t**2)) * 2 * t"
    assert contains(estimate, truth(text, t=0.9))
    assert not contains(estimate, truth(text.replace("-sin", "sin"), t=0.9))


def test_gradients_add_at_branches() -> None:
    """S4.b: df/db = 7 + 2 = 9, exactly."""
    build = GraphBuilder()
    a, b, c = (build.parameter(name) for name in "abc")
    answer = asked(build.graph((a + b) * (b + c)), a=-1, b=3, c=4)
    found = {name: (float(e.value), float(e.error)) for name, e in answer.gradients.items()}
    assert found == {"a": (7.0, 0.0), "b": (9.0, 0.0), "c": (2.0, 0.0)}
    assert answer.loss is not None
    assert (answer.loss.value, answer.loss.error) == (14.0, 0.0)


def chain(step: Callable[[GraphBuilder, Handle], Handle], depth: int) -> Graph:
    build = GraphBuilder()
    node = build.parameter("w")
    for _ in range(depth):
        node = step(build, node)
    return build.graph(node)


DIAMONDS: dict[str, tuple[Callable[[GraphBuilder, Handle], Handle], Callable[[Any], tuple[Any, Any]]]] = {
    "sin cos": (
        lambda build, v: build.sin(v) * build.cos(v),
        lambda v: (mp.sin(v) * mp.cos(v), mp.cos(2 * v)),
    ),
    "square plus": (lambda build, v: v * v + v, lambda v: (v * v + v, 2 * v + 1)),
    "x sin": (lambda build, v: v * build.sin(v), lambda v: (v * mp.sin(v), mp.sin(v) + v * mp.cos(v))),
}


@pytest.mark.parametrize("name", DIAMONDS)
def test_deep_diamonds_do_not_swell(name: str) -> None:
    """2^17 paths; the truth by the chain rule on numbers, step by step, in 60 digits."""
    step, value_and_slope = DIAMONDS[name]
    depth, at = (7, 0.3) if name == "square plus" else (17, 2.07)
    with mp.workdps(80):
        v, slope = mp.mpf(at), mp.mpf(1)
        for _ in range(depth):
            v, local = value_and_slope(v)
            slope *= local
    estimate = asked(chain(step, depth), w=at).gradients["w"]
    assert contains(estimate, slope)
    assert not contains(estimate, slope, 1 + 1e-14)


def test_cut_formulas_and_whole_ones_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = asked(logistic(0.125), **POINT)
    monkeypatch.setattr(module, "LONGEST", 0)
    cut = asked(logistic(0.125), **POINT)
    assert cut.gradients["w"].value == whole.gradients["w"].value
    assert cut.gradients["w"].error <= 1e-16


@pytest.mark.parametrize(("op", "at"), [("relu", 0.0), ("abs", 0.0), ("leaky_relu", 0.0), ("elu", 0.0)])
def test_kinks_are_named_and_bound_nothing(op: str, at: float) -> None:
    build = GraphBuilder()
    w, u = build.parameter("w"), build.parameter("u")
    answer = asked(build.graph(build.apply(op, w, name="h") + u), w=at, u=1.0)
    assert all(np.isinf(e.error) for e in answer.gradients.values())
    assert answer.loss is None
    assert f"'h' ({op})" in answer.notes[0]
    beside = asked(build.graph(build.apply(op, w, name="k") + u), w=at + 1e-9, u=1.0)
    assert beside.gradients["w"].value == 1.0
    assert beside.gradients["w"].error == 0.0


def test_ties_are_kinks() -> None:
    build = GraphBuilder()
    w = build.parameter("w", (3,))
    assert np.all(np.isinf(asked(build.graph(build.max(w)), w=[1.0, 2.0, 2.0]).gradients["w"].error))
    assert asked(build.graph(build.max(w, name="other")), w=[1.0, 2.0, 2.5]).gradients["w"].value.tolist() == [0, 0, 1]


@pytest.mark.parametrize(("dtype", "decided"), [(np.float64, True), (np.float32, False)])
def test_a_branch_that_rounding_may_turn_is_not_decided(dtype: Any, decided: bool) -> None:
    """relu(w * 3 - 0.9) at w = 0.3 + 1e-8 is clear in float64, and a matter of rounding in float32."""
    build = GraphBuilder()
    w, x = build.parameter("w"), build.input("x")
    graph = build.graph(build.relu(w * x - 0.9))
    answer = asked(graph, w=np.asarray(0.3 + 1e-8, dtype), x=np.asarray(3.0, dtype))
    assert np.isfinite(answer.gradients["w"].error) == decided


def test_float64_noise_does_not_decide_either() -> None:
    """(1e8 + w) - 1e8 is w > 0 in real numbers; float64 gets 0."""
    build = GraphBuilder()
    w, x = build.parameter("w"), build.input("x")
    answer = asked(build.graph(build.relu((w + x) - 1e8)), w=1e-10, x=1e8)
    assert np.isinf(answer.gradients["w"].error)


def test_saturated_derivatives_have_relative_accuracy() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    estimate = asked(build.graph(build.tanh(w)), w=20.0).gradients["w"]
    with mp.workdps(60):
        assert contains(estimate, 1 / mp.cosh(20) ** 2)
    assert 0 < estimate.error < 1e-15 * estimate.value


def test_dead_branches_are_exactly_zero_and_a_parameter_may_be_the_loss() -> None:
    build = GraphBuilder()
    w, dead = build.parameter("w"), build.parameter("dead", (2,))
    build.sin(dead, name="unused")
    answer = asked(build.graph(w), w=3.0, dead=[1.0, 2.0])
    assert answer.gradients["dead"].error.tolist() == [0.0, 0.0]
    assert answer.gradients["w"].value == 1.0


def test_names_that_look_like_formulas_do_not_collide() -> None:
    """Parameters called like the symbols that stand for constants and for cut formulas."""
    build = GraphBuilder()
    first, second = build.parameter("0.1"), build.parameter("_0")
    node = first * 0.1 + second
    for _ in range(300):
        node = build.sin(node)
    answer = asked(build.graph(node), **{"0.1": 0.5, "_0": 0.25})
    ratio = answer.gradients["0.1"].value / answer.gradients["_0"].value
    assert ratio == pytest.approx(0.1, rel=1e-14)


def test_above_the_budget_it_steps_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = chain(lambda build, v: build.sin(v), 50)
    monkeypatch.setattr(module, "BUDGET", 49)
    answer = symbolic(graph, {"w": np.asarray(1.0)})
    assert isinstance(answer, Aside)
    assert "budget 49" in answer.reason
    monkeypatch.setattr(module, "BUDGET", 51)
    assert isinstance(symbolic(graph, {"w": np.asarray(1.0)}), Estimates)


def test_a_chain_of_thousands_needs_no_deep_stack() -> None:
    estimate = asked(chain(lambda build, v: build.sin(v), 3000), w=1.0).gradients["w"]
    with mp.workdps(60):
        v, slope = mp.mpf(1), mp.mpf(1)
        for _ in range(3000):
            v, slope = mp.sin(v), slope * mp.cos(v)
        assert contains(estimate, slope)


@pytest.mark.parametrize("op", OPS)
def test_every_op_on_every_example(op: str) -> None:
    """d/dt of sum(c * op(p + t d)) along random signs d, against a central difference of the op's NumPy value."""
    row = OPS[op]
    rng = np.random.default_rng(sum(map(ord, op)))
    for shapes, attributes in row.examples:
        build = GraphBuilder()
        handles = [build.parameter(f"p{k}", shape) for k, shape in enumerate(shapes)]
        node = build.apply(op, *handles, **attributes)
        shape = row.shape(*shapes, **{**row.attributes, **attributes})
        weights = rng.uniform(0.5, 1.5, shape)
        graph = build.graph(build.sum(node * weights))
        point = {f"p{k}": rng.uniform(*row.range_of(k), s) for k, s in enumerate(shapes)}
        direction = {name: rng.choice([-1.0, 1.0], value.shape) for name, value in point.items()}
        answer = asked(graph, **point)
        assert all(np.all(np.isfinite(e.error)) for e in answer.gradients.values())
        h = 2.0**-20
        up, down = (
            graph.evaluate({name: point[name] + step * direction[name] for name in point})[graph.names[graph.loss]]
            for step in (h, -h)
        )
        difference = float(up - down) / (2 * h)
        along = sum(float(np.sum(answer.gradients[name].value * direction[name])) for name in point)
        assert along == pytest.approx(difference, rel=1e-7, abs=1e-8)


def test_formulas_read_like_formulas() -> None:
    build = GraphBuilder()
    w, x = build.parameter("w", (2,)), build.input("x", (2,))
    graph = build.graph(build.sum(build.square(w) * x))
    assert formula(graph, "w", (1,)) in ("2*w[1]*x[1]", "2*x[1]*w[1]")
    assert formula(graph, "w", (0,)) != formula(graph, "w", (1,))


def test_formulas_have_limits() -> None:
    build = GraphBuilder()
    w = build.parameter("w")
    build.parameter("dead")
    graph = build.graph(build.relu(w))
    assert formula(graph, "w") is None
    assert formula(graph, "w", point={"w": np.asarray(2.0), "dead": np.asarray(0.0)}) == "1"
    assert formula(graph, "w", point={"w": np.asarray(0.0), "dead": np.asarray(0.0)}) is None
    assert formula(graph, "dead") == "0"
    assert formula(chain(lambda b, v: b.sin(v), 500), "w") is None
