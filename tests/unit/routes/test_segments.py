"""Segments along which a record is proven to have values, or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradcheck.routes import segments
from gradcheck.tracing import explore


def proof(f: Callable[[Any], Any], start: Any, end: Any) -> bool | None:
    a, b = (np.asarray(x, dtype=float) for x in (start, end))
    return segments.proven(explore(f, (a,)).first, [a], [b])


CLEAR: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "nothing with an edge": (lambda x: np.sum(x**3), [1.0, 2.0], [-1.0, -2.0]),
    "a logarithm": (lambda x: np.sum(np.log(x)), [0.5, 2.0], [1e-6, 1e6]),
    "a quotient that only seems to touch 0": (lambda x: np.sum(1 / (1 + x * x)), [30.0], [-30.0]),
    "a norm that passes 0 by": (lambda x: np.sqrt(np.sum(x * x)), [1.0, 1e-3], [-1.0, 1e-3]),
    "what already lies on an edge": (lambda x: np.sum(np.sqrt(x * np.array([0.0, 1.0]))), [1.0, 1.0], [2.0, 2.0]),
}

TOUCHED: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "a pole": (lambda x: np.sum(1 / x), [1.0], [-2.0]),
    "a double pole": (lambda x: np.sum(1 / (x - 0.3) ** 2), [1.0], [-2.0]),
    "a norm at 0": (lambda x: np.sqrt(np.sum(x * x)), [1.0, 2.0], [-1.0, -2.0]),
    "a logarithm's domain": (lambda x: np.sum(np.log(x)), [1.0], [-1.0]),
    "a pole at the end": (lambda x: np.sum(1 / x), [1.0], [0.0]),
    "a pole behind a root, beside |x|": (lambda x: np.sum(1 / (np.sqrt(x + 5) - 2) + np.abs(x)), [1.0], [-2.0]),
}


@pytest.mark.parametrize("name", CLEAR)
def test_a_clear_segment_is_proven(name: str) -> None:
    assert proof(*CLEAR[name]) is True


@pytest.mark.parametrize("name", TOUCHED)
def test_a_segment_that_touches_an_edge_is_not(name: str) -> None:
    assert proof(*TOUCHED[name]) is False


def test_what_touches_an_edge_like_a_parabola_is_left_open() -> None:
    """1 - cos(x)^2 is 0 at pi with its slope: more pieces than are affordable. The samples in floats show it."""
    assert proof(lambda x: np.sum(np.arccos(np.cos(x))), [1.0], [4.0]) is None


def test_what_is_computed_of_a_root_across_its_own_0_is_left_open() -> None:
    assert proof(lambda x: np.sqrt(1 + np.sum(np.abs(x) ** 1.5)), [1.0, 2.0], [-1.0, 2.0]) is None


def test_a_function_that_computes_much_is_not_proven() -> None:
    x = np.ones(200)
    assert proof(lambda x: np.sum(np.log(1 + np.outer(x, x))), x, 2 * x) is None
