"""The steps of a derivative's own code, and one of them done otherwise: the form of an experiment on that code."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.rerun.replayed_run import Replay
from gradcheck.rerun.steps_tape import Ref, Step, filled

Array = NDArray[Any]


@dataclass(frozen=True)
class Steps:
    """All steps of a derivative that one instruction of its code came to: several in a loop or a helper.

    Attributes
    ----------
    replay: the run that they belong to.
    slots: where they stand in it, in order.
    """

    replay: Replay
    slots: tuple[int, ...]

    @property
    def first(self) -> Step:
        """The first of them."""
        return self.replay.steps[self.slots[0]]

    @property
    def name(self) -> str:
        """The function of NumPy that they call."""
        return self.first.name

    def operand(self, k: int) -> Any:
        """An argument of the first of them, as a value."""
        return filled(self.first.args[k], lambda slot: self.replay.steps[slot].value)

    @cached_property
    def users(self) -> frozenset[str]:
        """The functions that their results go to, with the position: "divide 1"."""
        found = set()
        for slot in self.slots:
            for step in self.replay.steps:
                found |= {f"{step.name} {k}" for k, a in enumerate(step.args) if isinstance(a, Ref) and a.slot == slot}
        return frozenset(found)


Make = Callable[[tuple[Any, ...], dict[str, Any], Any], Any]


@dataclass(frozen=True)
class Edit:
    """One thing done otherwise in some steps of a derivative.

    Attributes
    ----------
    mistake: what the step as it is was a mistake of, if the derivative is right with the edit; None if that is open.
    rank: the lower, the less it takes to make such a mistake.
    words: what was done, as a clause about the line: "has plus where minus is due".
    make: what a step gives instead, by its arguments, keywords and result; None where it cannot be had.
    reshapes: what it gives may have another shape.
    turns: what the steps give instead, one by one, where that is not the same for all of them.
    sure: the kind is known, although another array is brought in.
    more: what is due instead, to go on with after the words; said where all edits that make it right agree.
    """

    mistake: Mistake | None
    rank: int
    words: str
    make: Make
    reshapes: bool = False
    turns: tuple[Make, ...] = ()
    more: Callable[[], str] = str
    sure: bool = False

    def made_in(self, steps: Steps) -> dict[int, Make]:
        """What each of the steps gives instead."""
        return dict(zip(steps.slots, self.turns or [self.make] * len(steps.slots), strict=True))


def by_instruction(replay: Replay) -> list[Steps]:
    """The steps that an answer is computed from, one instruction and one function at a time, the last ones first."""
    table: dict[Any, list[int]] = defaultdict(list)
    for slot in sorted(replay.reaching):
        step = replay.steps[slot]
        if step.place is not None:
            table[step.place, step.name].append(slot)
    return [Steps(replay, tuple(slots)) for slots in sorted(table.values(), key=lambda s: -s[-1])]


def numeric(value: Any) -> bool:
    """Whether a value is a float or an array of floats."""
    return isinstance(value, float | np.floating) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")


def several(edits: Sequence[tuple[Mistake | None, int, str, Callable[..., Any]]]) -> list[Edit]:
    """Edits from rows (mistake, rank, words, what comes instead, by the arguments alone)."""
    return [Edit(m, r, w, partial(_by_arguments, f)) for m, r, w, f in edits]


def _by_arguments(function: Callable[..., Any], args: Any, kwargs: Any, value: Any) -> Any:
    return function(*args)
