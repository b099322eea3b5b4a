"""Odd arguments of every check, at random: a verdict or one of our errors, never a traceback nor a warning of ours."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse

import gradcheck
from gradcheck.errors import GradcheckError

CALLS = 250
"""Calls per check in the test; `python tests/unit/checks/test_odd_calls.py N` makes more."""


class Stubborn:
    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise RuntimeError("no array")


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclasses.dataclass
class Holder:
    a: Any
    b: Any


def nested(levels: int) -> Any:
    """Lists in lists."""
    whole: Any = 1.0
    for _ in range(levels):
        whole = [whole]
    return whole


LIST: list[Any] = [1.0]
LIST.append(LIST)
DICT: dict[str, Any] = {"a": 1.0}
DICT["b"] = DICT
HOLDER = Holder(1.0, None)
HOLDER.b = HOLDER
ARRAY = np.empty(1, object)
ARRAY[0] = ARRAY

ENDLESS: list[Any] = [LIST, DICT, HOLDER, ARRAY, ([LIST],), nested(2000)]
VALUES: list[Any] = [
    *ENDLESS,
    Unprintable(),
    Pair(1.0, np.ones(2)),
    Holder(np.ones(2), 2.0),
    [np.ones(2), np.ones(3)],
    [1 + 2j, 3.0],
    np.array(1 + 1j),
    np.zeros(3, [("a", float), ("b", int)]),
    np.matrix([[1.0, 2.0]]),
    np.array([1e308] * 2),
    np.timedelta64(1, "D"),
    int,
    np.ma.MaskedArray,
    lambda *a: LIST,
    lambda *a: DICT,
    lambda *a: HOLDER,
    lambda *a: nested(2000),
    lambda *a: np.array([None]),
    lambda *a: [[1.0], [2.0, 3.0]],
    lambda *a: [np.ones(2), np.ones(3)],
    lambda *a: np.ones(3) * 1j,
    lambda *a: True,
    lambda *a: (),
    lambda *a: 10**400,
    lambda *a: Pair(1.0, 2.0),
    lambda *a: scipy.sparse.eye_array(3),
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


ASSERTIONS: list[Any] = [getattr(gradcheck, name) for name in gradcheck.__all__ if name.startswith("assert_")]
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
GOOD: list[list[Any]] = [
    [lambda x: np.sum(x**2), lambda x: 2 * x, np.array([1.0, 2.0])],
    [np.sin, lambda c, x: np.cos(x) * c, np.array([1.0, 2.0])],
    [np.sin, lambda p, t: np.cos(p[0]) * t[0], np.array([1.0, 2.0])],
    [lambda x: np.sum(x**3), lambda x: np.diag(6 * np.ravel(x)), np.array([1.0, 2.0])],
    [lambda x: np.sum(x**3), lambda x, v: 6 * x * v, np.array([1.0, 2.0])],
    [lambda p: p["a"] ** 2, lambda p: {"a": 2 * p["a"]}, {"a": 1.5}],
]
"""Arguments that some check takes; one of them is then replaced."""
OPTIONS: list[tuple[str, list[Any]]] = [
    ("wrt", [0, "x", [0, 1], "nothing", -1, 2.5, None]),
    ("structure", [{}, {0: "symmetric"}, {"x": "unit"}, "unit"]),
    ("kwargs", [None, {}, {"beta": 1.0}, 3]),
    ("has_aux", [False, True]),
    ("convention", [None, "conjugate", "torch"]),
    ("interest", [None, 1e-3, -1, "small", 1e308]),
    ("seed", [None, 0, -1, 2.5]),
    ("stop_gradient", [0, "x", np.array(0)]),
    ("domain", [{0: (None, 3.0)}, {0: LIST}]),
    ("accuracy", [1e-3, np.ones((2, 2))]),
    ("budget", [5.0, Unprintable()]),
    ("meant", [np.sin, LIST]),
    ("f", [np.sin]),
    ("x", [np.ones(3)]),
    ("elsewhere", [False]),
]


def odd_call(check: Any, random: np.random.Generator) -> str:
    """Make one call; its verdict, or the name of the error."""
    arguments = [VALUES[int(k)] for k in random.integers(len(VALUES), size=int(random.integers(2, 5)))]
    if random.random() < 0.7:  # most calls hold functions where they belong
        functions = [v for v in VALUES if callable(v)]
        arguments[:2] = [functions[int(k)] for k in random.integers(len(functions), size=2)]
    if random.random() < 0.3:
        good = list(GOOD[int(random.integers(len(GOOD)))])
        good[int(random.integers(3))] = arguments[-1]
        arguments = good
    options: dict[str, Any] = {"elsewhere": False}
    for name, values in OPTIONS:
        if random.random() < 0.06:
            options[name] = values[int(random.integers(len(values)))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return str(getattr(check(*arguments, **options), "verdict", "PASS"))
        except gradcheck.GradientError as wrong:
            return type(wrong).__name__
        except GradcheckError as refusal:
            text = str(refusal)
            assert text
            assert "\n" not in text
            return type(refusal).__name__


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_odd_calls_get_a_verdict_or_one_sentence(check: Any) -> None:
    random = np.random.default_rng(len(check.__name__))
    came = {odd_call(check, random) for _ in range(CALLS)}
    assert len(came) >= 3  # the calls are of many kinds


def test_odd_calls_of_assertions() -> None:
    random = np.random.default_rng(1)
    came = {odd_call(ASSERTIONS[n % len(ASSERTIONS)], random) for n in range(CALLS)}
    assert {"GradientError", "UsageError", "InvalidProblem"} <= came


@pytest.mark.parametrize("endless", ENDLESS, ids=["list", "dict", "dataclass", "array", "inner list", "deep list"])
@pytest.mark.parametrize("check", CHECKS[:6], ids=lambda c: c.__name__)
def test_what_holds_itself_is_refused_wherever_it_comes_from(check: Any, endless: Any) -> None:
    with pytest.raises(gradcheck.InvalidProblem, match=r"holds itself|lies in 100 others"):
        check(np.sin, np.cos, endless)
    x = np.array([1.0, 2.0])
    f = np.sum if check in (gradcheck.check_gradient, gradcheck.check_hessian, gradcheck.check_hvp) else np.sin
    for result in (check(lambda x: endless, f, x), check(f, lambda *a: endless, x)):
        assert result.verdict == "ERROR"
        assert not isinstance(result.exception, RecursionError)


if __name__ == "__main__":
    import sys
    import traceback
    from collections import Counter

    counted: Counter[str] = Counter()
    for n in range(int(sys.argv[1])):
        generator = np.random.default_rng(n)
        try:
            counted[odd_call((CHECKS + ASSERTIONS)[n % 18], generator)] += 1
        except Exception:
            counted["TRACEBACK"] += 1
            print(n, (CHECKS + ASSERTIONS)[n % 18].__name__)
            traceback.print_exc(limit=-3)
    print(dict(counted))
