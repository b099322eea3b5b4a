"""How a number of a forward-mode class gets its derivative: as an argument, or as an attribute that is 1 at first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import numbers_of
from gradcheck.conventions.name_words import words

Seeded = Callable[[float, float], Any]
"""Makes a number of a value and its derivative."""

ARGUMENTS = ("der", "deriv", "derivative", "seed", "dot", "tangent", "dual", "grad", "epsilon", "eps", "ders")
"""Names of the argument that takes the derivative."""


def seeded_makers(kind: type, value: float) -> Iterator[Seeded]:
    """Ways of making an instance of a value and a derivative, those that were seen most often first."""
    yield kind
    yield from (partial(_by_name, kind, name) for name in _named_arguments(kind))
    try:
        held = numbers_of(kind(value))
    except Exception:  # a foreign class may refuse in any way
        return
    ones = [name for name, number in held.items() if np.size(number) == 1 and np.all(np.equal(number, 1.0))]
    yield from (partial(_by_attribute, kind, name) for name in ones)


def _named_arguments(kind: type) -> list[str]:
    """Arguments that are named like a derivative; any such name where the class takes every name."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return []
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return list(ARGUMENTS)
    return [p.name for p in parameters if set(words(p.name)) & set(ARGUMENTS)]


def _by_name(kind: type, name: str, value: float, derivative: float) -> Any:
    return kind(value, **{name: derivative})


def _by_attribute(kind: type, name: str, value: float, derivative: float) -> Any:
    made = kind(value)
    old = getattr(made, name)
    setattr(made, name, np.full_like(old, derivative, dtype=float) if isinstance(old, np.ndarray) else derivative)
    return made
