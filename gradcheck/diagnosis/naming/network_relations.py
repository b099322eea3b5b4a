"""Backprop in a network is a chain of relations, and each can be held against the subject's own numbers.

The gradient of a bias for a single sample is delta[l]; so delta[l] can be compared with what the rule makes of the
subject's own delta[l+1], and dC/dW[l] with what it makes of its own delta[l]. A mistake that is made in some layers
only, or beside answers that differ from any textbook's for other reasons, shows in its relation all the same.

A fault explains an answer if every relation that is wrong in it is wrong as the fault has it. Relations that are right
tell nothing, unless the fault is one of every layer (`throughout`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Heard, equal
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import Answer


class Judge:
    """Compares what the subject says with what the right rule, and a fault's, make of its own numbers."""

    def __init__(self, dtype: str, *, throughout: bool) -> None:
        self._dtype, self._throughout = dtype, throughout

    def explained(self, given: Array | None, right: Array, bent: Array) -> bool:
        """Whether an array is the fault's, or right."""
        if given is None:
            return False
        if equal(given, bent, self._dtype):
            return True
        return not self._throughout and equal(given, right, self._dtype)

    def all_explained(self, given: Mapping[str, Array], right: Mapping[str, Array], bent: Mapping[str, Array]) -> bool:
        """Whether every array of a gradient is; none may be missing."""
        return all(self.explained(given.get(name), right[name], bent[name]) for name in right)


Deltas = dict[Any, Array]
"""Of one sample, or of a batch: delta by layer, shape (batch, n), or by neuron, shape (batch,)."""


def right_value(one: Heard) -> bool:
    """Whether there is an answer, the loss's value right."""
    theirs, right = one.theirs, one.right
    return isinstance(theirs, Answer) and isinstance(right, Answer) and equal(theirs.value, right.value, one.case.dtype)


def gradients(one: Heard) -> dict[str, Array]:
    """The subject's; none where it has no answer."""
    return one.theirs.gradients if isinstance(one.theirs, Answer) else {}


def stacked(deltas: list[Deltas], factor: float) -> Deltas:
    """The samples' deltas as a batch's, each with its share."""
    return {key: np.concatenate([each[key] for each in deltas]) * factor for key in deltas[0]}


Make = Callable[[], Any]
"""Makes an engine that has a fault."""
