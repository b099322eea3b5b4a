"""`dual`: forward mode, in which each number carries its derivative along: `Dual(3.0, 1.0)`, by any names.

The gradient of a graph takes one pass per parameter. What is found out by trying is how a number gets its derivative
(`seeded_numbers`), and which attribute holds the value and which the derivative: that `d * d` squares the one and
changes the other. Variables with names
(`named_variables`) take one pass for all parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.changed_operands import operand_warnings
from gradcheck.conventions.held_numbers import numbers_of, read, single
from gradcheck.conventions.named_variables import CONSTANT, NamedClass, NamedEngine, named_class
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, each
from gradcheck.conventions.other_functions import other_functions
from gradcheck.conventions.pulled_gradients import no_sweep
from gradcheck.conventions.seeded_numbers import Seeded, seeded_makers
from gradcheck.conventions.spellings import FUNCTIONS, Spelling
from gradcheck.conventions.value_class import SAMPLE, ValueClass
from gradcheck.conventions.value_graphs import Engine, lacking_forms, operators_of, spelled_ops
from gradcheck.problem import Graph

NAME = "dual"
ABOUT = "a class of numbers that carry their derivative along (forward mode), such as Dual(3.0, 1.0)"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

SEED = 0.375
"""The derivative of the trial; no value that any rule makes of SAMPLE by chance."""


@dataclass(frozen=True)
class DualClass:
    """A class of duals, the attributes that hold value and derivative, and `make(value, derivative)`."""

    kind: type
    value: str
    derivative: str
    make: Seeded


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file whose instances carry a derivative."""
    for name, kind in contents.classes.items():
        if any(hasattr(kind, method) for method in ("__add__", "__mul__")):
            yield from each(NAME, name, _of_class(name, kind, contents))


def _of_class(name: str, kind: type, contents: Contents) -> Iterator[Found]:
    dual = look_at(kind)
    named = named_class(kind) if isinstance(dual, str) else None
    if named is not None:
        yield _offer(name, named, contents)
    else:
        yield Miss(NAME, name, dual) if isinstance(dual, str) else _offer(name, dual, contents)


def look_at(kind: type) -> DualClass | str:
    """How the class holds value and derivative, or why it is no class of duals."""
    found: list[DualClass | str] = []
    for make in seeded_makers(kind, SAMPLE[0]):
        found.append(_made_so(kind, make))
        if isinstance(found[-1], DualClass):
            return found[-1]
    return found[0]


def _made_so(kind: type, make: Seeded) -> DualClass | str:
    """How instances made in this way hold value and derivative, or why they are no duals."""
    try:
        held, after = _squared(kind, make, SEED)
        _, twice = _squared(kind, make, 2 * SEED)
    except Exception as wrong:  # a foreign class may refuse in any way
        return f"{kind.__name__}({SAMPLE[0]}, {SEED}) or its square raises {type(wrong).__name__}"
    values = [n for n, found in held.items() if _is(found, SAMPLE[0]) and _is(after.get(n), SAMPLE[0] ** 2)]
    slopes = [n for n, found in held.items() if _is(found, SEED) and n in after and not _is(after[n], SEED)]
    slopes = [n for n in slopes if not _is(after[n], SEED**2)]  # a pair of numbers, squared one by one
    slopes = [n for n in slopes if n in twice and _is(twice[n], 2 * single(after[n]))]  # a derivative is linear in it
    if not values or not slopes:
        return f"no two attributes of {kind.__name__}({SAMPLE[0]}, {SEED}) hold a value and a derivative"
    return DualClass(kind, values[0], slopes[0], make)


def _squared(kind: type, make: Seeded, seed: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """Numbers held by a dual with this derivative, and by its square."""
    one = make(SAMPLE[0], seed)
    squared = one * one
    return numbers_of(one), numbers_of(squared) if isinstance(squared, kind) else {}


def _is(found: Any, value: float) -> bool:
    return found is not None and np.size(found) == 1 and bool(np.isclose(single(found), value, rtol=1e-6))


def _seeded(dual: DualClass | NamedClass) -> Callable[[Any], Any]:
    """Makes a number with a derivative, which an op may change."""
    return lambda value: dual.make(value, SEED)


def _constant(make: Seeded, value: Any) -> Any:
    return make(value, 0.0)


def _offer(name: str, dual: DualClass | NamedClass, contents: Contents) -> Offer:
    named_ones = isinstance(dual, NamedClass)
    make = partial(dual.make, CONSTANT) if isinstance(dual, NamedClass) else partial(_constant, dual.make)
    uses = ValueClass(dual.kind, dual.value, dual.derivative, make, no_sweep, "", reveals=False)
    ops = dict(spelled_ops(uses, contents, float))
    others = dict(other_functions(ops, uses, float))
    ops = {op: spelling for op, spelling in ops.items() if op not in others}
    answers: Any = ForwardEngine(dual, uses, ops) if isinstance(dual, DualClass) else NamedEngine(dual, uses, ops)
    named = sorted(s.name for s in ops.values() if s.name)
    title = f"class {name}: .{dual.value}, .{dual.derivative}; operators {operators_of(ops)}"
    return Offer(
        NAME,
        title + (f"; functions {', '.join(named)}" if named else ""),
        name=name,
        claims=frozenset(
            {name, *(known for names in FUNCTIONS.values() for known in names if known in contents.helpers), *named}
        ),
        functions={"gradients": answers.gradients},
        ops=frozenset(ops),
        scalars=True,
        forms={"with whole numbers": answers.with_whole_numbers},
        lacking=tuple(lacking_forms(uses, ops, float)),
        limits=tuple(others.values()),
        warnings=() if named_ones else tuple(operand_warnings(replace(uses, make=_seeded(dual)), ops, float)),
        notes=(
            "one pass forward, with a name for each parameter" if named_ones else "one pass forward for each parameter",
        ),
    )


class ForwardEngine(Engine):
    """Gradients by one pass per parameter, whose derivative is 1 and that of all others 0."""

    def __init__(self, dual: DualClass, uses: ValueClass, ops: Mapping[str, Spelling]) -> None:
        super().__init__(uses, ops, scalars=True)
        self._dual = dual

    def gradients(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """Value and gradients by parameter."""
        return self._passes(graph, {name: self._number(value) for name, value in point.items()})

    def with_whole_numbers(self, graph: Graph, point: Mapping[str, Any]) -> Any:
        """The same, leaves with whole values made from ints."""
        return self._passes(graph, {name: self._whole(value) for name, value in point.items()})

    def _passes(self, graph: Graph, values: Mapping[str, Any]) -> Any:
        parameters = [graph.names[i] for i in graph.parameters]
        gradients = {}
        root = self._forward(graph, values, None)
        for name in parameters:
            root = self._forward(graph, values, name)
            gradients[name] = self._held(root, self._dual.derivative)
        return self._held(root, self._dual.value), gradients

    def _held(self, root: Any, attribute: str) -> float:
        """The number that an attribute of the result holds; TypeError where it holds a number of the class itself."""
        found = read(root, attribute)
        if isinstance(found, self._dual.kind):
            raise TypeError(f".{attribute} of the result is a {type(found).__name__}, where a plain number is expected")
        return single(found)

    def _forward(self, graph: Graph, values: Mapping[str, Any], seeded: str | None) -> Any:
        leaves = {name: self._dual.make(value, float(name == seeded)) for name, value in values.items()}
        return self._evaluated(graph, leaves)[graph.names[graph.loss]]
