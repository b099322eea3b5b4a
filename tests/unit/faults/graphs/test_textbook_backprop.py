"""The textbooks that faults bend are right as they stand: against closed forms, worked numbers and differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gradcheck.faults.graphs.textbook_backprop import Backprop
from gradcheck.faults.mlps.delta_recursion import DeltaRecursion
from gradcheck.faults.neurons.single_neurons import Neurons
from gradcheck.faults.trainings.descent import Descent
from gradcheck.problem import MLP, AdaGrad, Decay, Graph, GraphBuilder, NeuronDAG, Training
from gradcheck.strategies.drawing import draw
from gradcheck.strategies.pick import picker
from gradcheck.strategies.wish import Wish

Make = Callable[[GraphBuilder], Graph]


def gradients(graph: Graph, **point: Any) -> dict[str, Any]:
    answer: dict[str, Any] = Backprop()(graph, {name: np.asarray(v, dtype=float) for name, v in point.items()})[1]
    return answer


def test_the_lectures_number() -> None:
    """S4: f = (a + b)(b + c) with a + b = 2 and b + c = 7: df/db = 9."""
    build = GraphBuilder()
    a, b, c = (build.parameter(name) for name in "abc")
    found = gradients(build.graph((a + b) * (b + c)), a=-1.0, b=3.0, c=4.0)
    assert {name: float(g) for name, g in found.items()} == {"a": 7.0, "b": 9.0, "c": 2.0}


def test_logistic_least_squares_with_a_penalty() -> None:
    """S1: dL/dw = (y - t) sigma'(z) x + lambda w."""
    build = GraphBuilder()
    w, b, x, t = build.parameter("w"), build.parameter("b"), build.input("x"), build.input("t")
    y = build.sigmoid(w * x + b)
    graph = build.graph(0.5 * build.square(y - t) + 0.1 * (0.5 * build.square(w)))
    found = gradients(graph, w=0.5, b=-0.25, x=1.5, t=1.0)
    with mp.workdps(40):
        s = 1 / (1 + mp.exp(-(mp.mpf("0.5") * mp.mpf("1.5") - mp.mpf("0.25"))))
        outer = (s - 1) * s * (1 - s)
        assert float(found["w"]) == pytest.approx(float(outer * mp.mpf("1.5") + mp.mpf("0.1") / 2), rel=1e-14)
        assert float(found["b"]) == pytest.approx(float(outer), rel=1e-14)


def test_broadcasting_is_undone() -> None:
    """l = sum c (x + b) for c (2, 3), x (2, 1), b (3,): dl/dx_i sums a row of c, dl/db_j a column."""
    build = GraphBuilder()
    x, b = build.parameter("x", (2, 1)), build.parameter("b", (3,))
    c = build.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found = gradients(build.graph(build.sum(c * (x + b))), x=[[1.0], [2.0]], b=[1.0, 2.0, 3.0])
    assert found["x"].tolist() == [[6.0], [15.0]]
    assert found["b"].tolist() == [5.0, 7.0, 9.0]


def test_an_exponent_that_is_constant_may_stand_on_a_negative_base() -> None:
    build = GraphBuilder()
    found = gradients(build.graph(build.parameter("x") ** 3.0), x=-2.0)
    assert float(found["x"]) == 12.0


@pytest.mark.parametrize("scalar", [True, False])
def test_drawn_graphs_against_differences(scalar: bool) -> None:
    """Central differences of the op table's own values; an error of 1e-6 relative to the gradient's size is seen."""
    wish = Wish.of(2, 10, None, scalar=scalar, near_kinks=False, saturated=False, integer_points=False, shuffled=True)
    for seed in range(40):
        graph, point = draw(picker(seed), wish)
        value, found, adjoints = Backprop()(graph, point)
        loss = graph.names[graph.loss]
        assert float(value) == pytest.approx(float(graph.evaluate(point)[loss]), rel=1e-14)
        for name, gradient in found.items():
            assert adjoints[name] is gradient
            for entry in np.ndindex(gradient.shape):
                h = 1e-5 * max(1.0, abs(float(point[name][entry])))
                ends = []
                for step in (h, -h):
                    moved = point[name].copy()
                    moved[entry] += step
                    ends.append(float(graph.evaluate({**point, name: moved})[loss]))
                slope = (ends[0] - ends[1]) / (2 * h)
                scale = max(1.0, abs(slope), abs(float(value)))
                assert float(gradient[entry]) == pytest.approx(slope, abs=2e-5 * scale), (seed, name)


