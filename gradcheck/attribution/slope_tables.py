"""Slopes of other activations, one of which may have been taken for the right one; by the input or by the output."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.attribution.mistake import Mistake
from gradcheck.numbers.arithmetic import Array

Slope = tuple[Mistake, str, Array]
"""A wrong slope: its kind, what was done, and the slope (float64) that it amounts to."""


def _sigmoid(x: Array) -> Any:
    return np.exp(-np.logaddexp(0, -x))


def _bell_area(x: Array) -> Any:
    """The normal distribution function; importing SciPy's takes longer than the search."""
    return np.vectorize(math.erfc, otypes=[float])(-x / np.sqrt(2)) / 2


def _slope_of_gelu_by_tanh(x: Array) -> Any:
    """x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) differentiated."""
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x / 2 * (1 - t * t) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x * x)


OTHERS: Mapping[str, Callable[[Any], Any]] = {
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "the sigmoid": lambda x: np.exp(-np.logaddexp(0, x) - np.logaddexp(0, -x)),
    "softplus": lambda x: np.exp(-np.logaddexp(0, -x)),
    "the logarithm of cosh": np.tanh,
    "sin": np.cos,
    "cos": lambda x: -np.sin(x),
    "exp": np.exp,
    "log": lambda x: 1 / x,
    "sinh or cosh": np.sinh,
    "cosh or sinh": np.cosh,
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "a leaky relu": lambda x: np.where(x > 0, 1.0, 0.01),
    "the absolute value": np.sign,
    "arctan": lambda x: 1 / (1 + x * x),
    "the square": lambda x: 2 * x,
    "half the square": lambda x: x,
    "-sin": lambda x: -np.cos(x),
    "-cos": np.sin,
    "the normal distribution function": lambda x: np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "the reciprocal": lambda x: -1 / (x * x),
    "the square root": lambda x: 0.5 / np.sqrt(x),
    "gelu": lambda x: _bell_area(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi),
    "gelu by tanh": lambda x: _slope_of_gelu_by_tanh(x),
    "gelu by the sigmoid": lambda x: _sigmoid(1.702 * x) * (1 + 1.702 * x * (1 - _sigmoid(1.702 * x))),
    "a hard tanh": lambda x: np.where(np.abs(x) < 1, 1.0, 0.0),
    "swish": lambda x: _sigmoid(x) * (1 + x * (1 - _sigmoid(x))),
    "elu": lambda x: np.exp(np.minimum(x, 0)),
}
"""Slopes of other functions, at the input."""
AT_OUTPUT: Mapping[str, Callable[[Any], Any]] = {
    "tanh": lambda y: 1 - y * y,
    "the sigmoid": lambda y: y * (1 - y),
    "exp": lambda y: y,
    "relu": lambda y: np.where(y > 0, 1.0, 0.0),
}
"""The same written by the output."""
FORMULAS = {"tanh": "1 - y**2", "the sigmoid": "y (1 - y)", "exp": "y", "relu": "1 where y > 0"}
"""The same in words, y the output."""
HALVED: Mapping[str, tuple[Mistake, str, Callable[[Any], Any]]] = {
    "tanh": (Mistake.POWER_RULE, "having 1 - y where 1 - y**2 is due, y its output", lambda y: 1 - y),
    "the sigmoid": (Mistake.OTHER_SLOPE, "lacking the factor y of its slope y (1 - y)", lambda y: 1 - y),
}
"""Formulas by the output of which a part was left out."""

INPUT_FOR_OUTPUT = "with the input put into the formula of the slope that is meant for the output"
OUTPUT_TWICE = "with the slope, in its formula by the output, taken at the output of the output"


def of_tables(x: Array, y: Array, right: Array, again: Array) -> list[list[Slope]]:
    """Per pair of arrays, the wrong slopes that are those of other functions.

    The arrays have a first axis of pairs: the input, the output, the right slope, and the output of the output.
    """
    found: list[list[Slope]] = [[] for _ in x]
    with np.errstate(all="ignore"):
        for name, formula in AT_OUTPUT.items():
            own = _alike(formula(y), right) & (name != "relu")
            _put(found, own, Mistake.SLOPE_AT_OUTPUT, INPUT_FOR_OUTPUT, formula(x))
            _put(found, own, Mistake.SLOPE_AT_OUTPUT, OUTPUT_TWICE, formula(again))
            if name in HALVED:
                mistake, words, in_part = HALVED[name]
                _put(found, own, mistake, words, in_part(y))
            words = f"with {FORMULAS[name]} for its slope, y its output, as {name} has it"
            _put(found, ~own, Mistake.OTHER_SLOPE, words, formula(y))
        words = "with the function itself, applied to its output, for its slope"
        _put(found, ~_alike(again, right), Mistake.OTHER_SLOPE, words, again)
        for name, formula in OTHERS.items():
            slope = formula(x)
            halved = _alike(right, 2 * x) & (name == "half the square")
            turned = _alike(slope, -right) & ~halved
            _put(found, halved, Mistake.POWER_RULE, "lacking the factor 2 of the square", x)
            _put(found, turned, Mistake.PATH_SIGN, "having the wrong sign, that of its slope", slope)
            _put(found, ~halved & ~turned & ~_ones(slope), Mistake.OTHER_SLOPE, f"with the slope of {name}", slope)
    return found


def _put(found: Sequence[list[Slope]], where: Array, mistake: Mistake, words: str, slopes: Array) -> None:
    """Add a row to the pairs at which it says something."""
    for k, rows in enumerate(found):
        if where[k]:
            rows.append((mistake, words, slopes[k, ...]))


def _ones(slopes: Array) -> Array:
    """Per pair, whether a slope is 1 throughout: then it is none that another function would give away."""
    return np.asarray(np.all(slopes == 1, axis=tuple(range(1, slopes.ndim))))


def _alike(a: Array, b: Array) -> Array:
    """Per pair, whether two slopes are the same but for rounding."""
    off = np.abs(a - b) <= 1e-9 * np.abs(b) + 1e-12
    return np.asarray(off.all(axis=tuple(range(1, off.ndim))))
