"""The oracle `exact`: enclosures hold the truth of mpmath, and it steps aside where it must, saying why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest

from gradcheck.oracle.analysis import MOST_ENTRIES, Analysis, analyse
from gradcheck.oracle.estimate import Aside, Kind
from gradcheck.oracle.exact import exact
from gradcheck.problem import GraphBuilder
from gradcheck.problem.function import Function, Product
from gradcheck.tracing import Smoothness

mp = mpmath.mp.clone()
mp.dps = 40


def asked(f: Callable[..., Any], *inputs: Any, cotangents: Any = None, tangents: Any = None) -> Analysis | Aside:
    given = tuple(np.asarray(x) for x in inputs)
    dtype = np.result_type(*given)
    if cotangents is None and tangents is None:
        cotangents = (np.ones(()),)
    return analyse(Product(Function.of(f, given, None), given, cotangents, tangents, dtype))


def sure(said: Analysis | Aside) -> Analysis:
    assert isinstance(said, Analysis), said
    return said


def reason(said: Analysis | Aside) -> str:
    assert isinstance(said, Aside), said
    assert said.oracle == "exact"
    return said.reason


POWERS = [1 / 3, 0.1, 0.3, 1e-3, 0.5, 0.75, 1.5, 2.0, 3.0, -0.7, -2.0]

FUNCTIONS: list[tuple[Callable[..., Any], Callable[..., Any], float]] = [
    (np.sin, mp.cos, 1e6),
    (np.exp, mp.exp, -700.0),
    (np.log, lambda x: 1 / x, 1e-300),
    (np.sqrt, lambda x: 1 / (2 * mp.sqrt(x)), 1e-8),
    (np.tanh, lambda x: mp.sech(x) ** 2, 18.0),
    (np.cbrt, lambda x: 1 / (3 * mp.cbrt(x) ** 2), 28_000.0),
    (lambda x: 1 / (1 + np.exp(-x)), lambda x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2, -40.0),
    (lambda x: (1e8 + x) - 1e8, lambda x: 1, 0.3),
    (lambda x: np.exp(30 * x), lambda x: 30 * mp.exp(30 * x), 1.0),
    *((lambda x, p=p: x**p, lambda x, p=p: mp.mpf(p) * x ** (mp.mpf(p) - 1), 28_000.0) for p in POWERS),
    *((lambda x, p=p: x**p, lambda x, p=p: mp.mpf(p) * x ** (mp.mpf(p) - 1), 1e-5) for p in POWERS),
]


@pytest.mark.parametrize(("f", "slope", "x"), FUNCTIONS)
def test_the_truth_lies_within_the_bound(f: Any, slope: Any, x: float) -> None:
    true = slope(mp.mpf(x))
    (estimate,) = sure(asked(f, x)).estimates.gradients.values()
    assert estimate.kind is Kind.PROVEN
    assert abs(mp.mpf(float(estimate.value)) - true) <= mp.mpf(float(estimate.error))
    assert estimate.error <= 2.0**-53 * abs(float(true)) + 1e-320


@pytest.mark.parametrize(("f", "slope", "x"), FUNCTIONS)
def test_forward_and_reverse_agree(f: Any, slope: Any, x: float) -> None:
    true = slope(mp.mpf(x)) * mp.mpf(-0.75)
    (estimate,) = sure(asked(f, x, tangents=(np.array(-0.75),))).estimates.gradients.values()
    assert abs(mp.mpf(float(estimate.value)) - true) <= mp.mpf(float(estimate.error))


def test_mixed_exponents_of_negative_and_positive_bases() -> None:
    """Whole exponents allow negative bases also beside one whose predecessor is no float."""
    x, p = np.array([-2.0, 5.0, -1.5]), np.array([3.0, 1 / 3, 2.0])
    (estimate,) = sure(asked(lambda x: np.sum(x**p), x)).estimates.gradients.values()
    truth = [
        mp.mpf(e) * (mp.mpf(b) ** int(e - 1) if e > 1 else mp.mpf(b) ** (mp.mpf(e) - 1))
        for b, e in zip(x, p, strict=True)
    ]
    for k in range(3):
        assert abs(mp.mpf(float(estimate.value[k])) - truth[k]) <= mp.mpf(float(estimate.error[k]))


def test_all_blocks_and_a_weighted_tuple_of_outputs() -> None:
    def f(a: Any, b: Any) -> Any:
        return a * b, np.sum(np.sin(a))

    a, b = np.array([0.5, -1.0]), np.array([2.0, 3.0])
    c = np.array([1.0, -2.0]), np.array(4.0)
    said = sure(asked(f, a, b, cotangents=c))
    assert list(said.estimates.gradients) == ["a", "b"]
    assert said.estimates.gradients["a"].value == pytest.approx(c[0] * b + 4.0 * np.cos(a), rel=1e-15)
    assert said.estimates.gradients["b"].value == pytest.approx(c[0] * a, rel=1e-15)


def test_rounding_is_that_of_the_subject_s_dtype() -> None:
    def spread(dtype: Any) -> float:
        x = np.array([0.7, -1.2], dtype=dtype)
        return float(np.max(sure(asked(lambda x: np.sum(np.sin(x) * np.exp(x)), x)).rounding.deviation[0]))

    assert 2.0**-56 < spread(np.float64) < 2.0**-48
    assert 2.0**-27 < spread(np.float32) < 2.0**-19


def test_a_kink_has_alternatives_and_no_bound() -> None:
    said = sure(asked(np.abs, 0.0))
    assert said.derivative.smoothness is Smoothness.KINK
    assert sorted(float(parts[0].midpoint) for parts in said.derivative.alternatives) == [-1.0, 1.0]
    assert all(said.derivative.occurs)
    (estimate,) = said.estimates.gradients.values()
    assert np.isinf(estimate.error)
    assert said.estimates.notes


def test_beside_a_kink_it_is_smooth() -> None:
    said = sure(asked(np.abs, 1e-300))
    assert said.derivative.smoothness is Smoothness.SMOOTH
    (estimate,) = said.estimates.gradients.values()
    assert (float(estimate.value), float(estimate.error)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("f", "words"),
    [
        (np.floor, "jumps"),
        (lambda x: np.frombuffer(x.tobytes())[0] * 2.0, ""),
        (lambda x: x * float(np.round(x, 6)), ""),
        (lambda x: np.round(x * 3.0, 3) if type(x) is np.ndarray else x * 3.0, "value"),
        (lambda x: np.array([x, x]) if type(x) is np.ndarray else x, ""),
    ],
    ids=["jump", "bytes", "float", "another value", "another shape"],
)
def test_it_steps_aside_with_a_reason(f: Any, words: str) -> None:
    x = np.array(2.0) if f is np.floor else np.array(1.2345678)
    outputs = np.shape(f(x))
    said = asked(f, x, cotangents=(np.ones(outputs),))
    if isinstance(said, Analysis):  # a run that was admitted computes the same function
        assert f(x) == pytest.approx(float(said.values[0].midpoint), rel=1e-12)
    else:
        assert words in reason(said)
        assert len(said.reason) > 10


def test_too_many_entries_are_refused_before_any_run() -> None:
    calls = [0]

    def f(x: Any) -> Any:
        calls[0] += 1
        return np.sum(x)

    assert str(MOST_ENTRIES) in reason(asked(f, np.zeros(MOST_ENTRIES + 1)))
    assert calls[0] == 0


def test_graphs() -> None:
    build = GraphBuilder()
    w, x = build.parameter("w", (3,)), build.input("x", (3,))
    graph = build.graph(build.sum(build.tanh(w * x)))
    at = {"w": np.array([0.5, -1.0, 2.0]), "x": np.array([1.0, 2.0, -0.5])}
    said = exact(graph, at)
    assert not isinstance(said, Aside)
    assert said.loss is not None
    for k in range(3):
        w_k, x_k = mp.mpf(float(at["w"][k])), mp.mpf(float(at["x"][k]))
        true = x_k * mp.sech(w_k * x_k) ** 2
        estimate = said.gradients["w"]
        assert abs(mp.mpf(float(estimate.value[k])) - true) <= mp.mpf(float(estimate.error[k]))


def test_a_graph_without_parameters() -> None:
    build = GraphBuilder()
    x = build.input("x")
    said = exact(build.graph(build.sin(x)), {"x": np.array(1.0)})
    assert isinstance(said, Aside)
    assert "no parameters" in said.reason


def test_a_tie_is_said_with_the_users_line_and_with_none_of_this_package() -> None:
    build = GraphBuilder()
    said = exact(build.graph(build.abs(build.parameter("w"))), {"w": np.array(0.0)})
    assert not isinstance(said, Aside)
    assert [note for note in said.notes if "a tie" in note]
    assert not [note for note in said.notes if ".py" in note]
    of_a_user = sure(asked(lambda x: np.abs(x), 0.0)).estimates.notes
    assert any(f"of {Path(__file__).name}" in note for note in of_a_user), of_a_user
