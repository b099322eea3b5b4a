"""Jacobians of complex outputs by real inputs, as those of the real and the imaginary part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.problem.function import lend
from gradcheck.tracing.complex_traced import is_complex


def halves(
    f: Callable[..., Any], jac: Callable[..., Any], inputs: Sequence[Any]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """f and its Jacobian with a first axis of real and imaginary part; as they are unless f alone is complex."""
    try:
        with np.errstate(all="ignore"):
            value = f(*lend(inputs))
    except (Exception, SystemExit):  # the check itself reports it
        return f, jac
    if not is_complex(value) or any(is_complex(x) for x in inputs):
        return f, jac
    shape = np.shape(value)

    def both(*arrays: Any) -> Any:
        y = f(*arrays)
        return np.stack([np.real(y), np.imag(y)])

    def parts(*arrays: Any) -> Any:
        answer = jac(*arrays)
        if isinstance(answer, tuple | list):
            return tuple(_split(part, shape) for part in answer)
        return _split(answer, shape)

    return update_wrapper(both, f), update_wrapper(parts, jac)


def _split(answer: Any, shape: tuple[int, ...]) -> Any:
    """One Jacobian (*output, *input), or flattened, with real and imaginary part in front; None stays None."""
    if answer is None:
        return None
    matrix = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer)
    if matrix.shape[: len(shape)] == shape:
        return np.stack([matrix.real, matrix.imag])
    return np.concatenate([matrix.real, matrix.imag])
