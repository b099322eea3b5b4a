"""Functions whose compiled code takes the objects in an array for numbers, which ends the process."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from gradcheck.errors import Unsupported
from gradcheck.tracing.patched_numpy import namespaces

COMPILED = {"scipy.spatial.distance": "squareform", "scipy.ndimage": "distance_transform_cdt"}
"""Their names, by module."""


@contextmanager
def numbers_only(function: Callable[..., Any]) -> Iterator[None]:
    """While the block runs, they raise Unsupported where `function` gives them anything but numbers."""
    loaded = {name: vars(sys.modules[name]) for name in COMPILED if name in sys.modules}
    by_original = {id(space[COMPILED[name]]): space[COMPILED[name]] for name, space in loaded.items()}
    undo = [
        (space, name, value)
        for space in ((*loaded.values(), *namespaces(function)) if loaded else ())
        for name, value in space.items()
        if id(value) in by_original
    ]
    try:
        for space, name, original in undo:
            space[name] = _guarded(original)
        yield
    finally:
        for space, name, original in undo:
            space[name] = original


def _guarded(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def call(*arguments: Any, **options: Any) -> Any:
        if not all(_plain(value) for value in (*arguments, *options.values())):
            raise Unsupported(f"{original.__name__} is compiled code for plain arrays")
        return original(*arguments, **options)

    return call


def _plain(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind != "O")
    return value is None or isinstance(value, str | int | float)
