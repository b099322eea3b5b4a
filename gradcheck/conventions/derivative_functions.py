"""A function and a derivative that takes the same arguments: what the derivative is, by shapes, and how it is asked."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.conventions.derivative_names import Hint
from gradcheck.conventions.example_inputs import Example, arguments, candidates
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.example_sources import asked_arguments, inputs_by_names
from gradcheck.conventions.foreign_calls import ForeignCalls, copied, lent
from gradcheck.conventions.layer_functions import is_real
from gradcheck.conventions.offer import Pair, PairKind
from gradcheck.conventions.returned_gradients import Places, places
from gradcheck.conventions.source_trees import returned_names

_MOST_TRIED = 400
"""Maximum number of example inputs that are tried."""
_SEVERAL = "an entry of what"
"""How the reason begins where a derivative cannot be a slope."""
_NUDGE = 0.125
"""By how much an entry is moved to see which outputs it reaches."""


@dataclass(frozen=True)
class Found:
    """What a derivative is.

    Attributes
    ----------
    example: where it was asked.
    what: "the gradient of a number", "a slope, entry by entry", "a Jacobian", "a JVP".
    where: where the gradient of each input stands in what is returned.
    """

    example: Example
    what: str
    where: Places

    @property
    def is_slope(self) -> bool:
        """Whether f maps one entry to one entry, so that a slope could be written by what f returns."""
        return self.what.startswith("a slope") or not any(map(np.ndim, self.example.values.values()))


class DerivativeFunctions:
    """One function and its derivative."""

    def __init__(
        self,
        calls: ForeignCalls,
        f: Callable[..., Any],
        derivative: Callable[..., Any],
        hint: Hint,
        slope: str,
        further: Iterable[Example] = (),
    ) -> None:
        """`further`: examples for where the names of the arguments lead to none."""
        self._further = further
        self._calls = calls
        self.f = f
        self.derivative = derivative
        self._hint = hint
        self._slope = slope
        self._names = asked_arguments(f, arguments(derivative) or []) or []
        self._required = arguments(f) or []
        self._asked = asked_arguments(derivative) or []

    def of(self, f: Callable[..., Any], derivative: Callable[..., Any]) -> DerivativeFunctions:
        """The same questions to another function and its derivative."""
        return DerivativeFunctions(self._calls, f, derivative, self._hint, self._slope)

    def found(self, given: Example | None) -> Found | str:
        """What the derivative is at the first inputs at which both run, or why that cannot be told."""
        last = several = ""
        first: Found | None = None
        examples: Iterator[Example] = iter([given]) if given is not None else self._examples()
        for example in itertools.islice(examples, _MOST_TRIED):
            try:
                value = self._value(example.values)
            except Exception as wrong:  # these inputs are not for it
                last = f"{self.f.__name__} raises {type(wrong).__name__}: {wrong}"[:200]
                continue
            if not is_real(value):
                last = f"{self.f.__name__} returns no numbers that are finite"
                continue
            try:
                answer = self._answer(example.values, value)
            except Exception as wrong:
                last = f"{self.derivative.__name__} raises {type(wrong).__name__}: {wrong}"[:200]
                continue
            found = self._classified(example, value, answer)
            if isinstance(found, Found):
                if found.where.fit:
                    return found
                first = first or found
            else:
                last = found
                several = several or (found if found.startswith(_SEVERAL) else "")
        return first or several or last or "no example inputs fit the arguments"

    def pair(self, name: str, found: Found) -> Pair:
        """The two as a Pair of the kind that the derivative is."""
        wrt = tuple(found.where.of)
        example = found.example

        def values(arrays: Sequence[Any]) -> dict[str, Any]:
            return {n: lent(arrays[wrt.index(n)]) if n in wrt else copied(v) for n, v in example.values.items()}

        def f(*arrays: Any) -> Any:
            return self._value(values(arrays))

        def answer(arrays: Sequence[Any]) -> Any:
            mine = values(arrays)
            value = self._value(mine) if self._slope == "output" else None
            returned = found.where.read(self._answer(mine, value))
            return returned[0] if len(wrt) == 1 else returned

        def gradient(*arrays: Any) -> Any:
            return answer(arrays)

        def vjp(cotangent: Any, *arrays: Any) -> Any:
            cotangent, slope = np.asarray(cotangent), answer(arrays)
            if found.what.startswith("a slope"):
                return cotangent * slope
            jacobians = [slope] if len(wrt) == 1 else slope
            weighed = [np.tensordot(cotangent, np.asarray(j), cotangent.ndim) for j in jacobians]
            return weighed[0] if len(wrt) == 1 else tuple(weighed)

        def jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
            if len(self._asked) == 2 and len(self._names) != 1:
                return self._calls(self.derivative, tuple(primals), tuple(tangents))
            return self._calls(self.derivative, *primals, *tangents)

        def hessian(*arrays: Any) -> Any:
            returned = self._answer(values(arrays), None)
            if len(wrt) == 1:
                return returned
            return tuple(tuple(np.asarray(returned[i][j]) for j in range(len(wrt))) for i in range(len(wrt)))

        def hvp(*arrays: Any) -> Any:
            return self._calls(self.derivative, *arrays)

        kinds: dict[str, tuple[PairKind, Callable[..., Any]]] = {
            "a JVP": ("jvp", jvp),
            "the gradient of a number": ("gradient", gradient),
            "a Hessian": ("hessian", hessian),
            "a Hessian times a vector": ("hvp", hvp),
        }
        kind, derivative = kinds.get(found.what, ("vjp", vjp))
        own = update_wrapper(f, self.f)
        own.argument_names = wrt  # type: ignore[attr-defined] # read by input_names
        shown = f"{self.f.__name__} and {self.derivative.__name__}"
        inputs = tuple(example.values[n] for n in wrt)
        return Pair(name, kind, own, update_wrapper(derivative, self.derivative), inputs, shown=shown)

    def _examples(self) -> Iterator[Example]:
        if self._stacks():
            yield from self._numbers()
        if self._hint not in ("jvp", "hvp"):  # a tangent is due for every argument
            yield from inputs_by_names(self._names, self._further)
        yield from candidates(self._names, targets_are_data=True)

    def _numbers(self) -> Iterator[Example]:
        if len(self._names) > 1:
            found = candidates(self._names, targets_are_data=True)
            yield from (e for e in found if not any(map(np.ndim, e.values.values())))

    def _stacks(self) -> bool:
        """Whether the derivative puts the gradients by several numbers into one array."""
        for example in itertools.islice(self._numbers(), 1):
            try:
                value = self._value(example.values)
                answer = self._answer(example.values, value)
            except Exception:  # no function of numbers
                return False
            return np.size(value) == 1 and isinstance(answer, np.ndarray) and answer.shape == (len(self._names),)
        return False

    def _value(self, values: Mapping[str, Any]) -> Any:
        """f of these; an argument beyond those that it requires goes by its name."""
        given = {name: copied(value) for name, value in values.items()}
        if set(self._names) <= set(given):
            named = {name: given.pop(name) for name in list(given) if name not in self._required}
            return self._calls(self.f, *given.values(), **named)
        return self._calls(self.f, *given.values())

    def _answer(self, values: Mapping[str, Any], value: Any) -> Any:
        """What the derivative returns for these arguments of f."""
        if self._hint in ("jvp", "hvp"):
            mine = [values[n] for n in self._names]
            if len(self._asked) == 2 and len(mine) != 1:
                return self._calls(self.derivative, tuple(mine), tuple(mine))
            return self._calls(self.derivative, *mine, *mine)
        if self._slope == "output":
            return self._calls(self.derivative, value)
        if set(self._asked) <= set(values):
            positional = arguments(self.derivative) or []
            named = {n: copied(values[n]) for n in self._asked if n not in positional}
            return self._calls(self.derivative, *(copied(values[n]) for n in positional), **named)
        return self._calls(self.derivative, *(copied(v) for v in list(values.values())[: len(self._asked)]))

    def _classified(self, example: Example, value: Any, answer: Any) -> Found | str:
        if answer is None:
            return f"{self.derivative.__name__} returns None: is its body still missing?"
        variable = {n: example.values[n] for n in example.variable}
        if not variable:
            return "none of its inputs can be differentiated"
        if self._hint == "jvp":
            part = answer[1] if isinstance(answer, tuple) and len(answer) == 2 else answer
            fit = np.shape(part) == np.shape(value)
            return Found(example, "a JVP", Places(dict.fromkeys(variable), fit))
        if self._hint in ("hessian", "hvp"):
            return self._of_second_order(example, variable, value, answer)
        if (
            isinstance(answer, np.ndarray)
            and answer.shape == (len(variable),)
            and not any(map(np.ndim, variable.values()))
        ):
            answer = tuple(answer)
        if np.size(value) == 1 and self._hint not in ("jacobian", "hessian"):
            where = places(answer, variable, self._names, returned_names(self.derivative))
            return where if isinstance(where, str) else Found(example, "the gradient of a number", where)
        if isinstance(answer, tuple | list):
            return f"{self.derivative.__name__} returns several things for an array"
        first = next(iter(variable))
        if role(first) in ("prediction", "scale"):  # PReLU(p, x): a constant comes before the variable
            first = next((name for name in variable if role(name) == "data"), first)
        for name, given in variable.items():
            if np.shape(answer) == (*np.shape(value), *np.shape(given)) and np.ndim(given):
                return Found(example, "a Jacobian", Places({name: None}, True))
        whole = {first: variable[first]}
        fit = np.shape(answer) == np.shape(whole[first]) == np.shape(value)
        if fit and self._reaches_others(example, first, value) and np.ndim(value) > 1:
            return f"{_SEVERAL} {self.f.__name__} returns depends on several of its inputs"
        if fit and self._is_constant(example, first, value):
            return f"what {self.f.__name__} returns does not depend on its input"
        return Found(example, "a slope, entry by entry", Places({first: None}, fit))

    def _of_second_order(self, example: Example, variable: Mapping[str, Any], value: Any, answer: Any) -> Found | str:
        """A Hessian by one input, or by several numbers at once; or its product with a vector."""
        if np.size(value) != 1:
            return f"{self.f.__name__} returns several numbers, and a Hessian is of one"
        own = [n for n in variable if role(n) == "weight"] or list(variable)
        if self._hint == "hvp":
            fit = np.shape(answer) == np.shape(variable[own[0]])
            return Found(example, "a Hessian times a vector", Places({own[0]: None}, fit))
        if len(variable) > 1 and not any(map(np.ndim, variable.values())):
            fit = np.shape(answer) == (len(variable), len(variable))
            return Found(example, "a Hessian", Places(dict.fromkeys(variable), fit))
        for name in own:
            shape, size = np.shape(variable[name]), np.size(variable[name])
            if np.shape(answer) in ((*shape, *shape), (size, size)):
                return Found(example, "a Hessian", Places({name: None}, True))
        return Found(example, "a Hessian", Places({own[0]: None}, False))

    def _is_constant(self, example: Example, name: str, value: Any) -> bool:
        """Whether f gives the same when all of an input changes, as a softmax over one entry does."""
        try:
            moved = [self._value({**example.values, name: sign * example.values[name]}) for sign in (-1.0, 1.5, -0.5)]
        except Exception:
            return False
        return np.size(value) > 1 and all(np.array_equal(other, value) for other in moved)

    def _reaches_others(self, example: Example, name: str, value: Any) -> bool:
        """Whether one entry of the input changes other entries of the output."""
        moved = np.array(example.values[name])
        moved.reshape(-1)[0] += _NUDGE
        try:
            other = self._calls(self.f, *({**example.values, name: moved}).values())
        except Exception:
            return False
        return bool(np.any((np.asarray(other) != np.asarray(value)).reshape(-1)[1:]))
