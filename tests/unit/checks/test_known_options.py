"""Every option that a check is said to take is taken, and no other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import gradcheck
from gradcheck.checks.known_options import OPTIONS

X = np.array([0.5, -1.0])
CALLS: Mapping[str, tuple[Any, ...]] = {
    "gradient": (lambda x: np.sum(x**3), lambda x: 3 * x**2, X),
    "value_and_gradient": (lambda x: (np.sum(x**3), 3 * x**2), X),
    "vjp": (np.square, lambda c, x: 2 * x * c, X),
    "jvp": (np.square, lambda p, t: 2 * p[0] * t[0], X),
    "jacobian": (np.square, lambda x: np.diag(2 * x), X),
    "hessian": (lambda x: np.sum(x**3), lambda x: np.diag(6 * x), X),
    "hvp": (lambda x: np.sum(x**3), lambda x, v: 6 * x * v, X),
    "adjoint": (np.diag(X), np.diag(X), X, X),
}
USUAL: Mapping[str, Any] = {
    "wrt": None,
    "structure": None,
    "meant": None,
    "accuracy": None,
    "domain": None,
    "elsewhere": True,
    "stop_gradient": (),
    "kwargs": None,
    "has_aux": False,
    "convention": "conjugate",
    "order": 1,
    "vjp2": None,
    "of": "function",
    "budget": None,
    "interest": None,
    "max_ulps": None,
    "seed": None,
    "oracles": "all",
}
"""A value of every option that changes nothing here."""


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_check_takes_the_options_that_it_is_said_to_take(kind: str) -> None:
    check = getattr(gradcheck, f"check_{kind}")
    assert check(*CALLS[kind], **{name: USUAL[name] for name in OPTIONS[kind]})
    for name in sorted(USUAL.keys() - OPTIONS[kind] - {"order", "vjp2"}):
        with pytest.raises((gradcheck.UsageError, TypeError), match=name):
            check(*CALLS[kind], **{name: USUAL[name]})


def test_no_option_is_missing() -> None:
    assert frozenset().union(*OPTIONS.values()) == USUAL.keys()
