"""A derivative that is right at its point and nan where f is smooth: a warning, unless f is singular there."""

import math
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


# -- inputs that are infinite on purpose: a mask before a softmax ------------------------------------------------------

MASKED = np.array([1.0, -np.inf, 2.0])


def log_sum_exp(x: Any) -> Any:
    largest = x.max()
    return largest + np.log(np.exp(x - largest).sum())


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max())
    return e / e.sum()


def test_a_masked_softmax() -> None:
    """Infinite numbers are not rounded: what rounding may cost was infinite, too, and any answer UNDECIDED."""
    assert gradcheck.check_gradient(log_sum_exp, softmax, MASKED).verdict == "PASS"
    assert gradcheck.check_gradient(log_sum_exp, np.exp, MASKED).verdict == "FAIL"
    off = gradcheck.check_gradient(log_sum_exp, lambda x: softmax(x) * (1 + 1e-5), MASKED)
    assert off.verdict == "FAIL", off.to_text()


def untraced_sum(x: Any) -> Any:
    return math.fsum(math.exp(v) for v in np.asarray(memoryview(x)).tolist())


def test_an_infinite_input_of_a_function_that_is_differenced() -> None:
    """Its entry cannot be moved, so that nothing is known of it; the others are judged."""
    right = gradcheck.check_gradient(untraced_sum, np.exp, MASKED)
    assert right.verdict in ("PASS", "UNDECIDED"), right.to_text()
    assert gradcheck.check_gradient(untraced_sum, lambda x: 2 * np.exp(x), MASKED).verdict == "FAIL"
    with np.errstate(all="warn"):
        assert gradcheck.check_gradient(np.logaddexp.reduce, lambda x: 2 * softmax(x), MASKED).verdict == "FAIL"
