"""`Function`: a black box of arrays, and `Product`: the derivative times a vector that is asked for."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, shown
from gradcheck.holding import Tape
from gradcheck.problem.evaluations import f_evaluated, function_failed
from gradcheck.problem.refused_inputs import refuse_special, refuse_unreal, unreadable, unreal_answer
from gradcheck.problem.time_limit import timed_call

Array = NDArray[Any]


@dataclass(frozen=True)
class Function:
    """A black box `f(*inputs)` to be differentiated.

    Attributes
    ----------
    f: takes the inputs, returns an array, a number, or a tuple of them.
    wrt: positions of the inputs that are differentiated.
    names: a name per input, as messages use it.
    """

    f: Callable[..., Any]
    wrt: tuple[int, ...]
    names: tuple[str, ...]

    @classmethod
    def of(cls, f: Callable[..., Any], inputs: Sequence[Any], wrt: Sequence[int | str] | int | str | None) -> Function:
        """A Function with the names of f's own arguments; by default every floating-point input is differentiated.

        Raises InvalidProblem for an f that cannot be called, an unknown `wrt`, or inputs that are not real numbers.
        """
        if not callable(f):
            raise InvalidProblem(f"expected a function of arrays, got {type(f).__name__}", where="f")
        if not inputs:
            raise InvalidProblem("expected at least one input to differentiate with respect to, got none")
        names = input_names(f, len(inputs))
        for name, value in zip(names, inputs, strict=True):
            refuse_unreal(value, name)
        return cls(f, _positions(wrt, inputs, names), names)

    def value(self, inputs: Sequence[Any]) -> tuple[tuple[Array, ...], bool]:
        """The outputs as arrays, and whether f returned a tuple. f gets `inputs` themselves, without copies.

        Raises InvalidProblem if f returns anything but real arrays; exceptions of f pass through.
        """
        with timed_call(), np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f_evaluated()
            try:
                returned = self.f(*inputs)
            except (Exception, SystemExit):
                function_failed()
                raise
        many = isinstance(returned, tuple | list)
        outputs = returned if many else (returned,)
        for k, part in enumerate(outputs):
            if (came := unreal_answer(part)) is not None:
                place = f"output {k} of f" if many else "f"
                raise InvalidProblem(f"expected an array of real numbers, got {came}", where=place)
        return tuple(np.asarray(part) for part in outputs), many


@dataclass(frozen=True)
class Product:
    """The question to an oracle: J^T c (a VJP) or J t (a JVP) of a function at a point.

    Attributes
    ----------
    function: what is differentiated.
    inputs: all of f's arguments; those in `wrt` are floating-point arrays.
    cotangents: one array per output for J^T c; None for a JVP.
    tangents: one array per differentiated input for J t; None for a VJP.
    dtype: the dtype in which the subject computes.
    """

    function: Function
    inputs: tuple[Any, ...]
    cotangents: tuple[Array, ...] | None
    tangents: tuple[Array, ...] | None
    dtype: np.dtype[Any]

    @cached_property
    def blocks(self) -> tuple[str, ...]:
        """Names of the parts of the answer: differentiated inputs for a VJP, outputs for a JVP."""
        if self.tangents is None:
            return tuple(self.function.names[k] for k in self.function.wrt)
        outputs = self.outputs[0]
        return ("output",) if len(outputs) == 1 else tuple(f"output {k}" for k in range(len(outputs)))

    @cached_property
    def outputs(self) -> tuple[tuple[Array, ...], bool]:
        """f's own value here, and whether it came as a tuple: computed once, and kept as copies."""
        with self._held.recording():
            outputs, many = self.run_f()
        return tuple(np.array(part) for part in outputs), many

    @cached_property
    def _held(self) -> Tape:
        """What f held (`gradcheck.held`) when `outputs` were computed."""
        return Tape()

    def run_f(self) -> tuple[tuple[Array, ...], bool]:
        """Run f here once more, on copies of the inputs: its value as arrays, and whether it came as a tuple."""
        return self.function.value(lend(self.inputs))

    def weighed(self, weights: Sequence[Array]) -> Product:
        """The same question with other cotangents, or other tangents of a JVP; f's outputs are the same."""
        given = tuple(weights)
        other = replace(self, cotangents=given) if self.tangents is None else replace(self, tangents=given)
        other.__dict__["outputs"] = self.outputs  # where a cached_property keeps its value
        other.__dict__["_held"] = self._held
        return other

    def scalar(self, inputs: Sequence[Any]) -> float:
        """<c, f(inputs)>, the scalar function whose gradient J^T c is, in float64 (VJP only).

        What f holds is what it held at the product's own inputs.
        """
        assert self.cotangents is not None
        _ = self.outputs  # fills the tape
        with self._held.playing():
            outputs, _ = self.function.value(inputs)
        with np.errstate(all="ignore"):  # infinities, at a point of our choosing
            return float(sum(np.sum(np.asarray(c, float) * o) for c, o in zip(self.cotangents, outputs, strict=True)))


