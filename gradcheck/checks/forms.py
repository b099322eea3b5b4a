"""Functions and derivatives as people write them, turned into functions of plain arrays.

Containers of arrays are taken apart, keyword arguments and further outputs are bound or dropped. What is no array of
numbers (None, a string, an object) is passed on as it is.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import update_wrapper
from typing import Any

import numpy as np

from gradcheck.checks.foreign_arrays import as_numbers
from gradcheck.checks.trees import branch, conjugated, is_sparse, kind_of, leaves, leaves_like, rebuilt
from gradcheck.checks.wrappers import Attributes
from gradcheck.errors import InvalidProblem, UsageError, shown
from gradcheck.judge.question import Kind
from gradcheck.judge.raised import UnreadableAnswer
from gradcheck.judge.settings import Settings
from gradcheck.judge.strategies_of_inputs import is_strategy
from gradcheck.judge.user_names import function_name
from gradcheck.problem.function import in_choice, input_names, input_position, lend
from gradcheck.problem.refused_inputs import described, parts_of

_ABSENT = object()


@dataclass(frozen=True)
class Form:
    """How a user calls f and its derivative, beside plain arrays.

    Attributes
    ----------
    kind: which derivative it is.
    inputs: as the user gave them.
    names: of f's arguments.
    keywords: keyword arguments of both.
    has_aux: f returns (value, whatever else), of which the value counts.
    holomorphic: complex gradients and cotangents are dL/da - i dL/db, not dL/da + i dL/db.
    wrt: what the user wants to differentiate by: positions and names of arguments of f, or names of leaves.
    """

    kind: Kind
    inputs: tuple[Any, ...]
    names: tuple[str, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)
    has_aux: bool = False
    holomorphic: bool = False
    wrt: Any = None

    @property
    def leaves(self) -> list[tuple[str, Any]]:
        """Every array of the inputs, by the name that messages give it."""
        return [leaf for name, value in zip(self.names, self.inputs, strict=True) for leaf in leaves(value, name)]

    def _places(self) -> list[bool]:
        """Which leaves are numbers, and so inputs of the plain function."""
        return [_numeric(value) for _, value in self.leaves]

    def plain_inputs(self) -> tuple[Any, ...]:
        """The leaves that are numbers."""
        return tuple(value for (_, value), own in zip(self.leaves, self._places(), strict=True) if own)

    def plain_names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(name for (name, _), own in zip(self.leaves, self._places(), strict=True) if own)

    def plain_choice(self, chosen: Any) -> Any:
        """A choice of inputs (`wrt`) by names of plain ones: all floats of an argument, or all its numbers."""
        if chosen is None:
            return None
        found: list[Any] = []
        for one in in_choice(chosen):
            k = input_position(one, self.names)
            if k is None:
                found.append(one)
                continue
            numbers = [name for name, value in leaves(self.inputs[k], self.names[k]) if _numeric(value)]
            found += self._floats(k) or numbers or [one]
        return tuple(found)

    def declared(self, settings: Settings) -> Settings:
        """What is declared of arguments of f, declared of what they hold; structure alone is that of one array."""
        return replace(
            settings,
            stop_gradient=self.plain_choice(settings.stop_gradient),
            domain=self._plain_declarations(settings.domain),
            structure=self._plain_declarations(settings.structure, most=1),
        )

    def declared_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The same of options that are no settings yet."""
        found = dict(options)
        if options.get("stop_gradient"):
            found["stop_gradient"] = self.plain_choice(options["stop_gradient"])
        for name, most in (("domain", math.inf), ("structure", 1)):
            if isinstance(options.get(name), Mapping):
                found[name] = self._plain_declarations(options[name], most)
        return found

    def _plain_declarations(self, declared: Mapping[Any, Any], most: float = math.inf) -> dict[Any, Any]:
        """What is declared of arguments, of their plain inputs; as it is where these are more than `most`."""
        found: dict[Any, Any] = {}
        for key, value in declared.items():
            names = self.plain_choice(key) or (key,)
            found.update(dict.fromkeys(names if len(names) <= most else (key,), value))
        return found

    def _floats(self, argument: int) -> list[str]:
        named = leaves(self.inputs[argument], self.names[argument])
        return [name for name, value in named if _numeric(value) and kind_of(value) == "f"]

    def arguments(self, plain: Sequence[Any]) -> list[Any]:
        """f's arguments from plain arrays."""
        given = iter(plain)
        flat = iter(
            [next(given) if own else value for (_, value), own in zip(self.leaves, self._places(), strict=True)]
        )
        return [rebuilt(value, flat) for value in self.inputs]

    def function(self, f: Callable[..., Any]) -> Callable[..., Any]:
        """f as a function of plain arrays."""

        def plain(*arrays: Any) -> Any:
            value = f(*self.arguments(arrays), **self.keywords)
            if self.has_aux:
                if not isinstance(value, tuple | list) or len(value) != 2:
                    raise InvalidProblem("expected (value, aux) from f, since has_aux=True", where="f")
                value = value[0]
            value = self._held(as_numbers(value))
            if branch(value) is None:
                return value
            return tuple(part for _, part in leaves(value) if _numeric(part)) or value

        wrapped = update_wrapper(plain, f)
        if not hasattr(f, "__name__"):  # a callable object goes by its class
            wrapped.__name__ = wrapped.__qualname__ = function_name(f)
        wrapped.argument_names = self.plain_names()  # type: ignore[attr-defined] # read by input_names
        return wrapped

    def derivative(self, derivative: Callable[..., Any], value: Callable[..., Any]) -> Callable[..., Any]:
        """The derivative on trial as one of plain arrays; `value` is f, whose output tells a cotangent's form."""

        def gradient(*arrays: Any) -> Any:
            return self.read(derivative(*self.arguments(arrays), **self.keywords))

        def vjp(cotangent: Any, *arrays: Any) -> Any:
            # f is called for the form of its value alone; what it changes must not be the derivative's arguments
            shaped = self._like_output(cotangent, value, self.arguments(lend(arrays)))
            return self.read(derivative(shaped, *self.arguments(arrays), **self.keywords))

        def jvp(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
            own, along = self.arguments(primals), self.arguments(tangents)
            answer = self._held(as_numbers(derivative(tuple(own), tuple(along), **self.keywords)))
            if branch(answer) is None:
                return answer
            return tuple(part for _, part in leaves(answer) if _numeric(part)) or answer

        return update_wrapper({"gradient": gradient, "vjp": vjp, "jvp": jvp}[self.kind], derivative)

    def _like_output(self, cotangent: Any, f: Callable[..., Any], arguments: Sequence[Any]) -> Any:
        value = f(*arguments, **self.keywords)
        value = self._held(value[0] if self.has_aux else value)
        here = branch(value)
        plain = here is not None and all(branch(child) is None and _numeric(child) for _, child in here.children)
        if here is None or (type(value) is tuple and plain):
            return cotangent
        given = iter(cotangent if isinstance(cotangent, tuple) else (cotangent,))
        shaped = rebuilt(value, iter([next(given) if _numeric(part) else part for _, part in leaves(value)]))
        return conjugated(shaped) if self.holomorphic else shaped

    def _held(self, value: Any) -> Any:
        """f's value; the attributes differentiated by of an object that f was given and returns."""
        for own in self.inputs:
            if isinstance(own, Attributes) and type(own.owner) is type(value):
                return Attributes(value, own.names)
        return value

    def read(self, answer: Any, prefix: str = "") -> tuple[Any, ...]:
        """One gradient per plain input, from an answer built as the inputs are; `prefix` goes before a path in it."""
        answer = conjugated(answer) if self.holomorphic else answer
        parts = self._per_argument(answer)
        found: list[Any] = []
        for name, part, value in zip(self.names, parts, self.inputs, strict=True):
            mine = [None for _ in leaves(value)] if part is _ABSENT else leaves_like(part, value, prefix + name)
            found += [_as_array(p) for p in mine]
        return tuple(p for p, own in zip(found, self._places(), strict=True) if own)

    def _per_argument(self, answer: Any) -> Sequence[Any]:
        """A gradient per argument of f; one for an argument without numbers may be left out."""
        holds = self._hold()
        if len(self.inputs) == 1 or sum(holds) == 1:
            if isinstance(answer, tuple) and not _like(answer, self._only(holds)):
                if len(answer) == len(self.inputs):
                    return answer
                answer = answer[0] if len(answer) == 1 else answer
            return [answer if own else _ABSENT for own in holds]
        if isinstance(answer, Mapping) and set(answer) <= set(self.names):
            return [answer.get(name, _ABSENT) for name in self.names]
        if not isinstance(answer, tuple | list):
            wanted = f"{sum(holds)} gradients, one per input"
            raise UnreadableAnswer("GC019", wanted=wanted, came=described(answer))
        if len(answer) == len(self.inputs):
            return answer
        if len(answer) == sum(holds):
            given = iter(answer)
            return [next(given) if own else _ABSENT for own in holds]
        raise UnreadableAnswer("GC019", wanted=f"{sum(holds)} gradients, one per input", came=parts_of(answer))

    def _hold(self) -> list[bool]:
        """Which arguments of f hold a number to differentiate by: a float, or any number where there is no float."""
        floating = [bool(self._floats(k)) for k in range(len(self.inputs))]
        if self.wrt is not None:
            chosen = set(self.plain_choice(self.wrt))
            floating = [bool(chosen & set(self._floats(k))) for k in range(len(self.inputs))]
        return floating if any(floating) else [any(_numeric(v) for _, v in leaves(value)) for value in self.inputs]

    def _only(self, holds: Sequence[bool]) -> Any:
        return next((v for v, own in zip(self.inputs, holds, strict=True) if own), None)


def bound(
    f: Callable[..., Any], keywords: Mapping[str, Any] | None, *, has_aux: bool = False, who: str = "f"
) -> Callable[..., Any]:
    """f with its keyword arguments, and without what it returns besides its value; f itself where there is neither.

    Raises UsageError for `keywords` that are no keyword arguments.
    """
    named_arguments(keywords)
    if not keywords and not has_aux:
        return f

    def plain(*arrays: Any) -> Any:
        value = f(*arrays, **(keywords or {}))
        if not has_aux:
            return value
        if not isinstance(value, tuple | list) or len(value) != 2:
            raise InvalidProblem(f"expected (value, aux) from {who}, since has_aux=True", where=who)
        return value[0]

    return update_wrapper(plain, f)


def named_arguments(keywords: Any) -> None:
    """Raises UsageError for what is no dict of keyword arguments."""
    if keywords is not None and not (isinstance(keywords, Mapping) and all(isinstance(k, str) for k in keywords)):
        raise UsageError(f"kwargs must be a dict of f's keyword arguments by name, got {shown(keywords)}")


def taken_keywords(keywords: Any, **functions: tuple[Callable[..., Any], int]) -> None:
    """Raises UsageError for keyword arguments that a function does not take besides as many arguments by position.

    `functions` are those that get them, by what messages call them. What has no signature is not asked.
    """
    named_arguments(keywords)
    for who, (function, count) in functions.items():
        called = who if who == "f" else f"the {who}"
        try:
            signature = inspect.signature(function, follow_wrapped=False)
        except (TypeError, ValueError, AttributeError):  # the last of types whose __text_signature__ is a descriptor
            continue
        parameters = list(signature.parameters.values())
        if not keywords or any(p.kind is p.VAR_KEYWORD for p in parameters):
            continue
        given = {p.name for p in parameters[:count] if p.kind is p.POSITIONAL_OR_KEYWORD}
        free = [p.name for p in parameters if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)]
        for name in keywords:
            if name in given:
                raise UsageError(f"kwargs names {name!r}, which {called} gets as an input already: leave it out of one")
            if name not in free:
                others = ", ".join(free) or "none by name"
                raise UsageError(f"kwargs: {called} does not take the argument {name!r}; it takes {others}")


