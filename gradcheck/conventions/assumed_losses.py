"""Losses for networks that have none of their own, where the user says which one they are trained with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

Loss = Callable[[Any, Any], Any]
"""`loss(outputs, targets)`: a number, summed over samples."""


def _half_squares(out: Any, y: Any) -> Any:
    return 0.5 * np.sum((out - y) ** 2)


def _squares(out: Any, y: Any) -> Any:
    return np.sum((out - y) ** 2)


def _cross_entropy(out: Any, y: Any) -> Any:
    return -np.sum(y * np.log(out))


def _binary_cross_entropy(out: Any, y: Any) -> Any:
    return -np.sum(y * np.log(out) + (1 - y) * np.log(1 - out))


ASSUMED: Mapping[str, Loss] = MappingProxyType(
    {
        "half-squares": _half_squares,
        "squares": _squares,
        "cross-entropy": _cross_entropy,
        "binary-cross-entropy": _binary_cross_entropy,
    }
)
"""By the names that `--as network-loss:loss=NAME` takes."""


def alike(loss: Loss) -> Loss:
    """The same loss for targets of the outputs' shape alone; ValueError for others, which NumPy might broadcast."""

    def checked(out: Any, y: Any) -> Any:
        if np.shape(out) != np.shape(y):
            raise ValueError(f"outputs of shape {np.shape(out)} and targets of shape {np.shape(y)}")
        return loss(out, y)

    return checked
