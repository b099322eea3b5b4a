"""Odd arguments of every check, at random: a verdict or one of our errors, never a traceback of gradcheck's own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import gradcheck
from gradcheck.errors import GradcheckError

CALLS = 400
"""Calls per check in the test; `python tests/unit/checks/test_odd_calls.py N` makes more."""


class Stubborn:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("no array")


VALUES: list[Any] = [
    0,
    1,
    -3,
    2.5,
    float("nan"),
    float("inf"),
    True,
    None,
    "text",
    b"bytes",
    1 + 2j,
    [],
    [1.0],
    [1.0, 2.0],
    [[1.0], [2.0, 3.0]],
    (),
    (1.0,),
    ((1.0, 2.0), 3.0),
    {},
    {"a": 1.0},
    {"a": np.ones(2), "b": None},
    {1: [np.ones(2)]},
    np.ones(0),
    np.ones(3),
    np.ones((2, 2)),
    np.ones((2, 2, 2)),
    np.array(1.5),
    np.float32(2),
    np.float16(1),
    np.int8(3),
    np.ones(3, np.float32),
    np.ones(3, np.float16),
    np.ones(3, int),
    np.ones(3, bool),
    np.ones(3, complex),
    np.ones(3, np.longdouble),
    np.array([None, 1], object),
    np.array(["a"]),
    np.array(["2020-01-01"], "datetime64[D]"),
    np.ma.array([1.0, 2.0], mask=[0, 1]),
    np.full(3, np.nan),
    np.full(3, np.inf),
    np.ones(3)[::-1],
    np.ones((3, 3)).T,
    Stubborn(),
    object(),
    len,
    np.sin,
    lambda: 1.0,
    lambda *a: a[0] if a else 0,
    lambda *a: None,
    lambda *a: np.ones(3),
    lambda *a: 1.0,
    lambda *a: "no",
    lambda *a: {"a": 1.0},
    lambda *a: np.sum(np.asarray(a[-1], float)),
    lambda x: 2 * x,
    lambda x: x @ x,
    lambda x, y: x * y,
    scipy.sparse.eye_array(3),
    range(3),
    set(),
    10**30,
    1e308,
    -0.0,
]


def check_vjp_twice(*arguments: Any, **options: Any) -> Any:
    """check_vjp at the second order."""
    return gradcheck.check_vjp(*arguments, **options, order=2)


def check_vjp_of_vjp(*arguments: Any, **options: Any) -> Any:
    """check_vjp at the second order; the last argument is the VJP of the VJP."""
    return gradcheck.check_vjp(*arguments[:-1], **options, order=2, vjp2=arguments[-1])


CHECKS: list[Any] = [
    gradcheck.check_gradient,
    gradcheck.check_vjp,
    gradcheck.check_jvp,
    gradcheck.check_jacobian,
    gradcheck.check_hessian,
    gradcheck.check_hvp,
    gradcheck.check_adjoint,
    gradcheck.check_value_and_gradient,
    check_vjp_twice,
    check_vjp_of_vjp,
]
OPTIONS: list[tuple[str, list[Any]]] = [
    ("wrt", [0, "x", [0, 1], "nothing", -1, 2.5, None]),
    ("structure", [{}, {0: "symmetric"}, {"x": "unit"}, "unit"]),
    ("kwargs", [None, {}, {"beta": 1.0}, 3]),
    ("has_aux", [False, True]),
    ("convention", [None, "conjugate", "torch"]),
    ("interest", [None, 1e-3, -1, "small"]),
    ("seed", [None, 0, -1, 2.5]),
    ("elsewhere", [False]),
]


def odd_call(check: Any, random: np.random.Generator) -> str:
    """Make one call; its verdict, or the name of the error."""
    arguments = [VALUES[int(k)] for k in random.integers(len(VALUES), size=int(random.integers(2, 5)))]
    if random.random() < 0.7:  # most calls hold functions where they belong
        functions = [v for v in VALUES if callable(v)]
        arguments[:2] = [functions[int(k)] for k in random.integers(len(functions), size=2)]
    options: dict[str, Any] = {"elsewhere": False}
    for name, values in OPTIONS:
        if random.random() < 0.1:
            options[name] = values[int(random.integers(len(values)))]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return str(check(*arguments, **options).verdict)
        except GradcheckError as refusal:
            text = str(refusal)
            assert text
            assert "\n" not in text
            return type(refusal).__name__
        except TypeError as wrong:
            if "argument" not in str(wrong):  # Python's own word about a missing one is fine
                raise
            return "TypeError"


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_odd_calls_get_a_verdict_or_one_sentence(check: Any) -> None:
    random = np.random.default_rng(len(check.__name__))
    came = {odd_call(check, random) for _ in range(CALLS)}
    assert len(came) >= 3  # the calls are of many kinds


if __name__ == "__main__":
    import sys
    import traceback
    from collections import Counter

    counted: Counter[str] = Counter()
    for n in range(int(sys.argv[1])):
        generator = np.random.default_rng(n)
        try:
            counted[odd_call(CHECKS[n % len(CHECKS)], generator)] += 1
        except Exception:
            counted["TRACEBACK"] += 1
            print(n, CHECKS[n % len(CHECKS)].__name__)
            traceback.print_exc(limit=-3)
    print(dict(counted))