def test_float32_is_answered_in_float32() -> None:
    build = GraphBuilder()
    graph = build.graph(build.tanh(build.parameter("x")))
    value, found, _ = Backprop()(graph, {"x": np.asarray(0.5, dtype=np.float32)})
    assert value.dtype == found["x"].dtype == np.float32


LOSSES = ("half_squared", "squared", "softmax_cross_entropy", "logistic")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_delta_recursion_equals_the_graph_that_the_network_stands_for(loss: str, reduction: str) -> None:
    mlp = MLP((2, 3, 3), ("tanh", "sigmoid"), loss=loss, reduction=reduction, l2=0.3, batch=3)
    random = np.random.default_rng(3)
    point = {n: random.uniform(-1, 1, s) for n, s in {**mlp.parameter_shapes, **mlp.input_shapes}.items()}
    if loss == "softmax_cross_entropy":
        point["T"] = np.eye(3)
    if loss == "logistic":
        point["T"] = np.asarray(point["T"] > 0, dtype=float)
    value, found = DeltaRecursion()(mlp, point)
    wanted, expected, _ = Backprop()(mlp.lower(), point)
    assert float(value) == pytest.approx(float(wanted), rel=1e-13)
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-11, atol=1e-14)


def test_one_unit_by_hand() -> None:
    """a = 2 x + 1 = 2, C = (a - t)^2 without the half: dC/dw = 2 (a - t) x, dC/db = 2 (a - t)."""
    mlp = MLP((1, 1), "identity", loss="squared")
    point = {"X": np.array([[0.5]]), "T": np.array([[5.0]]), "W1": np.array([[2.0]]), "b1": np.array([1.0])}
    value, found = DeltaRecursion()(mlp, point)
    assert float(value) == 9.0
    assert found["W1"].tolist() == [[-3.0]]
    assert found["b1"].tolist() == [-6.0]


def test_neurons_equal_the_graph_that_they_stand_for() -> None:
    network = NeuronDAG(
        {"u": "tanh", "v": "sigmoid", "w": "sin"},
        [("x", "u"), ("u", "v"), ("u", "w"), ("v", "w"), ("x", "w")],
        ["x"],
        ["u", "v", "w"],
        loss="squared",
        batch=3,
    )
    random = np.random.default_rng(4)
    shapes = {**network.parameter_shapes, **network.input_shapes}
    point = {name: random.uniform(-1, 1, shape) for name, shape in shapes.items()}
    value, found = Neurons()(network, point)
    wanted, expected, _ = Backprop()(network.lower(), point)
    assert float(value) == pytest.approx(float(wanted), rel=1e-13)
    assert set(found) == set(network.parameter_shapes)
    for name, gradient in expected.items():
        np.testing.assert_allclose(found[name], gradient, rtol=1e-12)


def one_weight(schedule: Any, steps: int) -> list[float]:
    """C = 1/2 (w x)^2 with x = 1: g = w, one sample, one step an epoch."""
    training = Training(
        "by hand",
        MLP((1, 1), "identity", bias=False),
        X=np.array([[1.0]]),
        T=np.array([[0.0]]),
        parameters={"W1": np.array([[1.0]])},
        batch_size=1,
        schedule=schedule,
        steps=steps,
    )
    return [float(parameters["W1"][0, 0]) for _, parameters in Descent()(training)]


def test_decay_by_hand() -> None:
    """a = 0.5, k = 1: rates 1/2, 1/4, 1/6; w = 1, 1/2, 3/8, 5/16."""
    assert one_weight(Decay(0.5, 1.0), 3) == pytest.approx([1 / 2, 3 / 8, 5 / 16], rel=1e-15)


def test_adagrad_by_hand() -> None:
    """a = 0.5, eps = 0+: w1 = 1 - 0.5 = 0.5; G = 1.25, w2 = 0.5 - 0.5 * 0.5 / sqrt(1.25)."""
    steps = one_weight(AdaGrad(0.5, 1e-300), 2)
    assert steps == pytest.approx([0.5, 0.5 - 0.25 / math.sqrt(1.25)], rel=1e-15)


def test_batches_are_a_partition() -> None:
    training = Training(
        "seven",
        MLP((1, 1), "identity"),
        X=np.arange(7.0)[:, np.newaxis],
        T=np.zeros((7, 1)),
        parameters={"W1": np.array([[0.1]]), "b1": np.array([0.0])},
        batch_size=3,
        schedule=Decay(0.01, 0.1),
        steps=6,
    )
    batches = [indices.tolist() for indices, _ in Descent()(training)]
    assert [len(batch) for batch in batches] == [3, 3, 1, 3, 3, 1]
    for epoch in (batches[:3], batches[3:]):
        assert sorted(i for batch in epoch for i in batch) == list(range(7))
