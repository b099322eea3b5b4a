"""Operators such as `+=` that a class defines itself: an engine's own answers with and without them are compared."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.conventions.value_class import SAMPLE, ValueClass, seeded

OPERATORS: tuple[tuple[str, str, Callable[[Any, Any], Any], Callable[[Any, Any], Any]], ...] = (
    ("+=", "__iadd__", operator.iadd, operator.add),
    ("-=", "__isub__", operator.isub, operator.sub),
    ("*=", "__imul__", operator.imul, operator.mul),
    ("/=", "__itruediv__", operator.itruediv, operator.truediv),
)
"""As it is written, its method, itself, and the operator that makes a new node."""


def in_place_warnings(uses: ValueClass, sample: Any) -> Iterator[str]:
    """A sentence where gradients through such an operator are not those of the operator that makes a new node."""
    apart = [
        text
        for text, method, changes, makes in OPERATORS
        if method in dir(uses.kind) and _differ(uses, sample, changes, makes)
    ]
    if apart:
        one = apart[0]
        yield (
            f"an inner node changed by {', '.join(apart)} has other gradients than a new one: y {one} z is not "
            f"y = y {one[0]} z"
        )


def _differ(uses: ValueClass, sample: Any, changes: Callable[..., Any], makes: Callable[..., Any]) -> bool:
    try:
        new = _gradients(uses, sample, makes)
    except Exception:  # an operator that is not offered
        return False
    try:
        return not np.allclose(_gradients(uses, sample, changes), new, rtol=1e-4, atol=1e-6)
    except Exception:  # refused: nothing is computed wrongly
        return False


def _gradients(uses: ValueClass, sample: Any, form: Callable[..., Any]) -> list[Any]:
    """Gradients of three leaves after a product of two, with which the third is put together."""
    leaves = [uses.make(sample(value)) for value in (*SAMPLE, SAMPLE[0] + SAMPLE[1])]
    root = uses.ends(form(leaves[0] * leaves[1], leaves[2]))
    seeded(uses, root)
    uses.sweep(root)
    found = [uses.gradient(leaf, root) for leaf in leaves]
    return [np.zeros(np.shape(sample(SAMPLE[0]))) if g is None else np.array(g, dtype=float) for g in found]
