"""`gradcheck/problem/mlp.py` and `neuron_dag.py`: what MLP and NeuronDAG mean, and what they refuse."""

import pickle

import numpy as np
import pytest

from gradcheck.errors import InvalidProblem
from gradcheck.problem import Case, Lowers
from gradcheck.problem.losses import LOSSES
from gradcheck.problem.mlp import ACTIVATIONS, MLP
from gradcheck.problem.neuron_dag import NeuronDAG


def refused(make, *parts):
    with pytest.raises(InvalidProblem) as caught:
        make()
    for part in parts:
        assert part in str(caught.value)


def loss_of(network, form, point):
    graph = getattr(network, form)()
    return graph.evaluate(point)[graph.names[graph.loss]]


X = np.array([[1.0, 2.0], [0.5, -1.0]])
PARAMETERS = {
    "W1": np.array([[1.0, -1.0], [0.5, 0.25], [2.0, 1.0]]),
    "b1": np.array([0.5, -0.5, 0.0]),
    "W2": np.array([[1.0, 2.0, -1.0], [0.0, 1.0, 0.5]]),
    "b2": np.array([0.25, -0.25]),
}
OUTPUT = np.maximum(X @ PARAMETERS["W1"].T + PARAMETERS["b1"], 0) @ PARAMETERS["W2"].T + PARAMETERS["b2"]


def softmax_loss(y, t):
    return -np.sum(t * np.log(np.exp(y) / np.sum(np.exp(y), axis=1, keepdims=True)))


def logistic_loss(y, t):
    p = 1 / (1 + np.exp(-y))
    return -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p))


@pytest.mark.parametrize("form", ["lower", "lower_units"])
@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        ("half_squared", lambda y, t: np.sum((t - y) ** 2) / 2),
        ("squared", lambda y, t: np.sum((t - y) ** 2)),
        ("softmax_cross_entropy", softmax_loss),
        ("logistic", logistic_loss),
    ],
)
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_the_loss_of_an_mlp_in_both_forms(loss, formula, reduction, l2, form):
    mlp = MLP((2, 3, 2), ("relu", "identity"), loss, reduction, l2, batch=2)
    t = np.array([[0.25, 0.75], [1.0, 0.0]])
    squares = np.sum(PARAMETERS["W1"] ** 2) + np.sum(PARAMETERS["W2"] ** 2)
    expected = formula(OUTPUT, t) / (2 if reduction == "mean" else 1) + l2 / 2 * squares
    assert loss_of(mlp, form, {"X": X, "T": t, **PARAMETERS}) == pytest.approx(expected, rel=1e-13)


def test_both_forms_have_the_same_inputs_and_parameters():
    for network in (
        MLP((2, 3, 1), batch=2),
        MLP((2, 1), bias=False),
        NeuronDAG({"v": "tanh", "u": "sin"}, [("x", "v"), ("v", "u"), ("x", "u")], ["x"], ["u", "v"], batch=2),
    ):
        assert isinstance(network, Lowers)
        for graph in (network.lower(), network.lower_units()):
            shapes = {graph.names[i]: graph.shapes[i] for i in graph.free}
            assert shapes == {**network.input_shapes, **network.parameter_shapes}
            assert {graph.names[i] for i in graph.parameters} == set(network.parameter_shapes)
            assert np.all(graph.depends_on_parameters()[list(graph.parameters)])


def test_nodes_are_called_as_in_the_documents():
    mlp = MLP((2, 3, 2), ("tanh", "identity"), batch=1)
    assert {"X", "T", "W1", "b1", "z1", "a1", "z2"} <= set(mlp.lower().names)
    assert {"W1[2,1]", "b1[2]", "z1[0,2]", "a1[0,2]", "z2[0,1]"} <= set(mlp.lower_units().names)
    network = NeuronDAG({"v": "tanh"}, [("x", "v"), ("y", "v")], ["x", "y"], ["v"])
    assert {"x", "w(x->v)", "in(v)", "out(v)", "t(v)"} <= set(network.lower().names)
    assert {"x[0]", "in(v)[0]", "out(v)[0]", "t(v)[0]"} <= set(network.lower_units().names)


def test_a_unit_is_a_scalar_node():
    graph = MLP((2, 3, 2), "sigmoid", batch=2).lower_units()
    assert graph.shapes[graph.index("a1[1,2]")] == ()
    assert graph.node("W1").shape == (3, 2)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_lowers_and_evaluates(activation):
    mlp = MLP((2, 2), activation)
    graph = mlp.lower()
    graph.evaluate({"X": [[0.5, 0.25]], "T": [[0.5, 0.5]], "W1": [[0.5, 0.25], [0.125, 0.5]], "b1": [0.25, 0.5]})


