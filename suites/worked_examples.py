"""The worked examples of the source documents, by the ids of their coverage table.

S0  notes on backprop over a computational graph (chain rule over out-neighbours, path expansion)
S1  lecture on scalar and vector backprop (logistic least squares, regularisation, VJPs)
S4  lecture on computation graphs and MLPs in matrix form ("gradients add at branches")
"""

from collections.abc import Iterator

import numpy as np

import gradcheck
from gradcheck.problem import Case, GraphBuilder


@gradcheck.case
def many_paths() -> Iterator[Case]:
    """S0.a: the naive expansion over all paths equals backprop, on chains of diamonds with 2^d paths."""
    for depth in (3, 10):
        build = GraphBuilder()
        v = build.parameter("w")
        for k in range(depth):
            left = build.sin(v, name=f"a{k}")
            right = build.mul(0.1, v, name=f"b{k}")
            v = build.add(left, right, name=f"v{k}")
        yield Case(
            "S0.a" if depth == 10 else f"S0.a {2**depth} paths",
            build.graph(v),
            {"w": 0.75},
            f"v <- sin v + v/10, {depth} times: {2**depth} paths from w to the loss",
            labels=("S0.a",),
        )


@gradcheck.case
def layer_rules() -> Iterator[Case]:
    """S0.b: fully connected layer without bias, dl/dw_ji = dl/dz_j a_i; element-wise nonlinearity."""
    build = GraphBuilder()
    W, a = build.parameter("W", (3, 4)), build.parameter("a", (4,))
    z = build.matmul(W, a, name="z")
    point = {
        "W": [[0.5, -1.0, 0.25, 2.0], [1.5, 0.75, -0.5, 0.1], [-0.3, 0.2, 1.0, -1.25]],
        "a": [1.0, -0.5, 2.0, 0.25],
    }
    loss = build.sum(build.square(z), name="l")
    yield Case("S0.b", build.graph(loss), point, "z = W a, l = |z|^2: dl/dw_ji = 2 z_j a_i, dl/da = W^T 2z")
    for sigma in ("sigmoid", "tanh", "relu"):
        build = GraphBuilder()
        x = build.parameter("z", (4,))
        weights = build.input("c", (4,))
        loss = build.sum(weights * build.apply(sigma, x, name="a"), name="l")
        yield Case(
            f"S0.b {sigma}",
            build.graph(loss),
            {"z": [0.5, -1.25, 2.0, 0.1], "c": [1.0, -2.0, 0.5, 3.0]},
            f"a = {sigma}(z): dl/dz_i = dl/da_i {sigma}'(z_i)",
            labels=("S0.b",),
        )


@gradcheck.case
def logistic_least_squares() -> Iterator[Case]:
    """S1.a and S1.b: z = wx + b, y = sigma(z), L = 1/2 (y - t)^2; with R = 1/2 w^2 and L + lambda R (fan-out of w)."""
    for name, regularised in (("S1.a", False), ("S1.b", True)):
        build = GraphBuilder()
        w, b = build.parameter("w"), build.parameter("b")
        x, t = build.input("x"), build.input("t")
        z = build.add(w * x, b, name="z")
        y = build.sigmoid(z, name="y")
        loss = build.mul(0.5, build.square(y - t), name="L")
        if regularised:
            penalty = build.mul(0.5, build.square(w), name="R")
            loss = build.add(loss, build.input("lambda") * penalty, name="L_reg")
        point = {"w": 0.5, "b": -0.25, "x": 1.5, "t": 1.0}
        yield Case(
            name,
            build.graph(loss),
            {**point, "lambda": 0.1} if regularised else point,
            "logistic least squares: dL/dw = (y - t) sigma'(z) x" + (" + lambda w" if regularised else ""),
        )


@gradcheck.case
def along_a_curve() -> Case:
    """S1.c: f(x, y) = y + exp(xy) along x = cos t, y = t^2."""
    build = GraphBuilder()
    t = build.parameter("t")
    x, y = build.cos(t, name="x"), build.square(t, name="y")
    f = build.add(y, build.exp(build.mul(x, y, name="xy")), name="f")
    return Case("S1.c", build.graph(f), {"t": 1.25}, "df/dt = (y exp(xy)) (-sin t) + (1 + x exp(xy)) 2t")


@gradcheck.case
def vjp_rules() -> Iterator[Case]:
    """S1.f: x_bar = W^T z_bar for the matrix-vector product; z_bar = exp(z) y_bar for element-wise exp."""
    build = GraphBuilder()
    W, x, bar = build.parameter("W", (3, 4)), build.parameter("x", (4,)), build.input("z_bar", (3,))
    loss = build.sum(bar * build.matmul(W, x, name="z"), name="L")
    yield Case(
        "S1.f",
        build.graph(loss),
        {
            "W": [[1.0, 2.0, -0.5, 0.25], [0.0, -1.0, 3.0, 1.5], [2.5, 0.5, 0.75, -2.0]],
            "x": [0.5, -1.5, 2.0, 1.0],
            "z_bar": [1.0, -0.5, 2.0],
        },
        "matrix-vector product: x_bar = W^T z_bar, W_bar = z_bar x^T",
    )
    build = GraphBuilder()
    z, bar = build.parameter("z", (5,)), build.input("y_bar", (5,))
    loss = build.sum(bar * build.exp(z, name="y"), name="L")
    point = {"z": [-2.0, -0.5, 0.0, 0.5, 3.0], "y_bar": [1.0, 2.0, -1.0, 0.5, 0.25]}
    yield Case("S1.f exp", build.graph(loss), point, "element-wise exp: z_bar = exp(z) y_bar", labels=("S1.f",))


@gradcheck.case
def regression_graphs() -> Iterator[Case]:
    """S4.a: linear regression node by node, and the sigmoid neuron."""
    build = GraphBuilder()
    w, b = build.parameter("w"), build.parameter("b")
    x, y = build.input("x"), build.input("y")
    u = build.mul(w, x, name="u")
    y_hat = build.add(u, b, name="y_hat")
    e = build.sub(y, y_hat, name="e")
    yield Case(
        "S4.a",
        build.graph(build.square(e, name="J")),
        {"w": 2.0, "b": 0.5, "x": 1.5, "y": 3.0},
        "linear regression: u = wx, y_hat = u + b, e = y - y_hat, J = e^2",
    )
    build = GraphBuilder()
    w, b, x = build.parameter("w", (3,)), build.parameter("b"), build.input("x", (3,))
    z = build.add(build.matmul(w, x), b, name="z")
    yield Case(
        "S4.a neuron",
        build.graph(build.sigmoid(z, name="y")),
        {"w": np.array([0.5, -1.0, 0.75]), "b": 0.1, "x": np.array([1.0, 2.0, -0.5])},
        "the sigmoid neuron: y = sigmoid(w^T x + b)",
        labels=("S4.a",),
    )


@gradcheck.case
def gradients_add_at_branches() -> Case:
    """S4.b: f = (a + b)(b + c), x = a + b = 2, y = b + c = 7; df/db = 7 + 2 = 9."""
    build = GraphBuilder()
    a, b, c = build.parameter("a"), build.parameter("b"), build.parameter("c")
    x, y = build.add(a, b, name="x"), build.add(b, c, name="y")
    f = build.mul(x, y, name="f")
    return Case("S4.b", build.graph(f), {"a": -1.0, "b": 3.0, "c": 4.0}, "gradients add at branches: df/db = 7 + 2 = 9")
