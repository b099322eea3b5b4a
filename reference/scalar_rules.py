"""The rules of scalar ops as text, from which `straight_line` and `compiled_tape` make programs.

A row says what `rules` says of the same op, for single floats: the value, then the message to each argument. g is the
upstream cotangent, v the node's value, x and y its arguments, p its attribute. NumPy's scalars cost 0.1 us and more an
operation, Python's floats 0.02 us.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any


def steep(value: str, *messages: str) -> tuple[str, ...]:
    """A row whose slope may be infinite: where g is 0 its messages are 0 (see `rules.steep`)."""
    return value, *(f"({message} if g else g)" for message in messages)


TEXTS: Mapping[str, tuple[str, ...]] = {
    "add": ("x + y", "g", "g"),
    "sub": ("x - y", "g", "-g"),
    "mul": ("x * y", "g * y", "g * x"),
    "div": steep("x / y", "g / y", "-g * (v / y)"),
    "neg": ("-x", "-g"),
    "square": ("x * x", "g * 2.0 * x"),
    "pow": steep("pow(x, y)", "g * (y * pow(x, y - 1.0) if y else 0.0)", "g * v * (log(x) if x > 0.0 else 0.0)"),
    "sqrt": steep("sqrt(x)", "g / (2.0 * v)"),
    "exp": ("exp(x)", "g * v"),
    "expm1": ("expm1(x)", "g * exp(x)"),
    "log": ("log(x)", "g / x"),
    "log1p": ("log1p(x)", "g / (1.0 + x)"),
    "sin": ("sin(x)", "g * cos(x)"),
    "cos": ("cos(x)", "-g * sin(x)"),
    "tan": ("tan(x)", "g * (1.0 + v * v)"),
    # The textbook's slope where it does not cancel: a compiled tape of 1,000 nodes takes 0.86 x.
    "tanh": ("tanh(x)", "(g * (1.0 - v * v) if -0.7 < v < 0.7 else g / cosh(x) ** 2)"),
    "sigmoid": ("1.0 / (1.0 + exp(-x))", "(g * v * (1.0 - v) if v < 0.7 else g * v / (1.0 + exp(x)))"),
    "softplus": ("softplus(x)", "g / (1.0 + exp(-x))"),
    "relu": ("(0.0 if x <= 0.0 else x)", "g * (x > 0.0)"),
    "leaky_relu": ("(x if x > 0.0 else p * x)", "(g if x > 0.0 else p * g)"),
    "elu": ("(x if x > 0.0 else p * expm1(x))", "(g if x > 0.0 else g * p * exp(x))"),
    "gelu": ("x * normal_cdf(x)", "g * gelu_slope(x)"),
    "abs": ("abs(x)", "g * sign(x)"),
    "minimum": ("(x if x <= y or x != x else y)", "g * share(y, x)", "g * share(x, y)"),
    "maximum": ("(x if x >= y or x != x else y)", "g * share(x, y)", "g * share(y, x)"),
    "where": ("(x if p else y)", "g * p", "g * (1.0 - p)"),
}
"""By op: the text of its value, then of its message to each argument."""


def filled(text: str, names: Mapping[str, str]) -> str:
    """A text of a row with other names for v, g, x, y and p."""
    return re.sub(r"\b[vgxyp]\b", lambda found: names[found[0]], text)


# Functions that the texts call, for floats, as `stable` has them for arrays.


def softplus(x: float) -> float:
    return (x if x > 0.0 else 0.0) + math.log1p(math.exp(-abs(x)))


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def gelu_slope(x: float) -> float:
    cdf = 0.5 * math.erfc(-x / math.sqrt(2.0))
    return cdf + x * (math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi))


def sign(x: float) -> float:
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else x


def share(x: float, y: float) -> float:
    """What the greater of two sends to x: all, nothing, or half at a tie."""
    return 0.5 if x == y else 1.0 if x > y else 0.0


HELPERS = (softplus, normal_cdf, gelu_slope, sign, share)
NAMESPACE: Mapping[str, Any] = {**vars(math), **{helper.__name__: helper for helper in HELPERS}}
"""What the names in a text mean."""
