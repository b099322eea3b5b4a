"""An f that reads how its input lies in memory: a right gradient of it, and one written for the other layout."""

from typing import Any

import numpy as np
import pytest

import gradcheck

WEIGHTS = np.arange(6.0)


def f(x: Any) -> Any:
    return np.sum(x.ravel(order="K") ** 2 * WEIGHTS)


def right(x: Any) -> Any:
    return 2 * x * (WEIGHTS.reshape(3, 2).T if x.flags.f_contiguous else WEIGHTS.reshape(2, 3))


def for_c_order(x: Any) -> Any:
    return 2 * x * WEIGHTS.reshape(2, 3)


X = np.random.default_rng(0).normal(size=(2, 3))


@pytest.mark.parametrize("x", [X, np.asfortranarray(X)], ids=["C", "F"])
def test_right(x: Any) -> None:
    result = gradcheck.check_gradient(f, right, x)
    assert result.verdict == "PASS", result.to_text()


def test_wrong_layout() -> None:
    result = gradcheck.check_gradient(f, for_c_order, np.asfortranarray(X))
    assert result.verdict == "FAIL", result.to_text()


def test_a_derivative_that_reads_the_layout_where_f_does_not() -> None:
    result = gradcheck.check_gradient(lambda x: np.sum(x**2 * WEIGHTS.reshape(2, 3)), right, X)
    assert (result.verdict, result.codes) == ("FAIL", ("GC026",)), result.to_text()
