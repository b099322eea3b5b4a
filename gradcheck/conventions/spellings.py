"""How engines spell the ops of a graph: operators by Python's protocol, functions as methods or in the module.

The names are those of published small engines and course material (micrograd, minitorch, needle, tinygrad, mygrad,
autograd, PyTorch, NumPy).
"""

from __future__ import annotations

import linecache
import operator
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

OPERATORS: Mapping[str, tuple[str, Callable[..., Any], str]] = MappingProxyType(
    {
        "add": ("__add__", operator.add, "{0} + {1}"),
        "sub": ("__sub__", operator.sub, "{0} - {1}"),
        "mul": ("__mul__", operator.mul, "{0} * {1}"),
        "div": ("__truediv__", operator.truediv, "{0} / {1}"),
        "pow": ("__pow__", operator.pow, "{0} ** {1}"),
        "neg": ("__neg__", operator.neg, "-{0}"),
        "matmul": ("__matmul__", operator.matmul, "{0} @ {1}"),
    }
)
"""Per op: the method of Python's protocol, the operator, and how it is written."""

REFLECTED: Mapping[str, str] = MappingProxyType(
    {"add": "__radd__", "sub": "__rsub__", "mul": "__rmul__", "div": "__rtruediv__", "pow": "__rpow__"}
)
"""The method that Python calls for a number on the left."""

FUNCTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "add": ("add",),
        "sub": ("sub", "subtract", "minus"),
        "mul": ("mul", "multiply", "times"),
        "div": ("div", "divide", "truediv", "true_divide"),
        "pow": ("pow", "power"),
        "neg": ("neg", "negative", "negate"),
        "square": ("square", "sqr"),
        "sqrt": ("sqrt",),
        "exp": ("exp",),
        "expm1": ("expm1",),
        "log": ("log", "ln"),
        "log1p": ("log1p",),
        "sin": ("sin",),
        "cos": ("cos",),
        "tan": ("tan",),
        "tanh": ("tanh",),
        "sigmoid": ("sigmoid", "logistic", "sigm", "expit"),
        "softplus": ("softplus",),
        "relu": ("relu", "ReLU", "ReLu", "Relu"),
        "leaky_relu": ("leaky_relu", "leakyrelu", "lrelu", "LeakyReLU"),
        "elu": ("elu", "ELU"),
        "gelu": ("gelu", "GELU"),
        "abs": ("abs", "absolute"),
        "minimum": ("minimum",),
        "maximum": ("maximum",),
        "sum": ("sum", "reduce_sum"),
        "mean": ("mean", "reduce_mean"),
        "max": ("max", "amax"),
        "logsumexp": ("logsumexp",),
        "softmax": ("softmax",),
        "log_softmax": ("log_softmax", "logsoftmax"),
        "matmul": ("matmul", "dot", "mm"),
        "transpose": ("transpose",),
        "reshape": ("reshape", "view"),
        "broadcast_to": ("broadcast_to", "expand"),
        "concatenate": ("concatenate", "concat", "cat"),
    }
)
"""Per op, the names under which engines offer it."""


@dataclass(frozen=True)
class Spelling:
    """One op as an engine offers it.

    Attributes
    ----------
    apply: `apply(*operands, **attributes)`; it raises NotImplementedError for attributes that it does not take.
    text: how it is written, such as "{0} + {1}" or "{0}.exp()".
    infix: whether Python's operator protocol is used, so that an operand may be a plain number.
    name: the name in the file that it uses; "" for an operator.
    """

    apply: Callable[..., Any]
    text: str
    infix: bool = False
    name: str = ""


def numpys(kind: type | None, name: str) -> list[tuple[str, Callable[..., Any]]]:
    """NumPy's function of this name, for a class that takes over what NumPy is asked of it; how it is written."""
    function = getattr(np, name, None)
    if not callable(function) or isinstance(function, type) or issubclass(kind or object, np.ndarray):
        return []
    by_ufunc = isinstance(function, np.ufunc) or name in ("sum", "max", "amax")  # reductions by a ufunc
    hooks = ("__array_function__", *(("__array_ufunc__",) if by_ufunc else ()))
    return [(f"np.{name}", function)] if any(callable(getattr(kind, hook, None)) for hook in hooks) else []


def refused(wrong: BaseException) -> bool:
    """Whether an exception says that a form is not offered, instead of being a mistake in the subject's rule."""
    if isinstance(wrong, NotImplementedError):
        return True
    text = str(wrong)
    if isinstance(wrong, TypeError):
        return at_the_door(wrong) or any(
            part in text
            for part in ("unsupported operand", "bad operand type", "not supported between", "not callable")
        )
    if isinstance(wrong, AttributeError):  # `other.data` of a plain number
        return any(f"'{kind}' object has no attribute" in text for kind in ("int", "float", "numpy.ndarray"))
    if isinstance(wrong, ValueError):  # "shapes differ", raised by an engine that does not broadcast
        return at_the_door(wrong)
    # an assertion at the door of an op: `assert isinstance(other, (int, float)), "only int/float powers"`
    return isinstance(wrong, AssertionError)


def misfit(wrong: BaseException) -> bool:
    """Whether a call did not fit the signature of the function called; inside the function it would be its mistake."""
    frames = list(traceback.walk_tb(wrong.__traceback__))
    called_by_us = bool(frames) and Path(frames[-1][0].f_code.co_filename).parent == Path(__file__).parent
    return isinstance(wrong, TypeError) and called_by_us


def at_the_door(wrong: BaseException) -> bool:
    """Whether the subject raised an exception on purpose, by `raise` or `assert`, instead of computing what fails."""
    frames = list(traceback.walk_tb(wrong.__traceback__))
    if not frames or str(frames[-1][0].f_globals.get("__name__")).partition(".")[0] in ("numpy", "scipy"):
        return False
    line = linecache.getline(frames[-1][0].f_code.co_filename, frames[-1][1])
    return line.strip().startswith(("raise", "assert"))
