"""Inputs that are no arrays of real numbers: what came, its shape and dtype, and what to do, in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem


def refuse_unreal(value: Any, name: str) -> None:
    """Raises InvalidProblem for an input that is not one of real numbers."""
    array = np.asarray(value)
    if array.dtype.kind in "fiub":
        return
    came = array.item() if array.dtype.kind in "OUS" and not array.shape else array
    raise InvalidProblem(
        f"expected an array of real numbers, got {described(came)}; {_advice(came, _written(name))}",
        where=f"input {name!r}",
    )


def refuse_special(value: Any, name: str) -> None:
    """Raises InvalidProblem for an np.matrix, whose `*` multiplies matrices, and for masked entries."""
    if isinstance(value, np.matrix):
        what = f"an array, got {described(value)}, whose * multiplies matrices; give np.asarray({_written(name)})"
    elif np.ma.is_masked(value):
        what = f"an array, got {described(value)} with masked entries; give {_written(name)}.compressed()"
    else:
        return
    raise InvalidProblem(f"expected {what}", where=_place(name))


def unreadable(value: Any, name: str, wrong: BaseException) -> InvalidProblem:
    """What is said of an input that NumPy cannot read."""
    lengths = [len(row) for row in value if isinstance(row, list | tuple)] if isinstance(value, list | tuple) else []
    if len(set(lengths)) > 1 and len(lengths) == len(value):
        what = f"a {type(value).__name__} of rows of lengths {', '.join(map(str, lengths))}"
        advice = "make the rows equally long, or give each as an input of its own"
    else:
        what = f"a {type(value).__name__} that NumPy cannot read ({str(wrong)[:300]})"
        advice = "give a NumPy array of floats"
    return InvalidProblem(f"expected an array of real numbers, got {what}; {advice}", where=_place(name))


def described(value: Any) -> str:
    """What a value is, with its shape and dtype where it has them."""
    if value is None:
        return "None"
    kind = "array" if type(value) is np.ndarray else type(value).__name__
    said = f"an {kind}" if kind[0] in "aeiouAEIOU" else f"a {kind}"
    said = "an np.matrix" if isinstance(value, np.matrix) else said
    if getattr(value, "shape", None) is None or getattr(value, "dtype", None) is None:
        return said
    return f"{said} of shape {value.shape} and dtype {value.dtype}"


def _advice(came: Any, name: str) -> str:
    if hasattr(came, "toarray"):
        return f"give {name}.toarray()"
    if isinstance(came, dict):
        return "give one of real arrays"
    if not isinstance(came, np.ndarray):
        return "give numbers"
    if came.dtype.kind == "c":
        return "give its real and its imaginary part as inputs of their own"
    return f"give np.asarray({name}, float)" if came.dtype.kind == "O" else "give numbers"


def _place(name: str) -> str:
    return name if name.startswith("input") else f"input {name!r}"


def _written(name: str) -> str:
    """The name of an input as a user may write it."""
    return name if not name.startswith("input") else "x"
