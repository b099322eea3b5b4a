"""`reference/neurons.py`: S2's algorithm done right, and the literal reading of its pseudo-code told apart from it."""

import numpy as np
import pytest

from gradcheck.problem.neuron_dag import NeuronDAG, target, weight
from gradcheck.reference import gradients, mlp_gradients, neuron_gradients
from gradcheck.reference.mlp import activate, loss_and_slope, slope_times
from gradcheck.reference.neurons import enumeration

LAYERS = (("x", "p"), ("x", "q"), ("p", "r"), ("p", "s"), ("q", "r"), ("q", "s"))
NETWORKS = {
    "chain": NeuronDAG({"v": "tanh"}, [("x", "v")], ["x"], ["v"]),
    "skip connections": NeuronDAG(
        {"c": "identity", "a": "sigmoid", "b": "sin"},
        [("x", "a"), ("y", "a"), ("a", "b"), ("x", "b"), ("b", "c"), ("a", "c"), ("y", "c")],
        ["x", "y"],
        ["c"],
        batch=3,
    ),
    "a loss neuron that feeds another": NeuronDAG(
        {"v": "tanh", "u": "softplus", "a": "sin"},
        [("x", "v"), ("v", "u"), ("u", "a")],
        ["x"],
        ["a", "u"],
        loss="squared",
        reduction="sum",
        batch=2,
    ),
    "two hidden layers": NeuronDAG(dict.fromkeys("pqrs", "tanh"), LAYERS, ["x"], ["r", "s"], batch=2),
    "three hidden layers": NeuronDAG(
        dict.fromkeys("pqrsuv", "tanh"),
        [*LAYERS, ("r", "u"), ("r", "v"), ("s", "u"), ("s", "v")],
        ["x"],
        ["u", "v"],
        loss="logistic",
        batch=2,
    ),
    "an idle neuron": NeuronDAG({"v": "tanh", "idle": "exp"}, [("x", "v"), ("v", "idle")], ["x"], ["v"]),
}


