"""Forward mode with variables that have names: `Scalar("x", 2.0)`, whose numbers carry a derivative by each name.

What holds the derivatives is a dict with the name that the variable was made with, whose entry changes in a square.
Names are single letters, since some classes take no others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import ascii_letters
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import attributes_of, numbers_of, read, single
from gradcheck.conventions.spellings import Spelling
from gradcheck.conventions.value_class import SAMPLE, ValueClass
from gradcheck.conventions.value_graphs import Engine
from gradcheck.problem import Graph

CONSTANT, *LETTERS = tuple(ascii_letters)
"""Names of a constant, and of variables; beyond these many, variables have the names of the graph."""
_NAME = LETTERS[0]
"""Name of the variable with which a class is tried."""


@dataclass(frozen=True)
class NamedClass:
    """A class of numbers with names: attributes that hold value and derivatives, and `form`, in which one is made."""

    kind: type
    value: str
    derivative: str
    form: Callable[[type, str, Any], Any]

    def make(self, name: str, value: Any) -> Any:
        """A variable of this name."""
        return self.form(self.kind, name, value)


FORMS: tuple[Callable[[type, str, Any], Any], ...] = (
    lambda kind, name, value: kind(name, value),
    lambda kind, name, value: kind(value, name),
    lambda kind, name, value: kind(value, name=name),
)
"""How a variable is made of a name and a value."""


def named_class(kind: type) -> NamedClass | None:
    """How the class holds value and derivatives; None for what is no class of variables with names."""
    for form in FORMS:
        try:
            one = form(kind, _NAME, SAMPLE[0])
            squared = one * one
            values = [n for n, v in numbers_of(one).items() if np.size(v) == 1 and np.all(np.isclose(v, SAMPLE[0]))]
            slopes = [n for n in attributes_of(one) if _of_its_name(one, n) is not None]
            slopes = [n for n in slopes if _of_its_name(squared, n) not in (None, _of_its_name(one, n))]
        except Exception:  # a foreign class may refuse in any way
            continue
        if values and slopes and isinstance(squared, kind):
            return NamedClass(kind, values[0], slopes[0], form)
    return None


def _of_its_name(node: Any, attribute: str) -> float | None:
    """The derivative by the variable of the trial that an attribute holds."""
    try:
        held = read(node, attribute)
        return single(held[_NAME]) if isinstance(held, Mapping) and _NAME in held else None
    except Exception:  # a property or a method of a foreign class
        return None


class NamedEngine(Engine):
    """Gradients by one pass, whose root carries the derivative by every variable."""

    def __init__(self, named: NamedClass, uses: ValueClass, ops: Mapping[str, Spelling]) -> None:
        super().__init__(uses, ops, scalars=True)
        self._named = named

    def gradients(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """Value and gradients by parameter."""
        return self._passed(graph, {name: self._number(value) for name, value in point.items()})

    def with_whole_numbers(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """The same, leaves with whole values made from ints."""
        return self._passed(graph, {name: self._whole(value) for name, value in point.items()})

    def _passed(self, graph: Graph, values: Mapping[str, Any]) -> Any:
        own = {name: LETTERS[k] if k < len(LETTERS) else name for k, name in enumerate(values)}
        leaves = {name: self._named.make(own[name], value) for name, value in values.items()}
        root = self._evaluated(graph, leaves)[graph.names[graph.loss]]
        slopes = read(root, self._named.derivative)
        return single(read(root, self._named.value)), {
            graph.names[i]: single(slopes.get(own[graph.names[i]], 0.0)) for i in graph.parameters
        }
