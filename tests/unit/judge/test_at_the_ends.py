"""Points where floats end: infinite inputs, and gradients that underflow to zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.special

import gradcheck


def test_an_infinite_input_is_judged_without_a_warning() -> None:
    x = np.array([np.inf, 1.0])
    assert gradcheck.check_gradient(lambda x: np.sum(np.tanh(x)), lambda x: 1 - np.tanh(x) ** 2, x)
    wrong = gradcheck.check_gradient(lambda x: np.sum(np.tanh(x)), lambda x: 1 + np.tanh(x) ** 2, x)
    assert wrong.verdict is gradcheck.Verdict.FAIL


@pytest.mark.parametrize("off", [0.0, 1e-12])
def test_a_saturated_cross_entropy_has_the_gradient_zero(off: float) -> None:
    """The largest logit belongs to the target, and the others' probabilities underflow."""

    def loss(z: Any) -> Any:
        return scipy.special.logsumexp(z) - z[0]

    def gradient(z: Any) -> Any:
        return scipy.special.softmax(z) - np.eye(3)[0] + off

    result = gradcheck.check_gradient(loss, gradient, np.array([1000.0, 0.0, -1000.0]), elsewhere=False)
    assert bool(result) == (off == 0.0)