def form_of(
    kind: Kind,
    f: Callable[..., Any],
    inputs: Sequence[Any],
    keywords: Mapping[str, Any] | None,
    *,
    has_aux: bool = False,
    complex_output: bool = False,
) -> Form | None:
    """The form in which f is called; None where it takes plain arrays already, and returns such.

    Raises UsageError for `keywords` that are no keyword arguments.
    """
    named_arguments(keywords)
    known = [_numeric(leaf) for value in inputs for _, leaf in leaves(value)]
    plain = all(known) and all(branch(value) is None for value in inputs)
    if (plain and not keywords and not has_aux and not complex_output) or not any(known):
        return None
    names = input_names(f, len(inputs))
    return Form(kind, tuple(inputs), names, dict(keywords or {}), has_aux)


def _numeric(value: Any) -> bool:
    """Whether a leaf is an array of numbers; complaints about odd ones are left to whoever takes it as an input."""
    if is_strategy(value) or isinstance(value, np.ndarray | np.generic | bool | int | float | complex | list | tuple):
        return True
    return hasattr(value, "__array__") and not callable(value)


def _as_array(part: Any) -> Any:
    return part.toarray() if is_sparse(part) else as_numbers(part)


def _like(answer: Any, tree: Any) -> bool:
    """Whether an answer is built as a tree is, at the top."""
    a, b = branch(answer), branch(tree)
    return a is not None and b is not None and [s for s, _ in a.children] == [s for s, _ in b.children]
