"""Calls that write into the arrays they are given: the answer may be right, and the caller's own array is destroyed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

_MEANT = re.compile(r"running|moving|momentum|veloc|cache|state|buffer|^out", re.I)
"""Parts of the names of arguments that are given to be written into."""


def watched(call: Callable[[], Any], lent: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """What a call returns, and the names of the arrays among `lent` that it changed."""
    arrays = {name: value for name, value in lent.items() if isinstance(value, np.ndarray)}
    before = {name: value.copy() for name, value in arrays.items()}
    returned = call()
    return returned, tuple(name for name, old in before.items() if not _same(arrays[name], old))


def written_inputs(function: str, names: Sequence[str]) -> tuple[str, ...]:
    """What is said of a forward function that writes into these inputs; nothing of arrays that are meant for that."""
    changed = [name for name in names if not _MEANT.search(name)]
    harm = "whoever keeps that array for the way back, such as the layer before, then has other numbers"
    return _said(function, changed, "which belongs to its caller", harm)


def written_upstream(function: str, names: Sequence[str]) -> tuple[str, ...]:
    """What is said of a backward function that writes into the upstream gradients that it is given."""
    harm = "whatever else takes that gradient, such as the other branch of a sum, then gets a wrong one"
    return _said(function, names, "the upstream gradient that it is given", harm)


def _said(function: str, names: Sequence[str], what: str, harm: str) -> tuple[str, ...]:
    copies = "; ".join(f"{name} = {name}.copy()" for name in names)
    return (f"{function} writes into {', '.join(names)}, {what}: {harm}; copy it first: {copies}",) if names else ()


def _same(now: Any, before: Any) -> bool:
    return now.shape == before.shape and np.array_equal(now, before, equal_nan=now.dtype.kind == "f")
