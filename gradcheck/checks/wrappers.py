"""Wrappers for functions that keep parameters in an object, or write their result into an argument."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.errors import InvalidProblem


@dataclass(frozen=True)
class Attributes:
    """An object whose attributes are differentiated: f and the derivative get a copy of it with other values there."""

    owner: Any
    names: tuple[str, ...]

    @property
    def values(self) -> tuple[Any, ...]:
        """The attributes, in order."""
        return tuple(getattr(self.owner, name) for name in self.names)

    def like(self, values: Sequence[Any]) -> Any:
        """A shallow copy of the object with other values."""
        other = copy.copy(self.owner)
        own = vars(other).get("_parameters") if hasattr(other, "__dict__") else None
        if isinstance(own, dict):  # a torch.nn.Module keeps its parameters in a dict, which the copy would share
            vars(other)["_parameters"] = dict(own)
        for name, value in zip(self.names, values, strict=True):
            setattr(other, name, value)
        return other


def wrt_attributes(owner: Any, *names: str) -> Attributes:
    """An input of a check: an object, whose attributes of these names are differentiated.

    f(owner, ...) and the derivative get a shallow copy of the object. The derivative returns a dict of a gradient per
    name, or a tuple in their order.

        check_gradient(loss, gradients, wrt_attributes(model, "W", "b"), X, y)

    Raises InvalidProblem for a name that the object does not have, and for none at all.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> from types import SimpleNamespace
    >>> model = SimpleNamespace(w=np.array([1.0, -2.0]), rate=0.1)
    >>> loss, gradient = lambda m: np.sum(m.w**2), lambda m: {"w": 2 * m.w}
    >>> gradcheck.check_gradient(loss, gradient, gradcheck.wrt_attributes(model, "w")).verdict.value
    'PASS'
    """
    if not names:
        raise InvalidProblem("expected the names of the attributes to differentiate by, got none")
    for name in names:
        if not isinstance(name, str) or not hasattr(owner, name):
            raise InvalidProblem(f"expected attributes of {type(owner).__name__}, got {name!r}, which it does not have")
    return Attributes(owner, names)


def in_place(f: Callable[..., Any], out: ArrayLike | None = None) -> Callable[..., Any]:
    """A function that returns what `f` writes into an argument.

    With `out`, an array of the result's shape and dtype, f(*inputs, buffer) writes into a new buffer like it. Without,
    f(x, *others) changes its first argument, which is a copy.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> def square(x, out):
    ...     out[:] = x**2
    >>> f = gradcheck.in_place(square, np.zeros(2))
    >>> gradcheck.check_vjp(f, lambda c, x: 2 * x * c, np.array([1.0, 3.0])).verdict.value
    'PASS'
    """
    if not callable(f):
        raise InvalidProblem(f"expected a function of arrays, got {type(f).__name__}", where="f")

    if out is None:

        @wraps(f)
        def changed(x: Any, *others: Any) -> Any:
            own = x.copy()
            f(own, *others)
            return own

        return changed
    like = np.asarray(out)

    @wraps(f)
    def written(*inputs: Any) -> Any:
        buffer = np.zeros(like.shape, like.dtype)
        f(*inputs, buffer)
        return buffer

    return written
