"""Functions that read their parameters from the file: `lossFun(inputs, targets, hprev)` of a global `Wxh`.

min-char-rnn is written so. They are asked as if the parameters were arguments, which are made small; so are the
file's own numbers that say how large they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.conventions.example_inputs import Example
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.returned_gradients import names_gradient
from gradcheck.conventions.source_trees import is_gradient

LEAST, STEPS = 3, 4
"""Smallest size of a parameter's axis, unless it is smaller; number of steps of a sequence."""
MOST_TRIED = 200
"""Maximum number of ways in which the other arguments are tried."""
SCALE = 0.1
"""By what the usual numbers are multiplied, so that nothing saturates and no gradient is clipped."""

Function = Callable[..., Any]


def held_globals(function: Function, said: Sequence[str]) -> dict[str, Any]:
    """The file's arrays that a function reads and returns gradients of, by the names in its `return`."""
    own = getattr(function, "__globals__", {})
    read = [name for name in getattr(getattr(function, "__code__", None), "co_names", ()) if name in own]
    arrays = {name: own[name] for name in read if isinstance(own[name], np.ndarray) and own[name].dtype.kind == "f"}
    gradients = [name for name in said if is_gradient(name)]
    found = {n: array for n, array in arrays.items() if any(names_gradient(g, n) for g in gradients)}
    return found if len(found) == len(gradients) else {}


def with_arguments(function: Function, held: Mapping[str, Any]) -> Function:
    """The function with these globals as arguments besides; the file's sizes are those of what they are given."""

    @wraps(function)
    def asked(**values: Any) -> Any:
        own = function.__globals__
        mine = {name: values.pop(name) for name in held}
        sizes = {old: np.shape(mine[name])[k] for name, array in held.items() for k, old in enumerate(array.shape)}
        other = {name: sizes[v] for name, v in own.items() if type(v) is int and v > 1 and v in sizes}
        before = {name: own[name] for name in (*mine, *other)}
        own.update(mine | other)
        try:
            return function(**values)
        finally:
            own.update(before)

    return asked


def examples(names: Sequence[str], held: Mapping[str, Any]) -> Iterator[Example]:
    """Values of the parameters and of the function's own arguments: numbers of words, states, rows of data."""
    sizes = sorted({size for array in held.values() for size in array.shape if size > 1})
    small = {size: min(size, LEAST + k) for k, size in enumerate(sizes)}
    shapes = {name: tuple(small.get(size, size) for size in array.shape) for name, array in held.items()}
    parameters = {name: SCALE * numbers(shape, name) for name, shape in shapes.items()}
    for chosen in itertools.islice(
        itertools.product(*(_values(name, list(small.values())) for name in names)), MOST_TRIED
    ):
        values = {**parameters, **dict(zip(names, chosen, strict=True))}
        yield Example(values, tuple(held), layout="parameters of the file")


def _values(name: str, sizes: Sequence[int]) -> list[Any]:
    """What an argument may be: whole numbers below all sizes, and columns, vectors and rows of each size."""
    shift = sum(map(ord, name)) % 2
    words = [(2 * k + shift) % min(sizes, default=2) for k in range(STEPS)]
    arrays = [numbers(shape, name) for n in sizes for shape in ((n, 1), (n,), (1, n))]
    return arrays if role(name) == "state" else [words, *arrays]
