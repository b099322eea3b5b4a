"""The delta recursion with memory that is used again: for networks that are differentiated often.

`mlp` is the algorithm, and what is right. Here every array of both passes is made once, what works entry by entry
writes in place, and one sample's products are no matrix products. The file is a subject, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from gradcheck.problem import Point
from gradcheck.problem.mlp import MLP
from gradcheck.problem.ops import Array

from . import mlp as plain
from .mlp import Gradients
from .vector_tanh import fastest

LARGE = 16_384
"""Minimum number of entries for which numba is asked to compile tanh, which takes 2 s once.

20 layers of 64 take 0.66 of what NumPy by hand takes, and 0.78 without it, for 1,024 samples; for 64 it gains nothing.
"""
DOT_UP_TO = 1 << 18
"""Maximum number of entries of a weight gradient that BLAS fills fastest."""


def _tanh(a: Array) -> None:
    if a.size < LARGE:
        np.tanh(a, out=a)
    else:
        fastest()(a)


def _sigmoid(a: Array) -> None:
    np.negative(a, out=a)
    np.exp(a, out=a)  # inf far on the left, where 1 / inf = 0 is right
    a += 1.0
    np.reciprocal(a, out=a)


def _tanh_slope(a: Array, out: Array) -> None:
    np.multiply(a, a, out=out)
    np.subtract(1.0, out, out=out)


def _sigmoid_slope(a: Array, out: Array) -> None:
    np.subtract(1.0, a, out=out)
    out *= a


IN_PLACE: dict[str, tuple[Callable[[Array], Any], Callable[[Array, Array], Any]]] = {
    "tanh": (_tanh, _tanh_slope),
    "sigmoid": (_sigmoid, _sigmoid_slope),
    "relu": (lambda a: np.maximum(a, 0.0, out=a), lambda a, out: np.greater(a, 0.0, out=out)),
    "identity": (lambda a: a, lambda a, out: out.fill(1.0)),
}
"""sigma, written over z, and its slope by a = sigma(z): 7 us for 64 x 128 slopes, which `rules` takes at z in 65.

The slope's error is a rounding of 1, where `rules` keeps it small beside a slope that is near 0.
"""


class MLPPlan:
    """How to differentiate one network, in float64, as often as one likes. Not for two threads at once."""

    def __init__(self, mlp: MLP) -> None:
        self._mlp = mlp
        shapes = [(0, 0), *((mlp.batch, n) for n in mlp.sizes[1:])]  # by layer; layer 0 is the data
        self._a, self._bar = ([np.empty(shape) for shape in shapes] for _ in range(2))
        scratch = {shape: np.empty(shape) for shape in shapes}
        self._slope = [scratch[shape] for shape in shapes]

    def run(self, point: Point, out: Gradients | None = None) -> tuple[Array, Gradients]:
        """As `mlp_gradients`; `out` are arrays to write the gradients into, by name, instead of new ones."""
        mlp, a = self._mlp, [point["X"], *self._a[1:]]
        grads = {name: np.empty(shape) for name, shape in mlp.parameter_shapes.items()} if out is None else out
        with np.errstate(all="ignore"):  # an infinity or NaN shows in the answer
            for l, activation in enumerate(mlp.activations, 1):  # noqa: E741 - the layer, as in `mlp`
                np.matmul(a[l - 1], point[f"W{l}"].T, out=a[l])
                if mlp.bias:
                    a[l] += point[f"b{l}"]
                IN_PLACE[activation][0](a[l])
            value, bar = plain.loss_and_slope(mlp.loss, a[-1], point["T"])
            if mlp.reduction == "mean":
                value, bar = value / mlp.batch, bar / mlp.batch
            for l in range(mlp.layers, 0, -1):  # noqa: E741
                IN_PLACE[mlp.activations[l - 1]][1](a[l], self._slope[l])
                delta = np.multiply(bar, self._slope[l], out=self._bar[l])
                _add_up(delta, a[l - 1], grads[f"W{l}"])
                if mlp.bias:
                    np.add.reduce(delta, axis=0, out=grads[f"b{l}"])
                if l > 1:
                    bar = np.matmul(delta, point[f"W{l}"], out=self._bar[l - 1])
            for name in [f"W{l}" for l in range(1, mlp.layers + 1)] if mlp.l2 else []:  # noqa: E741
                value = value + 0.5 * mlp.l2 * np.sum(np.square(point[name]))
                grads[name] += mlp.l2 * point[name]
        return np.array(value), grads


def _add_up(delta: Array, a: Array, out: Array) -> None:
    """dC/dW = delta^T a, which for one sample is no more than a product for each entry."""
    if len(delta) > 1:
        np.matmul(delta.T, a, out=out)
    elif out.size <= DOT_UP_TO:
        np.dot(delta.T, a, out=out)  # 128 x 784: 44 us, by `matmul` 143, by `multiply` 63
    else:
        np.einsum("i,j->ij", delta[0], a[0], out=out)  # 1024 x 1024: 0.42 ms, by `dot` 2.1, by `multiply` 1.0


@lru_cache(8)  # the memory of that many networks is kept
def plan_of_mlp(mlp: MLP) -> MLPPlan | None:
    """The network's plan, made when it is first asked for; None for an activation that is not in `IN_PLACE`."""
    return MLPPlan(mlp) if IN_PLACE.keys() >= set(mlp.activations) else None


def mlp_gradients(mlp: MLP, point: Point) -> tuple[Array, Gradients]:
    """As `mlp.mlp_gradients`; by a plan where there is one, and all arrays are plain and of float64."""
    plan = plan_of_mlp(mlp)
    if plan is None or any(type(value) is not np.ndarray or value.dtype != np.float64 for value in point.values()):
        return plain.mlp_gradients(mlp, point)
    return plan.run(point)
