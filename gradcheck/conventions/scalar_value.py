"""`scalar-value`: a class of numbers that record what is done with them, as in micrograd.

Any names for value, gradient, sweep and reset; operators by Python's protocol; functions as methods of the class or as
functions of the module. What is offered is found out by trying each op once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from gradcheck.conventions.later_numbers import symbol_classes
from gradcheck.conventions.making_nodes import Maker, made_by_functions
from gradcheck.conventions.offer import Contents, Found, Miss, each
from gradcheck.conventions.value_class import SAMPLE, look_at
from gradcheck.conventions.value_graphs import engine

NAME = "scalar-value"
ABOUT = "a class of scalars with value, gradient and reverse sweep (micrograd), by any names"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file whose instances can be swept; a function makes them where calling the class does not."""
    offered: set[type] = set()
    for name, kind in contents.classes.items():
        if any(hasattr(kind, method) for method in ("__add__", "__mul__")):
            yield from _noting(offered, kind, each(NAME, name, _of_class(name, kind, contents, None)))
    for kind, maker in made_by_functions(contents, float, SAMPLE[0]):
        if not any(issubclass(kind, known) for known in offered):
            look = _of_class(kind.__name__, kind, contents, [maker])
            yield from _noting(offered, kind, each(NAME, kind.__name__, look))
    if not offered:
        yield from (engine(NAME, text, uses, contents) for text, uses in symbol_classes(contents))


def _noting(offered: set[type], kind: type, look: Iterator[Found]) -> Iterator[Found]:
    """What is found at a class, which joins those offered where it is an offer."""
    for found in look:
        if not isinstance(found, Miss):
            offered.add(kind)
        yield found


def _of_class(name: str, kind: type, contents: Contents, made: Sequence[Maker] | None) -> Iterator[Found]:
    uses = look_at(kind, contents, float, NAME, made=made)
    yield uses if isinstance(uses, Miss) else engine(NAME, name, uses, contents)
