"""NumPy functions that NumPy writes in Python, in terms of others: their own source runs on traced arrays.

Their source turns arguments into arrays first, which would make plain ones of traced ones. So it runs with other
conversions, which leave traced arrays as they are; everything else that it calls is dispatched as in user code.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.tracing.lifting import contains_traced, lift
from gradcheck.tracing.registry import FUNCTIONS, numpy_functions
from gradcheck.tracing.trace import Trace
from gradcheck.tracing.traced import is_traced

_NAMES = "array_equiv corrcoef cumulative_prod cumulative_sum ediff1d gradient linspace logspace piecewise unwrap"
_POLYNOMIALS = "poly polyadd polyder polyint polysub"


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
    known = dict(source.__globals__)
    modules = {name: _Namespace(known[name], own) for name in ("np", "_nx", "NX") if name in known}
    return {**known, **{name: f for name, f in own.items() if name in known}, **modules}


for _function in numpy_functions(f"{_NAMES} {_POLYNOMIALS}"):
    if hasattr(_function, "_implementation"):
        FUNCTIONS[_function] = _from_source(_function)
for _function in numpy_functions("fftshift ifftshift", np.fft):
    FUNCTIONS[_function] = _from_source(_function)
for _function in numpy_functions("cond cross matrix_norm matrix_transpose svdvals", np.linalg):
    FUNCTIONS[_function] = _from_source(_function)
