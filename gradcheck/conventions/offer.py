"""What a file offers under one convention: functions of the native form, or pairs of a function and its derivative."""

from __future__ import annotations

import builtins
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, Literal, Protocol

PARTS = "__gradcheck_parts__"
"""Attribute of a module that stands for a package: the modules of its files."""
PairKind = Literal["gradient", "vjp", "jvp", "value_and_gradient", "hessian", "hvp"]


@dataclass(frozen=True)
class Reading:
    """What a derivative is taken for where it could be meant in several ways.

    Attributes
    ----------
    words: "as a function of the output of sigmoid".
    demand: what the user says to have it judged so and no other way, "--as functions:slope=output".
    call: how the user's code uses a derivative that is meant so, in one clause.
    because: what in the file says that it is meant so, in one clause; "" where nothing does.
    """

    words: str
    demand: str
    call: str
    because: str = ""


@dataclass(frozen=True)
class Pair:
    """A function and its derivative, as one of gradcheck's `check_` functions takes them.

    Attributes
    ----------
    name: what the pair is called in reports, such as "affine".
    kind: "gradient" for `check_gradient(f, derivative, *inputs)`, and so on for "vjp", "jvp", "value_and_gradient"
        (there `f` answers both, and `derivative` is None).
    f, derivative: callables; each call is independent of every call before.
    inputs: arrays, or containers of arrays.
    options: further arguments of the check, such as `wrt`, `domain`, `accuracy`.
    shown: the names in the user's file, such as "affine_forward and affine_backward".
    told: what the subject's own answers tell about its mistake, if the check fails and finds no cause.
    other_luck: gives a block in which the derivative draws other random numbers.
    reading: what the derivative is taken for, if it could be meant in several ways.
    others: the same two functions in the other readings.
    further: the same two at other settings and sizes, which are asked where they are right here.
    options_given: the options of the two that are not at their defaults, by name.
    """

    name: str
    kind: PairKind
    f: Callable[..., Any]
    derivative: Callable[..., Any] | None
    inputs: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""
    told: str = ""
    other_luck: Callable[[], AbstractContextManager[None]] | None = None
    reading: Reading | None = None
    others: tuple[Pair, ...] = ()
    further: tuple[Pair, ...] = ()
    options_given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def setting(self) -> str:
        """ "slope=0.75, scale=1.5"; "" at the defaults."""
        return ", ".join(f"{name}={value!r}" for name, value in self.options_given.items())


@dataclass(frozen=True)
class Offer:
    """What a file offers under one convention.

    Attributes
    ----------
    convention: its name, one of those that `gradcheck verify --list` prints.
    name: the class or function that carries the convention; "" where the file as a whole does.
    title: one line on what was found, such as "class Value: data, grad, backward()".
    claims: names in the file that it explains; an offer that explains nothing besides an earlier one is left out.
    functions: by entry point (`gradients`, `mlp_gradients`, ...), functions of the native form.
    ops: the ops of graphs that `gradients` can be asked for; None where the file does not tell.
    scalars: whether its nodes hold single numbers, so that no case with arrays is put to it.
    dtype: "float32" where it computes in float32.
    pairs: functions with their derivatives.
    forms: further functions of the native form, by how the same gradient is asked for, such as "after a reset".
    lacking: forms of ops that it does not offer, such as "2 - x".
    notes: what was found or settled, one sentence each, for `-v`.
    limits: what it cannot do though users might expect it, one sentence each; no wrong gradient.
    warnings: what it computes otherwise than its names say, one sentence each, and is judged by.
    words: how its API spells things, such as {"leaf": "Value({})", "grad": "grad", "backward": "{}.backward()"}.
    """

    convention: str
    title: str
    name: str = ""
    claims: frozenset[str] = frozenset()
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    ops: frozenset[str] | None = None
    scalars: bool = False
    dtype: str | None = None
    pairs: tuple[Pair, ...] = ()
    forms: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Miss:
    """Something that resembles a convention and is none: `name` in the file, and the reason in one sentence."""

    convention: str
    name: str
    why: str


Found = Offer | Miss


def each(convention: str, name: str, look: Iterator[Found]) -> Iterator[Found]:
    """What is found at one class; a Miss where its own code raises something, which ends no look at the others."""
    try:
        yield from look
    except Exception as wrong:  # the class's own code ran, and may raise anything
        yield Miss(convention, name, f"looking at it raised {type(wrong).__name__}: {wrong}"[:500])


