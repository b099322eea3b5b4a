"""Functions that write their result into an argument, as functions that return it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from gradcheck.checks.trees import branch
from gradcheck.errors import InvalidProblem


def in_place(f: Callable[..., Any], out: ArrayLike | None = None) -> Callable[..., Any]:
    """A function that returns what `f` writes into an argument.

    With `out`, an array of the result's shape and dtype, f(*inputs, buffer) writes into a new buffer like it. Without,
    f(x, *others) changes its first argument, a copy of what was given: an array, a container of arrays or an object.

    Examples
    --------
    >>> import gradcheck, numpy as np
    >>> def square(x, out):
    ...     out[:] = x**2
    >>> f = gradcheck.in_place(square, np.zeros(2))
    >>> gradcheck.check_vjp(f, lambda c, x: 2 * x * c, np.array([1.0, 3.0])).verdict.value
    'PASS'

    A step that changes the parameters that it is given:

    >>> def step(p):
    ...     p["w"] *= 1 - p["rate"]
    >>> back = lambda c, p: {"w": (1 - p["rate"]) * c["w"], "rate": c["rate"] - np.sum(p["w"] * c["w"])}
    >>> gradcheck.check_vjp(gradcheck.in_place(step), back, {"w": np.array([1.0, 3.0]), "rate": 0.1}).verdict.value
    'PASS'
    """
    if not callable(f):
        raise InvalidProblem(f"expected a function of arrays, got {type(f).__name__}", where="f")

    if out is None:

        @wraps(f)
        def changed(x: Any, *others: Any) -> Any:
            own = _copied(x, {})
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


def _copied(value: Any, known: dict[int, Any]) -> Any:
    """A copy that shares no array with `value`, of containers and objects at any depth; `known` holds those copied.

    `copy.deepcopy` would also copy what an object holds besides: a lock, a file, a whole library.
    """
    if id(value) in known:
        return known[id(value)]
    here = branch(value)
    if here is not None:
        made = here.build([_copied(child, known) for _, child in here.children])
    elif callable(getattr(value, "copy", None)):
        made = value.copy()
    elif hasattr(value, "__dict__") and not callable(value):
        made = known[id(value)] = copy.copy(value)  # known before its attributes, which may lead back to it
        for name, part in vars(value).items():
            vars(made)[name] = _copied(part, known)
    else:
        made = value
    known[id(value)] = made
    return made
