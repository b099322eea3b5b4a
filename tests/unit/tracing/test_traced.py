"""A derivative is never dropped in silence; and what is replaced while a function is traced is put back."""

import functools
import math
import threading
import types
from math import exp as bare_exp
from typing import Any

import numpy as np
import pytest
from numpy import zeros as bare_zeros

from gradcheck.errors import Unsupported
from gradcheck.tracing import BecameFloat, explore
from gradcheck.tracing.patched_numpy import namespaces

X = np.array([0.5, 1.25, -0.75])
GLOBAL_BUFFER = np.zeros(3)


def gradient(function: Any, *inputs: Any) -> Any:
    outcomes = explore(function, inputs or (X,))
    parts = outcomes.vjp().parts
    assert all(p.finite for p in parts)
    return parts[0].midpoint


def test_writing_into_a_buffer_of_someone_else_is_refused() -> None:
    def remember(x: Any) -> Any:
        GLOBAL_BUFFER[:] = x
        return np.sum(GLOBAL_BUFFER**2)

    with pytest.raises(BecameFloat, match="plain"):
        explore(remember, (X,))


def test_swallowing_the_refusal_does_not_help() -> None:
    def careless(x: Any) -> Any:
        try:
            GLOBAL_BUFFER[0] = x[0]
        except Exception:
            GLOBAL_BUFFER[0] = 1.0
        return np.sum(x) * GLOBAL_BUFFER[0]

    with pytest.raises(BecameFloat):
        explore(careless, (X,))


@pytest.mark.parametrize(
    "function",
    [
        lambda x: complex(x[0]).real,
        lambda x: np.sum(GLOBAL_BUFFER + np.add(x, 1, out=GLOBAL_BUFFER)),
        lambda x: np.add.at(GLOBAL_BUFFER, [0, 1, 2], x) or 0.0,
        lambda x: np.frombuffer(x).sum(),
    ],
)
def test_other_ways_of_losing_a_derivative(function: Any) -> None:
    with pytest.raises(Unsupported):
        explore(function, (X,))


def test_float_and_int_of_what_does_not_vary() -> None:
    def scaled(x: Any) -> Any:
        ones = np.zeros_like(x) + 2
        return np.sum(x) * float(ones[0]) * int(ones[1]) * math.sqrt(ones[2] * 2)

    assert np.array_equal(gradient(scaled), [8.0, 8.0, 8.0])


def test_float_buffers_of_its_own() -> None:
    def loop(x: Any) -> Any:
        out = np.zeros(3)
        other = np.empty((2, 3), dtype=float)
        listed = np.array([0.0, 0.0, 1.0])
        for k in range(3):
            out[k] = x[k] ** 2
            other[0, k] = out[k]
        other[1] = np.full(3, x[0])
        listed[0] = x[1]
        return float(np.sum(other)) + float(listed[0]) + np.asarray(x, dtype=np.float64)[2]

    assert np.array_equal(gradient(loop), [2 * 0.5 + 3, 2 * 1.25 + 1, 2 * -0.75 + 1])


def test_names_that_were_imported_bare() -> None:
    def loop(x: Any) -> Any:
        out = bare_zeros(2)
        out[0] = bare_exp(x[0])
        out[1] = math.sin(x[1]) * math.log(4.0) + math.pow(x[2], 2) + math.atan2(x[0], 1.0) + math.hypot(x[0], 2.0)
        return out.sum()

    a, b, c = X
    expected = [math.exp(a) + 1 / (1 + a * a) + a / math.hypot(a, 2), math.cos(b) * math.log(4), 2 * c]
    assert np.allclose(gradient(loop), expected, rtol=1e-15)


def test_the_rest_of_math() -> None:
    def f(x: Any) -> Any:
        whole = math.floor(x[0]) + math.ceil(x[1]) + math.trunc(x[2])  # 0 + 2 + 0
        assert type(whole) is int
        assert math.isfinite(x[0])
        return whole * math.fsum([x[0], x[1]]) + math.prod([x[0], x[2]]) + math.log(x[1], 2) + math.fabs(x[2])

    assert np.allclose(gradient(f), [2 - 0.75, 2 + 1 / (1.25 * math.log(2)), 0.5 - 1], rtol=1e-15)


def test_object_buffers_need_no_replacement() -> None:
    def f(x: Any) -> Any:
        out = np.empty((2, 2), dtype=object)
        for i in range(2):
            for j in range(2):
                out[i, j] = x[i] * x[j]
        return np.sum(np.exp(out) @ x[:2])

    outcomes = explore(f, (X,))
    assert not outcomes.patched
    assert outcomes.vjp().parts[0].finite


