"""A test that keeps a length off 0 and has a series there: both sides are meant. One that puts a number in is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck

AT = np.array([0.3, -0.5, 0.2])


def cross(v: Any) -> Any:
    """The matrix of the cross product with a vector."""
    return np.array([[0 * v[0], -v[2], v[1]], [v[2], 0 * v[0], -v[0]], [-v[1], v[0], 0 * v[0]]])


def rotation(w: Any, least: float) -> Any:
    """The rotation by the vector w (Rodrigues), by a series where the angle is small."""
    square = w @ w
    if square <= least:
        a, b = 1 - square / 6 + square**2 / 120, 0.5 - square / 24 + square**2 / 720
    else:
        angle = np.sqrt(square)
        a, b = np.sin(angle) / angle, (1 - np.cos(angle)) / square
    return np.eye(3) + a * cross(w) + b * cross(w) @ cross(w)


P = np.array([0.4, -1.1, 0.7])


def turned_backward(c: Any, w: Any, least: float, sign: float) -> Any:
    """The way back through rotation(w) @ P, by the right Jacobian, whose series begins with I - W/2."""
    square = w @ w
    if square <= least:
        b, d = sign * (0.5 - square / 24 + square**2 / 720), 1 / 6 - square / 120
    else:
        angle = np.sqrt(square)
        b, d = (1 - np.cos(angle)) / square, (angle - np.sin(angle)) / (square * angle)
    right = np.eye(3) - b * cross(w) + d * cross(w) @ cross(w)
    return -(rotation(w, least) @ cross(P) @ right).T @ c


def sinc(x: Any, least: float) -> Any:
    square = x @ x
    if square <= least:
        return 1 - square / 6 + square**2 / 120
    length = np.sqrt(square)
    return np.sin(length) / length


def slope_of_sinc(x: Any, least: float, third: float) -> Any:
    square = x @ x
    if square <= least:
        return -x * (1 / third - square / 30)
    length = np.sqrt(square)
    return (np.cos(length) - np.sin(length) / length) / square * x


@pytest.mark.parametrize("least", [1e-6, 1e-5, 1e-4])
class TestSeriesBehindATest:
    def test_a_wrong_series_is_found_from_afar(self, least: float) -> None:
        result = gradcheck.check_gradient(lambda x: sinc(x, least), lambda x: slope_of_sinc(x, least, -3.0), AT)
        assert result.verdict == "FAIL"
        assert "GC028" in result.codes

    def test_the_right_series_passes(self, least: float) -> None:
        result = gradcheck.check_gradient(lambda x: sinc(x, least), lambda x: slope_of_sinc(x, least, 3.0), AT)
        assert (result.verdict, result.codes) == ("PASS", ())

    def test_a_vector_is_turned_the_other_way_there(self, least: float) -> None:
        for sign, verdict in ((1, "PASS"), (-1, "FAIL")):
            result = gradcheck.check_vjp(
                lambda w: rotation(w, least) @ P, lambda c, w, s=sign: turned_backward(c, w, least, s), AT
            )
            assert result.verdict == verdict


def floored(x: Any) -> Any:
    """A length, kept off 0 for what is divided by it."""
    length = np.sqrt(x @ x)
    return x[0] / (length if length > 1e-6 else 1e-6)


def nothing(x: Any) -> Any:
    """A direction's share, nothing where there is no direction."""
    length = np.sqrt(x @ x)
    return x[0] / length if length > 1e-6 else 0.0


def rounded(x: Any) -> Any:
    """sin(r) / r, which is 1 as far as floats show where r is small."""
    length = np.sqrt(x @ x)
    return np.sin(length) / length if length > 1e-4 else 1.0


def share(x: Any) -> Any:
    length = np.sqrt(x @ x)
    return np.array([1.0, 0.0, 0.0]) / length - x[0] * x / length**3


@pytest.mark.parametrize(
    ("f", "slope"),
    [(floored, share), (nothing, share), (rounded, lambda x: slope_of_sinc(x, 0.0, 3.0))],
    ids=["floored", "nothing", "rounded"],
)
def test_a_guard_is_one_still(f: Callable[[Any], Any], slope: Callable[[Any], Any]) -> None:
    result = gradcheck.check_gradient(f, slope, AT)
    assert (result.verdict, result.codes) == ("PASS", ())


def test_where_floats_cancel_beyond_the_guard_the_formula_is_no_mistake() -> None:
    result = gradcheck.check_gradient(lambda x: sinc(x, 1e-12), lambda x: slope_of_sinc(x, 0.0, 3.0), AT)
    assert result.verdict == "PASS"
