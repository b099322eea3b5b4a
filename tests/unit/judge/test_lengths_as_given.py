"""Code that cannot be traced may be compiled and trust that its arrays have one length: it gets no other length.

With arrays of another length, scikit-learn's losses wrote outside their memory, and the process ended.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck

RAW = np.array([0.3, -1.2, 0.7, 1.4])
TARGET = np.array([0.5, 0.2, -0.4, 1.1])
SQUARE = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6], [-0.9, 0.2, 1.6]])
MATRIX = np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]])


class Compiled:
    """Half squared distances of x and y, and their derivative, for plain arrays alone; the shapes seen are noted."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor
        self.shapes: set[tuple[tuple[int, ...], ...]] = set()

    def _plain(self, *arrays: Any) -> tuple[Any, ...]:
        self.shapes.add(tuple(a.shape for a in arrays))
        if any(type(a) is not np.ndarray or a.dtype != np.float64 for a in arrays):
            raise TypeError("expected buffers of double")
        return tuple(np.frombuffer(memoryview(np.ascontiguousarray(a))).reshape(a.shape) for a in arrays)

    def __call__(self, x: Any, y: Any) -> Any:
        x, y = self._plain(x, y)
        return (x - y) ** 2 / 2

    def vjp(self, c: Any, x: Any, y: Any) -> Any:
        x, y = self._plain(x, y)
        return self.factor * c * (x - y)

    def mean(self, x: Any, y: Any) -> Any:
        x, y = self._plain(x, y)
        return np.mean((x - y) ** 2) / 2

    def gradient(self, x: Any, y: Any) -> Any:
        x, y = self._plain(x, y)
        return self.factor * (x - y) / x.size


def check_vjp(code: Compiled, x: Any, y: Any) -> gradcheck.Result:
    return gradcheck.check_vjp(code, code.vjp, x, y, wrt=0)


def check_gradient(code: Compiled, x: Any, y: Any) -> gradcheck.Result:
    return gradcheck.check_gradient(code.mean, code.gradient, x, y, wrt=0)


@pytest.mark.parametrize("check", [check_vjp, check_gradient])
@pytest.mark.parametrize(
    ("x", "y"),
    [(RAW, TARGET), (SQUARE, SQUARE.T.copy()), (MATRIX, MATRIX[::-1].copy()), (SQUARE, SQUARE[0])],
    ids=["vectors", "squares", "batches", "batch and vector"],
)
@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "PASS"), (2.0, "FAIL"), (1.01, "FAIL")])
def test_no_other_lengths(check: Callable[..., Any], x: Any, y: Any, factor: float, verdict: str) -> None:
    code = Compiled(factor)
    assert check(code, x, y).verdict == verdict
    assert code.shapes == {(x.shape, y.shape)}


def test_other_lengths_where_f_is_traced() -> None:
    """The twin: what is traced is asked about batches of other sizes."""
    shapes: set[tuple[int, ...]] = set()

    def f(x: Any) -> Any:
        shapes.add(x.shape)
        return np.mean(x**2, axis=0)

    assert gradcheck.check_vjp(f, lambda c, x: 2 * x * c / x.shape[0], MATRIX)
    assert len(shapes) > 1
