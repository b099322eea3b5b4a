"""A function of the corpus in sixty digits: its own code, with mpmath's functions under NumPy's names.

What a label rests on is the derivative of `f` as it is written, so that `f` itself is the best account of it. Its
arrays are object arrays of `mpf`; what NumPy does with these (sums, products, selections, sorting) is exact.
"""

import types
from collections.abc import Callable
from typing import Any

import numpy as np

from . import truth
from .truth import Reference, lift, mpf


def retold(f: Callable[..., Any], *at: tuple[Any, ...]) -> Reference:
    """The truth about `f` by its own code in sixty digits; `at`: see `Reference`."""
    return Reference(_of(f, {}), at)


def _of(f: Any, known: dict[str, Any]) -> Any:
    """A function, and the functions of its file that it calls, with NumPy replaced."""
    names = dict(f.__globals__)
    names["np"] = _NUMPY
    for name, thing in f.__globals__.items():
        if isinstance(thing, types.FunctionType) and thing.__globals__ is f.__globals__:
            names[name] = known.setdefault(name, types.FunctionType(thing.__code__, names, name, thing.__defaults__))
    return types.FunctionType(f.__code__, names, f.__name__, f.__defaults__, f.__closure__)


def _full(shape: Any, value: Any = 0, **_: Any) -> Any:
    return np.full(shape, mpf(float(value)), dtype=object)


class _Linear:
    """What `np.linalg` offers."""

    solve = staticmethod(lambda a, b: truth.solve(lift(a), lift(b)))
    inv = staticmethod(lambda a: truth.inverse(lift(a)))
    det = staticmethod(lambda a: truth.det(lift(a)))
    cholesky = staticmethod(lambda a: truth.cholesky(lift(a)))
    slogdet = staticmethod(lambda a: (1, truth.mpmath.log(abs(truth.det(lift(a))))))
    norm = staticmethod(lambda a: truth.mpmath.sqrt(np.sum(lift(a) ** 2)))


class _Numpy:
    """NumPy for object arrays."""

    linalg = _Linear
    exp, log, sqrt, sin, cos = truth.exp, truth.log, truth.sqrt, truth.sin, truth.cos
    tanh, cosh, arctan2, arcsin = truth.tanh, truth.cosh, truth.arctan2, truth.arcsin
    log1p, expm1, maximum, minimum, sign = truth.log1p, truth.expm1, truth.maximum, truth.minimum, truth.sign
    abs, hypot = truth.absolute, np.frompyfunc(truth.mpmath.hypot, 2, 1)
    sinh, tan = np.frompyfunc(truth.mpmath.sinh, 1, 1), np.frompyfunc(truth.mpmath.tan, 1, 1)
    arccos, arctan = np.frompyfunc(truth.mpmath.acos, 1, 1), np.frompyfunc(truth.mpmath.atan, 1, 1)
    log2 = np.frompyfunc(lambda x: truth.mpmath.log(x, 2), 1, 1)
    log10 = np.frompyfunc(truth.mpmath.log10, 1, 1)
    logaddexp = np.frompyfunc(lambda a, b: truth.mpmath.log(truth.mpmath.exp(a) + truth.mpmath.exp(b)), 2, 1)
    zeros, empty, ones = staticmethod(_full), staticmethod(_full), staticmethod(lambda shape, **_: _full(shape, 1))
    zeros_like = staticmethod(lambda a, **_: _full(np.shape(a)))
    ones_like = staticmethod(lambda a, **_: _full(np.shape(a), 1))

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _in_digits(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function in sixty digits; of constants alone, it is NumPy's, whose answer in floats is the constant of `f`."""

    def either(*args: Any, **rest: Any) -> Any:
        digits = any(np.asarray(a).dtype == object for a in args)
        return function(*args) if digits else getattr(np, name)(*args, **rest)

    return either


for _name in [n for n in vars(_Numpy) if isinstance(vars(_Numpy)[n], np.ufunc | types.FunctionType) and n[0] != "_"]:
    setattr(_Numpy, _name, staticmethod(_in_digits(_name, vars(_Numpy)[_name])))

_NUMPY = _Numpy()