def lend(inputs: Sequence[Any]) -> tuple[Any, ...]:
    """Copies that keep memory layout; an array that is given twice stays one array."""
    copies: dict[int, Any] = {}
    for value in inputs:
        if id(value) not in copies:
            copies[id(value)] = value.copy(order="K") if isinstance(value, np.ndarray) else value
    return tuple(copies[id(value)] for value in inputs)


def laid_out(like: Any, values: Any) -> Any:
    """Values as an array of another's dtype, and of its layout in memory, which f may read (`ravel(order="K")`)."""
    old, new = np.asarray(like), np.asarray(values)
    if new.dtype == old.dtype and (old.ndim < 2 or (new.strides == old.strides)):
        return new
    moved = np.empty_like(old, order="K", shape=new.shape)
    moved[...] = new
    return moved


def as_inputs(inputs: Sequence[Any], f: Callable[..., Any] | None = None) -> tuple[Any, ...]:
    """Numbers and lists become arrays; arrays stay themselves, an array given twice stays one array.

    Complaints call them as `f` does.

    Raises InvalidProblem for what is no array, for masked entries, and for np.matrix, whose `*` multiplies matrices.
    """
    converted: dict[int, Any] = {}
    names = [f"input {at}" for at in range(len(inputs))] if f is None else input_names(f, len(inputs))
    for name, value in zip(names, inputs, strict=True):
        if id(value) not in converted:
            converted[id(value)] = _as_input(value, name)
    return tuple(converted[id(value)] for value in inputs)


def input_names(f: Callable[..., Any], count: int) -> tuple[str, ...]:
    """The names of f's positional arguments, or "input 0", "input 1", ... if it has no signature."""
    plain = tuple(f"input {k}" for k in range(count)) if count > 1 else ("input",)[:count]
    own = getattr(f, "argument_names", None)  # a function of parts of a container names them by their paths
    if isinstance(own, tuple) and len(own) == count:
        return own
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError, AttributeError):  # ufuncs and some builtins have no signature
        return plain
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return tuple(named[:count]) if len(named) >= count else plain


def _as_input(value: Any, name: str) -> Any:
    refuse_special(value, name)
    if isinstance(value, np.ndarray):
        return value
    try:
        return np.asarray(value)
    except (Exception, SystemExit) as wrong:  # uneven rows and a user's __array__ may raise anything
        raise unreadable(value, name, wrong) from wrong


def in_choice(choice: Any) -> list[Any]:
    """What a choice of inputs names: one input, or those in a container."""
    if isinstance(choice, str):
        return [choice]
    try:
        return list(choice)
    except TypeError:  # a number; an array of no axes, or a sparse one, which says that it can be iterated over
        return [choice]


def input_position(choice: Any, names: Sequence[str]) -> int | None:
    """The position of the input that a name or a number chooses, counted from either end; None if there is none."""
    if isinstance(choice, str):
        return names.index(choice) if choice in names else None
    whole = isinstance(choice, int | np.integer) and not isinstance(choice, bool | np.timedelta64)
    return int(choice) % len(names) if whole and -len(names) <= choice < len(names) else None


def _positions(wrt: Sequence[int | str] | int | str | None, inputs: Sequence[Any], names: Sequence[str]) -> Any:
    floating = [k for k, value in enumerate(inputs) if np.asarray(value).dtype.kind == "f"]
    if wrt is None:
        if not floating:
            kinds = ", ".join(str(np.asarray(v).dtype) for v in inputs)
            raise InvalidProblem(f"no input is a floating-point array (dtypes {kinds}); nothing can be differentiated")
        return tuple(floating)
    chosen: list[int] = []
    for k in in_choice(wrt):
        at = input_position(k, names)
        if at is None:
            raise InvalidProblem(
                f"wrt names an input by position or name, got {shown(k)}; inputs are {', '.join(names)}"
            )
        if at not in floating:
            raise InvalidProblem(
                f"dtype {np.asarray(inputs[at]).dtype} cannot be differentiated; give floating-point values",
                where=f"input {names[at]!r}",
            )
        chosen.append(at)
    if not chosen or len(set(chosen)) != len(chosen):
        raise InvalidProblem(f"wrt must choose at least one input, each once, got {shown(wrt)}")
    return tuple(chosen)
