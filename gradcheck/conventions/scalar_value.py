"""`scalar-value`: a class of numbers that record what is done with them, as in micrograd.

Any names for value, gradient, sweep and reset; operators by Python's protocol; functions as methods of the class or as
functions of the module. What is offered is found out by trying each op once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from gradcheck.conventions.making_nodes import Maker, made_by_functions
from gradcheck.conventions.offer import Contents, Found, Miss, each
from gradcheck.conventions.value_class import SAMPLE, look_at
from gradcheck.conventions.value_graphs import engine

NAME = "scalar-value"
ABOUT = "a class of scalars with value, gradient and reverse sweep (micrograd), by any names"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file whose instances can be made from a number and swept."""
    for name, kind in contents.classes.items():
        if any(hasattr(kind, method) for method in ("__add__", "__mul__")):
            yield from each(NAME, name, _of_class(name, kind, contents, None))
    for kind, maker in made_by_functions(contents, float, SAMPLE[0]):
        yield from each(NAME, kind.__name__, _of_class(kind.__name__, kind, contents, [maker]))


def _of_class(name: str, kind: type, contents: Contents, made: Sequence[Maker] | None) -> Iterator[Found]:
    uses = look_at(kind, contents, float, NAME, made=made)
    yield uses if isinstance(uses, Miss) else engine(NAME, name, uses, contents)
