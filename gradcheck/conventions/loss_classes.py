"""`loss-classes`: losses of "Neural Networks from Scratch": forward(y_pred, y_true), and backward(y_pred, y_true).

The backward pass takes the prediction where layers take an upstream gradient, and is the gradient of the mean of what
the forward pass gives for each sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.foreign_calls import ForeignCalls
from gradcheck.conventions.layer_search import INWARDS
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, required_arguments

NAME = "loss-classes"
ABOUT = "loss classes with forward(y_pred, y_true) and backward(y_pred, y_true), the gradient of the mean over samples"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

PREDICTED = np.array([[0.61, 0.24, 0.15], [0.2, 0.47, 0.33], [0.12, 0.31, 0.57], [0.45, 0.17, 0.38]])
"""Predictions of four samples: probabilities, so that a loss may take their logarithms."""
TRUE = np.eye(3)[[0, 2, 1, 1]]
"""Their targets, one-hot: classes, yes and no, or numbers, whatever a loss compares."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all such classes of the file; a Miss for each that does not run."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    for name, kind in contents.classes.items():
        if name in contents.claimed or not _takes_targets_twice(kind):
            continue
        found = _pair(calls, name, kind)
        if isinstance(found, Pair):
            pairs.append(found)
        else:
            yield Miss(NAME, name, found)
    if pairs:
        names = [pair.name for pair in pairs]
        note = "each loss is differentiated as the mean of its forward pass over samples"
        yield Offer(NAME, ", ".join(names), claims=frozenset(names), pairs=tuple(pairs), notes=(note,))


def _takes_targets_twice(kind: type) -> bool:
    """Whether forward and backward take two arguments each, the second of one name."""
    asked = [required_arguments(getattr(kind, name, None) or (lambda: None)) or [] for name in ("forward", "backward")]
    return all(len(names) == 3 for names in asked) and asked[0][2] == asked[1][2]


def _pair(calls: ForeignCalls, name: str, kind: type) -> Pair | str:
    """The pair, or why there is none."""

    def value(predicted: Any) -> Any:
        return np.mean(calls(calls(kind).forward, predicted, TRUE.copy()))

    def gradient(predicted: Any) -> Any:
        loss = calls(kind)
        calls(loss.forward, predicted, TRUE.copy())
        returned = calls.back(loss.backward, predicted, TRUE.copy())
        return returned if returned is not None else _left(loss)

    try:
        at, answer = value(PREDICTED.copy()), np.shape(gradient(PREDICTED.copy()))
    except Exception as wrong:  # whatever the file's own code raises
        return f"{type(wrong).__name__}: {wrong}"[:200]
    if not np.isfinite(at):
        return "its forward pass gives no finite number"
    if answer != PREDICTED.shape:
        return f"its backward pass leaves no gradient of shape {PREDICTED.shape} in {', '.join(INWARDS[:3])}"
    shown = f"{name}.forward and {name}.backward"
    return Pair(name, "gradient", _named(value, name), _named(gradient, f"{name}.backward"), (PREDICTED,), shown=shown)


def _left(loss: Any) -> Any:
    return next((getattr(loss, name) for name in INWARDS if getattr(loss, name, None) is not None), None)


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    return function
