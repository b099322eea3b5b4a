"""A cross-entropy whose derivative is that by the input of the softmax or sigmoid before it: it is `a - y`.

The derivative takes the outputs, and is the gradient by what the activation gets. What tells is the derivative's source
(it divides by no output), what it says of itself, and that the file has the activation and no derivative of it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.conventions.derivative_names import derivatives
from gradcheck.conventions.example_inputs import arguments
from gradcheck.conventions.example_shapes import role
from gradcheck.conventions.layer_functions import source
from gradcheck.conventions.name_words import words
from gradcheck.conventions.source_trees import tree_of

OPTION = ("softmax", "sigmoid", "none")
"""What `--as functions:inner=...` takes."""
_NAMES: Mapping[str, re.Pattern[str]] = {
    "softmax": re.compile(r"\w*soft_?max", re.I),
    "sigmoid": re.compile(r"(\w+_)?(sigmoid|logistic|sigm)", re.I),
}
_SAYS = re.compile(r"soft_?max|sigmoid|logits?\b|pre-?activation|weighted input|folded|combined", re.I)
"""What a derivative says of itself if an activation is folded in."""


@dataclass(frozen=True)
class Folded:
    """An activation between what is differentiated by and what the loss takes.

    Attributes
    ----------
    kind: "softmax" or "sigmoid".
    sure: whether the file tells that the derivative is by the activation's input; otherwise only the user can.
    activation: the file's own, or the textbook's where it has none.
    """

    kind: str
    sure: bool
    activation: Callable[..., Any]


def folded(
    f: Callable[..., Any], derivative: Callable[..., Any], module: ModuleType, wanted: str = ""
) -> Folded | None:
    """The activation that may be folded into a derivative; None for a function that is no cross-entropy, and the like.

    `wanted` is the user's choice; "" where there is none.
    """
    if wanted == "none" or not (wanted or is_cross_entropy(f)):
        return None
    tree = tree_of(derivative)
    if not wanted and (tree is None or _computes_outputs(tree) or _divides(tree)):
        return None
    kind = wanted or ("sigmoid" if _logarithms(f) > 1 else "softmax")
    names = [name for name, value in vars(module).items() if callable(value) and not isinstance(value, type)]
    own = [name for name in names if _NAMES[kind].fullmatch(name)]
    derived = {function for function, _, _ in derivatives(names, iter(names))}
    says = bool(_SAYS.search(source(derivative)))
    sure = bool(wanted) or says or (bool(own) and not derived & set(own))
    activation = vars(module)[own[0]] if own else {"softmax": _softmax, "sigmoid": _sigmoid}[kind]
    return Folded(kind, sure, activation)


def composed(function: Callable[..., Any], through: Folded, loss: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, which is `loss` or its derivative, of the activation of its first argument that is no target."""
    names = arguments(function) or []
    place = next((k for k, name in enumerate(names) if role(name) != "target"), 0)

    def whole(*given: Any) -> Any:
        outputs = through.activation(given[place])
        targets = next((value for k, value in enumerate(given) if k != place), None)
        if through.kind == "softmax" and not _normalised(outputs, targets):
            raise ValueError("the softmax and the targets are normalised along different axes")
        if function is loss and not _picks(
            lambda a: function(*given[:place], a, *given[place + 1 :]), outputs, targets
        ):
            raise ValueError("the loss takes no class numbers")
        return function(*given[:place], outputs, *given[place + 1 :])

    own = update_wrapper(whole, function)
    own.__signature__ = inspect.signature(function)  # type: ignore[attr-defined] # read by inspect.signature
    return own


def is_cross_entropy(f: Callable[..., Any]) -> bool:
    """Whether a function, or the class of a method, is named a cross-entropy."""
    found = words(f.__qualname__)
    return "entropy" in found or bool({"crossentropy", "bce", "nll", "xent", "logloss"} & set(found))


def _logarithms(f: Callable[..., Any]) -> int:
    tree = tree_of(f)
    return 0 if tree is None else sum(_called(node).startswith("log") for node in ast.walk(tree))


def _called(node: ast.AST) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _computes_outputs(tree: ast.AST) -> bool:
    """Whether the derivative applies an activation itself, so that it takes the activation's input."""
    called = [_called(node) for node in ast.walk(tree)]
    return any(name == "exp" or any(p.fullmatch(name) for p in _NAMES.values()) for name in called if name)


def _divides(tree: ast.AST) -> bool:
    """Whether it divides by an argument itself, not by a number of samples."""
    given = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    return any(
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and _is_of(node.right, given)
        for node in ast.walk(tree)
    ) or any(_called(node) in ("divide", "reciprocal", "power", "true_divide") for node in ast.walk(tree))


def _is_of(divisor: ast.expr, given: set[str]) -> bool:
    """Whether a divisor holds an argument's values, beyond its length, shape or size."""
    counted = set()
    for node in ast.walk(divisor):
        if _called(node) in ("len", "size") or (isinstance(node, ast.Attribute) and node.attr in ("shape", "size")):
            counted |= {id(inner) for inner in ast.walk(node)}
    return any(isinstance(n, ast.Name) and n.id in given and id(n) not in counted for n in ast.walk(divisor))


def _normalised(outputs: Any, targets: Any) -> bool:
    """Whether outputs and one-hot targets add up to 1 along the same axis; True for what holds no plain numbers."""
    if not _plain(outputs):
        return True
    if np.shape(targets) != outputs.shape:
        return bool(np.allclose(outputs.sum(-1), 1.0))
    sums = ((outputs.sum(axis), np.asarray(targets).sum(axis)) for axis in (-1, 0, None))
    return any(np.allclose(mine, 1.0) and np.allclose(theirs, 1.0) for mine, theirs in sums)


def normalised_columns(outputs: Any) -> bool:
    """Whether a plain array's columns add up to 1, as a softmax's over samples in columns, and its rows do not."""
    if not _plain(outputs) or outputs.ndim != 2 or 1 in outputs.shape:
        return False
    return bool(np.allclose(outputs.sum(0), 1.0)) and not np.allclose(outputs.sum(1), 1.0)


def _picks(loss: Callable[[Any], Any], outputs: Any, targets: Any) -> bool:
    """Whether a loss that gets class numbers depends on the outputs of these classes alone."""
    if not _plain(outputs) or np.shape(targets) == outputs.shape:
        return True
    chosen = np.eye(outputs.shape[-1])[np.asarray(targets, dtype=int)] if np.ndim(targets) == outputs.ndim - 1 else 0.0
    return bool(np.allclose(loss(outputs), loss(outputs * np.where(chosen, 1.0, 0.5))))


def _plain(outputs: Any) -> bool:
    return type(outputs) is np.ndarray and outputs.dtype.kind == "f"


def _softmax(z: Any) -> Any:
    powers = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return powers / np.sum(powers, axis=-1, keepdims=True)


def _sigmoid(z: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-z))
