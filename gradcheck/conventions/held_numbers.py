"""Which numbers an object of a foreign class holds, and under which names."""

from __future__ import annotations

import math
from collections.abc import Iterator
from inspect import isdatadescriptor
from typing import Any

import numpy as np

from gradcheck.conventions.offer import required_arguments

DATA = ("data", "value", "val", "v", "x", "item", "_data", "cached_data", "array", "numpy")
"""Names of the attribute that holds the value, the usual ones first."""
GRADIENTS = ("grad", "gradient", "derivative", "adjoint", "g", "d", "deriv", "grad_value", "_grad", "dx", "der")
"""Names of the attribute that holds the gradient."""

PLAIN: tuple[type, ...] = (int, float, complex, np.ndarray, np.generic, list, tuple)
"""What holds numbers without being a node."""
MOST_AXES = 8
"""Maximum number of axes of an array that is read entry by entry."""


def read(node: Any, name: str) -> Any:
    """An attribute, or the answer of a method without arguments."""
    found = getattr(node, name)
    return found() if callable(found) and not isinstance(found, np.ndarray) else found


def plain(found: Any) -> Any:
    """A number or an array out of what an attribute holds; a node's own value where it holds a node."""
    for name in ("data", "value", "val", "numpy", "realize"):
        if isinstance(found, PLAIN):
            return found
        inner = getattr(found, name, None)
        if inner is None or isinstance(inner, memoryview | type(found)):
            continue
        inner = inner() if callable(inner) else inner
        found = _in_its_shape(inner, found) if isinstance(inner, list) else inner
    return found


def _in_its_shape(numbers: list[Any], holder: Any) -> Any:
    """The entries of an array of a class of its own, which keeps them in one list, and its shape beside it."""
    shape = getattr(holder, "shape", None)
    if not isinstance(shape, tuple) or np.shape(numbers) == shape or len(shape) > MOST_AXES:
        return numbers
    for index_as in ("__getitem__", "get"):
        try:
            read_one = getattr(holder, index_as)
            entries = [read_one(i) if index_as == "__getitem__" else read_one(*i) for i in np.ndindex(*shape)]
            return np.array([float(entry) for entry in entries]).reshape(shape)
        except Exception:  # a class without this way of reading an entry
            continue
    return np.reshape(numbers, shape) if len(numbers) == math.prod(shape) else numbers


def single(found: Any) -> float:
    """A single number, which may be held in an array or list of one entry."""
    return float(np.reshape(np.asarray(plain(found), dtype=float), ()))


def attributes_of(node: Any) -> Iterator[str]:
    """Names of attributes that may hold numbers: the usual ones, then those of the instance."""
    slots = [name for base in type(node).__mro__ for name in getattr(base, "__slots__", ())]
    own = [*getattr(node, "__dict__", {}), *slots]
    described = [n for n in dir(type(node)) if n[:2] != "__" and isdatadescriptor(getattr(type(node), n, None))]
    yield from dict.fromkeys([*own, *described])


def is_new(before: Any, found: Any) -> bool:
    """Whether an attribute holds numbers, and other ones than before."""
    if found is None or before is None:
        return found is not None
    return not np.array_equal(np.asarray(before, dtype=float), np.asarray(found, dtype=float), equal_nan=True)


def numbers_of(node: Any) -> dict[str, Any]:
    """Attributes of a node that hold a number or an array, as copies."""
    found = {}
    for name in attributes_of(node):
        try:
            value = plain(read(node, name))
            if value is not None and not isinstance(value, str | bytes | tuple | bool) and np.size(value):
                found[name] = np.array(value, dtype=float)
        except Exception:
            continue
    return found


def method_answer(node: Any, name: str) -> Any:
    """The number or array that a method without arguments gives; None for anything else."""
    method = getattr(node, name, None)
    if not callable(method) or len(required_arguments(method) or ()) > 0:
        return None
    found = plain(method())
    return np.array(found, dtype=float) if isinstance(found, int | float | np.ndarray | np.generic) else None


def seed(root: Any, one: float) -> bool:
    """Set the root's gradient to 1 under the first of the usual names that it has."""
    name = seed_name(root)
    if name:
        old = getattr(root, name)
        setattr(root, name, np.ones_like(old) if isinstance(old, np.ndarray) else one)
    return bool(name)


def seed_name(root: Any) -> str:
    """The first of the usual names of a gradient that the root has as an attribute; "" if it has none."""
    held = set(attributes_of(root))
    return next((name for name in GRADIENTS if name in held), "")
