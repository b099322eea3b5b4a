"""Arrays that write a tape: whatever NumPy computes from them is noted, with the functions and arguments."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.rerun.steps_tape import Ref, Tape

IN_PLACE = ("copyto", "fill_diagonal", "put", "place", "putmask", "put_along_axis")
"""Functions of NumPy that change their first argument."""
METHODS = frozenset(
    (
        "argmax",
        "argmin",
        "argsort",
        "astype",
        "choose",
        "clip",
        "compress",
        "conj",
        "copy",
        "cumprod",
        "cumsum",
        "diagonal",
        "dot",
        "flatten",
        "max",
        "mean",
        "min",
        "nonzero",
        "prod",
        "ravel",
        "repeat",
        "reshape",
        "round",
        "searchsorted",
        "squeeze",
        "std",
        "sum",
        "swapaxes",
        "take",
        "trace",
        "transpose",
        "var",
    )
)
"""Methods of arrays, which are noted like functions."""


class Recorded(np.ndarray):
    """An array that writes a tape; `slot` is where its present contents are noted, None if they are not."""

    tape: Tape | None = None
    slot: int | None = None
    part_of: tuple[Recorded, Any] | None = None
    """The array whose memory it shares, and the key by which it was taken out of it."""

    def __array_finalize__(self, source: Any) -> None:
        """Made by NumPy without a call that is noted: it writes the same tape, and its contents are not noted."""
        self.tape, self.slot, self.part_of = getattr(source, "tape", None), None, None

    def changed(self, slot: int) -> None:
        """Note that its contents are now those of a step, and what that makes of the array that it is a part of."""
        self.slot = slot
        if self.part_of is not None and self.tape is not None:
            whole, key = self.part_of
            args = noted(self.tape, whole), noted(self.tape, key), Ref(slot)
            whole.changed(self.tape.called("setitem", assigned, args, {}, np.array(plain(whole))))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any) -> Any:
        """A ufunc, or one of its methods; with `out`, the array there has new contents afterwards."""
        tape, bare, call = _tape((inputs, out, tuple(kwargs.values()))), plain(inputs), getattr(ufunc, method)
        if tape is None:
            return call(*bare, **({} if out is None else {"out": plain(out)}), **plain(kwargs))
        args = tuple(noted(tape, x) for x in inputs)
        keywords = {k: noted(tape, v) for k, v in kwargs.items()}
        name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
        if method == "at":
            call(*bare, **plain(kwargs))
            if isinstance(inputs[0], Recorded):
                inputs[0].changed(tape.called(name, _on_a_copy(call), args, keywords, np.array(bare[0])))
            return None
        if out is None:
            return wrapped(tape, name, call, args, keywords, call(*bare, **plain(kwargs)))
        (target,) = out if isinstance(out, tuple) and len(out) == 1 else (None,)
        if target is None:
            return NotImplemented
        call(*bare, out=(plain(target),), **plain(kwargs))
        dtype = np.asarray(target).dtype
        slot = tape.called(name, _cast(call, dtype), args, keywords, np.array(plain(target)))
        if isinstance(target, Recorded):
            target.changed(slot)
            return target
        return _view(tape, plain(target), slot)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Another function of NumPy."""
        tape = _tape((args, tuple(kwargs.values())))
        if tape is None:
            return func(*plain(args), **plain(kwargs))
        named = tuple(noted(tape, a) for a in args)
        keywords = {k: noted(tape, v) for k, v in kwargs.items()}
        value = func(*plain(args), **plain(kwargs))
        if func.__name__ in IN_PLACE:
            if isinstance(args[0], Recorded):
                slot = tape.called(func.__name__, _on_a_copy(func), named, keywords, np.array(plain(args[0])))
                args[0].changed(slot)
            return value
        return wrapped(tape, func.__name__, func, named, keywords, value)

    def __getitem__(self, key: Any) -> Any:
        """A part of the array, which shares its memory as usual."""
        bare, tape = plain(self)[plain(key)], _tape((self,))
        if tape is None:
            return bare
        args = noted(tape, self), noted(tape, key)
        part = wrapped(tape, "getitem", operator.getitem, args, {}, np.asarray(bare))
        if isinstance(bare, np.ndarray) and np.may_share_memory(bare, plain(self)):
            part.part_of = self, plain(key)
        return part

    def __setitem__(self, key: Any, value: Any) -> None:
        """Assign to a part of the array."""
        tape, bare = _tape((self,)), plain(self)
        if tape is None or self._assigned_itself(key, value):
            bare[plain(key)] = plain(value)
            return
        args = noted(tape, self), noted(tape, key), noted(tape, value)
        bare[plain(key)] = plain(value)
        self.changed(tape.called("setitem", assigned, args, {}, np.array(bare)))

    def _assigned_itself(self, key: Any, value: Any) -> bool:
        """Whether `a[key] += b` puts the part back that it changed in place, which was noted then."""
        if not isinstance(value, Recorded) or value.part_of is None:
            return False
        whole, taken = value.part_of
        return whole is self and (taken is plain(key) or repr(taken) == repr(plain(key)))

    def __iter__(self) -> Iterator[Any]:
        """The parts along the first axis."""
        return (self[k] for k in range(len(self)))

    @property
    def T(self) -> Any:  # noqa: N802 - NumPy's name
        """The transpose."""
        return self.transpose()

    def __reduce__(self) -> Any:
        """Copied and pickled as a plain array."""
        return np.asarray(plain(self)).__reduce__()


