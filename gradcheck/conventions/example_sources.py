"""Where the inputs of a function come from: the file's EXAMPLES, the names of its arguments, the file's own calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.conventions import roles
from gradcheck.conventions.calls_in_file import calls_of
from gradcheck.conventions.example_inputs import Example, are_known, arguments, as_example, candidates, given, setting
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.example_values import numbers
from gradcheck.conventions.offer import Contents
from gradcheck.conventions.sized_networks import sized_networks
from gradcheck.conventions.word_vectors import word_vectors

_LAYOUT = "a call in the file"
_MOST_DATA = 1000
"""Maximum number of entries of an array that a file holds as its data."""


def asked_arguments(function: Callable[..., Any], also: Sequence[str] = ()) -> list[str] | None:
    """The arguments that a call must give, the strength of a regularisation that has a default, and those in `also`.

    With its default, often 0, nobody would see a wrong gradient of the penalty.
    """
    names = arguments(function)
    if names is None or not names:
        return names
    optional = [p for p in inspect.signature(function).parameters.values() if p.default is not p.empty]
    strengths = [p.name for p in optional if isinstance(p.default, int | float) and roles.role(p.name) == "reg"]
    further = [p.name for p in optional if p.name in also and setting(p.name) is not None]
    return [*names, *dict.fromkeys([*strengths, *further])]


def inputs_from_file(contents: Contents, names: Sequence[str], *keys: str) -> Example | None:
    """What the file's EXAMPLES hold under one of `keys`."""
    own = given(contents, *keys)
    return None if own is None else as_example(own, names)


def inputs_by_names(names: Sequence[str], of_calls: Iterable[Example] = ()) -> Iterator[Example]:
    """Examples by the names of the arguments; those of calls come first where a name tells nothing."""
    yield from word_vectors(names)
    yield from sized_networks(names)
    if not are_known(names):
        yield from of_calls
    yield from candidates(names)
    yield from of_calls


def inputs_of_calls(contents: Contents, function: Callable[..., Any], names: Sequence[str]) -> Iterator[Example]:
    """Examples of the shapes that the file's own calls give.

    Numbers are floats, and arrays that hold one number throughout, such as a start at 0, get others.
    """
    for values in calls_of(contents.module, function):
        held = {name: _varied(name, value) for name, value in values.items()}
        if set(names) <= set(held):
            variable = tuple(n for n, v in held.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f")
            yield Example(held, tuple(n for n in variable if role(n) != "target"), (), _LAYOUT)
    yield from data_of_the_file(contents, names)


def data_of_the_file(contents: Contents, names: Sequence[str]) -> Iterator[Example]:
    """An example of the arrays that the file itself holds as its data, with parameters that go with them."""
    held = {name: value for name, value in contents.names.items() if isinstance(value, np.ndarray | list)}
    mine = {name: roles.role(name) for name in names}
    X = next((np.asarray(v) for n, v in held.items() if roles.role(n) == "X" and _is_data(v, 2)), None)
    y = next((np.asarray(v) for n, v in held.items() if roles.role(n) == "y" and _is_data(v, 1)), None)
    if X is None or y is None or len(X) != len(y) or not {"X", "y"} <= set(mine.values()):
        return
    values: dict[str, Any] = {}
    for name in names:
        if mine[name] in ("X", "y"):
            values[name] = (X if mine[name] == "X" else y).astype(float)
        elif role(name) in ("weight", "bias"):
            values[name] = numbers((X.shape[1],) if role(name) == "weight" else (), name) / 10
        else:
            return
    yield Example(values, tuple(n for n in names if role(n) in ("weight", "bias")), (), "the file's own data")


def _is_data(value: Any, axes: int) -> bool:
    try:
        array = np.asarray(value)
    except ValueError:  # rows of several lengths
        return False
    return array.dtype.kind in "fiu" and array.ndim == axes and 0 < array.size <= _MOST_DATA


def _varied(name: str, value: Any) -> Any:
    """A float array for a parameter or for data; other things as they are."""
    known = role(name)
    if known == "index" or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and known in ("weight", "bias", "scale"):
        value = float(value)
    if isinstance(value, float) and known in ("weight", "bias", "scale"):
        return np.array(value or 0.3)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiu":
        return value
    if known == "target" and value.dtype.kind != "f":
        return value
    if known != "target" and value.size > 1 and np.all(value == value.flat[0]):
        return numbers(value.shape, name)
    return value.astype(float) if known in ("weight", "bias", "scale", "data", "prediction") else value
