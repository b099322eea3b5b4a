"""`tensor-value`: a class of arrays that record what is done with them: micrograd with NumPy, needle, DeZero, mygrad.

As `scalar-value`, with broadcasting, products of matrices, reductions over axes and indexing. Which forms of an op a
class takes is found out by trying them and looking at forward values. A class of numbers whose operators happen to
work on arrays is none: without a sum or a product of matrices no array ends in a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import methodcaller
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.array_graphs import SWEPT_AS_SUM, ArrayEngine, lacking, sweeps_arrays
from gradcheck.conventions.array_trials import Trials
from gradcheck.conventions.offer import Contents, Found, Miss, each
from gradcheck.conventions.spellings import FUNCTIONS, Spelling, numpys
from gradcheck.conventions.value_class import ValueClass, itself, look_at
from gradcheck.conventions.value_graphs import offer_of

NAME = "tensor-value"
ABOUT = "a class of arrays with value, gradient and reverse sweep (NumPy micrograd, needle, DeZero), by any names"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

ENDS = (*FUNCTIONS["sum"], "summation", *FUNCTIONS["mean"])
"""Names of the method or function that makes a single number of an array."""
REDUCING = frozenset({"sum", "mean", "max", "matmul"})
"""Ops of which a class of arrays offers at least one."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """Every class of the file whose instances can be made from an array, reduced and swept."""
    for name, kind in contents.classes.items():
        if any(hasattr(kind, method) for method in ("__add__", "__mul__")):
            yield from each(NAME, name, _of_class(name, kind, contents))


def _of_class(name: str, kind: type, contents: Contents) -> Iterator[Found]:
    uses = _uses(kind, contents)
    if isinstance(uses, Miss):
        yield uses
        return
    trials = Trials(uses, contents)
    offered: dict[str, Spelling] = {}
    for form, way in trials.examples():
        if way is not None and form.op not in offered:
            offered[form.op] = Spelling(way.apply, way.text, way.infix, way.name)
    if REDUCING.isdisjoint(trials.right):
        yield Miss(NAME, name, "it offers neither sum, mean, max nor matmul, so that no array ends in a loss")
        return
    sums = "sum" in offered or uses.ends is not itself or not sweeps_arrays(uses)
    if not sums:
        offered["sum"] = SWEPT_AS_SUM
    answers = ArrayEngine(uses, trials, sums=sums)
    yield offer_of(NAME, name, uses, contents, offered, answers, lacking(uses, trials), _sample)


def node_class(contents: Contents) -> ValueClass | None:
    """How the first class of nodes of arrays in the file is used, if there is one."""
    for kind in contents.own_classes.values():
        if any(hasattr(kind, method) for method in ("__add__", "__mul__")):
            uses = _uses(kind, contents)
            if isinstance(uses, ValueClass):
                return uses
    return None


def _sample(value: float) -> Any:
    return np.full((2, 2), value)


def _uses(kind: type, contents: Contents) -> ValueClass | Miss:
    """How the class is used with arrays; the value and the gradient of a leaf have its shape."""
    found: ValueClass | Miss = Miss(NAME, kind.__name__, "no instance can be made from an array")
    for ends in (*_ends(kind, contents), itself):
        found = look_at(kind, contents, _sample, NAME, ends)
        if isinstance(found, ValueClass):
            return found
    return found


def _ends(kind: type, contents: Contents) -> Iterator[Callable[[Any], Any]]:
    for name in ENDS:
        if callable(getattr(kind, name, None)):
            yield methodcaller(name)
        yield from (function for _, function in (*contents.functions_of(name), *numpys(kind, name)))