def _method(name: str) -> Callable[..., Any]:
    of_arrays = getattr(np.ndarray, name)

    def method(self: Recorded, *args: Any, **kwargs: Any) -> Any:
        value, tape = of_arrays(plain(self), *plain(args), **plain(kwargs)), _tape((self,))
        if tape is None:
            return value
        named = tuple(noted(tape, a) for a in (self, *args))
        keywords = {k: noted(tape, v) for k, v in kwargs.items()}
        return wrapped(tape, name, of_arrays, named, keywords, value)

    return method


for _name in METHODS:
    setattr(Recorded, _name, _method(_name))


def assigned(array: Any, key: Any, value: Any) -> Any:
    """A copy of an array with `array[key] = value`."""
    fresh = np.array(array)
    fresh[key] = value
    return fresh


def _on_a_copy(call: Callable[..., Any]) -> Callable[..., Any]:
    def on_a_copy(array: Any, *args: Any, **kwargs: Any) -> Any:
        fresh = np.array(array)
        call(fresh, *args, **kwargs)
        return fresh

    return on_a_copy


def _cast(call: Callable[..., Any], dtype: Any) -> Callable[..., Any]:
    def cast(*args: Any, **kwargs: Any) -> Any:
        return np.asarray(call(*args, **kwargs)).astype(dtype)

    return cast


def plain(value: Any) -> Any:
    """A value with plain arrays, in the same memory, for recorded ones."""
    if isinstance(value, Recorded):
        return value.view(np.ndarray)
    if isinstance(value, tuple | list) and type(value) in (tuple, list):
        return type(value)(plain(item) for item in value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(_index(v) for v in (value.start, value.stop, value.step)))
    return value


def _index(value: Any) -> Any:
    return int(value) if isinstance(value, Recorded) else value


def noted(tape: Tape, value: Any) -> Any:
    """A value as an argument of a step: recorded arrays as references, others as they are now."""
    if isinstance(value, Recorded):
        if value.slot is None:
            value.slot = tape.given(np.array(plain(value)))
        return Ref(value.slot)
    if isinstance(value, np.ndarray):
        return np.array(value)
    if isinstance(value, tuple | list) and type(value) in (tuple, list):
        return type(value)(noted(tape, item) for item in value)
    if isinstance(value, dict):
        return {key: noted(tape, item) for key, item in value.items()}
    if isinstance(value, slice):
        return slice(*(_index(v) for v in (value.start, value.stop, value.step)))
    return value


def wrapped(tape: Tape, name: str, function: Callable[..., Any], args: Any, kwargs: Any, value: Any) -> Any:
    """The result of a step, as an array that writes the tape; of several results, each."""
    if isinstance(value, tuple | list) and any(isinstance(v, np.ndarray) for v in value):
        whole = tape.called(name, function, args, kwargs, value)
        parts = [
            wrapped(tape, "part", operator.getitem, (Ref(whole), k), {}, part) if isinstance(part, np.ndarray) else part
            for k, part in enumerate(value)
        ]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if not isinstance(value, np.ndarray | np.generic):
        return value
    array = np.asarray(value)
    return _view(tape, array, tape.called(name, function, args, kwargs, np.array(array)))


def _view(tape: Tape, array: Any, slot: int) -> Recorded:
    view = array.view(Recorded)
    view.tape, view.slot = tape, slot
    return view  # type: ignore[no-any-return]


def recorded(tape: Tape, array: Any, name: str = "given") -> Recorded:
    """A copy of an array that writes a tape."""
    fresh = np.array(array)
    return _view(tape, fresh, tape.given(np.array(fresh), name))


def _tape(values: Any) -> Tape | None:
    """The tape of the first recorded array among the values, while it is written."""
    tape = _found(values)
    return None if tape is None or tape.closed else tape


def _found(value: Any) -> Tape | None:
    if isinstance(value, Recorded):
        return value.tape
    if isinstance(value, tuple | list):
        return next((t for t in map(_found, value) if t is not None), None)
    if isinstance(value, dict):
        return _found(tuple(value.values()))
    return None
