"""`scalar-value`: a class of numbers that record what is done with them, as in micrograd.

Any names for value, gradient, sweep and reset; operators by Python's protocol; functions as methods of the class or as
functions of the module. What is offered is found out by trying each op once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gradcheck.conventions.offer import Contents, Found, Miss
from gradcheck.conventions.value_class import look_at
from gradcheck.conventions.value_graphs import engine

NAME = "scalar-value"
ABOUT = "a class of scalars with value, gradient and reverse sweep (micrograd), by any names"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file whose instances can be made from a number and swept."""
    for name, kind in contents.classes.items():
        if not any(hasattr(kind, method) for method in ("__add__", "__mul__")):
            continue
        uses = look_at(kind, contents, float, NAME)
        if isinstance(uses, Miss):
            yield uses
        else:
            yield engine(NAME, name, uses, contents)
