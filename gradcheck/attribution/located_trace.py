"""The record of a function in which every node knows the places in the user's code that made it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np

from gradcheck import holding
from gradcheck.errors import GradcheckError
from gradcheck.numbers.arithmetic import Array
from gradcheck.numbers.ball import Balls
from gradcheck.problem.function import Product, lend
from gradcheck.problem.instruction import open_instruction
from gradcheck.tracing import session, storage
from gradcheck.tracing.fork import make_task
from gradcheck.tracing.location import OWN
from gradcheck.tracing.primitives import value as value_of
from gradcheck.tracing.record import Node, Record
from gradcheck.tracing.trace import NeedsPrecision, Trace

BITS = 128
"""Bits of the balls by which comparisons are decided; as many as the first attempt of an analysis has."""
MOST_NODES = 4_000
"""Maximum number of nodes of a record that is searched for a mistake; each experiment is a sweep over all of them."""
MOST_ENTRIES = 200_000
"""Maximum number of entries of all nodes of such a record."""
MOST_FRAMES = 6
"""Number of frames within which a buffer that is read is looked for."""
_LIBRARIES = ("numpy", "scipy", *OWN, holding.__name__)

Call = tuple[CodeType, int]
"""A code object of the user's, and the offset of the instruction that was being executed in it."""
Stack = tuple[Call, ...]
"""The user's calls that were open, the outermost first."""


@dataclass
class LocatedTrace(Trace):
    """A trace that notes where each node was made, and records every operation anew even if it repeats another.

    Attributes
    ----------
    stacks: per node the user's open calls; () for nodes made outside of the user's code.
    stored: nodes that put together what was assigned to a buffer; they are made where the buffer is read, which is not
        the place of the assignments, so that they have no place.
    outcomes: (sign of left - right, stack) of every comparison of traced numbers.
    before: per comparison the number of nodes that were made before it.
    ties: the stacks of those that are undecided in some entry.
    swept: nodes that f's own reverse sweep made, where f is a gradient, with the operation that each is for.
    """

    stacks: list[Stack] = field(default_factory=list)
    stored: set[int] = field(default_factory=set)
    outcomes: list[tuple[Array, Stack]] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    ties: list[Stack] = field(default_factory=list)
    swept: dict[int, int] = field(default_factory=dict)

    def made_by_sweep(self, first: int, slot: int) -> None:
        """The nodes of a first derivative stand where the operation does that they differentiate."""
        made = range(first, len(self.stacks))
        self.stacks[first:] = [self.stacks[slot]] * len(made)
        self.swept.update(dict.fromkeys(made, slot))

    def apply(
        self, primitive: str, args: Sequence[int], dtype: np.dtype[Any], *, rule: int = 0, **attributes: Any
    ) -> int:
        """Compute and record one primitive, also where the same one was recorded before."""
        if len(self.record.nodes) >= MOST_NODES or self.record.entries > MOST_ENTRIES:
            raise TooLargeError
        args = tuple(args)
        value = value_of(self.balls, primitive, [self.values[slot] for slot in args], attributes)
        varies = any(self.record.nodes[slot].varies for slot in args)
        return self._append(Node(primitive, args, attributes, value.shape, dtype, varies), value)

    def signs(self, left: tuple[int, Array], right: tuple[int, Array], rule: int = 0) -> tuple[Array, Array]:
        """As `Trace.signs`, and noted."""
        sign, undecided = super().signs(left, right, rule)
        if any(self.record.nodes[side[0]].varies for side in (left, right)):
            self.outcomes.append((sign, open_calls()))
            self.before.append(len(self.record.nodes))
            if np.any(undecided):
                self.ties.append(self.outcomes[-1][1])
        return sign, undecided

    def _append(self, node: Node, value: Array) -> int:
        slot = super()._append(node, value)
        if node.primitive == "gather" and _from_storage():
            self.stored.add(slot)
        self.stacks.append(open_calls() if node.args and slot not in self.stored else ())
        return slot


class TooLargeError(Exception):
    """The record has outgrown what is searched."""


@dataclass(frozen=True)
class Located:
    """A record with places.

    Attributes
    ----------
    record, stacks: the nodes, and per node the user's open calls when it was made.
    stored: nodes that put together what was assigned to a buffer.
    outcomes: signs of left - right of every comparison of traced numbers, with the user's open calls.
    before: per comparison the number of nodes that were made before it.
    ties: the user's open calls of comparisons that are undecided in some entry.
    swept: nodes of f's first derivative, where f is the gradient of what the user wrote, with the node each is for.
    """

    record: Record
    stacks: Sequence[Stack]
    stored: Set[int]
    outcomes: Sequence[tuple[Array, Stack]]
    before: Sequence[int]
    ties: Sequence[Stack]
    swept: Mapping[int, int] = field(default_factory=dict)

    def made(self, slot: int) -> tuple[Call | None, bool]:
        """The place of a node, and whether it belongs to the first derivative of what stands there."""
        return self.site(slot), slot in self.swept

    def site(self, slot: int) -> Call | None:
        """The innermost call in the user's code that made a node."""
        stack = self.stacks[slot]
        return stack[-1] if stack else None

    def alike(self, other: Located) -> bool:
        """Whether both are the same operations on the same arguments, made in the same places."""
        mine, others = self.record.nodes, other.record.nodes
        return (
            len(mine) == len(others)
            and self.record.outputs == other.record.outputs
            and list(self.stacks) == list(other.stacks)
            and all(
                a.primitive == b.primitive and a.args == b.args and a.shape == b.shape
                for a, b in zip(mine, others, strict=True)
            )
        )


def located(product: Product) -> Located | None:
    """The record of the product's function at its point; None where it cannot be traced, or is too long."""
    function, inputs = product.function, lend(product.inputs)
    balls = Balls()
    try:
        task = make_task(function.f, inputs, wrt=function.wrt, dtype=product.dtype, seed=0, sum_weight=2.0)
    except GradcheckError:
        return None
    for patch in (False, True):
        try:
            with balls.working(BITS), warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                run = session.run(task, balls, last=True, patch=patch, kind=LocatedTrace)
        except (GradcheckError, NeedsPrecision):
            continue
        except TooLargeError:
            return None
        assert isinstance(run.trace, LocatedTrace)
        trace = run.trace
        return Located(trace.record, trace.stacks, trace.stored, trace.outcomes, trace.before, trace.ties, trace.swept)
    return None


def _from_storage() -> bool:
    """Whether a node is being made by a buffer that is read."""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(MOST_FRAMES):
        if frame is None:
            return False
        if frame.f_globals.get("__name__") == storage.__name__:
            return True
        frame = frame.f_back
    return False


def open_calls() -> Stack:
    """The user's calls that are open, outermost first, between the tracer's own frames and the place that traces."""
    calls = []
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name == session.__name__:
            break
        if not name.startswith(_LIBRARIES) and name != __name__:
            calls.append(open_instruction(frame))
        frame = frame.f_back
    return tuple(reversed(calls))
