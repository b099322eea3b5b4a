"""Multilayer perceptrons of the source documents (S1, S3, S4), as MLPs and as the graphs that they stand for.

S1  lecture on scalar and vector backprop: softmax cross-entropy, two layers unit by unit and in vector form
S3  MLP by layers, an activation per layer, squared loss without the half
S4  MLPs in matrix form: the delta recursion, averages over the training examples
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

import gradcheck
from gradcheck.problem import MLP, Case, GraphBuilder


@gradcheck.case
def multiclass_logistic_regression() -> Iterator[Case]:
    """S1.d: z = Wx + b, y = softmax(z), L = -sum_k t_k log y_k; dL/dz = sum(t) y - t."""
    point = {
        "W": [[0.5, -1.0, 0.25], [1.5, 0.75, -0.5], [-0.3, 0.2, 1.0], [0.0, -0.6, 0.8]],
        "b": [0.1, -0.2, 0.3, 0.0],
        "x": [1.0, -0.5, 2.0],
    }
    for name, targets, gradient in (
        ("S1.d", [0.0, 1.0, 0.0, 0.0], "y - t"),
        ("S1.d soft targets", [0.1, 0.2, 0.3, 0.4], "y - t"),
        ("S1.d targets that sum to 2.5", [1.0, 0.0, 0.5, 1.0], "sum(t) y - t, which is not y - t"),
    ):
        build = GraphBuilder()
        W, b = build.parameter("W", (4, 3)), build.parameter("b", (4,))
        x, t = build.input("x", (3,)), build.input("t", (4,))
        z = build.add(W @ x, b, name="z")
        yield Case(
            name,
            build.graph(build.cross_entropy(z, t, name="L")),
            {**point, "t": targets},
            f"softmax cross-entropy: dL/dz = {gradient}",
            labels=("S1.d",),
        )
    mlp = MLP((3, 4), "identity", loss="softmax_cross_entropy", batch=2)
    yield _case("S1.d as an MLP", mlp, "softmax cross-entropy of a batch of two", labels=("S1.d",))


@gradcheck.case
def two_layers() -> Iterator[Case]:
    """S1.e: z = W1 x + b1, h = sigma(z), y = W2 h + b2, L = 1/2 |t - y|^2, in all forms."""
    mlp = MLP((2, 3, 2), ("sigmoid", "identity"))
    point = _point(mlp)
    said = "two layers, several outputs: W2_bar = y_bar h^T, h_bar = W2^T y_bar, z_bar = h_bar sigma'(z)"
    yield Case("S1.e", mlp, point, said)
    yield Case("S1.e vector form", mlp.lower(), point, f"{said}; in vectors", labels=("S1.e",))
    yield Case("S1.e unit form", mlp.lower_units(), point, f"{said}; unit by unit", labels=("S1.e",))
    yield Case("S1.e in float32", mlp, point, said, dtype="float32", labels=("S1.e",))


@gradcheck.case
def batches() -> Iterator[Case]:
    """S1.g, S4.d: the cost is the average over the examples, and so is its gradient."""
    mlp = MLP((2, 3, 1), ("tanh", "identity"), batch=3)
    point = _point(mlp)
    yield Case("S1.g", mlp, point, "the cost is the average over the training examples: 1/n, once")
    yield Case("S4.d", mlp, point, "a mini-batch's gradient is the average of its examples' gradients")
    for k in range(mlp.batch):
        one = MLP(mlp.sizes, mlp.activations, batch=1)
        example = {**point, "X": point["X"][k : k + 1], "T": point["T"][k : k + 1]}
        yield Case(f"S4.d example {k + 1}", one, example, "one of the examples that S4.d averages", labels=("S4.d",))
    summed = MLP(mlp.sizes, mlp.activations, batch=3, reduction="sum")
    yield Case("S4.d summed", summed, point, "S3's variant: a batch's gradient is a sum", labels=("S4.d", "S3.a"))


@gradcheck.case
def losses_and_activations() -> Iterator[Case]:
    """S3.a: an activation per layer, C = sum_i (a_i - y_i)^2 without the half: dC/da = 2 (a - y)."""
    mlp = MLP((2, 3, 2, 2), ("tanh", "softplus", "identity"), loss="squared", batch=2)
    yield _case("S3.a", mlp, "an activation per layer, squared loss without the half: dC/da[L] = 2 (a[L] - y)")
    mlp = MLP((3, 4, 3, 2), ("relu", "sin", "gelu"), loss="squared", batch=4)
    yield _case("S3.a other activations", mlp, "relu, sin and gelu in one network", labels=("S3.a",))
    mlp = MLP((2, 3, 2), ("tanh", "identity"), loss="logistic", batch=2)
    yield _case("logistic", mlp, "two binary classes: C = -sum t log sigma(y) + (1 - t) log(1 - sigma(y))")
    mlp = MLP((2, 3, 1), ("tanh", "identity"), batch=2, l2=0.3)
    yield _case("L2", mlp, "lambda/2 |W|^2 reaches each weight by a second path, and no bias", labels=("S1.b",))
    mlp = MLP((3, 3, 2), ("sigmoid", "identity"), batch=2, bias=False)
    yield _case("without biases", mlp, "S0's fully connected layers", labels=("S0.b",))


@gradcheck.case
def any_depth_and_width() -> Iterator[Case]:
    """S4.c: delta[l] = (W[l+1]^T delta[l+1]) sigma'(z[l]), dC/dW[l] = delta[l] a[l-1]^T, dC/db[l] = delta[l]."""
    for name, sizes, batch, dtype in (
        ("S4.c", (2, 3, 2, 2), 1, "float64"),
        ("S4.c square", (3, 3, 3), 2, "float64"),
        ("S4.c one layer", (4, 3), 2, "float64"),
        ("S4.c six layers", (2, 3, 3, 3, 3, 3, 2), 2, "float64"),
        ("S4.c wide", (4, 12, 8, 3), 3, "float64"),
        ("S4.c in float32", (2, 2, 1), 1, "float32"),
    ):
        mlp = MLP(sizes, "sigmoid", batch=batch)
        yield _case(name, mlp, f"the delta recursion, layers {' '.join(map(str, sizes))}", dtype, labels=("S4.c",))


def _case(name: str, mlp: MLP, sentence: str, dtype: str = "float64", labels: Sequence[str] = ()) -> Case:
    return Case(name, mlp, _point(mlp), sentence, dtype=dtype, labels=tuple(labels))


def _point(mlp: MLP) -> dict[str, Any]:
    """Two decimals each, the same in every run; targets that the loss takes."""
    random = np.random.default_rng(len(mlp.sizes) + 7 * mlp.batch)
    shapes = {**mlp.parameter_shapes, **mlp.input_shapes}
    point = {name: np.round(random.uniform(-1.5, 1.5, shape), 2) for name, shape in shapes.items()}
    if mlp.loss == "softmax_cross_entropy":
        point["T"] = np.eye(mlp.sizes[-1])[random.integers(mlp.sizes[-1], size=mlp.batch)]
    elif mlp.loss == "logistic":
        point["T"] = np.asarray(point["T"] > 0, dtype=np.float64)
    return point
