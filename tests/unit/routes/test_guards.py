"""Added constants that guard the edge of a domain, and those that do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradcheck.routes import guards
from gradcheck.tracing import explore

P = np.array([0.3, 0.9])

GUARDS: dict[str, tuple[Callable[[Any], Any], float, str]] = {
    "a logarithm": (lambda p: np.sum(np.log(p + 1e-8)), 1e-8, "log"),
    "the constant first": (lambda p: np.sum(np.log(1e-8 + p)), 1e-8, "log"),
    "a divisor": (lambda p: np.sum(1 / (p + 1e-6)), 1e-6, "division"),
    "a root": (lambda p: np.sqrt(np.sum(p * p) + 1e-12), 1e-12, "sqrt"),
    "a standard deviation": (lambda p: np.sum(p / (np.sqrt(np.mean(p * p)) + 1e-5)), 1e-5, "division"),
    "a negative power": (lambda p: np.sum((p + 1e-4) ** -0.5), 1e-4, "power"),
    "the other probability": (lambda p: np.sum(np.log(1 - p + 1e-7)), 1e-7, "log"),
    "a constant for each entry": (lambda p: np.sum(np.log(p + np.array([1e-8, 2e-8]))), 2e-8, "log"),
    "after a reshape": (lambda p: np.sum(np.log((p + 1e-8).reshape(2, 1))), 1e-8, "log"),
    "scaled": (lambda p: np.sum(np.log(3 * (p + 1e-8))), 1e-8, "log"),
    "subtracted": (lambda p: np.sum(np.log(-(-p - 1e-8))), -1e-8, "log"),
}

NONE: dict[str, Callable[[Any], Any]] = {
    "nothing with an edge": lambda p: np.sum((p + 1e-8) ** 2),
    "the numerator": lambda p: np.sum((p + 1e-8) / 3.0),
    "no small constant": lambda p: np.sum(np.log(p + 0.1)),
    "a constant as large as what it guards": lambda p: np.sum(np.log(p * 1e-3 + 1e-4)),
    "an exponential": lambda p: np.sum(np.exp(p + 1e-8)),
    "zero": lambda p: np.sum(np.log(p + 0.0)),
    "two that vary": lambda p: np.sum(np.log(p + p * p)),
}


@pytest.mark.parametrize("name", GUARDS)
def test_an_added_epsilon_is_a_guard_with_its_line(name: str) -> None:
    f, constant, operation = GUARDS[name]
    (guard,) = guards(explore(f, (P,)))
    assert (guard.constant, guard.operation) == (constant, operation)
    assert Path(guard.file).name == "test_guards.py"
    assert guard.line == f.__code__.co_firstlineno
    assert 0 < guard.share < 1e-2


@pytest.mark.parametrize("name", NONE)
def test_what_guards_nothing_is_none(name: str) -> None:
    assert guards(explore(NONE[name], (P,))) == []


def test_the_share_is_the_error_of_a_derivative_that_ignores_it() -> None:
    (guard,) = guards(explore(lambda p: np.sum(np.log(p + 3e-8)), (P,)))
    ignored, exact = 1 / 0.3, 1 / (0.3 + 3e-8)
    assert guard.share == pytest.approx((ignored - exact) / exact, rel=1e-6)


def test_one_constant_may_guard_several_operations() -> None:
    def f(p: Any) -> Any:
        q = p + 1e-8
        return np.sum(np.log(q) + 1 / q)

    assert sorted(g.operation for g in guards(explore(f, (P,)))) == ["division", "log"]
