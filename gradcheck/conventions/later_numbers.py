"""Expressions of symbols that get their numbers later: `x = Var("x")`, then `(x * x).deriv(3.0)`, or of a dict.

A leaf is a symbol of a name of its own; its number is kept beside it. An expression is asked for its value and its
derivatives by a mapping of names to numbers, or by numbers in the order in which it lists its symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradcheck.conventions.asked_gradients import Asked
from gradcheck.conventions.held_numbers import attributes_of, single
from gradcheck.conventions.offer import Contents, required_arguments
from gradcheck.conventions.pulled_gradients import no_sweep
from gradcheck.conventions.value_class import SAMPLE, ValueClass

VALUED = ("eval", "evaluate", "__call__", "value", "val", "get_value", "forward", "compute")
"""Names of the method that gives an expression's value."""
DERIVED = (
    "deriv",
    "derivative",
    "derivatives",
    "grad",
    "gradient",
    "der",
    "diff",
    "jacobian",
    "get_derivative",
    "backward",
)
"""Names of the method that gives its derivatives."""
MAKERS = ("symbol", "sym", "symbols", "var", "variable", "make_symbol", "make_variable")
"""Names of a function that makes a symbol of a name; a class may have any name."""

Given = Callable[[Any, Mapping[str, Any]], tuple[Any, ...]]
"""`given(expression, numbers)`: the arguments of its methods."""


def symbol_classes(contents: Contents) -> Iterator[tuple[str, ValueClass]]:
    """Each class of symbols in the file, by the name of what makes them, and how it is used."""
    functions: list[tuple[str, Callable[..., Any]]] = [
        (name, function) for maker in MAKERS for name, function in contents.functions_of(maker)
    ]
    made: list[tuple[str, Callable[..., Any]]] = [*contents.classes.items()]
    for text, make in (*made, *functions):
        if len(required_arguments(make) or ()) == 1 and (uses := _uses(text, make)) is not None:
            yield text, uses


class Numbers:
    """Makes symbols, and knows the number of each."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._symbols: dict[int, tuple[Any, str, Any]] = {}
        self._numbers: dict[str, Any] = {}

    def __call__(self, value: Any) -> Any:
        """A symbol with this number."""
        name = f"x{len(self._symbols) + 1}"
        symbol = self._make(name)
        self._symbols[id(symbol)] = (symbol, name, value)  # which keeps it, so that its id is its own
        self._numbers[name] = value
        return symbol

    def by_name(self) -> dict[str, Any]:
        """The numbers of all symbols."""
        return dict(self._numbers)

    def found(self, symbol: Any) -> tuple[str, Any]:
        """Name and number of a symbol, or of the symbol of a name; LookupError for any other object."""
        if isinstance(symbol, str):
            return symbol, self._numbers[symbol]
        _, name, value = self._symbols[id(symbol)]
        return name, value


@dataclass(frozen=True)
class _Expressions:
    """How expressions are asked: by which methods, and whether numbers come by name or in the expression's order."""

    numbers: Numbers
    valued: str
    derived: str
    by_name: bool

    def value(self, expression: Any) -> float:
        return single(getattr(expression, self.valued)(*self._given(expression)[0]))

    def slope(self, expression: Any, symbol: Any) -> Any:
        given, names = self._given(expression)
        found = getattr(expression, self.derived)(*given)
        name, _ = self.numbers.found(symbol)
        if isinstance(found, Mapping):
            return single(found[name]) if name in found else 0.0
        if self.by_name:
            raise TypeError("a mapping was expected")
        answers = np.ravel(np.asarray(found, dtype=float))
        if answers.size != len(names):
            raise TypeError(f"it gives {answers.size} numbers for {len(names)} symbols")
        return float(answers[names.index(name)]) if name in names else 0.0

    def _given(self, expression: Any) -> tuple[tuple[Any, ...], list[str]]:
        if self.by_name:
            return (self.numbers.by_name(),), []
        found = [self.numbers.found(symbol) for symbol in _listed(expression, self.numbers)]
        return tuple(value for _, value in found), [name for name, _ in found]


def _listed(expression: Any, numbers: Numbers) -> Sequence[Any]:
    """The symbols that an expression lists, in its order."""
    for name in attributes_of(expression):
        held = getattr(expression, name, None)
        if isinstance(held, list | tuple) and held:
            try:
                for symbol in held:
                    numbers.found(symbol)
            except LookupError:
                continue
            return held
    raise LookupError("the expression lists no symbols")


@dataclass(frozen=True)
class _Symbols(ValueClass):
    """A class of symbols as one of nodes."""

    expressions: _Expressions | None = None

    def value(self, node: Any) -> Any:
        """The value of a node at the numbers of its symbols."""
        assert self.expressions is not None
        return self.expressions.value(node)


def _uses(text: str, make: Callable[[str], Any]) -> ValueClass | None:
    for by_name in (True, False):
        for valued, derived in product(VALUED, DERIVED):
            numbers = Numbers(make)
            asked = _Expressions(numbers, valued, derived, by_name)
            try:
                family = _family(numbers(SAMPLE[0]))
                if not _computes(asked, numbers):
                    continue
            except Exception:  # a foreign class may refuse in any way
                continue
            at = "{values}" if by_name else "*values"
            way = Asked(
                asked.slope, f"{{root}}.{derived}({at.replace('{values}', 'values')}){'[{}]' if by_name else ''}"
            )
            data = f"{valued}({at.replace('{values}', 'values')})".replace(".__call__", "")
            return _Symbols(family, data, "", numbers, no_sweep, "", reveals=False, asks=way, expressions=asked)
    return None


def _family(symbol: Any) -> type:
    """The class of all nodes: that of symbols, or the base that they share with expressions."""
    made = type(symbol * symbol)
    return next(base for base in type(symbol).__mro__[:-1] if issubclass(made, base))


def _computes(asked: _Expressions, numbers: Numbers) -> bool:
    """Whether values of a product and a sum are right, and a derivative by each symbol comes, whatever it is."""
    a, b = (numbers(value) for value in SAMPLE)
    right = np.isclose([asked.value(a * b), asked.value(a + b)], [SAMPLE[0] * SAMPLE[1], sum(SAMPLE)])
    return bool(right.all()) and bool(np.all(np.isfinite([asked.slope(a * b, symbol) for symbol in (a, b)])))
