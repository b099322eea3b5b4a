"""What a report states of a check before its findings: the derivative, its place, the function and the point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck.judge.definition import LAMBDA, definition
from gradcheck.judge.question import Question
from gradcheck.judge.user_names import function_name
from gradcheck.problem.function import input_names
from gradcheck.verdict.checked import Checked
from gradcheck.verdict.digits import number

MOST_INPUTS = 6
"""Maximum number of inputs whose shapes are written out."""


def checked(question: Question, inputs: Sequence[Any] = ()) -> Checked:
    """What was checked; without `inputs` no point is named."""
    return _checked(question.kind, question.function.f, question.derivative, question.function.names, inputs)


def checked_as(kind: str, f: Callable[..., Any], derivative: Callable[..., Any], inputs: Sequence[Any]) -> Checked:
    """What was checked by a check that is put to the judge as another one, such as a Jacobian as a gradient."""
    return _checked(kind, f, derivative, input_names(f, len(inputs)), inputs)


def _checked(
    kind: str, f: Callable[..., Any], derivative: Callable[..., Any], names: Sequence[str], inputs: Sequence[Any]
) -> Checked:
    place = definition(derivative)
    return Checked(
        kind=kind,
        name=_bare(function_name(derivative)),
        place=str(place),
        file=place.file,
        line=place.line,
        function=f"{_bare(function_name(f))}({', '.join(names)})",
        point=point_in_words(names, inputs) if len(inputs) else "",
    )


def point_in_words(names: Sequence[str], inputs: Sequence[Any]) -> str:
    """ "x of shape (4, 3), W (3, 2), b (2,), float64"; of numbers their values; dtypes apart where they differ."""
    arrays = [np.asarray(x) for x in inputs]
    dtypes = {a.dtype for a in arrays if a.ndim}
    parts: list[str] = []
    for name, array in list(zip(names, arrays, strict=True))[:MOST_INPUTS]:
        if not array.ndim:
            parts.append(f"{name} = {number(array.item(), 6)}")
            continue
        of = "" if any(" of shape " in p for p in parts) else "of shape "
        dtype = f" {array.dtype}" if len(dtypes) > 1 else ""
        parts.append(f"{name} {of}{array.shape}{dtype}")
    if len(arrays) > MOST_INPUTS:
        parts.append(f"and {len(arrays) - MOST_INPUTS} more")
    return ", ".join([*parts, *(str(d) for d in dtypes if len(dtypes) == 1)])


def _bare(name: str) -> str:
    return LAMBDA if name.startswith(LAMBDA) else name
