"""Losses for networks that have none of their own, where the user says which one they are trained with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.trial_data import SAMPLES

Loss = Callable[[Any, Any], Any]
"""`loss(outputs, targets)`: a number, summed over samples."""


def _half_squares(out: Any, y: Any) -> Any:
    return 0.5 * np.sum((out - y) ** 2)


def _squares(out: Any, y: Any) -> Any:
    return np.sum((out - y) ** 2)


def _mean_squares(out: Any, y: Any) -> Any:
    columns = np.ndim(out) > 1 and out.shape[-1] == SAMPLES != out.shape[0]
    return np.sum((out - y) ** 2) / (out.shape[0] if columns else out.shape[-1])


def _cross_entropy(out: Any, y: Any) -> Any:
    return -np.sum(y * np.log(out))


def _binary_cross_entropy(out: Any, y: Any) -> Any:
    return -np.sum(y * np.log(out) + (1 - y) * np.log(1 - out))


ASSUMED: Mapping[str, Loss] = MappingProxyType(
    {
        "half-squares": _half_squares,
        "squares": _squares,
        "mean-squares": _mean_squares,
        "cross-entropy": _cross_entropy,
        "binary-cross-entropy": _binary_cross_entropy,
    }
)
"""By the names that `--as network-loss:loss=NAME` takes."""
IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "half-squares": "half the squared error",
        "squares": "the squared error",
        "mean-squares": "the mean squared error",
        "cross-entropy": "the cross-entropy",
        "binary-cross-entropy": "the binary cross-entropy",
    }
)


def is_binary(source: str) -> bool:
    """Whether a class's source speaks of a loss for two classes, and so of one output."""
    return re.search(r"binary|bce|log\(\s*1(\.0*)?\s*-", source.lower()) is not None


def likely_first(source: str) -> list[str]:
    """The names of all losses, those first that the words of a class's source speak for."""
    low = source.lower()
    entropy = re.search(r"log\(|entropy|bce", low) is not None
    first = ["cross-entropy"] if "softmax" in low else ["binary-cross-entropy"] if entropy else []
    return list(dict.fromkeys([*first, *ASSUMED]))


def alike(loss: Loss) -> Loss:
    """The same loss for targets of the outputs' shape, for their transpose, or for class numbers.

    ValueError for others, which NumPy might broadcast.
    """

    def checked(out: Any, y: Any) -> Any:
        if np.ndim(y) == np.ndim(out) - 1 and np.asarray(y).dtype.kind == "i":
            rows = np.shape(out)[0] == np.shape(y)[0]
            y = np.eye(np.shape(out)[1 if rows else 0])[y]
            y = y if rows else y.T
        if np.ndim(out) == 2 and np.shape(out) == np.shape(y)[::-1] != np.shape(y):
            y = np.transpose(y)
        if np.shape(out) != np.shape(y):
            raise ValueError(f"outputs of shape {np.shape(out)} and targets of shape {np.shape(y)}")
        return loss(out, y)

    return checked
