"""How a leaf is made from a value: the arguments that its class takes besides, and the form that the value has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import DATA, attributes_of, plain, read
from gradcheck.conventions.offer import Contents, required_arguments
from gradcheck.conventions.other_makers import factories

FLAGS = ("requires_grad", "autograd", "track_grad", "requires_gradient", "diff")
"""Names of the flag that makes a leaf record; an argument whose default is False and that is named like one, too."""
VALUE_METHODS = (
    *("item", "numpy", "eval", "evaluate", "forward", "get_value", "compute", "value"),
    *("data", "val", "get_data", "realize", "to_numpy", "tolist", "to_python"),
)
"""Names of a method without arguments that gives the value."""
FLAG_WORDS = ("grad", "diff", "track", "train", "leaf")
"""Words in the name of such an argument."""


@dataclass(frozen=True)
class Maker:
    """One way of making a leaf.

    Attributes
    ----------
    kind: the class, or a function of the file that makes an instance.
    positional, named: arguments besides the value.
    listed: whether the value is given as a list.
    data: the attribute that holds the value.
    boxed: whether a single number is held in an array or list of one entry.
    text: how `kind` is written.
    """

    kind: Callable[..., Any]
    positional: tuple[Any, ...]
    named: Mapping[str, Any]
    listed: bool = False
    data: str = ""
    boxed: bool = False
    text: str = ""

    def __call__(self, value: Any) -> Any:
        """A leaf of this value."""
        return self.kind(_as_list(value) if self.listed else value, *self.positional, **self.named)

    @property
    def written(self) -> str:
        """How it is written, with {} for the value."""
        value = ("{}.tolist()" if not self.boxed else "[{}]") if self.listed else "{}"
        more = (*map(repr, self.positional), *(f"{name}={_shown(given)}" for name, given in self.named.items()))
        return f"{self.text}({', '.join((value, *more))})"


def makers(kind: type, sample: Callable[[float], Any], value: float) -> Iterator[Maker]:
    """Every way in which an instance of `kind` comes to hold `sample(value)`, those that make it record first.

    Further required arguments get None, () or what they are named after.
    """
    given = sample(value)
    for listed in (False, True):
        for positional, named in _further(kind):
            maker = Maker(kind, positional, named, listed, text=kind.__name__)
            yield from _holding_it(maker, kind, given)


def _holding_it(maker: Maker, kind: type, given: Any) -> Iterator[Maker]:
    """The maker with the attribute that holds the value; nothing where no instance of `kind` comes to hold it."""
    try:
        instance = maker(given)
    except Exception:  # a foreign class may refuse in any way
        return
    if not isinstance(instance, kind):
        return
    for boxed in (False, True) if np.ndim(given) == 0 else (False,):
        if (data := holding(instance, given, boxed)) is not None:
            yield replace(maker, data=data, boxed=boxed)
            return


def made_by_functions(contents: Contents, sample: Callable[[float], Any], value: float) -> Iterator[tuple[type, Maker]]:
    """Classes of nodes whose instances functions of the file make, `new_scalar(2.0)`, and the makers."""
    for text, function in factories(contents):
        try:
            kind = type(function(sample(value)))
        except Exception:  # a foreign function may refuse in any way
            continue
        if any(hasattr(kind, name) for name in ("__add__", "__mul__")) and kind.__module__ != "builtins":
            for maker in _holding_it(Maker(function, (), {}, text=text), kind, sample(value)):
                yield kind, maker


def refusal(kind: type, given: Any) -> str:
    """What the class says to a value alone."""
    shown = given if np.ndim(given) == 0 else "an array"
    try:
        kind(given)
    except Exception as wrong:
        return f"{kind.__name__}({shown}) raises {type(wrong).__name__}: {wrong}"[:200]
    return f"no attribute of {kind.__name__}({shown}) holds the value"


def refused_flag(kind: type, given: Any) -> str:
    """What the class says to a flag of its own that would make a leaf record; "" where it takes it, or has none."""
    try:
        own = inspect.signature(kind).parameters
    except (TypeError, ValueError):
        return ""
    for name in (*FLAGS, *_optional(kind)[0]):
        if name in own:
            try:
                kind(given, **{name: True})
            except Exception as wrong:  # the class's own code
                said = (str(wrong).splitlines() or [""])[0]
                return f"{kind.__name__}(..., {name}=True) raises {type(wrong).__name__}: {said}"[:200]
    return ""


def _further(kind: type) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """Arguments besides the value, positional and named."""
    flags, choices = _optional(kind)
    for name in dict.fromkeys((*FLAGS, *flags)):
        yield (), {name: True}
    yield (), {}
    for name, members in choices.items():
        for member in members:
            yield (), {name: member}
    required = required_arguments(kind) or []
    if len(required) > 1:
        yield (None,) * (len(required) - 1), {}
        yield ((),) * (len(required) - 1), {}
        yield (), {name: name in ("requires_grad", "grad_enabled") for name in required[1:]}


def _optional(kind: type) -> tuple[list[str], dict[str, list[Any]]]:
    """Optional arguments that are named like a flag and off, and those that choose a member of an enumeration."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except (TypeError, ValueError):
        return [], {}
    flags = [p.name for p in parameters if p.default is False and any(word in p.name.lower() for word in FLAG_WORDS)]
    enums = {
        p.name: [member for member in type(p.default) if member is not p.default]
        for p in parameters
        if isinstance(p.default, Enum)
    }
    return flags, enums


def holding(node: Any, given: Any, boxed: bool) -> str | None:
    """The attribute that holds the value that the node was made from; `boxed`: in an array of one entry."""
    names = list(attributes_of(node))
    names.sort(key=lambda name: (DATA.index(name) if name in DATA else len(DATA), name.startswith("_")))
    methods = [name for name in VALUE_METHODS if callable(getattr(node, name, None))]
    hidden = [name for name in names if name.startswith("_") and name not in DATA]
    for name in [*(name for name in names if name not in hidden), *methods, *hidden]:
        try:
            found = np.asarray(plain(read(node, name)), dtype=float)
            if boxed and found.size == 1 and found.ndim:
                found = found.reshape(np.shape(given))
            if found.shape == np.shape(given) and np.array_equal(found, given):
                return name
        except Exception:
            continue
    return None


def _as_list(value: Any) -> Any:
    return np.asarray(value, dtype=float).tolist() if np.ndim(value) else [float(value)]


def _shown(given: Any) -> str:
    return f"{type(given).__name__}.{given.name}" if isinstance(given, Enum) else repr(given)
