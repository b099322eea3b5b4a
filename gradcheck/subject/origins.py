"""Where in the subject's own code each gradient came to be: the innermost function that ends with it in hand.

The subject is asked twice. The first answer says what to look for. During the second, every call of a function in the
subject's own files is watched: a function made a gradient if it can be seen when the function returns and could not be
seen when the function was called. Seen are what is returned, the function's own variables, and the attributes of
`self`. An array that held numbers other than 0 before the call, and was changed in place, counts as added to, and not
as made.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from types import CodeType, FrameType
from typing import Any

import numpy as np

from gradcheck.subject import calling
from gradcheck.subject.answer import Array, Origin
from gradcheck.subject.trouble import Place

MOST_CALLS = 20_000
"""Maximum number of calls that are watched before the search ends without an origin for what is left."""
MOST_THINGS = 200
"""Maximum number of values that are looked at in one container."""
DEEPEST = 2
"""Maximum number of containers around a value."""
MOST_DECORATORS = 20
"""Maximum number of lines between a function's first decorator and its `def`."""


def origins(
    function: Callable[..., Any],
    problem: Any,
    point: Mapping[str, Array],
    blocks: Collection[str],
    *,
    place: Place,
) -> dict[str, Origin]:
    """The origins of the gradients of `blocks` in the answer of `function(problem, point)`, the first made first.

    A gradient whose entries are all 0, 1 or -1 has none: too much else is equal to it. SubjectError as for
    `calling.ask`.
    """
    answer = calling.ask(function, problem, point, place=place)
    wanted = {b: answer.gradients[b] for b in blocks if b in answer.gradients and _telling(answer.gradients[b])}
    watch = _Watch(wanted, place)
    with _profiled_by(watch):
        calling.ask(function, problem, point, place=place)
    return watch.found


def _telling(gradient: Array) -> bool:
    return gradient.size > 0 and gradient.dtype.kind == "f" and not np.all(np.isin(gradient, (0.0, 1.0, -1.0)))


@contextmanager
def _profiled_by(watch: Callable[[FrameType, str, object], None]) -> Iterator[None]:
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(before)


Held = Mapping[tuple[int, object], object]
"""What entries of containers, and attributes of `self`, held when a function was called, by container and key."""


@dataclass
class _Watch:
    """Sees the calls and returns of functions in the subject's files."""

    wanted: Mapping[str, Array]
    place: Place
    found: dict[str, Origin] = field(default_factory=dict)
    _calls: int = 0
    _owned: dict[CodeType, bool] = field(default_factory=dict)
    _called: dict[FrameType, tuple[frozenset[str], Held]] = field(default_factory=dict)

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """The function that `sys.setprofile` takes."""
        if event not in ("call", "return") or not self._owns(frame.f_code):
            return
        if event == "call":
            self._calls += 1
            if self._calls > MOST_CALLS or len(self.found) == len(self.wanted):
                sys.setprofile(None)
            else:
                self._called[frame] = self._seen(_variables(frame).values(), {}), _held(frame)
        elif frame in self._called:
            before, held = self._called.pop(frame)
            in_hand = (argument, *_variables(frame).values(), _attributes_of_self(frame))
            for block in self._seen(in_hand, held) - before - set(self.found):
                self.found[block] = Origin(self.place.relative(frame.f_code.co_filename), *_definition(frame.f_code))

    def _owns(self, code: CodeType) -> bool:
        if code not in self._owned:
            named = code.co_name == "<lambda>" or not code.co_name.startswith("<")
            named = named and code.co_name != "__init__"  # it is handed values, one of which may be the same number
            self._owned[code] = named and self.place.owns(code.co_filename)
        return self._owned[code]

    def _seen(self, things: Iterable[object], held: Held) -> frozenset[str]:
        """The wanted gradients among these things, containers opened."""
        found = set[str]()
        for thing in things:
            for one in _opened(thing, held, DEEPEST):
                found |= {b for b, gradient in self.wanted.items() if b not in found and _same(one, gradient)}
        return frozenset(found)


def _variables(frame: FrameType) -> dict[str, object]:
    """The function's own variables; those of functions around it are not among them."""
    return {name: frame.f_locals[name] for name in frame.f_code.co_varnames if name in frame.f_locals}


def _attributes_of_self(frame: FrameType) -> dict[str, object]:
    """The attributes of `self`, without running any code of its class."""
    try:
        found = object.__getattribute__(frame.f_locals["self"], "__dict__")
    except (AttributeError, KeyError):
        return {}
    return found if type(found) is dict else {}


def _held(frame: FrameType) -> Held:
    """The numbers other than 0 in containers that are arguments, and in attributes of `self`."""
    holders = (*_variables(frame).values(), _attributes_of_self(frame))
    return {
        (id(holder), key): thing
        for holder in holders
        for key, thing in _entries(holder)
        if _is_numbers(thing) and np.any(np.asarray(thing))
    }


def _entries(holder: object) -> Iterator[tuple[object, object]]:
    """The first keys and entries of a dictionary, a list or a tuple."""
    if isinstance(holder, dict):
        yield from islice(holder.items(), MOST_THINGS)
    elif isinstance(holder, list | tuple):
        yield from islice(enumerate(holder), MOST_THINGS)


def _opened(thing: object, held: Held, depth: int) -> Iterator[object]:
    """The thing, or the entries of a container, without those to which something was added."""
    if not isinstance(thing, dict | list | tuple):
        yield thing
    elif depth:
        for key, inner in _entries(thing):
            before = held.get((id(thing), key))
            if before is None or (inner is not before and type(inner) is np.ndarray):
                yield from _opened(inner, held, depth - 1)


def _is_numbers(thing: object) -> bool:
    return (
        type(thing) is float
        or isinstance(thing, np.floating)
        or (type(thing) is np.ndarray and thing.dtype.kind == "f")
    )


def _same(thing: object, gradient: Array) -> bool:
    if not _is_numbers(thing):
        return False
    numbers: Array = np.asarray(thing)
    return numbers.shape == gradient.shape and np.array_equal(numbers, gradient, equal_nan=True)


def _definition(code: CodeType) -> tuple[int, str]:
    """The line of a function's `def`, and its name; the code begins at the first decorator."""
    for line in range(code.co_firstlineno, code.co_firstlineno + MOST_DECORATORS):
        text = linecache.getline(code.co_filename, line).lstrip()
        if text.startswith((f"def {code.co_name}", f"async def {code.co_name}")):
            return line, code.co_name
    return code.co_firstlineno, code.co_name
