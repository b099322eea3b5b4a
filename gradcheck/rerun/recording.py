"""One run of NumPy code on arrays that write a tape, those that the code makes itself included."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.rerun.recorded_array import Recorded, noted, plain, recorded, wrapped
from gradcheck.rerun.steps_tape import Ref, Step, Tape

BUFFERS = ("zeros", "ones", "empty", "full", "eye", "identity")
"""Functions of NumPy that make arrays of numbers, which code may fill."""
CONVERSIONS = ("array", "asarray", "asanyarray", "ascontiguousarray")
"""Functions that make arrays of other arrays, and would make plain ones of recorded ones."""


@dataclass(frozen=True)
class Recording:
    """The steps of one run, and the slots of what it answered.

    Attributes
    ----------
    steps: the calls of NumPy.
    answers: per part of the answer the slot that holds it; None where it is no recorded array.
    """

    steps: Sequence[Step]
    answers: tuple[int | None, ...]


def record(call: Callable[..., Sequence[Any]], arrays: Sequence[Any], names: Sequence[str]) -> Recording:
    """The steps of `call(*arrays)`, which returns a sequence of arrays, with the arrays' names in their steps.

    Raises whatever the call raises, also because it meets a recorded array; and TooLongError.
    """
    tape = Tape()
    given = [recorded(tape, a, f"given {n}") for a, n in zip(arrays, names, strict=True)]
    try:
        with rerun_numpy(tape):
            parts = list(call(*given))
            refs = [noted(tape, part) for part in parts]
    finally:
        tape.closed = True
    return Recording(tape.steps, tuple(ref.slot if isinstance(ref, Ref) else None for ref in refs))


@contextmanager
def rerun_numpy(tape: Tape) -> Iterator[None]:
    """Within, `np.zeros`, `np.array` and the like make arrays that write the tape where the user's code calls them."""
    originals = {name: getattr(np, name) for name in (*BUFFERS, *CONVERSIONS)}
    for name in BUFFERS:
        setattr(np, name, _making(tape, originals[name]))
    for name in CONVERSIONS:
        setattr(np, name, _converting(tape, originals[name], originals["array"], copies=name == "array"))
    try:
        yield
    finally:
        for name, original in originals.items():
            setattr(np, name, original)


def _making(tape: Tape, original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def making(*args: Any, **kwargs: Any) -> Any:
        made = original(*plain(args), **plain(kwargs))
        if not _by_user(_PACKAGE) or made.dtype.kind not in "fiub":
            return made
        named = tuple(noted(tape, a) for a in args)
        return wrapped(tape, original.__name__, original, named, {k: noted(tape, v) for k, v in kwargs.items()}, made)

    return making


def _converting(
    tape: Tape, original: Callable[..., Any], array: Callable[..., Any], *, copies: bool
) -> Callable[..., Any]:
    @functools.wraps(original)
    def converting(value: Any = None, *args: Any, **kwargs: Any) -> Any:
        if not _by_user(_ROOM) or not (copies or _holds(value)):
            return original(value, *args, **kwargs)
        if isinstance(value, Recorded) and not copies and not args and not kwargs:
            return value
        made = original(plain(value), *args, **kwargs)
        if not isinstance(made, np.ndarray) or made.dtype.kind not in "fiub":
            return made
        named = (noted(tape, value), *args)
        return wrapped(tape, "array", array if copies else original, named, kwargs, np.require(made))

    return converting


def _holds(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_holds, value))
    return isinstance(value, Recorded)


_ROOM, _PACKAGE = __name__.rpartition(".")[0], f"{__name__.partition('.')[0]}."
"""What the names of this room's modules begin with, and those of all of the package's."""


def _by_user(own: str) -> bool:
    """Whether the function that asks was called by code that is neither a library's nor ours.

    A copy that the package makes of a user's array is one of the user's steps; a buffer that it asks for, such as the
    one that `np.random.get_state` reads its numbers into, is not.
    """
    name = str(sys._getframe(2).f_globals.get("__name__", ""))
    return not name.startswith(("numpy", "scipy", own))
