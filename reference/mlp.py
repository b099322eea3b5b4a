"""The delta recursion: backprop through a multilayer perceptron, a whole batch at a time (S3, S4).

One sample, vectors as columns:                               The batch, rows as samples (what the code does):

    z[l] = W[l] a[l-1] + b[l],   a[l] = sigma[l](z[l])          Z = A_before W^T + b            (batch, n_l)
    delta[L] = grad_a C * sigma'(z[L])                          delta = dC/dA * sigma'(Z)       (batch, n_l)
    delta[l] = (W[l+1]^T delta[l+1]) * sigma'(z[l])             dC/dA_before = delta W          (batch, n_{l-1})
    dC/dW[l] = delta[l] a[l-1]^T,   dC/db[l] = delta[l]         dC/dW = delta^T A_before,  dC/db = sum over rows

delta[l] = dC/dz[l] is S4's "back-propagated gradient". The matrix products over the batch also add up the samples'
gradients. Forward takes one product per layer and backward two (S1: "about as expensive as two forward passes").
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.problem import Point
from gradcheck.problem.mlp import MLP
from gradcheck.problem.ops import Array

from .rules import RULES
from .stable import sigmoid, softplus

Gradients = dict[str, Array]


def mlp_gradients(mlp: MLP, point: Point) -> tuple[Array, Gradients]:
    """The loss of the batch and its gradient.

    Parameters
    ----------
    mlp: sizes, activations, loss, reduction, l2.
    point: X (batch, n_0), T (batch, n_L), and per layer W1 (n_1, n_0), b1 (n_1,), ...; the dtype computed in is theirs.

    Returns
    -------
    value: the loss, shape ().
    grads: dC/dW1, dC/db1, ..., by name, each of its parameter's shape.

    Examples
    --------
    S1.a, one logistic neuron: z = w x + b = 0.5 * 2 - 1 = 0, y = 1/2, C = (y - t)^2 / 2 with t = 1. Then
    dC/db = (y - t) y (1 - y) = -1/8, and dC/dw = x dC/db = -1/4.

    >>> point = {"X": np.array([[2.0]]), "T": np.array([[1.0]]), "W1": np.array([[0.5]]), "b1": np.array([-1.0])}
    >>> value, grads = mlp_gradients(MLP((1, 1), "sigmoid"), point)
    >>> float(value), grads["W1"].tolist(), grads["b1"].tolist()
    (0.125, [[-0.25]], [-0.125])
    """
    given: dict[str, Any] = {name: np.asanyarray(point[name]) for name in (*mlp.input_shapes, *mlp.parameter_shapes)}
    dtype = np.result_type(*given.values())
    with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer, where it is judged
        # Forward, keeping every z[l] and a[l]: the backward pass needs them (S0: "we must use the activations").
        z: list[Array] = [given["X"]]  # z[0] is never used; a[0] = x
        a: list[Array] = [given["X"]]
        for l, activation in enumerate(mlp.activations, 1):  # noqa: E741 - l is the layer in S3 and S4
            z.append(a[l - 1] @ given[f"W{l}"].T + (given[f"b{l}"] if mlp.bias else 0.0))
            a.append(activate(activation, z[l]))
        value, a_bar = loss_and_slope(mlp.loss, a[-1], given["T"])
        if mlp.reduction == "mean":  # S4: the batch's gradient averages the samples'; S3's variant adds them
            value, a_bar = value / mlp.batch, a_bar / mlp.batch

        # Backward: the table dC/da[l] of S3, from L down to 1.
        grads: Gradients = {}
        for l in range(mlp.layers, 0, -1):  # noqa: E741
            delta = slope_times(mlp.activations[l - 1], z[l], a[l], a_bar)
            grads[f"W{l}"] = delta.T @ a[l - 1]
            if mlp.bias:
                grads[f"b{l}"] = np.sum(delta, axis=0)
            if l > 1:  # nobody asks for the gradient of the data
                a_bar = delta @ given[f"W{l}"]

        if mlp.l2:  # R = lambda/2 |W|^2 reaches each W by a second path: gradients add at branches (S1)
            for l in range(1, mlp.layers + 1):  # noqa: E741
                weights = given[f"W{l}"]
                value = value + 0.5 * mlp.l2 * np.sum(np.square(weights))
                grads[f"W{l}"] = grads[f"W{l}"] + mlp.l2 * weights
    return np.array(value, dtype), {name: np.asarray(grads[name], dtype) for name in mlp.parameter_shapes}


def activate(activation: str, z: Array) -> Array:
    """a = sigma(z), entry by entry."""
    return z if activation == "identity" else np.asanyarray(RULES[activation].value(z))


def slope_times(activation: str, z: Array, a: Array, a_bar: Array) -> Array:
    """dC/dz = dC/da * sigma'(z), entry by entry (S0 1.3.2); the slope belongs at z, not at a."""
    if activation == "identity":
        return a_bar
    (z_bar,) = RULES[activation].vjp(a_bar, a, z)
    return np.asanyarray(z_bar)


def loss_and_slope(loss: str, y: Array, t: Array) -> tuple[Array, Array]:
    """The sum of all samples' losses, shape (), and its derivative dC/dy, for outputs and targets (batch, n)."""
    if loss == "half_squared":  # C = 1/2 |y - t|^2 (S1, S4)
        return 0.5 * np.sum(np.square(y - t)), y - t
    if loss == "squared":  # C = |y - t|^2, so that the base case is 2 (a[L] - y) (S3)
        return np.sum(np.square(y - t)), 2.0 * (y - t)
    if loss == "softmax_cross_entropy":  # C = -sum_k t_k log softmax(y)_k (S1)
        rule = RULES["cross_entropy"]
        losses = rule.value(y, t)
        return np.sum(losses), rule.vjp(np.ones_like(losses), losses, y, t)[0]
    if loss == "logistic":  # C = -t log sigma(y) - (1 - t) log(1 - sigma(y)); dC/dy = sigma(y) - t, uncancelled
        value: Any = np.sum(t * softplus(-y) + (1.0 - t) * softplus(y))
        return value, (1.0 - t) * sigmoid(y) - t * sigmoid(-y)
    raise ValueError(f"no rule for the loss {loss!r}")
