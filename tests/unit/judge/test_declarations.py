"""Declarations that cannot be: one sentence, before f or its derivative runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradcheck import InvalidProblem, UsageError, check_gradient


def never(*_: Any) -> Any:
    raise AssertionError("nothing may run")


def f(w: Any, x: Any) -> Any:
    return never(w, x)


X = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("dtype", "accuracy"), [(np.float64, 1e-17), (np.float64, 1e-300), (np.float32, 1e-9), (np.float16, 1e-4)]
)
def test_an_accuracy_below_rounding(dtype: Any, accuracy: float) -> None:
    with pytest.raises(UsageError, match=f"below the rounding of {np.dtype(dtype)}"):
        check_gradient(f, never, X.astype(dtype), X.astype(dtype), accuracy=accuracy)


@pytest.mark.parametrize(
    ("dtype", "accuracy"), [(np.float64, 2e-16), (np.float64, 0.0), (np.float32, 1e-7), (np.float16, 1e-3)]
)
def test_an_accuracy_not_below_rounding(dtype: Any, accuracy: float) -> None:
    x = X.astype(dtype)
    assert check_gradient(lambda x: np.sum(x * x), lambda x: 2 * x, x, accuracy=accuracy)


@pytest.mark.parametrize(
    "meant",
    [lambda: 0.0, lambda w: w, lambda w, x, y: w, lambda *, w, x: w],
    ids=["of nothing", "of one", "of three", "by keyword"],
)
def test_a_meant_of_another_signature(meant: Any) -> None:
    with pytest.raises(InvalidProblem, match=r"meant: expected a function with f's arguments, .*; its own are"):
        check_gradient(f, never, X, X, meant=meant)


@pytest.mark.parametrize(
    "meant",
    [lambda a, b: np.sum(a * b), lambda *a: np.sum(a[0] * a[1]), lambda w, x, k=1: np.sum(w * x) * k],
    ids=["of other names", "of any", "with a default"],
)
def test_a_meant_that_can_be_called_as_f_is(meant: Any) -> None:
    assert check_gradient(lambda w, x: np.sum(w * x) + 1e-3, lambda w, x: (x, w), X, X, meant=meant)


def test_a_ufunc_has_no_signature_and_is_not_asked_for_one() -> None:
    assert check_gradient(lambda x: x + 0 * x, lambda x: 1.0, 1.5, meant=np.positive)
