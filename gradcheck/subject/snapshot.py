"""Snapshots of what a subject is given, to detect changes: nothing of it may be changed.

A `Graph` is immutable by convention only: `object.__setattr__` and array flags can change it. A snapshot shows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from gradcheck.subject.answer import Array

_IMMUTABLE = {bool, int, float, complex, str, bytes, tuple, type(None)}


def snapshot(problem: Any) -> dict[str, Any]:
    """Every part of a problem in a form that shares no memory with it, by part name ("Graph.inputs")."""
    kind = type(problem)
    parts = [f.name for f in fields(problem)] if is_dataclass(problem) else []
    parts += [name for base in kind.__mro__ for name in getattr(base, "__slots__", ()) if name[0] != "_"]
    # If the class has the same name, it is a cached property, which is filled by reading it.
    extra = [name for name in getattr(problem, "__dict__", {}) if name not in parts and not hasattr(kind, name)]
    return {f"{kind.__name__}.{part}": _copied(getattr(problem, part, None)) for part in (*parts, *extra)}


def changed_problem(problem: Any, before: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the parts that differ from the snapshot."""
    after = snapshot(problem)
    # Compared within tuples, in which an object equals itself even if it is NaN.
    return tuple(sorted(p for p in {*before, *after} if (p in before, before.get(p)) != (p in after, after.get(p))))


def changed_point(
    point: Mapping[str, Array], arrays: Mapping[str, Array], handed: Mapping[str, Array]
) -> tuple[str, ...]:
    """Names of the entries of a point that were written to, replaced, removed or added."""
    names = [
        name
        for name, original in point.items()
        if not _same(arrays[name], original) or handed.get(name) is not arrays[name]
    ]
    names += [name for name in handed if name not in point]
    return tuple(f"point[{name!r}]" for name in names)


def _same(now: Array, then: Array) -> bool:
    """Whether they agree bit for bit: NaN equals itself, and -0.0 differs from 0.0."""
    return now.shape == then.shape and now.dtype == then.dtype and now.tobytes() == np.asarray(then).tobytes()


def _copied(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple) and not set(map(type, value)) <= _IMMUTABLE:
        return type(value), [_copied(inner) for inner in value]
    if isinstance(value, list):
        return list(value)
    if is_dataclass(value) and not isinstance(value, type):
        return snapshot(value)
    return value  # numbers, strings, functions, and tuples of them
