"""`function-classes`: a function and its derivative as two methods of one class, as activations and losses often are.

A method `forward`, `__call__` or `fn` gives the value, `derivative`, `prime` or `grad` of the same object the slope. No
method keeps anything for the other: each takes the argument itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.named_derivatives import pair_of
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, required_arguments

NAME = "function-classes"
ABOUT = "classes with a value and its derivative as methods: forward, __call__ or fn, and derivative, prime or grad"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"slope": ("input", "output")})

VALUES = ("__call__", "forward", "call", "fn", "f", "func", "function", "activation", "activate", "apply", "compute",
          "loss", "value", "cost", "evaluate", "calculate")  # fmt: skip
"""Names of the method that gives the value."""
SLOPES = ("derivative", "prime", "deriv", "fn_prime", "f_prime", "df", "grad", "gradient", "d", "dfunc", "diff",
          "activation_prime", "activation_derivative", "loss_prime", "loss_derivative", "delta")  # fmt: skip
"""Names of the method that gives the derivative."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all classes of the file; a Miss for each that cannot be asked."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes: list[str] = []
    claims: set[str] = set()
    for name, kind in contents.classes.items():
        if name in contents.claimed or (methods := _methods(kind)) is None:
            continue
        made = _instance(calls, kind)
        if made is None:
            continue
        value, slope = (f"{name}.{method}" for method in methods)
        bound = {value: getattr(made, methods[0]), slope: getattr(made, methods[1])}
        found = pair_of(_Bound(contents, bound), calls, value, slope, "derivative", options, NAME)
        if isinstance(found, Miss):
            if not _abstract(calls, bound[value]):
                yield Miss(NAME, name, found.why)
            continue
        pairs += [replace(pair, name=name, shown=f"{value} and {slope}") for pair in found[0]]
        notes += found[1]
        claims.add(name)
    if pairs:
        title = ", ".join(dict.fromkeys(pair.name for pair in pairs))
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs), notes=tuple(notes))


class _Bound(Contents):
    """The file, with the two methods of one object as its functions."""

    def __init__(self, contents: Contents, methods: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(contents.module, contents.only)
        self.helpers = dict(methods)
        self.functions = dict(methods)


def _methods(kind: type) -> tuple[str, str] | None:
    """Names of the methods for value and derivative that take equally many arguments."""
    for slope in SLOPES:
        for value in VALUES:
            own = [vars(base).get(name) for name in (value, slope) for base in kind.__mro__[:-1] if name in vars(base)]
            if not own or not all(callable(getattr(kind, name, None)) for name in (value, slope)):
                continue
            asked = [required_arguments(getattr(kind, name)) for name in (value, slope)]
            if asked[0] and asked[1] and len(asked[0]) == len(asked[1]) > 0:
                return value, slope
    return None


def _instance(calls: ForeignCalls, kind: type) -> Any:
    """An object of a class that can be made without arguments."""
    try:
        return calls(kind)
    except Exception:  # whatever a foreign constructor raises, or an abstract class
        return None


def _abstract(calls: ForeignCalls, value: Callable[..., Any]) -> bool:
    """Whether the value is left to subclasses."""
    try:
        calls(value, *(1.0 for _ in required_arguments(value) or ()))
    except NotImplementedError:
        return True
    except Exception:  # it computes something, though not of a number
        return False
    return False
