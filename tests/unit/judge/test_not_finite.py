"""A derivative that is right at its point and nan where f is smooth: a warning, unless f is singular there."""

from typing import Any

import numpy as np
import pytest

import gradcheck

X = np.array([1.2, 2.1, 3.0])


def product_without(x: Any) -> Any:
    return np.array([np.prod(np.delete(x, k)) for k in range(x.size)])


@pytest.mark.parametrize(
    ("f", "grad", "where", "truth"),
    [
        (np.prod, lambda x: np.prod(x) / x, "a[1] = 0", 3.6),
        (lambda x: np.sum(np.sinc(x)), lambda x: (np.cos(np.pi * x) - np.sinc(x)) / x, "x[1] = 0", 0.0),
        (lambda x: np.sum(np.logaddexp(0, x)), lambda x: np.exp(x) / (1 + np.exp(x)), "x[1] = 1000", 1.0),
    ],
    ids=["product", "sinc", "softplus"],
)
def test_told(f: Any, grad: Any, where: str, truth: float) -> None:
    result = gradcheck.check_gradient(f, grad, X)
    assert (result.verdict, result.codes[0]) == ("PASS", "GC096"), result.to_text()
    facts = result.findings[0].facts
    assert (facts["where"], facts["truth"]) == (where, pytest.approx(truth))


@pytest.mark.parametrize(
    ("f", "grad"),
    [
        (np.prod, product_without),
        (lambda x: np.sum(np.log(x)), lambda x: 1 / x),  # singular at 0
        (lambda x: np.exp(np.mean(np.log(x))), lambda x: np.exp(np.mean(np.log(x))) / x / 3),
        (lambda x: np.sum(np.maximum(x, 0)), lambda x: np.maximum(x, 0) / x),  # a kink at 0
        (lambda x: np.sum(np.log(1 + np.exp(x))), lambda x: np.exp(x) / (1 + np.exp(x))),  # f overflows, too
    ],
    ids=["product", "log", "geometric mean", "kink", "overflow"],
)
def test_not_told(f: Any, grad: Any) -> None:
    result = gradcheck.check_gradient(f, grad, X)
    assert (result.verdict, "GC096" in result.codes) == ("PASS", False), result.to_text()


def test_not_beyond_the_domain() -> None:
    result = gradcheck.check_gradient(np.prod, lambda x: np.prod(x) / x, X, domain={"a": (0.5, 4)})
    assert "GC096" not in result.codes, result.to_text()


def test_where_it_is_the_point_given_it_is_wrong() -> None:
    assert gradcheck.check_gradient(np.prod, lambda x: np.prod(x) / x, X * [1, 0, 1]).verdict == "FAIL"
