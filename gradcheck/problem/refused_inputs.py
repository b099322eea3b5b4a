"""Inputs and answers that are no real numbers: what came, its shape and dtype, and what to do, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InvalidProblem, one_line


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
    rows = _uneven(value)
    advice = (
        "make the rows equally long, or give each as an input of its own" if rows else "give a NumPy array of floats"
    )
    what = rows or _unread(value, wrong)
    return InvalidProblem(f"expected an array of real numbers, got {what}; {advice}", where=_place(name))


def unreal_answer(value: Any) -> str | None:
    """What came in place of an answer of real numbers, and what to return; None for one that NumPy reads as such."""
    if value is None:
        return "None"
    try:
        array = np.asarray(value)
    except (Exception, SystemExit) as wrong:  # uneven rows, or a foreign __array__
        rows = _uneven(value)
        return f"{rows}; return rows of one length" if rows else f"{_unread(value, wrong)}; return an array of floats"
    if array.dtype.kind in "fiub":
        return None
    came = described(value if array.dtype == object and not array.shape else array)
    return f"{came}; {'return its real part' if array.dtype.kind == 'c' else 'return an array of floats'}"


def parts_of(answer: Sequence[Any]) -> str:
    """What the parts of an answer are, in words: "a list of 2: a float, None"."""
    parts = f": {_some([described(part) for part in answer], 3)}" if len(answer) else ""
    return f"a {type(answer).__name__} of {len(answer)}{parts}"


def _uneven(value: Any) -> str:
    """ "a list of rows of lengths 1, 2", or of arrays of unlike shapes; nothing for anything else."""
    if not isinstance(value, list | tuple) or not value:
        return ""
    kind = type(value).__name__
    if all(isinstance(row, list | tuple) for row in value):
        lengths = [str(len(row)) for row in value]
        return f"a {kind} of rows of lengths {_some(lengths)}" if len(set(lengths)) > 1 else ""
    shapes = [str(row.shape) for row in value if isinstance(row, np.ndarray)]
    return f"a {kind} of arrays of shapes {_some(shapes)}" if len(shapes) == len(value) else ""


def _some(parts: Sequence[str], most: int = 6) -> str:
    return ", ".join(parts[:most]) + (", ..." if len(parts) > most else "")


def _unread(value: Any, wrong: BaseException) -> str:
    return f"a {type(value).__name__} that NumPy cannot read ({one_line(str(wrong))[:300]})"


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
