"""The kind of mistake in a derivative of a function is named where two points show it, and not otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradcheck

X = np.array([[0.4, -1.2, 0.7], [1.1, 0.3, -0.6], [0.9, 2.0, -0.2], [0.1, -0.8, 1.5]])
W, B = np.array([[0.5, -0.3], [0.2, 0.8], [-0.7, 0.1]]), np.array([0.2, -0.4])


def layer(x: Any, w: Any, b: Any) -> Any:
    return np.sum(np.tanh(x @ w + b) ** 2) / len(x)


def slopes(x: Any, w: Any, b: Any) -> Any:
    y = np.tanh(x @ w + b)
    d = 2 * y * (1 - y * y) / len(x)
    return d @ w.T, x.T @ d, d.sum(0)


def causes(result: Any) -> list[str]:
    assert result.verdict == "FAIL", result.to_text()
    return [str(f.facts["cause"]) for f in result.findings if f.code == "GC051"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda dx, dw, db: (dx, dw, db / 4),
            ["b is 1/4 of the right one, and 4 is the length of axis 0 of x: a mean where f sums"],
        ),
        (lambda dx, dw, db: (dx, 2 * dw, db), ["w is twice the right one"]),
        (lambda dx, dw, db: (-dx, -dw, db), ["each of x and w has the wrong sign throughout"]),
        (lambda dx, dw, db: (dx, dw, 0 * db), ["b is zero throughout"]),
        (lambda dx, dw, db: (np.vstack([dx[:1], 0 * dx[1:]]), dw, db), ["x is zero in all rows but the first"]),
        (lambda dx, dw, db: (dx, dw + 0.1 * W, db), []),  # the input at one point alone
    ],
)
def test_the_kind_of_mistake_is_named(change: Any, says: list[str]) -> None:
    found = causes(gradcheck.check_gradient(layer, lambda *given: change(*slopes(*given)), X, W, B))
    assert len(found) == len(says)
    for cause, words in zip(found, says, strict=True):
        assert cause.startswith(f"the gradient with respect to {words}")


def test_what_holds_for_all_blocks_is_said_once() -> None:
    found = causes(gradcheck.check_gradient(layer, lambda *given: tuple(2 * g for g in slopes(*given)), X, W, B))
    assert len(found) == 1
    assert found[0].startswith("the whole gradient is twice the right one")


def test_two_blocks_are_exchanged() -> None:
    f, y = (lambda a, b: np.sum(np.sin(a) * b)), np.array([0.4, 1.3, -0.2])
    result = gradcheck.check_gradient(f, lambda a, b: (np.sin(a), np.cos(a) * b), y, X[:, 0][:3])
    assert causes(result) == [
        "the gradients with respect to a and b are exchanged: each is where the other belongs",
    ]
    result = gradcheck.check_gradient(f, lambda a, b: (np.sin(a), np.sin(a)), y, X[:, 0][:3])
    assert causes(result) == [
        "the gradient with respect to a is the gradient with respect to b, filed in the wrong place"
    ]


def test_a_relation_of_one_point_is_an_accident() -> None:
    """The slope of the sigmoid is 1/4 at 0, and the sigmoid itself 1/2: twice as much, there."""

    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    found = causes(gradcheck.check_gradient(lambda x: np.sum(sigmoid(x)), sigmoid, np.zeros(3)))
    assert not any("twice" in str(cause) or "factor" in str(cause) for cause in found)


def test_a_factor_that_changes_with_the_cotangent_is_none() -> None:
    def ignores(c: Any, x: Any) -> Any:
        return 2 * x

    assert not any("times" in cause for cause in causes(gradcheck.check_vjp(lambda x: np.sum(x * x), ignores, X[0])))


def test_a_tangent_is_called_one() -> None:
    result = gradcheck.check_jvp(lambda x: x * x, lambda p, t: p[0] * t[0], X[0])
    assert causes(result)[0].startswith("the tangent of output is half the right one")
    assert str(result).splitlines()[2].startswith("  mistake   the tangent of output ")


def test_what_is_wrong_at_another_point_alone_is_named_there() -> None:
    """The gate of the rectifier is missing, which all-positive inputs do not show."""
    given = np.array([0.5, 1.5, 2.0, 0.7])
    result = gradcheck.check_gradient(
        lambda x: np.sum(np.maximum(x, 0) ** 3), lambda x: 3 * np.maximum(x, 0) ** 2, given
    )
    assert str(result.verdict) == "PASS"
    result = gradcheck.check_gradient(
        lambda x: np.sum(np.sin(np.maximum(x, 0) + 0.3)), lambda x: np.cos(np.abs(x) + 0.3), given
    )
    assert "GC028" in result.codes
    assert [f for f in result.findings if f.code == "GC051"] == []
    result = gradcheck.check_gradient(
        lambda x: np.sum(np.sin(np.maximum(x, 0) + 0.3)), lambda x: np.cos(np.maximum(x, 0) + 0.3), given
    )
    (cause,) = causes(result)
    assert cause.startswith("at that other point consistent with the path through line")
    assert [f.facts["kind"] for f in result.findings if f.code == "GC051"] == ["branch"]


def test_a_number_that_never_changes_is_a_constant() -> None:
    def slope(scale: Any) -> Any:
        return 2 * np.arange(3.0) @ (scale * np.arange(3.0) + 0.2 - 0.3)

    def f(scale: Any, shift: Any) -> Any:
        return np.sum((scale * np.arange(3.0) + 0.2 - 0.3) ** 2) + np.sin(shift)

    point = (np.array(0.7), np.array(0.4))
    (cause,) = causes(gradcheck.check_gradient(f, lambda a, b: (slope(a), np.ones(())), *point))
    assert cause == "the gradient with respect to shift is 1 whatever the inputs are"
    assert not [
        said
        for said in causes(gradcheck.check_gradient(f, lambda a, b: (slope(a), 1 + 0 * b + 0.1 * b**2), *point))
        if "whatever the inputs are" in said
    ]
