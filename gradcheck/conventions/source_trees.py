"""The syntax tree of a file, a notebook's cells included, or of one function; and what a function says it returns."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from gradcheck.conventions.name_words import words

CELLS = "__cells__"
"""Attribute of a notebook's module that holds the source of its cells."""
_GRADIENT = re.compile(r"grad|gradient|grads|gradients|deriv|derivative|nabla|prime|d|dj|dl")
"""Words in the name of what holds a gradient."""
_SHORT = re.compile(r"d_?[a-zA-Z]\w{0,6}")
"""A name such as `dW`, `db1`, `d_theta`."""


def tree_of(thing: ModuleType | Callable[..., Any]) -> ast.Module | None:
    """The syntax tree; None where the source is not to be had."""
    try:
        text = getattr(thing, CELLS, None) or inspect.cleandoc("\n" + inspect.getsource(thing))
        return ast.parse(text)
    except (OSError, TypeError, SyntaxError):
        return None


def source_of(kind: type) -> str:
    """The source of a class, or of its methods where it was not written as one; "" where none is to be had."""
    parts: Iterable[Any] = (value for value in vars(kind).values() if inspect.isfunction(value))
    for things in ([kind], parts):
        try:
            return "\n".join(map(inspect.getsource, things))
        except (OSError, TypeError):
            continue
    return ""


def returned_names(function: Callable[..., Any]) -> tuple[str, ...]:
    """The names in the tuple that a function returns, "" for what is no name; () where it returns none."""
    tree = tree_of(inspect.unwrap(function))
    if tree is None:
        return ()
    found: tuple[str, ...] = ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            found = tuple(_name(part) for part in node.value.elts)
    return found


def is_gradient(name: str) -> bool:
    """Whether a variable of this name holds a gradient."""
    return any(map(_GRADIENT.fullmatch, words(name))) or (
        _SHORT.fullmatch(name) is not None and not name.startswith(("data", "dim", "dist", "dot"))
    )


def _name(part: ast.expr) -> str:
    """`grad` in `grad`, `self.grad`, `grad.flatten()`, `grad / m`, `np.ravel(grad)`."""
    if isinstance(part, ast.Name):
        return part.id
    if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
        return part.attr
    names = [node.id for node in ast.walk(part) if isinstance(node, ast.Name)]
    return next((name for name in names if is_gradient(name)), "")
