"""check_vjp(..., order=2): a VJP that is right everywhere, and whose own derivative is right or wrong."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.errors import GradcheckError, InvalidProblem, UsageError

X = np.array([0.5, 1.0, -0.3])
A = np.array([[1.0, 2.0, 3.0], [0.0, 1.0, -1.0]])
held = gradcheck.held


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x))
    return e / np.sum(e)


def softmax_vjp(c: Any, x: Any) -> Any:
    y = softmax(x)
    return y * (c - np.sum(c * y))


def softmax_vjp2(v: Any, c: Any, x: Any) -> Any:
    """By hand: with J = diag y - y y^T, the part by c is J v, that by x is J w for w = v (c - c.y) - c (y.v)."""
    y = softmax(x)
    w = v * (c - np.sum(c * y)) - c * np.sum(y * v)
    return y * (v - np.sum(v * y)), y * (w - np.sum(w * y))


def product_vjp2(v: Any, c: Any, a: Any, b: Any) -> Any:
    """Of (c b^T, a^T c): by c, v0 b + a v1; by a, c v1^T; by b, v0^T c."""
    return v[0] @ b + a @ v[1], c @ v[1].T, v[0].T @ c


def several_vjp2(v: Any, c: Any, x: Any) -> Any:
    """Of c0 cos x + 2 x c1: f returns (sin x, x^2)."""
    return (np.cos(x) * v, 2 * x * v), (-np.sin(x) * c[0] + 2 * c[1]) * v


Case = tuple[Any, Any, Any, tuple[Any, ...]]
"""f, its VJP, the VJP of that, and a point."""
RIGHT: dict[str, Case] = {
    "square": (np.square, lambda c, x: 2 * x * c, lambda v, c, x: (2 * x * v, 2 * c * v), (X,)),
    "softmax": (softmax, softmax_vjp, softmax_vjp2, (X,)),
    "sum of cubes": (
        lambda x: np.sum(x**3),
        lambda c, x: 3 * x**2 * c,
        lambda v, c, x: (np.sum(3 * x**2 * v), 6 * x * c * v),
        (X,),
    ),
    "product of matrices": (np.matmul, lambda c, a, b: (c @ b.T, a.T @ c), product_vjp2, (A, A.T.copy() + 1)),
    "two outputs": (
        lambda x: (np.sin(x), x**2),
        lambda c, x: c[0] * np.cos(x) + 2 * x * c[1],
        several_vjp2,
        (X,),
    ),
    "relu": (
        lambda x: np.maximum(x, 0.0),
        lambda c, x: c * (x > 0),
        lambda v, c, x: (v * (x > 0), np.zeros_like(x)),
        (X,),
    ),
    "linear": (lambda x: A @ x, lambda c, x: A.T @ c, lambda v, c, x: (A @ v, np.zeros_like(x)), (X,)),
    "an index": (
        lambda x, k: x[k] ** 2,
        lambda c, x, k: (2 * x * c * np.eye(3)[k], None),
        lambda v, c, x, k: (2 * x[k] * v[k], 2 * c * v * np.eye(3)[k], None),
        (X, 1),
    ),
    "float32": (np.square, lambda c, x: 2 * x * c, lambda v, c, x: (2 * x * v, 2 * c * v), (X.astype(np.float32),)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_by_its_code(name: str) -> None:
    f, vjp, _, inputs = RIGHT[name]
    result = gradcheck.check_vjp(f, vjp, *inputs, order=2)
    assert result, str(result)
    assert result.comparisons > gradcheck.check_vjp(f, vjp, *inputs).comparisons


@pytest.mark.parametrize("name", RIGHT)
def test_right_by_a_rule_of_its_own(name: str) -> None:
    f, vjp, vjp2, inputs = RIGHT[name]
    gradcheck.assert_vjp(f, vjp, *inputs, order=2, vjp2=vjp2)


@pytest.mark.parametrize("name", RIGHT)
def test_a_rule_that_is_off_by_a_thousandth_in_one_entry_fails(name: str) -> None:
    f, vjp, vjp2, inputs = RIGHT[name]

    def off(v: Any, c: Any, *own: Any) -> Any:
        first, second, *rest = vjp2(v, c, *own)
        second = np.array(second)
        second.flat[-1] += 1e-3
        return first, second, *rest

    assert gradcheck.check_vjp(f, vjp, *inputs, order=2, vjp2=off).verdict.value == "FAIL"


STRAIGHT_THROUGH = {
    "input detached": (np.square, lambda c, x: 2 * held(x) * c, "x"),
    "cotangent detached": (np.square, lambda c, x: 2 * x * held(c), "cotangent"),
    "value right, slope that of another": (lambda x: np.sum(x**3), lambda c, x: c * (held(3 * x**2 - x) + x), "x"),
    "inner sum of a softmax detached": (
        softmax,
        lambda c, x: softmax(x) * (c - held(np.sum(c * softmax(x)))),
        "cotangent",
    ),
    "saved output detached": (np.exp, lambda c, x: c * held(np.exp(x)), "x"),
    "norm detached": (
        lambda x: x / np.sqrt(x @ x),
        lambda c, x: c / held(np.sqrt(x @ x)) - x * (x @ c) / np.sqrt(x @ x) ** 3,
        "x",
    ),
    "rounded to nine digits": (np.square, lambda c, x: c * np.round(2e9 * x) / 1e9, "x"),
}


@pytest.mark.parametrize("name", STRAIGHT_THROUGH)
def test_a_right_vjp_that_does_not_differentiate_rightly_fails_at_order_two_alone(name: str) -> None:
    f, vjp, block = STRAIGHT_THROUGH[name]
    assert gradcheck.check_vjp(f, vjp, X)
    result = gradcheck.check_vjp(f, vjp, X, order=2)
    assert result.verdict.value == "FAIL"
    assert {f.facts["block"] for f in result.findings if f.code == "GC012"} >= {block}
    assert "GC108" in result.codes
    assert "vjp of the vjp of" in str(result)
    with pytest.raises(gradcheck.GradientError, match="its code was"):
        gradcheck.assert_vjp(f, vjp, X, order=2)


WRONG_RULES = {
    "by the input left out": lambda v, c, x: (softmax_vjp2(v, c, x)[0], np.zeros_like(x)),
    "wrong sign by the input": lambda v, c, x: (softmax_vjp2(v, c, x)[0], -softmax_vjp2(v, c, x)[1]),
    "the cotangent's part is the VJP of the cotangent": lambda v, c, x: (softmax_vjp(c, x), softmax_vjp2(v, c, x)[1]),
    "first order again": lambda v, c, x: (softmax_vjp(v, x), softmax_vjp(v, x)),
    "vector and cotangent exchanged": lambda v, c, x: softmax_vjp2(c, v, x),
}


@pytest.mark.parametrize("name", WRONG_RULES)
def test_a_wrong_rule_fails(name: str) -> None:
    result = gradcheck.check_vjp(softmax, softmax_vjp, X, order=2, vjp2=WRONG_RULES[name])
    assert result.verdict.value == "FAIL"
    assert "vjp2 was asked" in str(result)


def test_a_wrong_vjp_fails_at_its_own_order() -> None:
    result = gradcheck.check_vjp(np.square, lambda c, x: 3 * x * c, X, order=2)
    assert result.verdict.value == "FAIL"
    assert "vjp of the vjp" not in str(result)
    assert "GC108" not in result.codes


def test_in_other_forms() -> None:
    def f(params: Any, scale: float = 1.0) -> Any:
        return {"y": scale * np.tanh(params["x"])}, "aux"

    def vjp(c: Any, params: Any, scale: float = 1.0) -> Any:
        return {"x": scale * c["y"] * (1 - np.tanh(params["x"]) ** 2)}

    def detached(c: Any, params: Any, scale: float = 1.0) -> Any:
        return {"x": scale * c["y"] * (1 - held(np.tanh(params["x"])) ** 2)}

    options: dict[str, Any] = {"has_aux": True, "kwargs": {"scale": 3.0}, "order": 2}
    assert gradcheck.check_vjp(f, vjp, {"x": X}, **options)
    assert gradcheck.check_vjp(f, detached, {"x": X}, **options).verdict.value == "FAIL"


@pytest.mark.parametrize("convention", ["conjugate", "holomorphic"])
def test_complex(convention: Any) -> None:
    turn = np.conj if convention == "conjugate" else lambda g: g
    z = X + 1j * X[::-1]
    options: dict[str, Any] = {"convention": convention, "order": 2}
    assert gradcheck.check_vjp(lambda z: z**3, lambda c, z: c * turn(3 * z**2), z, **options)
    wrong = gradcheck.check_vjp(lambda z: z**3, lambda c, z: c * held(turn(3 * z**2)), z, **options)
    assert wrong.verdict.value == "FAIL"
    assert gradcheck.check_vjp(np.abs, lambda c, z: c * turn(np.conj(z)) / np.abs(z), z, **options)


def test_declarations_move_with_the_inputs() -> None:
    S = A.T @ A + np.eye(3)
    options: dict[str, Any] = {"structure": {0: "symmetric"}, "order": 2}

    def upper(c: Any, s: Any) -> Any:
        """The gradient of s[0, 1] s[2, 2] for a symmetric s, all of it above the diagonal."""
        g = np.zeros_like(s)
        g[0, 1], g[2, 2] = s[2, 2], s[0, 1]
        return c * g

    assert gradcheck.check_vjp(lambda s: s[0, 1] * s[2, 2], upper, S, **options)
    assert gradcheck.check_vjp(lambda s: s[1, 0] * s[2, 2], upper, S, **options)
    assert gradcheck.check_vjp(lambda s: s[1, 0] * s[2, 2], upper, S, order=2).verdict.value == "FAIL"

    def half(c: Any, s: Any) -> Any:
        return upper(c, np.where(np.eye(3)[2] > 0, held(s), s))

    assert gradcheck.check_vjp(lambda s: s[1, 0] * s[2, 2], half, S, structure={0: "symmetric"})
    assert gradcheck.check_vjp(lambda s: s[1, 0] * s[2, 2], half, S, **options).verdict.value == "FAIL"
    target = gradcheck.check_vjp(
        lambda x, y: np.sum((x - y) ** 2), lambda c, x, y: (2 * c * (x - y), None), X, X**2, stop_gradient="y", order=2
    )
    assert target


def test_an_f_that_approximates_is_judged_by_what_is_meant() -> None:
    def series(x: Any) -> Any:
        return x - x**3 / 6

    def vjp(c: Any, x: Any) -> Any:
        return c * np.cos(x)

    assert gradcheck.check_vjp(series, vjp, X, meant=np.sin, order=2)
    assert gradcheck.check_vjp(series, vjp, X, order=2).verdict.value == "FAIL"


def test_at_a_kink_of_the_vjp_nothing_is_known() -> None:
    result = gradcheck.check_vjp(lambda x: x * np.abs(x), lambda c, x: 2 * np.abs(x) * c, np.array([0.0, 1.0]), order=2)
    assert result.verdict.value != "FAIL"


CALLS: dict[str, tuple[dict[str, Any], type[GradcheckError], str]] = {
    "order three": ({"order": 3}, UsageError, "order must be 1 (the VJP) or 2 (its own derivative besides), got 3"),
    "order true": ({"order": True}, UsageError, "order must be 1"),
    "vjp2 at order one": ({"vjp2": softmax_vjp2}, UsageError, "say order=2"),
    "a curved structure": ({"order": 2, "structure": {0: "unit"}}, UsageError, "does not go with structure='unit'"),
    "vjp2 that is none": ({"order": 2, "vjp2": 3}, InvalidProblem, "vjp2: expected a function, got int"),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_calls(name: str) -> None:
    options, error, words = CALLS[name]
    with pytest.raises(error, match=re.escape(words)):
        gradcheck.check_vjp(softmax, softmax_vjp, X, **options)


def test_a_vjp_that_cannot_be_differentiated_asks_for_its_own() -> None:
    def outside(c: Any, x: Any) -> Any:
        return c * 2 * np.frombuffer(x.tobytes())

    with pytest.raises(InvalidProblem, match=r"cannot be differentiated.*give its own VJP, vjp2="):
        gradcheck.check_vjp(np.square, outside, X, order=2)
    assert gradcheck.check_vjp(np.square, outside, X, order=2, vjp2=lambda v, c, x: (2 * x * v, 2 * c * v))


def test_answers_of_another_form_are_said_to_be_that() -> None:
    for answer, came in ((lambda v, c, x: 2 * x * v, "one ndarray"), (lambda v, c, x: (v, v, v), "3")):
        result = gradcheck.check_vjp(np.square, lambda c, x: 2 * x * c, X, order=2, vjp2=answer)
        assert result.verdict.value == "ERROR"
        assert "2 gradients: by the cotangent, and by each of" in result.headline
        assert came in result.headline


def test_strategies_and_containers_with_a_rule_are_refused() -> None:
    from hypothesis import strategies as st

    with pytest.raises(UsageError, match="order=2 needs a point"):
        gradcheck.check_vjp(np.square, lambda c, x: 2 * x * c, st.floats(0, 1), order=2)
    with pytest.raises(UsageError, match="vjp2 takes plain arrays"):
        gradcheck.check_vjp(
            lambda p: p["x"] ** 2, lambda c, p: {"x": 2 * p["x"] * c}, {"x": X}, order=2, vjp2=softmax_vjp2
        )
