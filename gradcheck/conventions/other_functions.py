"""Functions that go by the name of an op and are another function: found by their forward values alone.

A GELU by tanh, a leaky ReLU of another slope and a logistic function with parameters of its own are no mistakes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.spellings import Spelling
from gradcheck.conventions.value_class import ValueClass
from gradcheck.problem import OPS

Function = Callable[[Any], Any]

POINTS = (-1.5, -0.5, 0.75, 2.0)
"""Arguments at which an op of one argument is compared with what its name means."""
CLOSE = 1e-5
"""Relative difference up to which two values are the same in float32."""


def _by_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _by_sigmoid(x: Any) -> Any:
    return x / (1 + np.exp(-1.702 * x))


def _leaky(came: Any) -> Function:
    slope = came[0] / POINTS[0]
    return lambda x: np.where(x > 0, x, slope * x)


def _exponential(came: Any) -> Function:
    alpha = came[0] / np.expm1(POINTS[0])
    return lambda x: np.where(x > 0, x, alpha * np.expm1(x))


OTHERS: Mapping[str, Mapping[str, Callable[[Any], Function]]] = MappingProxyType(
    {
        "gelu": {
            "it is the approximation by tanh": lambda came: _by_tanh,
            "it is the approximation by the sigmoid": lambda came: _by_sigmoid,
        },
        "leaky_relu": {"its slope is another": _leaky},
        "elu": {"its factor is another": _exponential},
    }
)
"""By op: what else its name may mean, as functions that may depend on what came at POINTS."""


def other_functions(spelled: Mapping[str, Spelling], uses: ValueClass, sample: Any) -> Iterator[tuple[str, str]]:
    """Each op whose function is another one, and why it is not asked."""
    for op, spelling in spelled.items():
        if OPS[op].arity != 1 or not OPS[op].elementwise or not spelling.name:
            continue
        with np.errstate(all="ignore"):
            right = np.asarray(OPS[op].value(np.array(POINTS)))
        if not np.all(np.isfinite(right)):  # log and sqrt have guards of their own
            continue
        try:
            came = np.array([_first(uses.value(spelling.apply(uses.make(sample(x))))) for x in POINTS])
        except Exception:  # not defined at one of the points, or wrong in another way
            continue
        x = np.array(POINTS)
        if _alike(came, right):
            continue
        for why, other in OTHERS.get(op, {}).items():
            if _alike(came, other(came)(x)):
                yield op, f"{spelling.name} is not asked: {why}"
                break
        else:
            if settings := _settings(spelling.apply):
                yield op, f"{spelling.name} is not asked: with {settings} it is another function than {op}"


def _first(value: Any) -> float:
    return float(np.ravel(np.asarray(value, dtype=float))[0])


def _alike(came: Any, right: Any) -> bool:
    return bool(np.allclose(came, right, rtol=CLOSE, atol=CLOSE * 1e-2))


def _settings(function: Callable[..., Any]) -> str:
    """The function's further arguments that are numbers, as in its signature."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:]
    except (TypeError, ValueError):
        return ""
    numbers = [p for p in parameters if isinstance(p.default, int | float) and not isinstance(p.default, bool)]
    return ", ".join(f"{p.name}={p.default:g}" for p in numbers)
