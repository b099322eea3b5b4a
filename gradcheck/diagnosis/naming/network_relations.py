"""Compares a subject's gradients with the relations that backprop makes between them.

The gradient of a bias for a single sample is delta[l]. So delta[l] can be compared with what the rule makes of the
subject's own delta[l+1], and dC/dW[l] with what it makes of the subject's own delta[l]. This shows a mistake that is
made in some layers only, or in an answer that differs from every textbook's for other reasons.

A fault explains an answer if it explains every wrong relation in it. Right relations count only against a fault that
applies to every layer (`throughout`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Observed, equal
from gradcheck.problem.ops import Array
from gradcheck.subject.answer import Answer


class Judge:
    """Compares the subject's numbers with those that the right rule, and a fault's rule, make of its other numbers."""

    def __init__(self, dtype: str, *, throughout: bool) -> None:
        self._dtype, self._throughout = dtype, throughout

    def explained(self, given: Array | None, right: Array, bent: Array) -> bool:
        """Whether an array equals the fault's, or the right one."""
        if given is None:
            return False
        if equal(given, bent, self._dtype):
            return True
        return not self._throughout and equal(given, right, self._dtype)

    def all_explained(self, given: Mapping[str, Array], right: Mapping[str, Array], bent: Mapping[str, Array]) -> bool:
        """Whether every array of a gradient is explained; none may be missing."""
        return all(self.explained(given.get(name), right[name], bent[name]) for name in right)


Deltas = dict[Any, Array]
"""Deltas of one sample or a batch: by layer, shape (batch, n), or by neuron, shape (batch,)."""


def right_value(one: Observed) -> bool:
    """Whether the subject has an answer whose loss value is right."""
    theirs, right = one.theirs, one.right
    return isinstance(theirs, Answer) and isinstance(right, Answer) and equal(theirs.value, right.value, one.case.dtype)


def gradients(one: Observed) -> dict[str, Array]:
    """The subject's gradients; empty where it has no answer."""
    return one.theirs.gradients if isinstance(one.theirs, Answer) else {}


def stacked(deltas: list[Deltas], factor: float) -> Deltas:
    """The samples' deltas joined to a batch's, each times `factor`."""
    return {key: np.concatenate([each[key] for each in deltas]) * factor for key in deltas[0]}


Make = Callable[[], Any]
"""Returns a new engine that has a fault."""
