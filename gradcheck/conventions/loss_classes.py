"""`loss-classes`: losses of "Neural Networks from Scratch": forward(y_pred, y_true), and backward(y_pred, y_true).

The backward pass takes the prediction where layers take an upstream gradient, and is the gradient of the mean of what
the forward pass gives for each sample. A loss with an activation inside, which leaves the activation's output in an
attribute, gets that output. Where both methods name the targets first, forward(label, out), they get them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradcheck.conventions.foreign_calls import ForeignCalls, copied
from gradcheck.conventions.layer_functions import is_real
from gradcheck.conventions.layer_search import INWARDS, OUTPUT
from gradcheck.conventions.offer import Contents, Found, Miss, Offer, Pair, required_arguments
from gradcheck.conventions.roles import role

NAME = "loss-classes"
ABOUT = "loss classes with forward(y_pred, y_true) and backward(y_pred, y_true), the gradient of the mean over samples"
OPTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType({})

PREDICTED = np.array([[0.61, 0.24, 0.15], [0.2, 0.47, 0.33], [0.12, 0.31, 0.57], [0.45, 0.17, 0.38]])
"""Predictions of four samples: probabilities, so that a loss may take their logarithms."""
_PROBABILITIES = ("probs", "probabilities", "softmax_output", "softmax_out", "y_hat", "y_pred")
"""Further attributes in which a loss with an activation inside leaves the activation's output."""
_TARGETS = ("y_true", "true", "truth", "ground_truth", "y_target", "y_label", "gt", "true_y", "y_real")
"""Further names of the targets."""
TRUE = np.eye(3)[[0, 2, 1, 1]]
"""Their targets, one-hot: classes, yes and no, or numbers, whatever a loss compares."""


def find(contents: Contents, options: Mapping[str, str]) -> Iterator[Found]:
    """One offer for all such classes of the file; a Miss for each that does not run."""
    calls = ForeignCalls(contents.module)
    pairs: list[Pair] = []
    notes = ["each loss is differentiated as the mean of its forward pass over samples"]
    for name, kind in contents.classes.items():
        if name in contents.claimed or not _takes_targets_twice(kind):
            continue
        found = _pair(calls, name, kind, TRUE)
        if isinstance(found, str):
            yield Miss(NAME, name, found)
            continue
        pairs.append(found[0])
        notes += found[1]
        numbers = _pair(calls, f"{name}, class numbers", kind, np.argmax(TRUE, axis=1))
        if not isinstance(numbers, str) and np.allclose(found[0].f(PREDICTED), numbers[0].f(PREDICTED)):
            pairs.append(numbers[0])
    if pairs:
        names = list(dict.fromkeys(pair.name.partition(",")[0] for pair in pairs))
        yield Offer(NAME, ", ".join(names), claims=frozenset(names), pairs=tuple(pairs), notes=tuple(notes))


def _takes_targets_twice(kind: type) -> bool:
    """Whether forward and backward take two arguments each, the targets under one name."""
    asked = _asked(kind)
    return all(len(names) == 3 for names in asked) and (asked[0][2] == asked[1][2] or _targets_first(kind))


def _targets_first(kind: type) -> bool:
    """Whether both methods name the targets first, and something else second."""
    asked = _asked(kind)
    return asked[0][1] == asked[1][1] and all(_is_target(first) > _is_target(second) for _, first, second in asked)


def _asked(kind: type) -> list[list[str]]:
    """The required arguments of forward and of backward."""
    return [required_arguments(getattr(kind, name, None) or (lambda: None)) or [] for name in ("forward", "backward")]


def _is_target(name: str) -> bool:
    return role(name) == "y" or name.lower().removesuffix("s") in _TARGETS


def _pair(calls: ForeignCalls, name: str, kind: type, true: Any) -> tuple[Pair, list[str]] | str:
    """The pair for these targets and notes on it, or why there is none."""
    inner = _activated(calls, kind, true)

    turn = -1 if _targets_first(kind) else 1

    def value(predicted: Any) -> Any:
        return np.mean(calls(calls(kind).forward, *(predicted, true.copy())[::turn]))

    def gradient(predicted: Any) -> Any:
        loss = calls(kind)
        calls(loss.forward, *(predicted, true.copy())[::turn])
        given = predicted if not inner else copied(getattr(loss, inner))
        returned = calls.back(loss.backward, *(given, true.copy())[::turn])
        return returned if returned is not None else _left(loss)

    try:
        at, answer = value(PREDICTED.copy()), np.shape(gradient(PREDICTED.copy()))
    except Exception as wrong:  # whatever the file's own code raises
        return f"{type(wrong).__name__}: {wrong}"[:200]
    if not np.isfinite(at):
        return "its forward pass gives no finite number"
    if answer != PREDICTED.shape:
        return f"its backward pass leaves no gradient of shape {PREDICTED.shape} in {', '.join(INWARDS[:3])}"
    about = name.removeprefix(kind.__name__)
    shown = f"{kind.__name__}.forward and {kind.__name__}.backward{about}"
    derivative = _named(gradient, f"{kind.__name__}.backward")
    notes = [f"{name}: backward gets .{inner}, which the forward pass leaves in the object"] if inner else []
    return Pair(name, "gradient", _named(value, kind.__name__), derivative, (PREDICTED,), shown=shown), notes


def _activated(calls: ForeignCalls, kind: type, true: Any) -> str:
    """The attribute in which the forward pass leaves what the loss is taken of, if that is not its input; "" if none.

    A backward method whose argument has the name of the forward method's takes the input itself.
    """
    forward, backward = (required_arguments(getattr(kind, name)) or [] for name in ("forward", "backward"))
    if forward[1] == backward[1]:
        return ""
    try:
        loss = calls(kind)
        calls(loss.forward, PREDICTED.copy(), true.copy())
    except Exception:  # whatever the file's own code raises, which is told where it is asked
        return ""
    held: dict[str, Any] = {name: getattr(loss, name, None) for name in (*OUTPUT, *_PROBABILITIES)}
    fitting = (name for name, out in held.items() if is_real(out) and np.shape(out) == PREDICTED.shape)
    return next((name for name in fitting if not np.array_equal(held[name], PREDICTED)), "")


def _left(loss: Any) -> Any:
    return next((getattr(loss, name) for name in INWARDS if getattr(loss, name, None) is not None), None)


def _named(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    return function
