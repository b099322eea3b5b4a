"""What is held constant on purpose: `gradcheck.held` in f, and `stop_gradient=` for its arguments.

Right gradients were worked out by hand: a held value counts as a number. Each has a wrong twin that differentiates it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import gradcheck
from gradcheck import InvalidProblem, check_gradient, check_jvp, check_vjp, held

X = np.array([0.7, -1.3, 2.2])
A = np.array([1.0, 2.0, 3.0])


def straight_through(x: Any) -> Any:
    return np.sum((x + held(np.round(x) - x)) ** 2)


def through_the_facade(x: Any) -> Any:
    return np.sum((x + gradcheck.held(np.round(x) - x)) ** 2)


def detached_norm(x: Any) -> Any:
    return np.sum(A * x / held(np.sqrt(np.sum(x * x))))


def in_a_loop(x: Any) -> Any:
    total = 0.0
    for k in range(3):
        total = total + np.sum(x * held(np.sin(k * x)))
    return total


def nested(x: Any) -> Any:
    return np.sum(x**2 * held(np.exp(held(x)) + held(x) ** 2))


def in_a_list(x: Any) -> Any:
    a, b = held([np.cos(x), 3.0 * x])
    return np.sum(a * x) + np.sum(b * x**2)


def entry_by_entry(x: Any) -> Any:
    return sum(held(v * v) * v for v in x)


def held_as_is(x: Any) -> Any:
    return np.sum(x * held(A))


def opaque(x: Any) -> Any:
    """What tracing cannot follow, and differences see."""
    own = np.frombuffer(np.ascontiguousarray(x).tobytes())
    return float(np.sum(x * held(own**2)))


def norm(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "straight-through": (straight_through, lambda x: 2 * np.round(x), lambda x: np.zeros_like(x)),
    "through the facade": (through_the_facade, lambda x: 2 * np.round(x), lambda x: 2 * x),
    "detached norm": (
        detached_norm,
        lambda x: A / norm(x),
        lambda x: A / norm(x) - x * (A @ x) / norm(x) ** 3,
    ),
    "in a loop": (
        in_a_loop,
        lambda x: np.sin(x) + np.sin(2 * x),
        lambda x: np.sin(x) + np.sin(2 * x) + x * (np.cos(x) + 2 * np.cos(2 * x)),
    ),
    "nested": (nested, lambda x: 2 * x * (np.exp(x) + x**2), lambda x: 2 * x * (np.exp(x) + x**2) + x**2 * np.exp(x)),
    "in a list": (in_a_list, lambda x: np.cos(x) + 6 * x**2, lambda x: np.cos(x) - x * np.sin(x) + 9 * x**2),
    "entry by entry": (entry_by_entry, lambda x: x**2, lambda x: 3 * x**2),
    "a constant": (held_as_is, lambda x: A + 0 * x, lambda x: 2 * A + 0 * x),
    "not traced": (opaque, lambda x: x**2, lambda x: 3 * x**2),
}


@pytest.mark.parametrize("name", PAIRS)
def test_the_gradient_that_holds_passes(name: str) -> None:
    f, right, _ = PAIRS[name]
    result = check_gradient(f, right, X)
    assert result, result.to_text()


@pytest.mark.parametrize("name", PAIRS)
def test_the_gradient_that_differentiates_what_is_held_fails(name: str) -> None:
    f, _, wrong = PAIRS[name]
    result = check_gradient(f, wrong, X)
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC012"), result.to_text()


@pytest.mark.parametrize("name", [n for n in PAIRS if n not in ("not traced", "a constant")])
def test_in_float32(name: str) -> None:
    f, right, wrong = PAIRS[name]
    x = X.astype(np.float32)
    assert check_gradient(f, lambda x: np.asarray(right(x), np.float32), x)
    assert check_gradient(f, lambda x: np.asarray(wrong(x), np.float32), x).verdict == "FAIL"


def test_products() -> None:
    def f(x: Any) -> Any:
        return x * held(np.exp(x))

    right = check_vjp(f, lambda c, x: c * np.exp(x), X)
    assert right, right.to_text()
    assert check_vjp(f, lambda c, x: c * np.exp(x) * (1 + x), X).verdict == "FAIL"
    assert check_jvp(f, lambda p, t: t[0] * np.exp(p[0]), X)
    assert check_jvp(f, lambda p, t: t[0] * np.exp(p[0]) * (1 + p[0]), X).verdict == "FAIL"


def test_a_number() -> None:
    assert check_gradient(lambda x: x * held(x), lambda x: x, 1.5)
    assert check_gradient(lambda x: x * held(x), lambda x: 2 * x, 1.5).verdict == "FAIL"


@pytest.mark.parametrize("at", [0.5, 1.5, -2.5])
def test_a_tie_on_the_way_to_a_held_value_is_none(at: float) -> None:
    """np.round(0.5) is 0, and np.round(1.5) is 2: what is held is what f computes, although rounding could turn it."""
    x = np.array([at, 0.3])
    result = check_gradient(straight_through, lambda x: 2 * np.round(x), x)
    assert result, result.to_text()
    other = check_gradient(straight_through, lambda x: 2 * (np.round(x) + (x == at)), x)
    assert other.verdict == "FAIL", other.to_text()


def test_a_sum_that_is_held_is_rounded_as_any_other() -> None:
    """600 terms in float32 lose more than the last digits; another order of the sum is no mistake."""
    x = np.random.default_rng(3).uniform(0.5, 1.5, 600).astype(np.float32)

    def f(x: Any) -> Any:
        return np.sum(x * held(np.sum(x * x)))

    def backwards(x: Any) -> Any:
        total = np.float32(0)
        for v in x[::-1]:
            total += v * v
        return np.full_like(x, total)

    result = check_gradient(f, backwards, x)
    assert result, result.to_text()


def test_a_mistake_at_moved_points_alone_is_found() -> None:
    """Right for positive entries; held values belong to the point that is looked at."""

    def lazy(x: Any) -> Any:
        return np.where(x > 0, np.exp(x), 0.0)

    result = check_gradient(lambda x: np.sum(x * held(np.exp(x))), lazy, np.array([0.5, 1.5]))
    assert (result.verdict, result.codes[0]) == ("FAIL", "GC028"), result.to_text()


def test_symbolic_says_why_it_stepped_aside() -> None:
    result = check_gradient(detached_norm, PAIRS["detached norm"][1], X)
    assert any("gradcheck.held" in str(f.facts.get("why")) for f in result.findings), result.to_text()


# -- stop_gradient= ------------------------------------------------------------------------------------------------

W, T, S = np.array([0.7, -1.3]), np.array([0.2, 0.4]), np.array([1.0, 2.0])


def loss(w: Any, target: Any) -> Any:
    """The squared error of temporal differences: reward 1, discount 0.9, one state before and after."""
    return (w @ S - (1 + 0.9 * (target @ S))) ** 2


def error(w: Any, target: Any) -> Any:
    return 2 * (w @ S - (1 + 0.9 * (target @ S)))


ANSWERS: dict[str, Callable[..., Any]] = {
    "None": lambda w, t: (error(w, t) * S, None),
    "zeros": lambda w, t: (error(w, t) * S, 0 * t),
    "left out": lambda w, t: (error(w, t) * S,),
    "one array": lambda w, t: error(w, t) * S,
}


@pytest.mark.parametrize("form", ANSWERS)
@pytest.mark.parametrize("named", ["target", 1, -1, ["target"], (1,)], ids=str)
def test_a_target_network(form: str, named: Any) -> None:
    result = check_gradient(loss, ANSWERS[form], W, T, stop_gradient=named)
    assert result, result.to_text()


def test_without_it_the_target_has_a_gradient() -> None:
    assert check_gradient(loss, ANSWERS["zeros"], W, T).verdict == "FAIL"


def leaks(w: Any, t: Any) -> Any:
    return error(w, t) * S, -0.9 * error(w, t) * S


def test_a_gradient_that_leaks_into_the_target_fails() -> None:
    assert check_gradient(loss, leaks, W, T)
    result = check_gradient(loss, leaks, W, T, stop_gradient="target")
    assert result.verdict == "FAIL"
    assert result.worst is not None
    assert result.worst.block == "target"


def test_the_tangent_of_a_held_argument_counts_for_nothing() -> None:
    assert check_jvp(loss, lambda p, d: error(*p) * (d[0] @ S), W, T, stop_gradient="target")
    wrong = check_jvp(loss, lambda p, d: error(*p) * (d[0] @ S - 0.9 * d[1] @ S), W, T, stop_gradient="target")
    assert wrong.verdict == "FAIL"


def test_drawn_inputs() -> None:
    drawn = arrays(float, 2, elements=st.floats(-2, 2))
    assert check_gradient(loss, ANSWERS["left out"], drawn, T, stop_gradient="target")


def test_meant_is_held_as_well() -> None:
    def rough(w: Any, target: Any) -> Any:
        return loss(w, target) + 1e-3 * np.sin(50 * w[0])

    assert check_gradient(rough, ANSWERS["None"], W, T, meant=loss, stop_gradient="target")


def never(*_: Any) -> Any:
    raise AssertionError("nothing may run")


@pytest.mark.parametrize("named", ["targett", 2, -3, True, 1.5, ["w", "nobody"]], ids=str)
def test_an_unknown_name_is_refused_before_anything_runs(named: Any) -> None:
    def f(w: Any, target: Any) -> Any:
        return never(w, target)

    with pytest.raises(InvalidProblem, match=r"stop_gradient names an input by position or name, got .*w, target"):
        check_gradient(f, never, W, T, stop_gradient=named)


def test_holding_everything_is_refused() -> None:
    with pytest.raises(InvalidProblem, match="nothing is left to check"):
        check_gradient(loss, never, W, T, stop_gradient=("w", "target"))


# -- f random in spite of a seed -----------------------------------------------------------------------------------


def fresh(x: Any) -> Any:
    return np.random.default_rng().random(x.shape)


SOURCES: dict[str, Callable[[Any], Any]] = {
    "a fresh generator": fresh,
    "NumPy's global one": lambda x: np.random.rand(*x.shape),  # noqa: NPY002 - as courses do
}


@pytest.mark.parametrize("keep", [0.5, 0.75])
@pytest.mark.parametrize("size", [1, 2, 40])
@pytest.mark.parametrize("source", SOURCES)
def test_unseeded_dropout_is_judged_by_its_repeats(source: str, size: int, keep: float) -> None:
    """With one entry two values of f agree by chance half of the time and more; 65 do not (0.75^64 is 1e-8)."""
    draw = SOURCES[source]

    def f(x: Any) -> Any:
        return np.sum(x**2 * (draw(x) < keep))

    for answer in (lambda x: 2 * x, lambda x: 2 * x * (draw(x) < keep)):
        np.random.seed(11)  # noqa: NPY002
        result = check_gradient(f, answer, np.linspace(0.5, 1.5, size))
        assert result.verdict == "FAIL"
        assert "GC021" in result.codes or "GC024" in result.codes, result.to_text()
        assert not {"GC012", "GC028", "GC051"} & set(result.codes), result.to_text()


def test_seeded_dropout_passes() -> None:
    def mask(x: Any) -> Any:
        np.random.seed(3)  # noqa: NPY002
        return np.random.rand(*x.shape) < 0.5  # noqa: NPY002

    x = np.linspace(0.5, 1.5, 6)
    assert check_gradient(lambda x: np.sum(x**2 * mask(x)), lambda x: 2 * x * mask(x), x)
    assert check_gradient(lambda x: np.sum(x**2 * mask(x)), lambda x: 2 * x, x).verdict == "FAIL"
