"""Following a formula to another point: no singularity on the way, and the same formula at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.routes import leads_to
from gradcheck.tracing import explore


def leads(f: Callable[[Any], Any], start: Any, end: Any) -> bool:
    here, there = (explore(f, [np.asarray(x, dtype=float)]) for x in (start, end))
    return leads_to(here, there)


def norm(x: Any) -> Any:
    return np.sqrt(np.sum(x * x))


def softmax_loss(x: Any) -> Any:
    z = x - np.max(x)
    return -(z - np.log(np.sum(np.exp(z))))[0]


def by_newton(target: Any) -> Any:
    """E - e sin E = 1, until the steps are small."""
    e, x = target, 1.0 + 0 * target
    for _ in range(60):
        step = (x - e * np.sin(x) - 1.0) / (1.0 - e * np.cos(x))
        x = x - step
        if abs(step) < 1e-12:
            break
    return x


REGULAR = {
    "a polynomial, through 0": (lambda x: np.sum(x**3), [1.0, 2.0], [-1.0, -2.0]),
    "a softmax whose largest entry changes": (softmax_loss, [1.0, 2.0, 0.5], [3.0, -1.0, 0.0]),
    "a logarithm, farther from its edge": (lambda x: np.sum(np.log(x)), [1.0, 2.0], [8.0, 16.0]),
    "a norm, around 0": (norm, [1.0, 2.0], [-1.0, -2.0]),
    "a branch that stays": (lambda x: np.sum(np.where(x > 0, x * x, np.sin(x))), [1.0, -2.0], [2.0, -1.0]),
    "a divisor that is small, and not 0": (lambda x: np.sum(1 / (1e-3 + x * x)), [-1.0], [1.0]),
    "arccos within its domain": (lambda x: np.sum(np.arccos(x)), [0.3], [0.9]),
}
SINGULAR = {
    "a logarithm's edge": (lambda x: np.sum(np.log(np.abs(x))), [1.0], [-1.0]),
    "a pole": (lambda x: np.sum(1 / (x - 2.0)), [1.0], [3.0]),
    "a pole of even order": (lambda x: np.sum(1 / (x - 2.0123) ** 2), [1.0], [3.0]),
    "a divisor that touches 0 in between": (lambda x: np.sum(1 / ((x - 2.0123) ** 2 * np.exp(x))), [1.0], [3.0]),
    "a norm of one entry, through 0": (norm, [1.0], [-1.0]),
    "a logarithm of a power that vanishes": (lambda x: np.log(np.sum(np.abs(x) ** 1.5)), [1.0], [-1.0]),
    "arccos at 1": (lambda x: np.sum(np.arccos(np.cos(x))), [2.0], [-2.0]),
    "arccos at -1": (lambda x: np.sum(np.arccos(np.cos(x))), [2.0], [16.0]),
    "a tangent's pole": (lambda x: np.sum(np.tan(x)), [1.0], [2.0]),
}
BRANCHES = {
    "where": (lambda x: np.sum(np.where(x > 0, x * x, np.sin(x))), [1.0, 2.0], [1.0, -2.0]),
    "a rectifier": (lambda x: np.sum(np.maximum(x, 0.0) ** 2), [1.0, 2.0], [1.0, -2.0]),
    "a threshold": (lambda x: np.sum(np.where(np.abs(x) < 1.0, x * x, np.abs(x))), [0.5, 0.2], [4.0, 1.6]),
    "a root of a sum of powers": (lambda x: np.sum(np.abs(x) ** 1.5) ** (2 / 3), [1.0, 2.0], [1.0, -2.0]),
    "a rounded number": (lambda x: np.sum(x * np.floor(x)), [1.5], [2.5]),
    "an if": (lambda x: x * x if x > 0 else np.sin(x), 1.0, -2.0),
}
OTHERS = {
    "a logarithm on one side": (lambda x: np.sum(np.where(x > 0, np.log(np.abs(x)), x)), [1.0, 2.0], [1.0, -2.0]),
    "a floor of a logarithm": (lambda x: np.sum(np.log(np.maximum(1 - x, 1e-7))), [0.5, 0.2], [4.0, 1.6]),
    "a clipped probability": (
        lambda x: np.sum(np.log(np.clip(1 / (1 + np.exp(-x)), 1e-7, 1 - 1e-7))),
        [3.0, -2.0],
        [24.0, -16.0],
    ),
    "a loop that does not converge there": (by_newton, 0.3, 2.4),
}


@pytest.mark.parametrize("name", REGULAR)
def test_a_formula_can_be_followed(name: str) -> None:
    f, start, end = REGULAR[name]
    assert leads(f, start, end)
    assert leads(f, end, start)


@pytest.mark.parametrize("name", SINGULAR)
def test_not_through_a_singularity(name: str) -> None:
    f, start, end = SINGULAR[name]
    assert not leads(f, start, end)
    assert not leads(f, end, start)


@pytest.mark.parametrize("name", BRANCHES)
def test_into_another_branch(name: str) -> None:
    f, start, end = BRANCHES[name]
    assert leads(f, start, end)


@pytest.mark.parametrize("name", OTHERS)
def test_not_past_a_guard_nor_where_something_else_has_changed(name: str) -> None:
    f, start, end = OTHERS[name]
    assert not leads(f, start, end)


def test_a_loop_that_runs_on_after_it_has_converged_has_one_formula() -> None:
    assert leads(by_newton, 0.3, 0.31)