class Convention(Protocol):
    """One convention: a module of this folder.

    NAME is what `--as` takes. ABOUT is one sentence. OPTIONS are what `--as NAME:option=value` takes, with the allowed
    values. `find(contents, options)` yields an Offer for each thing in the file that keeps the convention, and a Miss
    for what nearly does. It recognises by names, signatures, shapes, forward values and repeated calls; it never
    compares a gradient with the truth.
    """

    NAME: str
    ABOUT: str
    OPTIONS: Mapping[str, tuple[str, ...]]

    def find(self, contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
        """What the file offers under this convention."""
        ...


class Contents:
    """The public names of a loaded module, sorted by kind; `only` is the one name that was asked for, or None."""

    def __init__(self, module: ModuleType, only: str | None = None) -> None:
        self.module = module
        self.only = only
        self.claimed: frozenset[str] = frozenset()  # names that conventions tried before explain
        self.wanted = False  # whether the convention that looks was asked for
        self._package = module.__name__.partition(".")[0]

    @cached_property
    def names(self) -> dict[str, Any]:
        """Every public name of the module."""
        return {name: value for name, value in vars(self.module).items() if not name.startswith("_")}

    @cached_property
    def classes(self) -> dict[str, type]:
        """Classes that the subject defines itself, or the one that was asked for."""
        found = {name: value for name, value in self._kinds.items() if self._wanted(name, value)}
        return {name: kind for name, kind in found.items() if kind.__name__ == name or kind.__name__ not in found}

    @cached_property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """Functions that the subject defines itself, or the one that was asked for."""
        return {
            name: value
            for name, value in self.names.items()
            if callable(value) and not isinstance(value, type | ModuleType) and self._wanted(name, value)
        }

    @cached_property
    def helpers(self) -> dict[str, Callable[..., Any]]:
        """All functions that the subject defines, those of its modules that it imports included.

        One name alone may have been asked for; helpers are all the same there.
        """
        modules = [value for value in self.names.values() if isinstance(value, ModuleType)]
        own = [module for module in modules if module.__name__.partition(".")[0] == self._package]
        everything = {name: value for module in own for name, value in vars(module).items() if name[:1] != "_"}
        return {name: value for name, value in {**everything, **self.names}.items() if self._is_function(value)}

    @cached_property
    def own_classes(self) -> dict[str, type]:
        """All classes that the subject defines, also where one name alone was asked for."""
        return {name: value for name, value in self._kinds.items() if self._own(value)}

    @cached_property
    def _kinds(self) -> dict[str, type]:
        return {name: value for name, value in self.names.items() if isinstance(value, type) and _can_be_asked(value)}

    @cached_property
    def static_functions(self) -> dict[str, tuple[str, Callable[..., Any]]]:
        """By name, how a static or class method of a class of the subject is written, and the function that it is."""
        return {
            name: (f"{kind}.{name}", getattr(found, name))
            for kind, found in self.own_classes.items()
            for name, value in vars(found).items()
            if isinstance(value, staticmethod | classmethod) and name[:1] != "_"
        }

    def functions_of(self, name: str) -> list[tuple[str, Callable[..., Any]]]:
        """The subject's functions of this name, in any capitals: how each is written, and the function.

        Files of a package may define one name each; those of classes that serve as a namespace come last.
        """
        return self._by_name.get(name.lower(), [])

    @cached_property
    def _by_name(self) -> dict[str, list[tuple[str, Callable[..., Any]]]]:
        found: dict[str, list[tuple[str, Callable[..., Any]]]] = {}
        parts = [vars(part).items() for part in getattr(self.module, PARTS, ())]
        everything = [*self.helpers.items(), *((n, f) for part in parts for n, f in part if self._is_function(f))]
        for written, function in (*everything, *self.static_functions.values()):
            same = found.setdefault(written.rpartition(".")[2].lower(), [])
            if not any(function == other for _, other in same):
                same.append((written, function))
        return found

    def _is_function(self, value: object) -> bool:
        return callable(value) and not isinstance(value, type) and self._own(value)

    def _wanted(self, name: str, value: object) -> bool:
        return name == self.only if self.only is not None else self._own(value)

    def _own(self, value: object) -> bool:
        home = getattr(value, "__module__", None)
        return isinstance(home, str) and (home.partition(".")[0] == self._package or _is_compiled(value))


class Bound(Contents):
    """The file, with some callables as its functions: two methods of one object, or one function in two ways."""

    def __init__(self, contents: Contents, functions: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(contents.module, contents.only)
        self.helpers = dict(functions)
        self.functions = dict(functions)


def _is_compiled(value: object) -> bool:
    """Whether a class comes out of a compiled module that gives it no home of its own: it is none of Python's."""
    if not isinstance(value, type) or value.__module__ != "builtins":
        return False
    return not hasattr(builtins, value.__name__) and value not in vars(types).values()


def _can_be_asked(kind: type) -> bool:
    """Whether a class says what it lacks in Python's way; one of settings may have a metaclass that raises KeyError."""
    try:
        return not hasattr(kind, "a name that no class has")
    except Exception:  # the metaclass's own code
        return False


def inherits(kind: type, base: type) -> bool:
    """Whether `base` is among the bases of `kind`; abstract classes and protocols are not asked what they think."""
    return base in kind.__mro__


def required_arguments(function: Callable[..., Any]) -> list[str] | None:
    """Names of the positional arguments that a call must give; None where the signature is not to be had."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional and p.default is inspect.Parameter.empty]
