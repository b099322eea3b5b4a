"""The steps of one run of NumPy code: functions on earlier results, with the lines that called them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem.instruction import open_instruction

Array = NDArray[Any]

MOST_STEPS = 1_500
"""Maximum number of steps of a run; a longer one is a simulation or a solver, in which one step tells little."""
MOST_NUMBERS = 1_000_000
"""Maximum number of entries of all results of a run; each is kept."""
_LIBRARIES = ("numpy", "scipy", __name__.rpartition(".")[0])
_ADAPTERS = tuple(f"{__name__.partition('.')[0]}.{room}" for room in ("conventions", "subject", "checks", "judge"))
"""Rooms whose code calls a derivative, or copies what goes into it; none of it is the derivative's own."""

Call = tuple[CodeType, int]
"""A code object of the user's, and the offset of the instruction that was being executed in it."""


class TooLongError(Exception):
    """The run has more steps, or larger results, than are recorded."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The result of an earlier step, as an argument."""

    slot: int


@dataclass(frozen=True)
class Step:
    """One call of NumPy.

    Attributes
    ----------
    name: of the function: "multiply", "add.reduce", "sum", "getitem"; "given" for an array that came from outside.
    function: computes the result from the arguments, changing none of them.
    args, kwargs: the arguments, with `Ref` for results of earlier steps, also inside of tuples and lists.
    value: the result of this run.
    refs: slots of the results that it uses, each once.
    place: where the user's code called it; None for what came from outside.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any
    refs: tuple[int, ...]
    place: Call | None


@dataclass
class Tape:
    """The steps of one run, as far as it has come."""

    steps: list[Step] = field(default_factory=list)
    numbers: int = 0
    closed: bool = False
    """Set when the run is over; arrays that the code has kept behave like others from then on."""

    def given(self, value: Any, name: str = "given") -> int:
        """Note an array that comes from outside; its slot."""
        return self._append(Step(name, lambda: value, (), {}, value, (), None))

    def called(self, name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Any, value: Any) -> int:
        """Note a call whose arguments hold `Ref`; its slot."""
        refs = tuple(dict.fromkeys(refs_in((*args, *kwargs.values()))))
        return self._append(Step(name, function, tuple(args), dict(kwargs), value, refs, user_call()))

    def _append(self, step: Step) -> int:
        self.numbers += int(np.size(step.value)) if isinstance(step.value, np.ndarray) else 1
        if len(self.steps) >= MOST_STEPS or self.numbers > MOST_NUMBERS:
            raise TooLongError
        self.steps.append(step)
        return len(self.steps) - 1


def refs_in(value: Any) -> Iterator[int]:
    """The slots that a value refers to, inside of tuples, lists and dicts, too."""
    if isinstance(value, Ref):
        yield value.slot
    elif isinstance(value, tuple | list):
        for item in value:
            yield from refs_in(item)
    elif isinstance(value, dict):
        yield from refs_in(list(value.values()))
    elif isinstance(value, slice):
        yield from refs_in((value.start, value.stop, value.step))


def filled(value: Any, results: Callable[[int], Any]) -> Any:
    """A value with the results of steps for what refers to them."""
    if isinstance(value, Ref):
        return results(value.slot)
    if isinstance(value, tuple | list):
        return type(value)(filled(item, results) for item in value)
    if isinstance(value, dict):
        return {key: filled(item, results) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(filled(v, results) for v in (value.start, value.stop, value.step)))
    return value


def user_call() -> Call | None:
    """The innermost open call of the user's code; None where gradcheck itself calls, as its adapters do."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if not name.startswith(_LIBRARIES):
            return None if name.startswith(_ADAPTERS) else open_instruction(frame)
        frame = frame.f_back
    return None
