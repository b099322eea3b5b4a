"""A function that differentiates another at a point, `trace(f, x)` or `gradient(f, x)`, as one that makes gradients.

What f is given tells whether it differentiates: where f is given plain numbers, it takes differences, and is no engine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import GRADIENTS, plain
from gradcheck.conventions.offer import Contents, required_arguments

APPLIED = (
    *("gradient", "grad", "trace", "derivative", "deriv", "diff", "differentiate", "jacobian", "jac", "autodiff"),
    *(
        "auto_diff",
        "forward_mode",
        "reverse_mode",
        "forward",
        "reverse",
        "forward_diff",
        "forwarddiff",
        "reverse_diff",
        "reversediff",
        "get_gradient",
    ),
    *("compute_gradient", "get_derivative", "compute_derivative", "value_and_grad", "ad", "forward_ad", "reverse_ad"),
)
"""Names of such a function."""
FUNCTION = frozenset({"f", "func", "fn", "fun", "function", "loss", "loss_fn", "objective", "g", "fcn"})
"""Names of its first argument."""

Transform = Callable[..., Callable[..., Any]]
"""`transform(f, k)(*values)` is the derivative of f by its argument k."""


def applied_transforms(contents: Contents) -> Iterator[tuple[str, Transform]]:
    """Each function of the file that is named so and takes a function and a point, as one that makes gradients.

    With each comes how it is called.
    """
    seen: list[Any] = []
    for name in APPLIED:
        for written, function in contents.functions_of(name):
            if function in seen or contents.only not in (None, name, written):  # `ad = autodiff`
                continue
            seen.append(function)
            required = required_arguments(function) or []
            if len(required) == 2 and required[0].lower() in FUNCTION:
                yield f"{written}(f, x)", _Applied(function)
            elif len(required) == 1 and required[0].lower() in FUNCTION:
                yield from _by_names(written, function)


def _by_names(written: str, function: Callable[..., Any]) -> Iterator[tuple[str, Transform]]:
    """A function that takes numbers by name, and by which to differentiate: `reversediff(f, eval="x", x=1.5)`."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        for chosen in (p.name for p in parameters if p.default is None):
            yield f'{written}(f, {chosen}="x", x=...)', partial(_by_name, function, chosen)


def _by_name(function: Callable[..., Any], chosen: str, f: Callable[..., Any], k: int = 0) -> Callable[..., Any]:
    """The derivative of f by its argument k, as a function of all arguments."""

    def slope(*values: Any) -> Any:
        names = [f"x{n}" for n in range(len(values))]
        found = function(_of_either_form(f, len(values)), **{chosen: names[k]}, **dict(zip(names, values, strict=True)))
        held = next((getattr(found, name) for name in GRADIENTS if hasattr(found, name)), found)
        return _numbers(held, 1)[0]

    return slope


class _Applied:
    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def __call__(self, f: Callable[..., Any], k: int = 0) -> Callable[..., Any]:
        """The derivative of f by its argument k, as a function of all arguments."""

        def slope(*values: Any) -> Any:
            point = values[0] if len(values) == 1 else list(values)
            found = self._function(_of_either_form(f, len(values)), point)
            return _numbers(found, len(values))[k]

        return slope


def _of_either_form(f: Callable[..., Any], count: int) -> Callable[..., Any]:
    """f, which may be given its arguments one by one, or as one vector."""

    def called(*given: Any) -> Any:
        arguments = tuple(given[0]) if len(given) == 1 and count > 1 else given
        if all(isinstance(a, int | float | np.number) for a in arguments):
            raise TypeError("it gives the function plain numbers: it takes differences")
        return f(*arguments)

    names = (inspect.Parameter(f"x{n}", inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in range(count))
    called.__signature__ = inspect.Signature(list(names))  # type: ignore[attr-defined]  # packages count arguments
    return called


def _numbers(found: Any, count: int) -> Sequence[Any]:
    """One number per argument; the second of two answers, where the first is the value."""
    several = isinstance(found, tuple) and len(found) == 2 and (count != 2 or np.size(found[1]) == count)
    numbers = np.ravel(np.asarray(plain(found[1] if several else found), dtype=float))
    if numbers.size != count:
        raise TypeError(f"it gives {numbers.size} numbers for {count} arguments")
    return [float(number) for number in numbers]