@pytest.mark.parametrize("form", ["lower", "lower_units"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_loss_of_a_neuron_dag(form, reduction):  # S2, with a skip connection and two loss neurons
    network = NeuronDAG(
        {"u": "square", "v": "tanh"},  # in any order
        [("v", "u"), ("x", "v"), ("y", "v"), ("x", "u")],
        ["x", "y"],
        ["u", "v"],
        reduction=reduction,
        batch=2,
    )
    x, y, tu, tv = np.array([1.0, 0.5]), np.array([-1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.5, -0.5])
    v = np.tanh(0.5 * x + 0.25 * y)
    u = (2.0 * v - x) ** 2
    expected = (np.sum((u - tu) ** 2) + np.sum((v - tv) ** 2)) / 2 / (2 if reduction == "mean" else 1)
    weights = {"w(x->v)": 0.5, "w(y->v)": 0.25, "w(v->u)": 2.0, "w(x->u)": -1.0}
    point = {"x": x, "y": y, "t(u)": tu, "t(v)": tv, **weights}
    assert loss_of(network, form, point) == pytest.approx(expected, rel=1e-14)


def test_networks_are_values():
    mlp = MLP([2, 3, 1], "tanh", batch=2)
    assert mlp == MLP((2, 3, 1), ("tanh", "tanh"), batch=2) == pickle.loads(pickle.dumps(mlp))
    assert hash(mlp) == hash(MLP((2, 3, 1), ("tanh", "tanh"), batch=2))
    neurons = {"v": "tanh"}
    network = NeuronDAG(neurons, [("x", "v")], ["x"], ["v"])
    neurons["v"] = "sin"
    assert network.neurons == {"v": "tanh"}
    assert pickle.loads(pickle.dumps(network)) == network
    with pytest.raises(AttributeError):
        mlp.l2 = 1.0


def test_a_network_makes_a_case():
    mlp = MLP((2, 3, 2), ("relu", "identity"), batch=2)
    case = Case("mlp", mlp, {"X": X, "T": np.zeros((2, 2)), **PARAMETERS}, dtype="float32")
    assert {case.graph.names[i] for i in case.graph.parameters} == set(PARAMETERS)


# From parameters.


def test_an_mlp_from_its_parameters():
    assert MLP.from_parameters(PARAMETERS, activations="relu") == MLP((2, 3, 2), "relu")
    without = {name: value for name, value in PARAMETERS.items() if name[0] == "W"}
    assert MLP.from_parameters(without, loss="logistic") == MLP((2, 3, 2), loss="logistic", bias=False)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"W2": np.zeros((2, 4))}, ("layer 2", "W2 of shape (2, 4) takes 4", "W1 of shape (3, 2) gives 3")),
        ({"b1": np.zeros(2)}, ("layer 1", "b1 of shape (2,)", "W1 of shape (3, 2)", "must have shape (3,)")),
        ({"W1": np.zeros(3)}, ("layer 1", "(n_out, n_in)", "got (3,)")),
        ({"b2": None}, ("all of b1, b2, ... or none", "W1, b1, W2")),
        ({"W2": None}, ("W1, W2, ...",)),
        ({"bias": np.zeros(1)}, ("got W1, b1, W2, b2, bias",)),
        (dict.fromkeys(PARAMETERS), ("parameters must be called W1",)),
    ],
)
def test_parameters_that_do_not_chain(changes, parts):
    parameters = {name: value for name, value in {**PARAMETERS, **changes}.items() if value is not None}
    refused(lambda: MLP.from_parameters(parameters), *parts)


# What is refused.


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"sizes": (2,)}, ("a size per layer", "(2,)")),
        ({"sizes": (2, 0, 1)}, ("layer 1", ">= 1", "got 0")),
        ({"sizes": (2, 2.5, 1)}, ("layer 1", "whole number", "got 2.5")),
        ({"batch": 0}, ("batch", "whole number >= 1, got 0")),
        ({"activations": ("tanh", None, 3)}, ("got 3: tanh, None, 3",)),
        ({"activations": ("tanh",)}, ("2 layers need 2 activations, got 1: tanh",)),
        ({"activations": ("tanh", "tahn")}, ("layer 2", "unknown activation 'tahn'", "tanh")),
        ({"activations": "log"}, ("layer 1", "unknown activation 'log'")),
        ({"loss": "hinge"}, ("unknown loss 'hinge'", "softmax_cross_entropy")),
        ({"reduction": "median"}, ("unknown reduction 'median'", "mean, sum")),
        ({"l2": -1.0}, ("l2", "-1.0")),
        ({"l2": float("nan")}, ("l2", "nan")),
        ({"l2": "0.1"}, ("l2 must be a finite number >= 0, got '0.1'",)),
        ({"l2": None}, ("l2 must be a finite number >= 0, got None",)),
        ({"sizes": 3}, ("units per layer", "got 3")),
        ({"activations": None}, ("activations must be a name, or one per layer, got None",)),
    ],
)
def test_what_an_mlp_refuses(options, parts):
    MLP((2, 3, 1))
    refused(lambda: MLP(**{"sizes": (2, 3, 1), **options}), *parts)


