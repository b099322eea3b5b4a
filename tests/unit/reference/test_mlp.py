"""`reference/mlp.py` against 60-digit derivatives, hand-worked numbers, and the graph engine in both forms."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck.problem.mlp import MLP
from gradcheck.reference import gradients, mlp_gradients

NETWORKS = {
    "regression, half squared": MLP((2, 3, 2), ("sigmoid", "identity"), batch=2),
    "without the half, summed": MLP((2, 3, 2), ("tanh", "softplus"), "squared", "sum", batch=3),
    "an activation per layer": MLP((3, 2, 4, 1), ("gelu", "elu", "sin"), "squared", batch=2),
    "softmax": MLP((3, 4, 3), ("tanh", "identity"), "softmax_cross_entropy", batch=2),
    "logistic": MLP((2, 3, 2), ("softplus", "identity"), "logistic", batch=2),
    "L2, no bias": MLP((2, 3, 1), "tanh", l2=0.25, bias=False, batch=2),
    "one layer, L2, sum": MLP((2, 1), "sigmoid", "half_squared", "sum", 0.125, batch=1),
    "deep": MLP((2,) * 7, "tanh", batch=2),
}


def point_of(mlp, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    shapes = {**mlp.input_shapes, **mlp.parameter_shapes}
    at = {name: random.normal(size=shape) for name, shape in shapes.items()}
    if mlp.loss == "softmax_cross_entropy":
        at["T"] = random.dirichlet(np.ones(mlp.sizes[-1]), mlp.batch)
    if mlp.loss == "logistic":
        at["T"] = random.uniform(size=at["T"].shape)
    return {name: value.astype(dtype) for name, value in at.items()}


def defined(mlp, define):
    """The loss as the source documents define it, sample by sample, vectors as they stand there."""
    term = {
        "half_squared": lambda y, t: sum((t - y) ** 2) / 2,
        "squared": lambda y, t: sum((y - t) ** 2),
        "softmax_cross_entropy": lambda y, t: -sum(t * define["log_softmax"](y, 0)),
        "logistic": lambda y, t: (
            -sum(t * define["log"](define["sigmoid"](y)) + (1 - t) * define["log"](1 - define["sigmoid"](y)))
        ),
    }[mlp.loss]

    def loss(X, T, **p):
        losses = []
        for x, t in zip(X, T, strict=True):
            a = x
            for k, activation in enumerate(mlp.activations, 1):
                z = p[f"W{k}"] @ a
                a = define[activation](z + p[f"b{k}"] if mlp.bias else z)
            losses.append(term(a, t))
        value = sum(losses) / (mlp.batch if mlp.reduction == "mean" else 1)
        return value + sum(mlp.l2 * np.sum(p[f"W{k}"] ** 2) / 2 for k in range(1, mlp.layers + 1))

    return loss


def disagreement(engine, mlp, define, exact_gradient):
    """Largest error of the engine's answer, relative to its block's largest entry."""
    at = point_of(mlp)
    value, grads = engine(mlp, at)
    true_value, truth = exact_gradient(defined(mlp, define), at)
    assert set(grads) == set(mlp.parameter_shapes)
    errors = [np.max(np.abs(grads[name] - truth[name])) / np.max(np.abs(truth[name])) for name in grads]
    return max(abs(value / true_value - 1), *errors)


@pytest.mark.parametrize("name", NETWORKS)
def test_against_60_digits(name, define, exact_gradient):
    assert disagreement(mlp_gradients, NETWORKS[name], define, exact_gradient) < 1e-14


@pytest.mark.parametrize("form", ["lower", "lower_units"])
@pytest.mark.parametrize("name", NETWORKS)
def test_both_graphs_agree_with_the_delta_recursion(name, form):
    mlp, at = NETWORKS[name], point_of(NETWORKS[name])
    value, grads = mlp_gradients(mlp, at)
    from_graph = gradients(getattr(mlp, form)(), at)
    assert from_graph[0] == pytest.approx(value, rel=1e-13)
    assert set(grads) == set(from_graph[1])
    for block, gradient in grads.items():
        np.testing.assert_allclose(from_graph[1][block], gradient, rtol=1e-11, atol=1e-14)


def transposed(mlp, at):
    value, grads = mlp_gradients(mlp, at)
    return value, {name: grad.T.reshape(grad.shape) for name, grad in grads.items()}


def without_mean(mlp, at):
    value, grads = mlp_gradients(replace(mlp, reduction="sum"), at)
    return value / mlp.batch, grads


def without_l2(mlp, at):
    return mlp_gradients(mlp, at)[0], mlp_gradients(replace(mlp, l2=0.0), at)[1]


def l2_on_biases(mlp, at):
    value, grads = mlp_gradients(mlp, at)
    return value, {name: g + mlp.l2 * at[name] if name[0] == "b" else g for name, g in grads.items()}


def halved(mlp, at):
    return mlp_gradients(mlp, at)[0], mlp_gradients(replace(mlp, loss="half_squared"), at)[1]


def last_bit_but_four(mlp, at):
    value, grads = mlp_gradients(mlp, at)
    return value, {name: g * (1 + 1e-12) for name, g in grads.items()}


@pytest.mark.parametrize(
    ("engine", "name"),
    [
        (transposed, "regression, half squared"),
        (without_mean, "regression, half squared"),
        (without_l2, "one layer, L2, sum"),
        (l2_on_biases, "one layer, L2, sum"),
        (halved, "without the half, summed"),
        (last_bit_but_four, "deep"),
    ],
)
def test_wrong_engines_are_rejected(engine, name, define, exact_gradient):
    assert disagreement(engine, NETWORKS[name], define, exact_gradient) > 1e-13


def test_univariate_logistic_least_squares_with_l2():  # S1.a, S1.b
    mlp = MLP((1, 1), "sigmoid", l2=0.3)
    at = {"X": [[2.0]], "T": [[1.0]], "W1": [[0.75]], "b1": [-0.5]}
    value, grads = mlp_gradients(mlp, {name: np.array(v) for name, v in at.items()})
    y = 1 / (1 + np.exp(-1.0))
    assert value == pytest.approx(0.5 * (y - 1) ** 2 + 0.15 * 0.75**2, rel=1e-15)
    assert grads["W1"][0, 0] == pytest.approx((y - 1) * y * (1 - y) * 2 + 0.3 * 0.75, rel=1e-14)
    assert grads["b1"][0] == pytest.approx((y - 1) * y * (1 - y), rel=1e-14)


def test_two_layers_by_hand():  # S1.e in numbers that can be checked on paper; relu slopes are 1, 0
    mlp = MLP((2, 2, 1), ("relu", "identity"))
    at = {"X": [[1, 2]], "T": [[1]], "W1": [[1, 1], [-1, 0]], "b1": [0, 0], "W2": [[2, 5]], "b2": [-1]}
    value, grads = mlp_gradients(mlp, {name: np.array(v, dtype=float) for name, v in at.items()})
    # z = (3, -1), h = (3, 0), y = 5, y - t = 4
    assert value == 8
    np.testing.assert_array_equal(grads["W2"], [[12, 0]])
    np.testing.assert_array_equal(grads["b2"], [4])
    np.testing.assert_array_equal(grads["W1"], [[8, 16], [0, 0]])
    np.testing.assert_array_equal(grads["b1"], [8, 0])


def test_batch_gradients_are_averages_of_per_example_gradients():  # S4.d, S1.g
    mlp = replace(NETWORKS["softmax"], batch=5)
    at = point_of(mlp)
    one = replace(mlp, batch=1)
    single = [mlp_gradients(one, {**at, "X": at["X"][k : k + 1], "T": at["T"][k : k + 1]})[1] for k in range(5)]
    for reduction, divisor in (("mean", 5), ("sum", 1)):
        _, grads = mlp_gradients(replace(mlp, reduction=reduction), at)
        for name, gradient in grads.items():
            np.testing.assert_allclose(gradient, sum(g[name] for g in single) / divisor, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "logistic"])
def test_saturated_outputs_give_finite_and_right_gradients(loss):
    mlp = MLP((1, 2), "identity", loss)
    at = {"X": [[1.0]], "T": [[1.0, 0.0]], "W1": [[1e4], [-1e4]], "b1": [0.0, 0.0]}
    at = {name: np.array(value) for name, value in at.items()}
    value, grads = mlp_gradients(mlp, at)
    assert value == 0
    np.testing.assert_array_equal(grads["b1"], [0.0, 0.0])
    value, grads = mlp_gradients(mlp, {**at, "T": np.array([[0.0, 1.0]])})
    assert value == 2e4
    np.testing.assert_array_equal(grads["b1"], [1.0, -1.0])
    _, grads = mlp_gradients(mlp, {**at, "W1": np.array([[20.0], [-20.0]])})
    small = np.exp(-40.0) if loss == "softmax_cross_entropy" else np.exp(-20.0) / (1 + np.exp(-20.0))
    np.testing.assert_allclose(grads["b1"], [-small, small], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_shape_are_those_of_the_parameters(dtype):
    for mlp in NETWORKS.values():
        value, grads = mlp_gradients(mlp, point_of(mlp, dtype=dtype))
        wide = {name: array.astype(np.float64) for name, array in point_of(mlp, dtype=dtype).items()}
        exact = mlp_gradients(mlp, wide)[1]
        assert value.dtype == dtype
        assert value.shape == ()
        for name, shape in mlp.parameter_shapes.items():
            assert (grads[name].dtype, grads[name].shape) == (dtype, shape)
            error = np.max(np.abs(grads[name] - exact[name]))
            assert error <= 64 * np.finfo(dtype).eps * np.max(np.abs(exact[name]))
            assert (error > 0) == (dtype == np.float32) or mlp.layers == 1


class Products(np.ndarray):
    """Counts the multiplications of matrix products."""

    count = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **kwargs):
        plain = [np.asarray(x) for x in inputs]
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            Products.count += result.size * plain[0].shape[-1]
        return np.asarray(result).view(Products)


def products(sizes):
    mlp = MLP(sizes, "tanh", batch=4)
    Products.count = 0
    mlp_gradients(mlp, {name: value.view(Products) for name, value in point_of(mlp).items()})
    return Products.count


def test_cost_claims():  # S1.g
    forward = 4 * (3 * 5 + 5 * 7)
    assert products((3, 5, 7)) == forward + forward + 4 * 5 * 7  # backward: dW for all layers, da for all but one
    assert products((8,) * 9) - products((8,) * 5) == 4 * 3 * 4 * 64  # linear in the number of layers
    assert products((16, 16, 16)) == 4 * products((8, 8, 8))  # quadratic in units per layer
