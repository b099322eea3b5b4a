"""One mistake that might have been made, and the experiment that shows whether it reproduces an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.attribution.altered_sweep import Edge, Shortcuts
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.view import Array, View
from gradcheck.tracing.record import Node

Rule = Callable[[View, Any], Any]
"""rule(view, adjoint of the node) -> what the argument is sent, in the argument's shape."""
Variant = tuple[Mistake, str, Rule]
"""A wrong rule for one argument of an operation: its kind, what was done, and the rule."""


@dataclass(frozen=True)
class Change:
    """What an experiment changes in the reverse sweep.

    Attributes
    ----------
    factors: edge -> number (or one per run) by which its contribution is multiplied.
    instead: edge -> rule by which its contribution is made.
    shortcuts: see `altered_sweep.Shortcuts`; made for each view.
    constants: constant node -> array, of its shape and a last axis of runs, that takes its place also going forward.
    nodes: node -> another one in its place, for another function.
    """

    factors: Mapping[Edge, Any] = field(default_factory=dict)
    instead: Mapping[Edge, Rule] = field(default_factory=dict)
    shortcuts: Callable[[View], Shortcuts | None] | None = None
    constants: Mapping[int, Any] = field(default_factory=dict)
    nodes: Mapping[int, Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Hypothesis:
    """A mistake at certain edges of a record.

    Attributes
    ----------
    mistake: its kind.
    rank: simpler ones come first; of several that reproduce an answer those of the lowest rank count.
    edges: the edges that it concerns; its place is where their nodes were made.
    words: what was done to the path through the place, as a participle: "being left out".
    change: the experiment.
    operand: the place is the operand that the edge leads to, not the whole expression.
    factor: the number by which a contribution is taken, where it is that.
    """

    mistake: Mistake
    rank: int
    edges: tuple[Edge, ...]
    words: str
    change: Change
    operand: bool = False
    factor: float | None = None

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from others at another point."""
        return self.mistake, self.edges, self.words, self.operand

    def again(self, **changes: Any) -> Hypothesis:
        """The same with some attributes changed."""
        return replace(self, **changes)


def outcomes(view: View, change: Change, runs: int = 1) -> dict[str, Array] | None:
    """The gradient under a change, by block, on a last axis of `runs`; None where it cannot be made there."""

    def alter(slot: int, position: int, contribution: Any, adjoint: Any) -> Any:
        edge = slot, position
        if edge in change.instead:
            return change.instead[edge](view, adjoint)
        factor = change.factors.get(edge)
        return contribution if factor is None else contribution * factor

    if change.nodes:
        return view.with_nodes(change.nodes).gradients(runs, None)
    shortcuts = None
    if change.shortcuts is not None and (shortcuts := change.shortcuts(view)) is None:
        return None
    values = view.recomputed(change.constants) if change.constants else view.values
    return view.gradients(runs, alter if change.factors or change.instead else None, shortcuts, values)