def point_of(network, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    shapes = {**network.input_shapes, **network.parameter_shapes}
    at = {name: random.uniform(0.25, 1, size=shape).astype(dtype) for name, shape in shapes.items()}
    return {name: np.asarray(value) for name, value in at.items()}


def defined(network, define):
    """S2's network by its definition: out(v), asked for recursively."""

    def loss(**at):
        def out(v):
            if v in network.inputs:
                return at[v]
            incoming = sum(at[weight(u, end)] * out(u) for u, end in network.edges if end == v)
            return define[network.neurons[v]](np.asarray(incoming, dtype=object))

        term = {
            "half_squared": lambda y, t: (y - t) ** 2 / 2,
            "squared": lambda y, t: (y - t) ** 2,
            "logistic": lambda y, t: (
                -t * define["log"](define["sigmoid"](y)) - (1 - t) * define["log"](1 - define["sigmoid"](y))
            ),
        }[network.loss]
        total = sum(np.sum(term(out(v), at[target(v)])) for v in network.loss_neurons)
        return total / (network.batch if network.reduction == "mean" else 1)

    return loss


def disagreement(engine, network, define, exact_gradient):
    at = point_of(network)
    value, grads = engine(network, at)
    true_value, truth = exact_gradient(defined(network, define), at)
    assert set(grads) == set(network.parameter_shapes)
    scale = max(abs(truth[name]) for name in grads)
    return max(abs(value - true_value) / true_value, *(abs(grads[name] - truth[name]) / scale for name in grads))


def read_literally(network, at):
    """S2's pseudo-code as printed: v is visited once for every vertex v_(n-1) that it feeds, the Loss included."""
    signal, out = {}, {u: at[u] for u in network.inputs}
    order = enumeration(network)
    for v in reversed(order):
        signal[v] = sum(at[weight(u, v)] * out[u] for u in network.back(v))
        out[v] = activate(network.neurons[v], signal[v])
    y = np.stack([out[v] for v in network.loss_neurons], axis=1)
    value, y_bar = loss_and_slope(network.loss, y, np.stack([at[target(v)] for v in network.loss_neurons], axis=1))
    share = network.batch if network.reduction == "mean" else 1
    out_grad = {v: np.zeros(network.batch) for v in (*network.inputs, *order)}
    in_grad = {v: np.zeros(network.batch) for v in order}
    for k, v in enumerate(network.loss_neurons):
        out_grad[v] = y_bar[:, k] / share
    for successor in ["Loss", *order]:
        for v in network.loss_neurons if successor == "Loss" else network.back(successor):
            if v not in network.inputs:
                in_grad[v] = slope_times(network.neurons[v], signal[v], out[v], out_grad[v])
                for u in network.back(v):
                    out_grad[u] = out_grad[u] + in_grad[v] * at[weight(u, v)]
    grads = {weight(u, v): np.sum(in_grad[v] * out[u]) for u, v in network.edges}
    return value / share, grads


@pytest.mark.parametrize("name", NETWORKS)
def test_against_60_digits(name, define, exact_gradient):
    assert disagreement(neuron_gradients, NETWORKS[name], define, exact_gradient) < 1e-14


@pytest.mark.parametrize("form", ["lower", "lower_units"])
@pytest.mark.parametrize("name", NETWORKS)
def test_both_graphs_agree(name, form):
    network, at = NETWORKS[name], point_of(NETWORKS[name])
    value, grads = neuron_gradients(network, at)
    from_graph = gradients(getattr(network, form)(), at)
    assert from_graph[0] == pytest.approx(value, rel=1e-13)
    assert set(from_graph[1]) == set(grads)
    for block, gradient in grads.items():
        np.testing.assert_allclose(from_graph[1][block], gradient, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("name", ["three hidden layers", "a loss neuron that feeds another"])
def test_the_literal_reading_of_s2_is_wrong_where_the_page_says_so(name, define, exact_gradient):  # S2.c
    assert disagreement(read_literally, NETWORKS[name], define, exact_gradient) > 1e-2


def test_the_literal_reading_doubles_the_first_hidden_layer_of_three():
    network = NETWORKS["three hidden layers"]
    right, literal = (engine(network, point_of(network))[1] for engine in (neuron_gradients, read_literally))
    for u, v in network.edges:
        factor = 2 if v in "pq" else 1
        assert literal[weight(u, v)] == pytest.approx(factor * right[weight(u, v)], rel=1e-12)


@pytest.mark.parametrize("name", ["chain", "two hidden layers"])
def test_the_literal_reading_is_right_where_the_page_says_so(name, define, exact_gradient):
    assert disagreement(read_literally, NETWORKS[name], define, exact_gradient) < 1e-13


@pytest.mark.parametrize("name", NETWORKS)
def test_every_neuron_comes_once_and_after_its_successors(name):
    network = NETWORKS[name]
    order = enumeration(network)
    assert sorted(order) == sorted(network.neurons)
    for u, v in network.edges:
        assert u in network.inputs or order.index(u) > order.index(v)


def test_a_layered_network_is_an_mlp():
    from gradcheck.problem.mlp import MLP

    network, at = NETWORKS["two hidden layers"], point_of(NETWORKS["two hidden layers"])
    mlp = MLP((1, 2, 2), "tanh", batch=2, bias=False)
    grid = [[weight(u, v) for u in "pq"] for v in "rs"]
    value, grads = mlp_gradients(
        mlp,
        {
            "X": at["x"][:, None],
            "T": np.stack([at["t(r)"], at["t(s)"]], axis=1),
            "W1": np.array([[at["w(x->p)"]], [at["w(x->q)"]]]),
            "W2": np.array([[at[name] for name in row] for row in grid]),
        },
    )
    own_value, own = neuron_gradients(network, at)
    assert value == pytest.approx(own_value, rel=1e-14)
    np.testing.assert_allclose(grads["W2"], [[own[name] for name in row] for row in grid], rtol=1e-13)
    np.testing.assert_allclose(grads["W1"][:, 0], [own["w(x->p)"], own["w(x->q)"]], rtol=1e-13)


def test_a_chain_of_thousands_of_neurons_does_not_recurse():
    n = 3000
    names = [f"v{k}" for k in range(n)]
    edges = list(zip(["x", *names[:-1]], names, strict=True))
    network = NeuronDAG(dict.fromkeys(names, "identity"), edges, ["x"], [names[-1]])
    at = {name: np.ones(shape) for name, shape in {**network.input_shapes, **network.parameter_shapes}.items()}
    value, grads = neuron_gradients(network, {**at, target(names[-1]): np.zeros(1)})
    assert value == 0.5
    assert set(map(float, grads.values())) == {1.0}


def test_float32_stays_float32():
    value, grads = neuron_gradients(NETWORKS["skip connections"], point_of(NETWORKS["skip connections"], dtype="f4"))
    assert {value.dtype, *(g.dtype for g in grads.values())} == {np.dtype("f4")}
    assert {g.shape for g in grads.values()} == {()}
