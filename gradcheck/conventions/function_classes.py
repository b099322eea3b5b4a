"""`function-classes`: a function and its derivative as two methods of one class, as activations and losses often are.

A method `forward`, `__call__` or `fn` gives the value, `derivative`, `prime` or `grad` of the same object the slope. No
method keeps anything for the other: each takes the argument itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.calls_in_file import calls_of
from gradcheck.conventions.constructing import NUMBERS, instance
from gradcheck.conventions.derivative_names import derivatives
from gradcheck.conventions.flagged_functions import parts_of
from gradcheck.conventions.folded_outputs import OPTION as INNER
from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.left_over import is_derivative
from gradcheck.conventions.named_derivatives import pair_of
from gradcheck.conventions.offer import Bound, Contents, Found, Miss, Offer, Pair, required_arguments
from gradcheck.conventions.slope_arguments import Side, side_of_flag
from gradcheck.conventions.user_calls import attempt

NAME = "function-classes"
ABOUT = (
    "classes with a value and its derivative as methods: forward, __call__ or fn, and derivative, prime or grad; "
    "calculate_loss and gradient; sigmoid(x, deriv=True)"
)
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({"slope": ("input", "output"), "inner": INNER})

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
        if name in contents.claimed or (made := _instance(contents, calls, kind)) is None:
            continue
        asked_methods: set[str] = set()
        for asked in _asked(contents, name, kind, made):
            both = Bound(contents, asked.functions)
            value, slope = asked.functions
            found = pair_of(both, calls, value, slope, "derivative", options, NAME, asked.side)
            if isinstance(found, Miss):
                if not _abstract(calls, next(iter(asked.functions.values()))):
                    yield Miss(NAME, name, found.why)
                continue
            pairs += [replace(pair, name=asked.name, shown=" and ".join(asked.functions)) for pair in found[0]]
            notes += found[1]
            asked_methods |= {method.partition("(")[0].removeprefix(f"{name}.") for method in asked.functions}
        claims |= {f"{name}.{method}" for method in asked_methods}
        if asked_methods and not any(map(is_derivative, set(_own_methods(kind)) - asked_methods)):
            claims.add(name)
    if pairs:
        title = ", ".join(dict.fromkeys(pair.name for pair in pairs))
        yield Offer(NAME, title, claims=frozenset(claims), pairs=tuple(pairs), notes=tuple(notes))


@dataclass(frozen=True)
class _Asked:
    """A value and its derivative: the pair's name, both by their own, and which side of f the slope takes."""

    name: str
    functions: Mapping[str, Callable[..., Any]]
    side: Callable[[], Side | None] | None = None


def _asked(contents: Contents, name: str, kind: type, made: Any) -> Iterator[_Asked]:
    """The pairs of methods of one class: the one that its usual names tell, those of methods named after each other."""
    usual = _methods(kind)
    named = [pair for pair in (_named(kind, made) if usual is None else [usual]) if not _asks_arrays(made, pair)]
    for value, slope in named:
        functions = {f"{name}.{method}": getattr(made, method) for method in (value, slope)}
        yield _Asked(name if len(named) == 1 else f"{name}.{value}", functions)
    for method in _own_methods(kind):
        parts = parts_of(getattr(made, method))
        if parts is not None and not any(method in pair for pair in named):
            both = {f"{name}.{method}": parts.value, f"{name}.{method}({parts.flag}=True)": parts.derivative}
            side = partial(side_of_flag, getattr(made, method), parts.flag, contents.module)
            yield _Asked(f"{name}.{method}", both, side)


def _named(kind: type, made: Any) -> Iterator[tuple[str, str]]:
    """Methods that take equally many arguments, one named as the derivative of the other."""
    methods = _own_methods(kind)
    for value, slope, hint in derivatives(methods, iter(methods)):
        asked = [required_arguments(getattr(made, name)) or [] for name in (value, slope)]
        if hint == "derivative" and asked[0] and len(asked[0]) == len(asked[1]):
            yield value, slope


def _asks_arrays(made: Any, methods: Sequence[str]) -> bool:
    """Whether methods use arrays that the object holds: a gradient may be by these, and no derivative of a method."""
    arrays = {name for name, value in getattr(made, "__dict__", {}).items() if isinstance(value, np.ndarray)}
    codes = (getattr(getattr(made, method), "__code__", None) for method in methods)
    return bool(arrays) and any(code is None or arrays & set(code.co_names) for code in codes)


def _own_methods(kind: type) -> list[str]:
    """Names of the public methods of a class and its bases."""
    bases = reversed(kind.__mro__[:-1])
    return list(dict.fromkeys(n for base in bases for n, v in vars(base).items() if callable(v) and n[:1] != "_"))


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


def _instance(contents: Contents, calls: ForeignCalls, kind: type) -> Any:
    """An object of a class that can be made without arguments, as the file makes one, or of small sizes and numbers.

    None for an abstract class, and for one whose arguments tell nothing.
    """
    try:
        return calls(kind)
    except Exception:  # whatever a foreign constructor raises
        pass
    for given in calls_of(contents.module, kind):
        made, _ = attempt(partial(kind, **given))
        if isinstance(made, kind):
            return made
    made = instance(kind, dict.fromkeys(NUMBERS & set(required_arguments(kind) or ()), 0.5))
    return made if isinstance(made, kind) else None


def _abstract(calls: ForeignCalls, value: Callable[..., Any]) -> bool:
    """Whether the value is left to subclasses."""
    try:
        calls(value, *(1.0 for _ in required_arguments(value) or ()))
    except NotImplementedError:
        return True
    except Exception:  # it computes something, though not of a number
        return False
    return False
