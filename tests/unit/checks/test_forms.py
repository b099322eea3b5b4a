"""Functions and gradients as people write them: containers, keywords, further outputs, objects, in place, sparse."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse

import gradcheck
from gradcheck.errors import InvalidProblem, UsageError

RANDOM = np.random.default_rng(3)
DATA, TARGET = RANDOM.standard_normal((5, 3)), RANDOM.standard_normal((5, 2))
W1, B1 = RANDOM.standard_normal((3, 4)), RANDOM.standard_normal(4)
W2, B2 = RANDOM.standard_normal((4, 2)), RANDOM.standard_normal(2)


def value(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return 0.5 * np.sum((np.tanh(DATA @ w1 + b1) @ w2 + b2 - TARGET) ** 2)


def gradients(w1: Any, b1: Any, w2: Any, b2: Any, last: float = 1.0) -> tuple[Any, Any, Any, Any]:
    h = np.tanh(DATA @ w1 + b1)
    e = h @ w2 + b2 - TARGET
    d = e @ w2.T * (1 - h**2)
    return DATA.T @ d, d.sum(0), h.T @ e, last * e.sum(0)


@dataclass
class Layer:
    W: Any
    b: Any
    name: str = "layer"


class Pair(NamedTuple):
    first: Any
    second: Any


CONTAINERS: dict[str, tuple[Any, Any, Any]] = {
    "dict": (
        {"W1": W1, "b1": B1, "W2": W2, "b2": B2},
        lambda p: (p["W1"], p["b1"], p["W2"], p["b2"]),
        lambda g: dict(zip(("W1", "b1", "W2", "b2"), g, strict=True)),
    ),
    "dict in another order": (
        OrderedDict(b2=B2, W2=W2, b1=B1, W1=W1),
        lambda p: (p["W1"], p["b1"], p["W2"], p["b2"]),
        lambda g: dict(zip(("W1", "b1", "W2", "b2"), g, strict=True)),
    ),
    "list": ([W1, B1, W2, B2], tuple, list),
    "tuple": ((W1, B1, W2, B2), tuple, tuple),
    "list of tuples": ([(W1, B1), (W2, B2)], lambda p: (*p[0], *p[1]), lambda g: [(g[0], g[1]), (g[2], g[3])]),
    "named tuples": (
        Pair(Pair(W1, B1), Pair(W2, B2)),
        lambda p: (p.first.first, p.first.second, p.second.first, p.second.second),
        lambda g: Pair(Pair(g[0], g[1]), Pair(g[2], g[3])),
    ),
    "dataclasses": (
        [Layer(W1, B1, "one"), Layer(W2, B2, "two")],
        lambda p: (p[0].W, p[0].b, p[1].W, p[1].b),
        lambda g: [Layer(g[0], g[1]), Layer(g[2], g[3])],
    ),
    "nested dicts": (
        {"one": {"W": W1, "b": B1}, "two": {"W": W2, "b": B2}},
        lambda p: (p["one"]["W"], p["one"]["b"], p["two"]["W"], p["two"]["b"]),
        lambda g: {"one": {"W": g[0], "b": g[1]}, "two": {"W": g[2], "b": g[3]}},
    ),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers(name: str) -> None:
    tree, apart, together = CONTAINERS[name]
    right = gradcheck.check_gradient(lambda p: value(*apart(p)), lambda p: together(gradients(*apart(p))), tree)
    assert right.verdict == "PASS"
    assert right.comparisons == 26
    wrong = gradcheck.check_gradient(
        lambda p: value(*apart(p)), lambda p: together(gradients(*apart(p), last=0.2)), tree
    )
    assert wrong.verdict == "FAIL"
    assert wrong.worst is not None
    assert wrong.worst.block.startswith("p")
    assert "p" in wrong.findings[0].sentence


@pytest.mark.parametrize("kind", [tuple, list])
def test_the_gradient_of_a_named_tuple_may_come_by_position(kind: Any) -> None:
    def check(*parts: Any) -> Any:
        pair, f = Pair(np.array([1.0, 2.0]), 3.0), lambda p: np.sum(p.first**2) * p.second
        return gradcheck.check_gradient(f, lambda p: kind(parts), pair, elsewhere=False)

    assert check(np.array([6.0, 12.0]), 5.0).verdict == "PASS"
    assert check(np.array([6.0, 12.0]), 6.0).verdict == "FAIL"
    assert check(5.0, np.array([6.0, 12.0])).verdict == "ERROR"
    assert check(np.array([6.0, 12.0])).codes == ("GC104",)


def test_paths_in_messages() -> None:
    tree, apart, together = CONTAINERS["nested dicts"]
    wrong = gradcheck.check_gradient(
        lambda params: value(*apart(params)), lambda params: together(gradients(*apart(params), last=0.2)), tree
    )
    assert wrong.worst is not None
    assert wrong.worst.block == "params['two']['b']"


@pytest.mark.parametrize(
    ("bend", "path", "came"),
    [
        (lambda g: {"one": g["one"], "two": {"W": g["two"]["W"]}}, "params['two']['b']", "nothing"),
        (lambda g: {**g, "three": 1.0}, "params", "params['three']"),
        (lambda g: {"one": g["one"], "two": g["two"]["W"]}, "params['two']", "got an array of shape (4, 2)"),
        (lambda g: [g["one"], g["two"]], "params", "a list"),
    ],
    ids=["a key missing", "a key too many", "an array for a dict", "a list for a dict"],
)
def test_the_first_place_where_a_gradient_is_built_otherwise(bend: Any, path: str, came: str) -> None:
    tree, apart, together = CONTAINERS["nested dicts"]
    result = gradcheck.check_gradient(
        lambda params: value(*apart(params)), lambda params: bend(together(gradients(*apart(params)))), tree
    )
    assert result.codes == ("GC104",)
    assert path in result.findings[0].sentence
    assert came in result.findings[0].sentence


def test_none_for_a_branch_counts_as_zero() -> None:
    def f(p: Any) -> Any:
        return np.sum(p["used"] ** 2)

    tree = {"used": B1, "unused": {"a": B2, "b": B2}}
    assert gradcheck.check_gradient(f, lambda p: {"used": 2 * p["used"], "unused": None}, tree)
    assert gradcheck.check_gradient(f, lambda p: {"used": None, "unused": None}, tree).verdict != "PASS"


def test_keywords_and_further_outputs() -> None:
    def f(w: Any, *, power: int, scale: Any) -> Any:
        return scale * np.sum(w**power), {"trace": w}

    def grad(w: Any, *, power: int, scale: Any) -> Any:
        return scale * power * w ** (power - 1)

    options: Any = {"kwargs": {"power": 3, "scale": 0.5}, "has_aux": True}
    assert gradcheck.check_gradient(f, grad, B1, **options)
    assert gradcheck.check_gradient(f, lambda w, **k: 2 * grad(w, **k), B1, **options).verdict == "FAIL"
    result = gradcheck.check_gradient(lambda w: np.sum(w**2), lambda w: 2 * w, B1, has_aux=True)
    assert result.verdict == "ERROR"
    assert "has_aux=True" in result.findings[0].sentence
    with pytest.raises(UsageError, match="f does not take the argument 'beta'; it takes w"):
        gradcheck.check_gradient(lambda w: np.sum(w**2), lambda w: 2 * w, B1, kwargs={"beta": 1})


@pytest.mark.parametrize("other", [None, "sum", object(), len], ids=["None", "string", "object", "function"])
def test_what_is_no_array_passes_through(other: Any) -> None:
    def f(x: Any, how: Any) -> Any:
        assert how is other
        return np.sum(x**2)

    assert gradcheck.check_gradient(f, lambda x, how: 2 * x, B1, other)
    assert gradcheck.check_gradient(f, lambda x, how: (2 * x, None), B1, other)
    assert gradcheck.check_gradient(f, lambda x, how: (3 * x, None), B1, other).verdict == "FAIL"


def test_vjps_and_jvps_of_containers() -> None:
    def f(p: Any) -> Any:
        return {"square": p["a"] ** 2, "sum": p["a"].sum()}

    def vjp(c: Any, p: Any) -> Any:
        return {"a": 2 * p["a"] * c["square"] + c["sum"]}

    assert gradcheck.check_vjp(f, vjp, {"a": B1})
    assert gradcheck.check_vjp(f, lambda c, p: {"a": 2 * p["a"] * c["square"]}, {"a": B1}).verdict == "FAIL"

    def jvp(primals: Any, tangents: Any) -> Any:
        (p,), (t,) = primals, tangents
        return {"square": 2 * p["a"] * t["a"], "sum": t["a"].sum()}

    assert gradcheck.check_jvp(f, jvp, {"a": B1})


class Model:
    def __init__(self) -> None:
        self.W, self.b = W1, B1
        self.dW = self.db = None

    def loss(self, x: Any) -> Any:
        self.h = np.tanh(x @ self.W + self.b)
        return np.sum(self.h**2)

    def backward(self, x: Any, last: float = 1.0) -> Any:
        self.loss(x)
        d = 2 * self.h * (1 - self.h**2)
        self.dW, self.db = x.T @ d, last * d.sum(0)
        return {"W": self.dW, "b": self.db}


def test_parameters_that_live_in_an_object() -> None:
    model = Model()
    at = gradcheck.wrt_attributes(model, "W", "b")
    assert gradcheck.check_gradient(lambda m: m.loss(DATA), lambda m: m.backward(DATA), at)
    assert model.W is W1
    assert model.dW is None
    result = gradcheck.check_gradient(lambda m: m.loss(DATA), lambda m: m.backward(DATA, 0.5), at)
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.block == "m.b"
    assert gradcheck.check_gradient(lambda m: m.loss(DATA), lambda m: tuple(m.backward(DATA).values()), at)
    result = gradcheck.check_gradient(lambda m: m.loss(DATA), lambda m: {"W": m.backward(DATA)["W"]}, at)
    assert result.codes == ("GC104",)
    with pytest.raises(InvalidProblem, match="'c'"):
        gradcheck.wrt_attributes(model, "c")
    with pytest.raises(InvalidProblem, match="names"):
        gradcheck.wrt_attributes(model)


def test_a_dict_of_gradients_may_leave_out_what_holds_no_floats() -> None:
    params = {"W": B1, "name": "linear", "more": {"steps": 3}}

    def f(p: Any) -> Any:
        return np.sum(p["W"] ** 2)

    assert gradcheck.check_gradient(f, lambda p: {"W": 2 * p["W"]}, params)
    assert gradcheck.check_gradient(f, lambda p: {"W": 3 * p["W"]}, params).verdict == "FAIL"
    assert gradcheck.check_gradient(f, lambda p: {"name": None}, params).codes == ("GC104",)
    listed = ["linear", B1]  # a list goes by position
    assert gradcheck.check_gradient(lambda p: np.sum(p[1] ** 2), lambda p: [None, 2 * p[1]], listed)
    assert gradcheck.check_gradient(lambda p: np.sum(p[1] ** 2), lambda p: [2 * p[1]], listed).codes == ("GC104",)


def test_functions_that_write_into_an_argument() -> None:
    def squares(x: Any, out: Any) -> None:
        out[:] = x**2

    def step(p: Any) -> None:
        p -= 0.1 * p**3

    written = gradcheck.in_place(squares, np.zeros(4))
    assert gradcheck.check_vjp(written, lambda c, x: 2 * x * c, B1)
    assert gradcheck.check_vjp(written, lambda c, x: x * c, B1).verdict == "FAIL"
    stepped = gradcheck.in_place(step)
    assert gradcheck.check_vjp(stepped, lambda c, x: c * (1 - 0.3 * x**2), B1)
    assert gradcheck.check_vjp(stepped, lambda c, x: c * (1 - 0.1 * x**2), B1).verdict == "FAIL"
    bad: Any = None
    with pytest.raises(InvalidProblem, match="function of arrays"):
        gradcheck.in_place(bad)


def test_value_and_gradient_in_one_call() -> None:
    assert gradcheck.check_value_and_gradient(lambda x: (np.sum(x**3), 3 * x**2), B1)
    assert gradcheck.check_value_and_gradient(lambda x: (np.sum(x**3), 2 * x**2), B1).verdict == "FAIL"
    result = gradcheck.check_value_and_gradient(lambda x: np.sum(x**3), B1)
    assert result.verdict == "ERROR"
    assert "(value, gradient)" in result.findings[0].sentence
    with pytest.raises(gradcheck.GradientError):
        gradcheck.assert_value_and_gradient(lambda x: (np.sum(x**3), 2 * x**2), B1)


UNSORTED = scipy.sparse.csr_array(([1.0, 2.0, 3.0, 4.0], [2, 0, 1, 0], [0, 2, 4]), shape=(2, 3))
TWICE = scipy.sparse.coo_array(([1.0, 2.0, 3.0, 4.0], ([1, 0, 1, 0], [2, 1, 2, 0])), shape=(2, 3))


@pytest.mark.parametrize(
    "a",
    [UNSORTED, UNSORTED.tocsc(), UNSORTED.tocoo(), TWICE, UNSORTED.tolil()],
    ids=["unsorted csr", "csc", "coo", "a place stored twice", "lil"],
)
def test_sparse_inputs_keep_their_format_and_their_order_does_not_matter(a: Any) -> None:
    x = np.array([0.5, -1.2, 2.0])
    formats = set()

    def f(a: Any, x: Any) -> Any:
        formats.add(a.format)
        return np.sum((a @ x) ** 2)

    def grad(a: Any, x: Any, factor: float = 2.0) -> Any:
        return np.outer(factor * (a @ x), x), 2 * a.T @ (a @ x)

    assert gradcheck.check_gradient(f, grad, a, x).verdict == "PASS"
    assert formats == {a.format}
    assert gradcheck.check_gradient(f, lambda a, x: grad(a, x, 2.1), a, x).verdict == "FAIL"


@pytest.mark.parametrize("a", [UNSORTED, UNSORTED.tocsc(), UNSORTED.tocoo()], ids=["csr", "csc", "coo"])
def test_a_gradient_of_the_stored_numbers_is_in_the_order_that_f_was_given(a: Any) -> None:
    def grad(a: Any) -> Any:
        return 2 * a.data * np.exp(a.data)

    def right(a: Any) -> Any:
        return (1 + a.data) * grad(a) / (2 * a.data)

    assert gradcheck.check_gradient(lambda a: np.sum(a.data * np.exp(a.data)), right, a).verdict == "PASS"
    assert gradcheck.check_gradient(lambda a: np.sum(a.data * np.exp(a.data)), grad, a).verdict == "FAIL"


@pytest.mark.parametrize("form", ["sparse", "dense", "stored"])
def test_sparse_inputs(form: str) -> None:
    a = scipy.sparse.random_array((4, 3), density=0.5, rng=np.random.default_rng(1), format="csr")
    x = RANDOM.standard_normal(3)

    def grad(a: Any, x: Any, factor: float = 2.0) -> Any:
        dense = np.outer(factor * (a @ x), x)
        coo = a.tocoo()
        stored = dense[coo.row, coo.col]
        one = {
            "sparse": scipy.sparse.csr_array((stored, (coo.row, coo.col)), a.shape),
            "dense": dense,
            "stored": stored,
        }
        return one[form], 2 * a.T @ (a @ x)

    assert gradcheck.check_gradient(lambda a, x: np.sum((a @ x) ** 2), grad, a, x)
    result = gradcheck.check_gradient(lambda a, x: np.sum((a @ x) ** 2), lambda a, x: grad(a, x, 1.0), a, x)
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.block == "a.data"


class TestWholeNumbers:
    def test_one_that_is_answered_for_is_judged(self) -> None:
        def f(a: Any, b: Any) -> Any:
            return a**2 * b

        result = gradcheck.check_gradient(f, lambda a, b: (999.0, a**2), 2, 3.0)
        assert result.verdict == "FAIL"
        assert "GC105" in result.codes
        result = gradcheck.check_gradient(f, lambda a, b: (2 * a * b, a**2), 2, 3.0)
        assert result.verdict == "PASS"
        assert "GC105" in result.codes
        assert gradcheck.check_gradient(f, lambda a, b: (None, a**2), 2, 3.0).verdict == "PASS"

    def test_a_point_of_whole_numbers_alone_is_one_of_floats(self) -> None:
        assert gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: 2 * x, [1, 2, 3])
        assert gradcheck.check_gradient(lambda x: np.sum(x**2), lambda x: x, [1, 2, 3]).verdict == "FAIL"

    def test_no_derivative_by_an_index(self) -> None:
        def f(x: Any, i: Any) -> Any:
            return x[i] ** 2

        def grad(x: Any, i: Any) -> Any:
            g = np.zeros_like(x)
            g[i] = 2 * x[i]
            return g, 0.0

        result = gradcheck.check_gradient(f, grad, B1, 2)
        assert result.verdict == "PASS"
        assert "GC106" in result.codes
        with pytest.raises(InvalidProblem, match="no derivative by an index"):
            gradcheck.check_gradient(f, grad, B1, 2, wrt="i")


class Moved(NamedTuple):
    q: Any
    p: Any


def test_a_cotangent_is_a_named_tuple_where_the_output_is_one() -> None:
    def f(s: Moved) -> Moved:
        return Moved(s.q + s.p, s.p - s.q**2)

    def vjp(c: Moved, s: Moved) -> Moved:
        return Moved(c.q - 2 * s.q * c.p, c.q + c.p)

    at = Moved(np.array([0.5, 1.0]), np.array([-1.0, 2.0]))
    assert gradcheck.check_vjp(f, vjp, at)
    assert gradcheck.check_vjp(f, lambda c, s: Moved(c.q, c.q + c.p), at).verdict.value == "FAIL"


LAYER = {"w": np.array([0.5, -1.0]), "b": 0.25}
RATES = {"lr": 0.5, "steps": 3}


def _step(layer: Any, rates: Any) -> Any:
    return layer["w"] ** 2 * rates["lr"] * rates["steps"] + layer["b"]


@pytest.mark.parametrize("wrt", ["layer", 0, -2, ["layer"], ["layer['w']", "layer['b']"]])
def test_wrt_names_an_argument_and_means_all_that_it_holds(wrt: Any) -> None:
    def gradient(share: float) -> Any:
        return lambda up, layer, rates: {
            "w": 2 * up * layer["w"] * rates["lr"] * rates["steps"],
            "b": share * np.sum(up),
        }

    result = gradcheck.check_vjp(_step, gradient(1.0), LAYER, RATES, wrt=wrt)
    assert result, str(result)
    assert result.comparisons == 3
    assert gradcheck.check_vjp(_step, gradient(2.0), LAYER, RATES, wrt=wrt).verdict is gradcheck.Verdict.FAIL


def test_wrt_of_a_complex_argument_means_both_its_parts() -> None:
    z = np.array([0.5 + 1.5j, -1.0 + 0.25j])

    def f(z: Any, x: Any) -> Any:
        return np.sum(np.abs(z) ** 2 * x)

    options: Any = {"convention": "conjugate", "wrt": 0}
    assert gradcheck.check_gradient(f, lambda z, x: 2 * z * x, z, np.array([1.0, 2.0]), **options)
    wrong = gradcheck.check_gradient(f, lambda z, x: 2 * np.conj(z) * x, z, np.array([1.0, 2.0]), **options)
    assert wrong.verdict is gradcheck.Verdict.FAIL


def test_stop_gradient_names_an_argument_with_all_that_it_holds() -> None:
    def held(up: Any, layer: Any, rates: Any) -> Any:
        return {"w": 2 * up * layer["w"] * rates["lr"] * rates["steps"], "b": np.sum(up)}, None

    assert gradcheck.check_vjp(_step, held, LAYER, RATES, stop_gradient="rates")
    assert gradcheck.check_vjp(_step, held, LAYER, RATES).verdict is gradcheck.Verdict.FAIL


def test_f_may_return_a_dict_of_plain_arrays() -> None:
    def f(x: Any) -> Any:
        return {"sine": np.sin(x), "sum": np.sum(x)}

    assert gradcheck.check_vjp(f, lambda up, x: up["sine"] * np.cos(x) + up["sum"], np.array([0.5, 2.0]))
    lost = gradcheck.check_vjp(f, lambda up, x: up["sine"] * np.cos(x), np.array([0.5, 2.0]))
    assert lost.verdict is gradcheck.Verdict.FAIL


def test_domain_and_structure_name_an_argument_with_what_it_holds() -> None:
    layer = {"w": np.array([0.5, 2.0]), "s": np.array([1.0, 3.0])}

    def f(layer: Any) -> Any:
        return np.sum(np.abs(layer["w"]) * layer["s"] ** 2)

    def right_where_positive(layer: Any) -> Any:
        return {"w": layer["s"] ** 2, "s": 2 * layer["w"] * layer["s"]}

    assert gradcheck.check_gradient(f, right_where_positive, layer, domain={"layer": (0, None)})
    assert gradcheck.check_gradient(f, right_where_positive, layer).verdict is gradcheck.Verdict.FAIL

    def trace(held: Any) -> Any:
        return np.sum(held["a"] * np.array([[0.0, 2.0], [0.0, 0.0]]))

    symmetric = {"a": np.array([[1.0, 2.0], [2.0, 3.0]])}
    assert gradcheck.check_gradient(
        trace, lambda held: {"a": np.array([[0.0, 1.0], [1.0, 0.0]])}, symmetric, structure={"held": "symmetric"}
    )
    with pytest.raises(InvalidProblem, match="domain names an input by position or name, got None"):
        gradcheck.check_gradient(f, right_where_positive, layer, domain={None: (0, None)})  # type: ignore[dict-item]


def test_what_was_meant_of_containers() -> None:
    layer = {"a": np.array([0.3, 0.6]), "b": np.array([1.0, 2.0])}

    def rounded(p: Any) -> Any:
        return np.sum(np.floor(p["a"] * 4) / 4 * p["b"])

    def smooth(p: Any) -> Any:
        return np.sum(p["a"] * p["b"])

    def grad(p: Any) -> Any:
        return {"a": p["b"], "b": p["a"]}

    assert gradcheck.check_gradient(rounded, grad, layer, meant=smooth).verdict == "PASS"
    assert gradcheck.check_gradient(rounded, grad, layer, meant=lambda p: 2 * smooth(p)).verdict == "FAIL"
