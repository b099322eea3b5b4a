"""What the author declares about f, held against f and its inputs before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem, UsageError
from gradcheck.problem.function import Function


def check_accuracy(function: Function, inputs: Sequence[Any], accuracy: float | None) -> None:
    """Raise UsageError for an `accuracy` below the rounding of the differentiated inputs' dtype; 0 stands for exact."""
    dtype = np.result_type(*(np.asarray(inputs[k]).dtype for k in function.wrt))
    unit = float(np.finfo(dtype).eps) / 2
    if accuracy and accuracy < unit:
        raise UsageError(
            f"accuracy={accuracy:g} is below the rounding of {dtype}, {unit:.2g}: leave it out where f is as exact as "
            "its dtype allows"
        )


def check_signature(
    meant: Callable[..., Any], f: Callable[..., Any], inputs: Sequence[Any], keywords: Mapping[str, Any]
) -> None:
    """Raise InvalidProblem for a `meant` that cannot be called with f's arguments."""
    try:
        signature = inspect.signature(meant)
    except (TypeError, ValueError):  # ufuncs and some builtins have none
        return
    try:
        signature.bind(*inputs, **keywords)
    except TypeError as wrong:
        own = ", ".join(map(str, signature.parameters.values())) or "none"
        try:
            wanted = ", ".join(map(str, inspect.signature(f).parameters.values()))
        except (TypeError, ValueError):
            wanted = f"{len(inputs)} of them"
        raise InvalidProblem(
            f"expected a function with f's arguments, {wanted}; its own are {own} ({wrong})", where="meant"
        ) from None