GOOD = {
    "neurons": {"v": "tanh", "u": "sin"},
    "edges": [("x", "v"), ("v", "u")],
    "inputs": ["x"],
    "loss_neurons": ["u"],
}


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"edges": [("x", "v"), ("v", "uu")]}, ("edge v->uu", "no neuron 'uu'", "did you mean 'u'?")),
        ({"edges": [("nowhere", "v"), ("v", "u")]}, ("edge nowhere->v", "known are x, v, u")),
        ({"edges": [("x", "v"), ("v", "u"), ("v", "x")]}, ("edge v->x", "input")),
        ({"edges": [("x", "v"), ("v", "u"), ("x", "v")]}, ("edge x->v", "twice")),
        ({"edges": [("x", "v")]}, ("neuron 'u'", "no edge leads to it")),
        ({"loss_neurons": []}, ("no neuron feeds the loss",)),
        ({"loss_neurons": ["x"]}, ("'x'", "no neuron")),
        ({"loss_neurons": ["u", "u"]}, ("'u' twice",)),
        ({"edges": [("x", "v"), ("v", "u"), ("u", "v")]}, ("cycle", "v > u > v")),
        ({"edges": [("x", "v"), ("v", "u"), ("u", "u")]}, ("cycle", "u > u")),
        ({"inputs": ["x", "v"]}, ("vertex 'v'", "two vertices")),
        ({"neurons": {"v": "tanh", "u": "max"}}, ("neuron 'u'", "unknown activation 'max'")),
        ({"loss": "softmax_cross_entropy"}, ("unknown loss", "half_squared, squared, logistic")),
        ({"reduction": "none"}, ("unknown reduction 'none'",)),
        ({"batch": 0}, ("batch", "whole number >= 1, got 0")),
        ({"inputs": "x"}, ("inputs must be a sequence of names, got 'x'",)),
        ({"inputs": [0]}, ("inputs must be names, texts all of them; got 0",)),
        ({"edges": None}, ("edges must be a sequence of pairs (from, to), got None",)),
        ({"neurons": ["v", "u"]}, ("neurons must map each neuron's name to its nonlinearity, got ['v', 'u']",)),
        ({"neurons": {1: "tanh"}}, ("neurons must be names, texts all of them; got 1",)),
        ({"edges": [("x", "v", "u")]}, ("must be a pair (from, to), got ('x', 'v', 'u')",)),
    ],
)
def test_what_a_neuron_dag_refuses(options, parts):
    NeuronDAG(**GOOD)
    refused(lambda: NeuronDAG(**{**GOOD, **options}), *parts)


TARGETS = [
    ("softmax_cross_entropy", [[1.0, 0.0], [0.5, 0.5]], True),
    ("softmax_cross_entropy", [[1.0, 0.0], [1.0, 1.0]], False),
    ("softmax_cross_entropy", [[1.5, -0.5], [0.5, 0.5]], False),
    ("softmax_cross_entropy", [[1 / 3, 2 / 3], [0.5, 0.5 + 1e-7]], True),
    ("softmax_cross_entropy", [[1.0, 0.0], [0.5, 0.5001]], False),
    ("logistic", [[0.0, 1.0], [0.25, 1.0]], True),
    ("logistic", [[0.0, 1.0], [-1.0, 1.0]], False),
    ("logistic", [[0.0, 1.0], [0.0, 1.0 + 1e-9]], False),
    ("half_squared", [[-7.0, 1e9], [0.0, 0.0]], True),
]


@pytest.mark.parametrize(("loss", "targets", "fits"), TARGETS)
def test_targets_must_be_of_the_losss_kind(loss, targets, fits):
    mlp = MLP((2, 3, 2), ("relu", "identity"), loss, batch=2)
    point = {"X": X, "T": np.array(targets), **PARAMETERS}
    if fits:
        mlp.check_point(point)
    else:
        refused(lambda: mlp.check_point(point), "point: T", repr(loss), LOSSES[loss].targets, "row")


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_rounded_to_the_dtype_are_still_probabilities(dtype):
    mlp = MLP((1, 7), "identity", "softmax_cross_entropy")
    point = {"X": np.ones((1, 1)), "T": np.full((1, 7), 1 / 7), "W1": np.ones((7, 1)), "b1": np.zeros(7)}
    mlp.check_point({name: value.astype(dtype) for name, value in point.items()})


def test_class_numbers_are_no_one_hot_rows():
    mlp = MLP((2, 3, 2), ("relu", "identity"), "softmax_cross_entropy", batch=2)
    refused(lambda: mlp.check_point({"X": X, "T": np.array([0, 1]), **PARAMETERS}), "T", "(2, 2)", "(2,)")
    refused(lambda: mlp.check_point({"X": X, **PARAMETERS}), "T must be an array of shape (2, 2), got nothing")


def test_a_neuron_dags_targets():
    network = NeuronDAG(**GOOD, loss="logistic", batch=2)
    point = {"x": [1.0, 2.0], "w(x->v)": 1.0, "w(v->u)": 1.0, "t(u)": [0.0, 1.0]}
    network.check_point(point)
    refused(lambda: network.check_point({**point, "t(u)": [0.0, 2.0]}), "t(u)", "row 1 is [2.0]")
    refused(lambda: network.check_point({**point, "x": [1.0]}), "x must be an array of shape (2,)")
