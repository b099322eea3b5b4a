"""Numbers and tuples of whole numbers reach f and the derivative in the form in which the user gave them.

The judge computes with arrays. An array of no axes is not what `f(x, 3)` means: it can be changed in place, `flag is
True` does not hold for it, and a shape or an axis made of it is refused. Tuples stay tuples where f runs on them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.judge.question import Kind
from gradcheck.problem.function import lend
from gradcheck.tracing.traced import Traced, is_traced

Arguments = Sequence[Any]


@dataclass(frozen=True)
class GivenForm:
    """What was given, by position, where it is a number, or a tuple of whole numbers that f runs on."""

    given: Mapping[int, Any]

    @classmethod
    def of(cls, f: Callable[..., Any], inputs: Arguments) -> GivenForm:
        """The form of f's inputs."""
        numbers = {k: x for k, x in enumerate(inputs) if isinstance(x, bool | int | float | np.generic)}
        tuples = {k: x for k, x in enumerate(inputs) if isinstance(x, tuple) and _whole(x)}
        return cls({**numbers, **tuples} if tuples and runs(f, inputs) else numbers)

    def function(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """A function of arrays, which calls f with arguments in this form."""
        return update_wrapper(lambda *arguments: f(*self._formed(arguments)), f) if self.given else f

    def derivative(self, kind: Kind, derivative: Callable[..., Any]) -> Callable[..., Any]:
        """A derivative of arrays, which calls the one given with arguments in this form."""
        if not self.given:
            return derivative

        def vjp(cotangent: Any, *arguments: Any) -> Any:
            return derivative(cotangent, *self._formed(arguments))

        def jvp(primals: Arguments, tangents: Arguments) -> Any:
            return derivative(tuple(self._formed(primals)), tuple(self._formed(tangents)))

        if kind == "gradient":
            return self.function(derivative)
        return update_wrapper(vjp if kind == "vjp" else jvp, derivative)

    def _formed(self, arguments: Arguments) -> list[Any]:
        return [_like(self.given[k], x) if k in self.given else x for k, x in enumerate(arguments)]


def _like(given: Any, argument: Any) -> Any:
    """An argument in the form of what was given; as it is, where it cannot have that form."""
    if is_traced(argument):
        if argument.shape or argument.scalar or isinstance(given, tuple):
            return argument
        return Traced(argument.run, argument.slot, weak=argument.weak, scalar=True, dtype=argument.dtype)
    if not isinstance(argument, np.ndarray):
        return argument
    if isinstance(given, tuple):
        return _tuples(given, argument.tolist()) if argument.dtype.kind in "iub" else argument
    if argument.shape or argument.dtype == object:
        return argument
    return argument.item() if isinstance(given, bool | int) and argument.dtype.kind in "iub" else argument[()]


def _tuples(given: Any, parts: Any) -> Any:
    """Nested lists as tuples, wherever `given` has tuples."""
    if not isinstance(parts, list):
        return parts
    inner = [_tuples(a, b) for a, b in zip(given, parts, strict=True)]
    return tuple(inner) if isinstance(given, tuple) else inner


def _whole(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return bool(value) and all(_whole(part) for part in value)
    return isinstance(value, bool | int | np.integer | np.bool_)


def runs(f: Callable[..., Any], inputs: Arguments) -> bool:
    """Whether f returns at these inputs."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f(*lend(inputs))
    except (Exception, SystemExit):
        return False
    return True
