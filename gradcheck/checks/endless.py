"""Inputs that hold themselves, or lie deeper in containers than anybody means: refused before anything walks them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.checks.wrappers import Attributes
from gradcheck.errors import InvalidProblem
from gradcheck.problem.refused_inputs import described

DEEPEST = 100
"""Levels of containers in an input; NumPy's arrays have at most 64 axes."""


def refuse_endless(inputs: Sequence[Any]) -> None:
    """Raises InvalidProblem for an input with a container in it that holds itself, or lies in `DEEPEST` others."""
    done: set[int] = set()
    for k, value in enumerate(inputs):
        _walk(value, f"input {k}", (), done)


def _walk(value: Any, path: str, above: tuple[int, ...], done: set[int]) -> None:
    parts = _parts(value)
    if parts is None or id(value) in done:
        return
    if id(value) in above or len(above) >= DEEPEST:
        what = "holds itself" if id(value) in above else f"lies in {DEEPEST} others"
        said = f"expected an array, or containers of arrays, got {described(value)} that {what}; give each array once"
        raise InvalidProblem(said, where=path)
    for step, part in parts:
        _walk(part, path + step, (*above, id(value)), done)
    done.add(id(value))


def _parts(value: Any) -> Iterable[tuple[str, Any]] | None:
    """What a container holds, and how that is called; None for whatever is none."""
    if isinstance(value, int | float | np.generic):  # by far the most
        return None
    if isinstance(value, Attributes):
        return zip((f".{name}" for name in value.names), value.values, strict=True)
    if isinstance(value, Mapping):
        return ((f"[{key!r:.30}]", part) for key, part in value.items())
    if isinstance(value, list | tuple):
        return ((f"[{k}]", part) for k, part in enumerate(value))
    if isinstance(value, np.ndarray):
        return ((f"[{k}]", part) for k, part in enumerate(value.flat)) if value.dtype == object else None
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ((f".{field.name}", getattr(value, field.name, None)) for field in dataclasses.fields(value))
    return None
