"""The NumPy functions that traced arrays support: tables that the files in `handlers` fill."""

from collections.abc import Callable
from typing import Any

import numpy as np

UFUNCS: dict[str, Callable[..., Any]] = {}
"""Name of a ufunc -> handler(trace, *operands); operands are whatever the user passed."""

METHODS: dict[tuple[str, str], Callable[..., Any]] = {}
"""(name of a ufunc, "reduce" | "accumulate" | "at") -> handler(trace, *args, **kwargs)."""

FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""A NumPy function -> handler(trace, *args, **kwargs), with the function's own signature."""


TRACED_TYPES: set[type] = set()
"""The classes of traced arrays."""

DIVERSIONS: list[Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]] = []
"""Asked first about a call of a NumPy function; each returns NotImplemented where it has nothing to do with it."""

TO_COMPLEX: list[Callable[[Any], Any]] = []
"""What makes a real traced array a complex one."""


def ufunc(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a handler under the `__name__` of one or more ufuncs."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        for name in names:
            UFUNCS[name] = handler
        return handler

    return register


def implements(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a handler for one or more NumPy functions."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            FUNCTIONS[function] = handler
        return handler

    return register


def numpy_functions(names: str, module: Any = np) -> list[Any]:
    """The functions among `names` (separated by spaces) that this NumPy has."""
    return [getattr(module, name) for name in names.split() if hasattr(module, name)]


def unsupported(name: str) -> str:
    """The message for a function that traced arrays do not support."""
    return (
        f"{name} is not among the functions that the exact oracle can trace; write it in terms of others, or rely on "
        "the remaining oracles"
    )
