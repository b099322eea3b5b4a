"""The oracle `symbolic` for functions: closed forms against 40 digits, admission, budgets, bad input."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from gradcheck.oracle import symbolic_function
from gradcheck.oracle.estimate import Aside, Estimates, Kind
from gradcheck.oracle.symbolic_function import symbolically
from gradcheck.problem.function import Function, Product

X = np.array([0.7, -1.2, 0.4])


def product(
    f: Callable[..., Any], *inputs: Any, tangents: Any = None, cotangents: Any = None, wrt: Any = None
) -> Product:
    """J^T c (by default with ones) or J t of f at the inputs."""
    function = Function.of(f, inputs, wrt)
    dtype = np.result_type(*(np.asarray(inputs[k]).dtype for k in function.wrt))
    plain = Product(function, inputs, None, None, dtype)
    if tangents is None and cotangents is None:
        cotangents = tuple(np.ones(o.shape) for o in plain.outputs[0])
    return Product(function, inputs, cotangents, tangents, dtype)


def answered(asked: Product) -> Estimates:
    said = symbolically(asked)
    assert isinstance(said, Estimates), said
    assert {e.kind for e in said.gradients.values()} == {Kind.PROVEN}
    return said


def reason(asked: Product) -> str:
    said = symbolically(asked)
    assert isinstance(said, Aside), said
    return said.reason


def test_a_gradient_is_proven_to_the_last_digit() -> None:
    found = answered(product(lambda x: np.sum(np.sin(x) * np.exp(0.5 * x)), X)).gradients["x"]
    with mp.workdps(40):
        for k, x in enumerate(map(mp.mpf, X)):
            true = (mp.cos(x) + mp.mpf(0.5) * mp.sin(x)) * mp.exp(x / 2)
            assert abs(mp.mpf(float(found.value[k])) - true) <= found.error[k] <= 1e-15
            assert abs(mp.mpf(float(found.value[k])) * (1 + mp.mpf(1e-14)) - true) > found.error[k]


def test_a_product_with_tangents() -> None:
    w, t = np.array([[1.0, -2.0, 0.5], [0.3, 0.7, -1.1]]), np.array([0.25, -1.5, 2.0])
    asked = product(lambda w, x: (np.tanh(w @ x), np.float64(3.0) * x), w, X, tangents=(t,), wrt="x")
    found = answered(asked).gradients
    slopes = 1 / np.cosh(w @ X) ** 2
    assert np.all(np.abs(found["output 0"].value - slopes * (w @ t)) <= found["output 0"].error + 1e-15)
    assert np.all(found["output 1"].value == 3 * t)


def test_inputs_that_are_written_into_and_buffers() -> None:
    def f(x: Any) -> Any:
        out = np.zeros_like(x)
        for k in range(3):
            out[k] = x[k] ** 2
        x *= 0
        return out.sum() + x.sum()

    assert np.all(answered(product(f, X)).gradients["x"].value == 2 * X)


def test_a_copy_is_no_alias() -> None:
    def f(x: Any) -> Any:
        y = np.array(x)
        y[0] = 5.0
        return np.sum(x * x) + np.sum(y)

    found = answered(product(f, X)).gradients["x"]
    assert np.allclose(found.value, 2 * X + [0, 1, 1], rtol=0, atol=1e-15)


def test_an_array_given_twice_has_a_derivative_per_slot() -> None:
    found = answered(product(lambda a, b: np.sum(a * np.exp(b)), X, X)).gradients
    assert np.allclose(found["a"].value, np.exp(X), rtol=1e-15)
    assert np.allclose(found["b"].value, X * np.exp(X), rtol=1e-15)


# -- admission --------------------------------------------------------------------------------------------------------


def test_another_value_is_not_admitted() -> None:
    def f(x: Any) -> Any:
        return np.sum(x * x) if isinstance(x, np.ndarray) else np.sum(x * x) * (1 + 1e-9)

    assert "is not the function's" in reason(product(f, X))


def test_arrays_say_the_dtype_that_they_stand_for() -> None:
    def f(x: Any) -> Any:
        return np.sum(x * x) * (2.0 if x.dtype == np.float32 else 1.0)

    assert np.allclose(answered(product(f, X)).gradients["x"].value, 2 * X)
    assert np.allclose(answered(product(f, X.astype(np.float32))).gradients["x"].value, 4 * X.astype(np.float32))


def test_a_swallowed_refusal_counts() -> None:
    def f(x: Any) -> Any:
        try:
            return np.sum(x) + 0 * float(x[0])
        except TypeError:
            return np.sum(x)

    assert "cannot become a float" in reason(product(f, X))


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (lambda x: np.sum(np.abs(x)), "a kink"),
        (lambda x: np.sum(np.linalg.inv((1 + x) * np.eye(3))), "numpy.inv"),
        (lambda x: np.sum(np.array([float(v) for v in x])), "cannot become a float"),
        (lambda x: x.nonsense() if not isinstance(x, np.ndarray) else np.sum(x), "AttributeError"),
        (lambda x: np.sum(x[:2] if isinstance(x, np.ndarray) else x[:1], keepdims=True), "is not the function's"),
        (lambda x: np.stack([x, x]) if isinstance(x, np.ndarray) else x, "shapes"),
        (np.sinc, "pi to 53 bits"),
    ],
)
def test_it_steps_aside_with_its_reason(f: Callable[..., Any], words: str) -> None:
    assert words in reason(product(f, np.array([0.0, 1.0, 2.0])))


def test_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "500 entries, budget 400" in reason(product(np.sum, np.ones(500)))

    def long(x: Any) -> Any:
        for _ in range(3000):
            x = x * x
        return np.sum(x)

    assert "more than 2500 operations" in reason(product(long, np.array(1.0)))
    monkeypatch.setattr(symbolic_function, "MOST_ENTRIES", 500)
    assert np.all(answered(product(np.sum, np.ones(500))).gradients["a"].value == 1)
