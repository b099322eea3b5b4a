"""A run in other numbers leaves nothing behind in what a function keeps between calls."""

from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.oracle.complex_step import complex_step_along
from gradcheck.oracle.symbolic_function import symbolically
from gradcheck.problem.function import Function, Product
from gradcheck.tracing import explore
from gradcheck.tracing.kept_state import remembering
from gradcheck.tracing.traced import is_traced

X = np.array([0.5, 1.25, -0.75])
LAST: dict[str, Any] = {}
LOSSES: list[Any] = []
TOTAL: Any = 0.0


class Layer:
    """Keeps its input, a running mean, and a count that all layers share."""

    seen: Any = 0.0

    def __init__(self) -> None:
        self.x: Any = None
        self.mean: Any = np.zeros(3)
        self.inner: Any = {"history": []}

    def forward(self, x: Any) -> Any:
        self.x = x
        self.mean = 0.9 * self.mean + 0.1 * x
        self.inner["history"].append(x)
        type(self).seen = type(self).seen + x[0]
        return np.tanh(x)

    def drifting(self, x: Any) -> Any:
        self.forward(x)
        return np.sum((x - self.mean) ** 2)

    def kept(self) -> list[Any]:
        return [self.x, self.mean, *self.inner["history"], type(self).seen]


def remembered(x: Any) -> Any:
    global TOTAL
    LAST["x"] = x
    LOSSES.append(np.sum(x))
    TOTAL = TOTAL + x[0]
    return np.sum(x * x)


def test_instances_classes_and_what_they_hold_are_put_back() -> None:
    layer = Layer()
    layer.forward(X)
    before = layer.kept()
    explore(layer.forward, (X,))
    assert all(a is b for a, b in zip(layer.kept(), before, strict=True))
    explore(lambda x: layer.forward(x), (X,))
    assert all(a is b for a, b in zip(layer.kept(), before, strict=True))


def test_globals_are_put_back() -> None:
    explore(remembered, (X,))
    assert LAST == {}
    assert LOSSES == []
    assert not is_traced(TOTAL)


def test_closures_are_put_back() -> None:
    total: Any = 0.0

    def f(x: Any) -> Any:
        nonlocal total
        total = total + np.sum(x)
        return np.sum(x * x)

    explore(f, (X,))
    assert total == 0.0


def test_formulas_and_complex_numbers_are_put_back_as_well() -> None:
    layer = Layer()
    layer.forward(X)
    before = layer.kept()
    product = Product(Function(layer.forward, (0,), ("x",)), (X,), (np.ones(3),), None, X.dtype)
    complex_step_along(layer.forward, [X], {0: X}, np.ones(3))
    assert layer.x.dtype == float
    symbolically(product)
    assert all(np.asarray(a).dtype == float for a in layer.kept())
    assert len(layer.kept()) >= len(before)


def test_a_value_that_drifts_with_a_running_mean_fails_and_one_that_does_not_passes() -> None:
    wrong = gradcheck.check_gradient(Layer().drifting, lambda x: 2 * (x - x.mean()), X)
    assert wrong.verdict == "FAIL"
    assert "GC021" in {f.code for f in wrong.findings}
    right = gradcheck.check_vjp(Layer().forward, lambda c, x: c * (1 - np.tanh(x) ** 2), X)
    assert right.verdict == "PASS"


@pytest.mark.parametrize("keep", [LAST.__setitem__, lambda _, x: LOSSES.append(x)])
def test_a_cache_in_a_global_does_no_harm(keep: Any) -> None:
    def f(x: Any) -> Any:
        keep("y", np.exp(x))
        return np.sum(np.exp(x))

    assert gradcheck.check_gradient(f, np.exp, X).verdict == "PASS"


class Lazy:
    """Makes the list in which it keeps its inputs when it is first called with plain numbers."""

    def __init__(self) -> None:
        self.cache: Any = None

    def forward(self, x: Any) -> Any:
        if self.cache is None and not is_traced(x):
            self.cache = {"inputs": []}
        if self.cache is not None:
            self.cache["inputs"].append(x)
        return np.sum(x * x)


@pytest.mark.parametrize("afresh", [True, False])
def test_what_is_made_later_is_found_only_afresh(afresh: bool) -> None:
    lazy = Lazy()
    forward = lazy.forward
    with remembering({}, afresh=afresh):
        explore(forward, (X,))
        forward(X)
        explore(forward, (X,))
    assert any(map(is_traced, lazy.cache["inputs"])) is not afresh
