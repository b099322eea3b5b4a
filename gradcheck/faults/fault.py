"""One row of the catalogue of faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

SCOPES = {
    "dag": "gradients",
    "protocol": "gradients",
    "mlp": "mlp_gradients",
    "neurons": "neuron_gradients",
    "training": "train",
}
"""The entry point at which the subjects of each scope are asked."""

Subject = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """A known way of getting backprop wrong.

    Attributes
    ----------
    code: stable, "F01".
    name: short, for tables.
    sentence: what such an engine does, in words that a student understands.
    misconception: the wrong idea behind it.
    scope: "dag" (any graph), "protocol" (state, and the form of the answer), "mlp", "neurons" or "training".
    family: what it gets wrong: "branches", "order", "rule", "shape", "state", "answer", "layer", "schedule".
    bend: makes a subject that has the fault.
    right: the numbers are right, and the fault is another one (exponential time).
    variants: other ways of making the same mistake: in another order, with another number.
    """

    code: str
    name: str
    sentence: str
    misconception: str
    scope: str
    family: str
    bend: Callable[[], Subject]
    right: bool = False
    variants: tuple[Callable[[], Subject], ...] = ()

    @property
    def bends(self) -> tuple[Callable[[], Subject], ...]:
        """Every bend that makes the fault, the usual one first."""
        return (self.bend, *self.variants)

    def subject(self) -> Subject:
        """A new callable of the signature of `entry`; calls of the same one share its state."""
        return self.bend()

    @property
    def entry(self) -> str:
        """The entry point at which the subject is asked."""
        return SCOPES[self.scope]
