"""Layers that make their parameters in their first forward pass, when they know how wide their input is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np

from gradcheck.conventions.foreign_calls import ForeignCalls, copied

STATISTICS = re.compile(r"running|moving|average|momentum", re.I)
"""Names of what a layer keeps over its forward passes, and makes together with its parameters."""


def built(calls: ForeignCalls, instance: Any, forward: str, values: Mapping[str, Any]) -> Any:
    """A copy of `instance` that holds the parameters which its forward pass at `values` made; itself if there are none.

    A parameter is an attribute that was None and is an array afterwards, the same one at other inputs. What changes
    with the inputs is what the layer keeps for its backward pass. Exceptions of the forward pass are the caller's.
    """
    held = getattr(instance, "__dict__", {})
    empty = [name for name, value in held.items() if value is None]
    if not empty:
        return instance
    made = [_after(calls, instance, forward, values, scale) for scale in (1.0, 0.5)]
    new = [name for name in empty if _same(*(getattr(one, name, None) for one in made))]
    if not new:
        return instance
    whole = made[0]
    for name in set(empty) - set(new):
        if not STATISTICS.search(name):  # kept for the backward pass: a fresh layer has none of it
            setattr(whole, name, None)
    return whole


def _after(calls: ForeignCalls, instance: Any, forward: str, values: Mapping[str, Any], scale: float) -> Any:
    trial = deepcopy(instance)
    given = [copied(value) for value in values.values()]
    calls(getattr(trial, forward), *(scale * v if np.asarray(v).dtype.kind == "f" else v for v in given))
    return trial


def _same(one: Any, other: Any) -> bool:
    """Whether both are the same array of numbers, with more than one entry."""
    arrays = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
    return arrays and one.dtype.kind == "f" and one.size > 1 and np.array_equal(one, other)
