"""NumPy functions that NumPy writes in Python, in terms of others: their own source runs on traced arrays.

Their source turns arguments into arrays first, which would make plain ones of traced ones. So it runs with other
conversions, which leave traced arrays as they are; everything else that it calls is dispatched as in user code.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.tracing.handlers.buffers import buffer
from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.registry import FUNCTIONS, implements, numpy_functions
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import is_traced

_NAMES = "array_equiv corrcoef cumulative_prod cumulative_sum ediff1d gradient linspace logspace piecewise unwrap"
_POLYNOMIALS = "poly polyadd polyder polydiv polyfit polyint polysub roots"


class _Namespace(types.ModuleType):
    """A module of which some names are other objects."""

    def __init__(self, module: Any, others: Mapping[str, Any]) -> None:
        super().__init__("numpy")
        self._module = module
        vars(self).update(others)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _from_source(function: Any) -> Callable[..., Any]:
    """The handler that runs a function's own source."""
    source = function._implementation

    def handler(trace: Trace, *args: Any, **kwargs: Any) -> Any:
        return types.FunctionType(
            source.__code__, _names(trace, source), None, source.__defaults__, source.__closure__
        )(*args, **{**(source.__kwdefaults__ or {}), **kwargs})

    return handler


def _names(trace: Trace, source: Any) -> dict[str, Any]:
    """The globals of a source, with conversions that leave traced arrays as they are."""

    def converting(convert: Callable[..., Any], *, copies: bool) -> Callable[..., Any]:
        def converted(value: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
            if not contains_traced(value):
                return convert(value, dtype, *args, **kwargs)
            x: Any = lift(trace, value)
            if copies and is_traced(value) and kwargs.get("copy", True):
                x = x.copy()
            if kwargs.get("ndmin", 0) > x.ndim:
                x = x[(None,) * (kwargs["ndmin"] - x.ndim)]
            return x

        return converted

    own = {name: converting(getattr(np, name), copies=name == "array") for name in ("array", "asarray", "asanyarray")}
    for name in ("zeros", "ones"):  # buffers that traced numbers are written into
        own[name] = _buffers(trace, getattr(np, name))
    known = dict(source.__globals__)
    modules = {name: _Namespace(known[name], own) for name in ("np", "_nx", "NX") if name in known}
    return {**known, **{name: f for name, f in own.items() if name in known}, **modules}


def _buffers(trace: Trace, new: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args, **kwargs: buffer(trace, new(*args, **kwargs))


for _function in numpy_functions(f"{_NAMES} {_POLYNOMIALS}"):
    if hasattr(_function, "_implementation"):
        FUNCTIONS[_function] = _from_source(_function)
for _function in numpy_functions("fftshift ifftshift", np.fft):
    FUNCTIONS[_function] = _from_source(_function)
for _function in numpy_functions("cond cross matrix_norm matrix_transpose svdvals tensorinv", np.linalg):
    FUNCTIONS[_function] = _from_source(_function)


@implements(np.polymul)
def _polymul(trace: Trace, a1: Any, a2: Any) -> Any:
    """As `np.polymul` of arrays; leading zeros are no coefficients."""
    factors: list[Any] = []
    for a in (a1, a2):
        coefficients = np.atleast_1d(lift(trace, a))
        first = int(np.argmax(np.not_equal(coefficients, 0))) if np.any(np.not_equal(coefficients, 0)) else 0
        factors.append(coefficients[first:])
    return np.convolve(factors[0], factors[1])


@implements(np.geomspace)
def _geomspace(
    trace: Trace, start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """As `np.geomspace` of numbers of one sign."""
    first, last = lift(trace, start), lift(trace, stop)
    sign = np.sign(first)
    logs = np.linspace(np.log(first * sign), np.log(last * sign), num, endpoint=endpoint, axis=axis)
    return sign * np.exp(logs)


@implements(np.linalg.tensorsolve)
def _tensorsolve(trace: Trace, a: Any, b: Any, axes: Any = None) -> Any:
    tensor: Any = lift(trace, a)
    right = lift(trace, b)
    if axes is not None:
        tensor = np.moveaxis(tensor, axes, range(tensor.ndim - len(axes), tensor.ndim))
    shape = tensor.shape[right.ndim :]
    return np.linalg.solve(tensor.reshape(right.size, -1), right.ravel()).reshape(shape)
