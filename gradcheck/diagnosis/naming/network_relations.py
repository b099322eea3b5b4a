"""Compares a subject's gradients with the relations that backprop makes between them.

The gradient of a bias for a single sample is delta[l]. So delta[l] can be compared with what the rule makes of the
subject's own delta[l+1], and dC/dW[l] with what it makes of the subject's own delta[l]. This shows a mistake that is
made in some layers only, or in an answer that differs from every textbook's for other reasons.

A fault explains an answer if it explains every wrong relation in it. Right relations count only against a fault that
applies to every layer (`throughout`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.diagnosis.naming.answer_match import Observed, equal
from gradcheck.problem import Case
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


@dataclass(frozen=True)
class Relations:
    """What the relations of one kind of network are.

    Attributes
    ----------
    right: makes the right textbook.
    deltas: the attribute of an engine that holds its deltas.
    gradient: the parameters' gradients that an engine computes from its deltas.
    explained: whether the deltas of one sample fit each other, by the right engine or by the bent one.
    """

    right: Make
    deltas: str
    gradient: Callable[[Any], dict[str, Array]]
    explained: Callable[[Judge, Deltas, Any, Any], bool]

    def explain(self, make: Make, one: Observed, reading: Callable[[Observed, Any, Any], Deltas | None]) -> bool:
        """Whether the fault explains all relations: the batch's, and those of each sample asked about alone."""
        samples, judge = one.samples, Judge(one.case.dtype, throughout=make().throughout)
        deltas: list[Deltas] = []
        for sample in samples:
            right, bent = after_forward(self.right(), sample), after_forward(make(), sample)
            delta = reading(sample, right, bent)
            if delta is None or not self._fits(judge, delta, sample, right, bent):
                return False
            deltas.append(delta)
        if samples == [one]:
            return True
        gradient = []
        for made in (self.right, make):
            engine, alone = after_forward(made(), one), after_forward(made(), samples[0])
            setattr(engine, self.deltas, stacked(deltas, engine.share() / alone.share()))
            gradient.append(self.gradient(engine))
        return judge.all_explained(gradients(one), *gradient)

    def _fits(self, judge: Judge, delta: Deltas, one: Observed, right: Any, bent: Any) -> bool:
        for engine in (right, bent):
            setattr(engine, self.deltas, delta)
        return self.explained(judge, delta, right, bent) and judge.all_explained(
            gradients(one), self.gradient(right), self.gradient(bent)
        )


def after_forward(engine: Any, one: Observed) -> Any:
    """The engine after its forward pass at the case's point."""
    case = one.case
    assert isinstance(case, Case)
    engine.forward(case.problem, {n: np.asarray(x, dtype=case.dtype) for n, x in case.point.items()})
    return engine
