"""Restore what a function stores between calls, after a run in other numbers.

A layer stores its input, a running mean is updated, a list of losses grows. Traced numbers, formulas and complex
numbers must not stay there, because the function's next call in floats would use them.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from gradcheck.tracing.patched_numpy import is_users, names_in

_MOST = 10_000
"""Maximum number of objects inspected."""

_NOTHING = object()

Function = TypeVar("Function")
Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


Kept = list[tuple[Any, dict[Any, Any]]]
"""Everything that a function can reach and that binds names, attributes or items, and what it held when looked at."""
Known = dict[int, tuple[Any, Kept]]
"""By a function's id, the function and what was found."""

_remembered: ContextVar[tuple[Known, bool] | None] = ContextVar("_remembered", default=None)

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None), np.ndarray, *np.sctypeDict.values()})
"""Types of values by which nothing further is reached."""


@contextmanager
def remembering(known: Known, *, afresh: bool = False) -> Iterator[None]:
    """Run a block in which what a function can reach is looked for once and kept in `known`.

    A large library's modules hold thousands of objects, and a gradient that is differenced is traced hundreds of times.
    What the function makes in between is not restored, but with `afresh`: then it is looked for again as soon as
    anything found has come to hold what is neither a number nor a plain array. (So a check of a log-sum-exp of 10
    entries takes 7 % less time, and one of a function that reaches 200 objects a fifth.)
    """
    token = _remembered.set((known, afresh))
    try:
        yield
    finally:
        _remembered.reset(token)


def _kept(function: Any) -> Kept:
    scope = _remembered.get()
    if scope is None:
        return [(holder, _items(holder)) for holder in _holders(function)]
    known, afresh = scope
    if id(function) in known:
        before = known[id(function)][1]
        now = [(holder, _items(holder)) for holder, _ in before]
        if not afresh or all(_nothing_new(a, b) for (_, a), (_, b) in zip(before, now, strict=True)):
            return now
    found = [(holder, _items(holder)) for holder in _holders(function)]
    known[id(function)] = function, found
    return found


def _nothing_new(before: dict[Any, Any], now: dict[Any, Any]) -> bool:
    """Whether no value has come in by which anything further might be reached."""
    return all(before.get(key, _NOTHING) is value or type(value) in _PLAIN for key, value in now.items())


@contextmanager
def restored(function: Any) -> Iterator[None]:
    """Run a block, then restore whatever `function` can reach and that holds new numbers of another system.

    This covers attributes of the user's classes and instances, dictionaries, lists, closures and globals; each is
    restored as a whole. Other changes, such as a count of the calls, stay.
    """
    kept = _kept(function)
    try:
        yield
    finally:
        for holder, then in kept:
            now = _items(holder)
            changed = [value for key, value in now.items() if then.get(key, _NOTHING) is not value]
            if changed and _contain_others(changed):
                _put_back(holder, now, then)


def restoring(
    run: Callable[Concatenate[Function, Parameters], Answer],
) -> Callable[Concatenate[Function, Parameters], Answer]:
    """Wrap `run`, whose first argument is the user's function, in `restored`."""

    @functools.wraps(run)
    def clean(function: Function, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        with restored(function):
            return run(function, *args, **kwargs)

    return clean


def _items(holder: Any) -> dict[Any, Any]:
    """What a dictionary, list, class or closure cell holds."""
    if isinstance(holder, list):
        return dict(enumerate(holder))
    if isinstance(holder, types.CellType):
        return {0: _content(holder)}
    return dict(vars(holder) if isinstance(holder, type) else holder)


def _put_back(holder: Any, now: dict[Any, Any], then: dict[Any, Any]) -> None:
    if isinstance(holder, list):
        holder[:] = then.values()
    elif isinstance(holder, types.CellType):
        if then[0] is _NOTHING:
            del holder.cell_contents
        else:
            holder.cell_contents = then[0]
    else:
        named = isinstance(holder, type)
        for key in now:
            if key not in then:
                delattr(holder, key) if named else holder.pop(key)
        for key, value in then.items():
            if now.get(key, _NOTHING) is not value:
                setattr(holder, key, value) if named else holder.__setitem__(key, value)


def _contain_others(values: Iterable[Any]) -> bool:
    """Whether a number of another system is among the values, or in what they hold."""
    waiting, seen = list(values), set[int]()
    while waiting and len(seen) < _MOST:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if _is_other(thing):
            return True
        if isinstance(thing, dict):
            waiting += thing.values()
        elif isinstance(thing, list | tuple):
            waiting += thing
        elif isinstance(thing, np.ndarray):
            waiting += thing.ravel().tolist() if thing.dtype == object else []
        elif is_users(type(thing).__module__):
            waiting += getattr(thing, "__dict__", {}).values()
    return False


def _is_other(value: Any) -> bool:
    """Whether a value is a number or an array of this package, or complex."""
    if _is_ours(type(value).__module__):  # first, because isinstance takes traced arrays for NumPy's
        return True
    return isinstance(value, np.ndarray | np.generic | complex) and np.asarray(value).dtype.kind == "c"


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return _NOTHING


def _holders(function: Any) -> list[Any]:
    """Everything that a function can reach and that binds names, attributes or items."""
    found: dict[int, Any] = {}
    seen: set[int] = set()
    waiting = [function]
    while waiting and len(seen) < _MOST:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, functools.partial):
            waiting += [thing.func, *thing.args, *thing.keywords.values()]
        elif isinstance(thing, np.vectorize):
            waiting.append(thing.pyfunc)
        elif isinstance(thing, types.MethodType):
            waiting += [thing.__func__, thing.__self__]
        elif isinstance(thing, types.FunctionType):
            waiting += _of_function(thing, found)
        elif isinstance(thing, dict | list):
            if len(thing) > _MOST:
                continue
            found[id(thing)] = thing
            waiting.extend(thing.values() if isinstance(thing, dict) else thing)  # += may make another class of list
        elif isinstance(thing, tuple):
            waiting.extend(thing)
        elif isinstance(thing, type):
            if is_users(thing.__module__) and not _is_ours(thing.__module__):
                found[id(thing)] = thing
                waiting += [v for v in vars(thing).values() if isinstance(v, types.FunctionType | dict | list)]
        elif is_users(type(thing).__module__):
            kept = getattr(thing, "__dict__", None)
            kept = kept if isinstance(kept, dict) else {}
            if _is_ours(type(thing).__module__):
                waiting += _callables(kept.values())
            else:
                found[id(kept)] = kept
                waiting += [type(thing), *kept.values()]
    return list(found.values())


def _of_function(function: types.FunctionType, found: dict[int, Any]) -> list[Any]:
    space, cells = function.__globals__, function.__closure__ or ()
    if _is_ours(function.__module__):
        return _callables(map(_content, cells))
    if not is_users(function.__module__):
        return []
    found[id(space)] = space
    found.update({id(cell): cell for cell in cells})
    named = [space[name] for name in names_in(function.__code__) if name in space]
    wrapped = getattr(function, "__wrapped__", None)
    return [*map(_content, cells), *named, *(function.__defaults__ or ()), wrapped]


def _is_ours(module: str | None) -> bool:
    """Whether a module belongs to this package, whose own records of a run must stay."""
    return (module or "").partition(".")[0] == __name__.partition(".")[0]


def _callables(values: Iterable[Any]) -> list[Any]:
    return [v for v in values if callable(v) or _is_ours(type(v).__module__)]