def test_isinstance_of_float_still_works_while_replaced() -> None:
    def f(x: Any) -> Any:
        assert isinstance(1.5, float)
        assert not isinstance(1, float)
        assert issubclass(np.float64, float)
        assert float("2.5") == 2.5
        assert np.zeros(2, float).dtype == np.float64
        return float(x[0]) * 2.0

    assert np.array_equal(gradient(f), [2.0, 0.0, 0.0])


def test_everything_is_put_back() -> None:
    before = {name: getattr(np, name) for name in ("zeros", "array", "asarray", "full", "eye")}
    exponential = math.exp

    def broken(x: Any) -> Any:
        np.zeros(3)[0] = x[0]
        raise RuntimeError("no")

    with pytest.raises(Unsupported, match="RuntimeError: no"):
        explore(broken, (X,))
    assert all(getattr(np, name) is value for name, value in before.items())
    assert math.exp is exponential
    assert "float" not in globals()
    assert bare_zeros is before["zeros"]
    assert bare_exp is exponential


def test_other_threads_and_numpy_itself_see_the_originals() -> None:
    seen: list[Any] = []

    def f(x: Any) -> Any:
        thread = threading.Thread(target=lambda: seen.append(type(np.zeros(2))))
        thread.start()
        thread.join()
        seen.append(np.histogram([1.0, 2.0], bins=2)[0].tolist())
        out = np.zeros(3)
        out[0] = x[0]
        return out.sum()

    gradient(f)
    assert seen[-2:] == [np.ndarray, [1, 1]]


def helper(x: Any) -> Any:
    return float(x[0])


class Model:
    def __init__(self, scale: float) -> None:
        self.scale = scale

    def __call__(self, x: Any) -> Any:
        return self.inner(x) * self.scale

    def inner(self, x: Any) -> Any:
        return helper(x)


@pytest.mark.parametrize(
    "function",
    [Model(2.0), Model(2.0).__call__, functools.partial(lambda k, x: k * helper(x), 2.0), lambda x: 2.0 * helper(x)],
)
def test_all_kinds_of_callables_reach_their_globals(function: Any) -> None:
    assert globals() in namespaces(function)
    assert np.array_equal(gradient(function), [2.0, 0.0, 0.0])


def test_namespaces_stay_out_of_libraries() -> None:
    assert namespaces(np.sum) == []
    assert namespaces(math.exp) == []


@pytest.mark.parametrize("package", ["torch", "jax"])
def test_namespaces_stay_out_of_packages_with_arrays_of_their_own(package: str) -> None:
    """PyTorch has 150 modules that a function of it reaches; to replace what they call takes a tenth of a second."""
    theirs = types.ModuleType(f"{package}.functional")
    exec("def relu(x): return x", vars(theirs))
    users = types.ModuleType("users")
    users.relu, users.functional = theirs.relu, theirs
    exec("def f(x): return relu(x) + functional.relu(x)", vars(users))
    assert namespaces(users.f) == [vars(users)]


def test_a_traced_array_looks_like_an_array_but_is_not_hashable() -> None:
    def f(x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        with pytest.raises(TypeError):
            hash(x)
        with pytest.raises(TypeError):
            len(x[0])
        with pytest.raises(TypeError):
            x[0][0] = 1.0
        with pytest.raises(TypeError):
            [1, 2, 3][x[0]]
        with pytest.raises(ValueError, match="ambiguous"):
            bool(x)
        assert "traced" in repr(x)
        return x.sum()

    assert np.array_equal(gradient(f), [1.0, 1.0, 1.0])


def test_arguments_that_are_not_differentiated_are_passed_as_they_are() -> None:
    def f(x: Any, k: Any, w: Any, name: Any) -> Any:
        assert k is indices
        assert name == "mean"
        assert type(w) is np.ndarray
        return np.sum(x[k] * w)

    indices, weights = np.array([2, 0]), np.array([3.0, 4.0])
    (found,) = explore(f, (X, indices, weights, "mean"), wrt=(0,)).vjp().parts
    assert np.array_equal(found.midpoint, [4.0, 0.0, 3.0])


def test_the_same_array_twice_is_two_inputs() -> None:
    first, second = explore(lambda a, b: np.sum(a * b**2), (X, X)).vjp().parts
    assert np.array_equal(first.midpoint, X**2)
    assert np.array_equal(second.midpoint, 2 * X * X)


def test_bad_arguments() -> None:
    with pytest.raises(Unsupported, match="no argument is a float array"):
        explore(lambda x: x, (np.arange(3),))
    with pytest.raises(Unsupported, match="1000000 entries"):
        explore(np.sum, (np.ones(10**6),))
    with pytest.raises(Unsupported, match="argument 0 has dtype int64"):
        explore(lambda x: x, (np.arange(3),), wrt=(0,))
    with pytest.raises(ValueError, match="need cotangents"):
        explore(lambda x: 2 * x, (X,)).vjp()
    with pytest.raises(ValueError, match="shape"):
        explore(lambda x: 2 * x, (X,)).vjp([np.ones(2)])
