"""The second look at a pair that passed: slopes as closed forms have them, and the bounds within which they agree."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from gradcheck.conventions.offer import Pair
from gradcheck.subject import pair_slopes
from gradcheck.subject.pair_slopes import LINES, STEP, slopes
from gradcheck.verify.second_look import ENOUGH, SHARE, contradicts

X, W = np.array([[0.3, -1.2], [2.0, 0.7], [0.1, 1.5]]), np.array([[0.4], [-0.9]])


def affine(x: Any, w: Any) -> Any:
    return np.tanh(x @ w)


def slope(x: Any, w: Any) -> Any:
    return 1 - np.tanh(x @ w) ** 2


PAIRS: dict[str, tuple[Pair, Pair]] = {}
"""By form, a right pair and a wrong one."""


def twins(name: str, kind: Any, f: Any, derivative: Any, *inputs: Any, factor: float = 1.3) -> None:
    def spoiled(*given: Any) -> Any:
        return scaled(derivative(*given), factor)

    def both(*given: Any) -> Any:
        return (f(*given)[0], scaled(f(*given)[1], factor))

    wrong = (both, None) if derivative is None else (f, spoiled)
    PAIRS[name] = Pair(name, kind, f, derivative, inputs), Pair(name, kind, *wrong, inputs)


def scaled(answer: Any, factor: float) -> Any:
    if isinstance(answer, dict):
        return {key: scaled(part, factor) for key, part in answer.items()}
    return tuple(scaled(part, factor) for part in answer) if isinstance(answer, tuple) else answer * factor


twins("gradient", "gradient", lambda x: np.sum(x**3), lambda x: 3 * x**2, X)
twins("gradient of a number", "gradient", lambda x: np.sin(x), lambda x: np.cos(x), 0.7)
twins("vjp", "vjp", affine, lambda c, x, w: ((c * slope(x, w)) @ w.T, x.T @ (c * slope(x, w))), X, W)
twins("jvp", "jvp", affine, lambda p, t: slope(*p) * (t[0] @ p[1] + p[0] @ t[1]), X, W)
twins("value and gradient", "value_and_gradient", lambda x: (np.sum(x**3), 3 * x**2), None, X)
twins(
    "a dict", "gradient", lambda p: np.sum(p["a"] * p["b"]), lambda p: {"a": p["b"], "b": p["a"]}, {"a": X, "b": 2 * X}
)
twins("float32", "gradient", lambda x: np.sum(x**2), lambda x: 2 * x, X.astype(np.float32))


@pytest.mark.parametrize("name", PAIRS)
def test_right_ones_are_confirmed_and_wrong_ones_are_not(name: str) -> None:
    right, wrong = PAIRS[name]
    assert len(slopes(right)) == len(slopes(wrong)) == LINES
    assert not any(map(contradicts, slopes(right)))
    assert sum(map(contradicts, slopes(wrong))) >= ENOUGH


def test_an_answer_that_cannot_be_told_apart_confirms_nothing() -> None:
    assert slopes(Pair("f", "gradient", lambda x, y: np.sum(x * y), lambda x, y: (y,), (X, X))) == []


@pytest.mark.parametrize(
    ("off", "wrong"), [(1.9 * SHARE, False), (2.3 * SHARE, True)], ids=["within the share", "beyond it"]
)
def test_the_share_has_two_sides(off: float, wrong: bool) -> None:
    values = [STEP, -STEP, STEP / 2, -STEP / 2]  # a straight line of slope 1
    assert contradicts([*values, 1.0 + off, 0.0]) is wrong


def test_rounding_and_curvature_are_allowed_for() -> None:
    bent = [2 * STEP, -STEP, STEP / 2, -STEP / 2]  # the two quotients are half their size apart
    assert not contradicts([*bent, 3.0, 0.0])
    straight = [STEP, -STEP, STEP / 2, -STEP / 2]
    assert contradicts([*straight, 3.0, 0.0])
    assert not contradicts([*straight, 3.0, STEP])
    assert not contradicts([*straight, float("nan"), 0.0])


def test_a_slow_pair_is_asked_along_fewer_lines_and_still_found_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_slopes, "SECONDS", -1.0)
    right, wrong = PAIRS["vjp"]
    assert len(slopes(right)) == ENOUGH
    assert not any(map(contradicts, slopes(right)))
    assert sum(map(contradicts, slopes(wrong))) == ENOUGH


def test_an_answer_that_is_no_number_confirms_nothing() -> None:
    assert slopes(Pair("f", "vjp", lambda x: (x, "done"), lambda c, x: c[0], (X,))) == []


def test_a_derivative_that_is_right_where_it_sees_the_checker_alone_is_contradicted() -> None:
    def watchful(x: Any) -> Any:
        return np.cos(x) * (1 if any(name.startswith("gradcheck") for name in sys.modules) else 2)

    before = dict(sys.modules)
    measured = slopes(Pair("watchful", "gradient", lambda x: np.sum(np.sin(x)), watchful, (X,)))
    assert sum(map(contradicts, measured)) >= ENOUGH
    assert sys.modules == before
