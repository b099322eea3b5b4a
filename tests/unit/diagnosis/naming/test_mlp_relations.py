"""MLPs that are wrong in a manner of their own: in some layers, for some nonlinearities, at rates nobody lists."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import combinations, islice
from typing import Any

import numpy as np
import pytest

from gradcheck.diagnosis.naming.answer_match import Observed, at_kink
from gradcheck.diagnosis.naming.further_cases import drawn_cases
from gradcheck.diagnosis.naming.match_catalogue import alike
from gradcheck.problem import Case
from gradcheck.subject.inprocess import InProcessSubject

ENTRY = "mlp_gradients"


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(y: Any) -> Any:
    return np.exp(y) / np.sum(np.exp(y))


def normal(z: Any) -> Any:
    return 0.5 * (1 + np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2)))


def gelu_slope(z: Any) -> Any:
    return normal(z) + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


SIGMA: Mapping[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "identity": (lambda z: z, np.ones_like),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "softplus": (lambda z: np.logaddexp(0, z), sigmoid),
    "sin": (np.sin, np.cos),
    "gelu": (lambda z: z * normal(z), gelu_slope),
}


class BySample:
    """A right engine that goes sample by sample, vectors as columns; every decision can be replaced."""

    mlp: Any
    w: dict[int, Any]
    last: int

    def __call__(self, mlp: Any, point: Any) -> tuple[Any, dict[str, Any]]:
        self.mlp, self.last = mlp, mlp.layers
        self.w = {k: point[f"W{k}"] for k in range(1, self.last + 1)}
        share = 1 / mlp.batch if mlp.reduction == "mean" else 1.0
        value, each = 0.5 * mlp.l2 * sum(np.sum(w * w) for w in self.w.values()), []
        for x, t in zip(point["X"], point["T"], strict=True):
            z, a = {0: x}, {0: x}
            for k, w in self.w.items():
                z[k] = w @ a[k - 1] + (point[f"b{k}"] if mlp.bias else 0)
                a[k] = SIGMA[mlp.activations[k - 1]][0](z[k])
            value = value + share * self.loss(a[self.last], t)
            bar, gradient = self.start(a[self.last], t), {}
            for k in range(self.last, 0, -1):
                delta = bar * self.slope(k, z[k], a[k])
                gradient |= {f"W{k}": self.outer(k, delta, z, a), f"b{k}": self.bias(k, delta)}
                bar = self.back(k, gradient[f"W{k}"]) @ self.passed(k, bar, delta)
            each.append(gradient)
        names = list(mlp.parameter_shapes)
        found = {n: self.combine(n, [g[n] for g in each], mlp.batch, share) + self.decay(n, point[n]) for n in names}
        kind = point["X"].dtype
        return np.asarray(value, kind), {n: np.asarray(g, kind) for n, g in found.items()}

    def loss(self, y: Any, t: Any) -> Any:
        if self.mlp.loss == "softmax_cross_entropy":
            return -np.sum(t * np.log(softmax(y)))
        if self.mlp.loss == "logistic":
            return np.sum(t * np.logaddexp(0, -y) + (1 - t) * np.logaddexp(0, y))
        return np.sum((y - t) ** 2) * (0.5 if self.mlp.loss == "half_squared" else 1)

    def start(self, y: Any, t: Any) -> Any:
        if self.mlp.loss == "softmax_cross_entropy":
            return softmax(y) - t
        if self.mlp.loss == "logistic":
            return sigmoid(y) - t
        return (y - t) * (1 if self.mlp.loss == "half_squared" else 2)

    def name(self, k: int) -> str:
        return str(self.mlp.activations[k - 1])

    def slope(self, k: int, z: Any, a: Any) -> Any:
        return SIGMA[self.name(k)][1](z)

    def outer(self, k: int, delta: Any, z: Any, a: Any) -> Any:
        return np.outer(delta, a[k - 1])

    def bias(self, k: int, delta: Any) -> Any:
        return delta

    def back(self, k: int, gradient: Any) -> Any:
        return self.w[k].T

    def passed(self, k: int, bar: Any, delta: Any) -> Any:
        return delta

    def combine(self, name: str, each: list[Any], n: int, share: float) -> Any:
        return sum(each) * share

    def decay(self, name: str, w: Any) -> Any:
        return self.mlp.l2 * w if name[0] == "W" else 0.0


R = BySample


def square_only(w: Any, other: Any) -> Any:
    return other if w.shape[0] == w.shape[1] else w.T


MISTAKES: Mapping[str, dict[str, Callable[..., Any]]] = {
    "F100 hidden layers": {"slope": lambda e, k, z, a: SIGMA[e.name(k)][1](a if k < e.last else z)},
    "F100 tanh": {"slope": lambda e, k, z, a: SIGMA[e.name(k)][1](a if e.name(k) == "tanh" else z)},
    "F101 sigmoid": {"slope": lambda e, k, z, a: z * (1 - z) if e.name(k) == "sigmoid" else R.slope(e, k, z, a)},
    "F102 hidden layers": {"slope": lambda e, k, z, a: SIGMA[e.name(min(k + 1, e.last))][1](z)},
    "F103 1 - a^2, not at the end": {"slope": lambda e, k, z, a: 1 - a * a if k < e.last else R.slope(e, k, z, a)},
    "F104 sigmoid": {
        "slope": lambda e, k, z, a: 1.0 if k == e.last and e.name(k) == "sigmoid" else R.slope(e, k, z, a)
    },
    "F105 first layer": {"slope": lambda e, k, z, a: 1.0 if k == 1 < e.last else R.slope(e, k, z, a)},
    "F105 passed on": {"passed": lambda e, k, bar, delta: bar},
    "F107 second layer": {
        "outer": lambda e, k, d, z, a: np.outer(d, a[k if k == 2 and a[k].shape == a[k - 1].shape else k - 1])
    },
    "F108 last layer": {"outer": lambda e, k, d, z, a: np.outer(d, (z if k == e.last else a)[k - 1])},
    "F109 by 0.03": {"back": lambda e, k, g: (e.w[k] - 0.03 * g).T},
    "F109 by 0.2, once": {"back": lambda e, k, g: (e.w[k] - (0.2 if k == 2 else 0) * g).T},
    "F110 last layer": {"back": lambda e, k, g: square_only(e.w[k], e.w[k]) if k == e.last else e.w[k].T},
    "F111 reshaped by columns": {"outer": lambda e, k, d, z, a: np.outer(a[k - 1], d).reshape(e.w[k].shape, order="F")},
    "F111 hidden layers": {
        "outer": lambda e, k, d, z, a: (
            np.outer(a[k - 1], d) if 1 < k < e.last and a[k].shape == a[k - 1].shape else np.outer(d, a[k - 1])
        )
    },
    "F112 first layer": {"bias": lambda e, k, d: d * (k > 1)},
    "F113 last layer": {"combine": lambda e, n, each, m, s: sum(each) * s / (m if n == f"b{e.last}" else 1)},
    "F114 hidden layers": {
        "combine": lambda e, n, each, m, s: (each[-1] if n[0] == "b" and n != f"b{e.last}" else sum(each)) * s
    },
    "F115 weights": {"combine": lambda e, n, each, m, s: (each[0] if n[0] == "W" else sum(each)) * s},
    "F116 biases": {"combine": lambda e, n, each, m, s: sum(each) * (s if n[0] == "W" else 1)},
    "F117 weights": {"combine": lambda e, n, each, m, s: np.mean(each, axis=0) * s if n[0] == "W" else sum(each) * s},
    "F118 squared losses": {"start": lambda e, y, t: R.start(e, y, t) / (len(y) if "squared" in e.mlp.loss else 1)},
    "F120 logistic": {"start": lambda e, y, t: R.start(e, y, t) * (-1 if e.mlp.loss == "logistic" else 1)},
    "F122 hidden layers": {"decay": lambda e, n, w: e.mlp.l2 * w if n != f"b{e.last}" else 0.0},
    "F123 last layer": {"decay": lambda e, n, w: 0.0 if n == f"W{e.last}" else R.decay(e, n, w)},
    "F125 first layer": {"decay": lambda e, n, w: R.decay(e, n, w) * (2 if n == "W1" else 1)},
}
"""The fault's code and where it is made; what replaces the engine's decision."""

STRANGE: Mapping[str, dict[str, Callable[..., Any]]] = {
    "slopes squared": {"slope": lambda e, k, z, a: R.slope(e, k, z, a) ** 2},
    "gelu taken for relu": {"slope": lambda e, k, z, a: SIGMA[e.name(k).replace("gelu", "relu")][1](z)},
    "softplus's slope is sigmoid's": {
        "slope": lambda e, k, z, a: SIGMA[e.name(k).replace("softplus", "sigmoid")][1](z)
    },
    "weights without sign": {"back": lambda e, k, g: abs(e.w[k]).T},
    "a tenth too much": {"back": lambda e, k, g: 1.1 * e.w[k].T},
    "uphill before use": {"back": lambda e, k, g: (e.w[k] + 0.1 * g).T},
    "half the penalty": {"decay": lambda e, n, w: R.decay(e, n, w) / 2},
    "the penalty averaged": {"decay": lambda e, n, w: R.decay(e, n, w) / e.mlp.batch},
    "averages whatever the loss is": {"combine": lambda e, n, each, m, s: np.mean(each, axis=0)},
    "median sample": {"combine": lambda e, n, each, m, s: np.median(each, axis=0) * m * s},
    "n - 1 for n": {"combine": lambda e, n, each, m, s: sum(each) * (1 if s == 1 else 1 / (m - 1))},
    "biases doubled": {"bias": lambda e, k, d: 2 * d},
}
"""Mistakes that no row of the catalogue is."""


def names(*bends: Mapping[str, Callable[..., Any]]) -> set[str]:
    """The faults named for an engine with these mistakes, from drawn networks."""
    methods = {name: method for bend in bends for name, method in bend.items()}
    subject = InProcessSubject(type("Wrong", (BySample,), methods)(), entry=ENTRY)
    cases: list[Any] = [c for c in islice(drawn_cases(ENTRY, []), 40) if not at_kink(c)]
    failing = [c for c in cases if Observed(c, subject, ENTRY).wrong]
    return {f.code for f in alike(subject, failing, [c for c in cases if c not in failing]).faults}


def test_the_engine_without_a_mistake_is_right() -> None:
    subject = InProcessSubject(BySample(), entry=ENTRY)
    cases: list[Case] = [c for c in islice(drawn_cases(ENTRY, []), 40) if not at_kink(c)]
    assert not any(Observed(c, subject, ENTRY).wrong for c in cases)
    assert len(cases) > 30


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_a_part_of_the_network_gets_its_name(mistake: str) -> None:
    assert names(MISTAKES[mistake]) == {mistake[:4]}


@pytest.mark.parametrize("mistake", STRANGE)
def test_a_mistake_that_is_no_row_gets_none(mistake: str) -> None:
    assert not names(STRANGE[mistake])


PAIRS = [p for p in combinations(MISTAKES, 2) if not MISTAKES[p[0]].keys() & MISTAKES[p[1]].keys()]


@pytest.mark.parametrize(("one", "other"), PAIRS[:: len(PAIRS) // 10])
def test_two_mistakes_at_once_get_no_wrong_name(one: str, other: str) -> None:
    assert names(MISTAKES[one], MISTAKES[other]) <= {one[:4], other[:4]}
