"""One function with a flag: `sigmoid(x)` is the value and `sigmoid(x, deriv=True)` its derivative.

As with `sigmoid_prime`, the derivative may take the input or the output of the function. What tells is the branch that
the flag chooses, the docstring, and what the file hands to it.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any

from gradcheck.conventions.offer import Contents
from gradcheck.conventions.source_trees import tree_of

FLAG = re.compile(
    r"(is_|return_|get_|use_|_?)?(d|deriv\w*|derive|prime|grad|gradient|der|diff|backprop|backward|dx|slope)", re.I
)
"""Names of an argument that asks for the derivative."""


@dataclass(frozen=True)
class Flagged:
    """A function with a flag: the name of the flag, and value and derivative as two functions."""

    flag: str
    value: Callable[..., Any]
    derivative: Callable[..., Any]


def flagged(contents: Contents) -> Iterator[tuple[str, Flagged]]:
    """Name and parts of each such function of the file."""
    for name, function in contents.functions.items():
        if name not in contents.claimed and (found := parts_of(function)) is not None:
            yield name, found


def parts_of(function: Callable[..., Any]) -> Flagged | None:
    """Value and derivative of a function with a flag; None for another one."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if len(parameters) < 2 or parameters[0].kind not in (
        parameters[0].POSITIONAL_ONLY,
        parameters[0].POSITIONAL_OR_KEYWORD,
    ):
        return None
    flag = next((p for p in parameters[1:] if FLAG.fullmatch(p.name) and p.default in (False, p.empty, None, 0)), None)
    if flag is None or (flag.default is flag.empty and not _tested(function, flag.name)):
        return None
    others = [p for p in parameters if p is not flag]

    def asked(choice: bool, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named, **{flag.name: choice})

        call = update_wrapper(call, function)
        call.__name__ = call.__qualname__ = name
        call.__signature__ = inspect.Signature(others)  # type: ignore[attr-defined] # read by inspect.signature
        return call

    own = function.__name__
    return Flagged(flag.name, asked(False, own), asked(True, f"{own}({flag.name}=True)"))


def _tested(function: Callable[..., Any], flag: str) -> bool:
    """Whether the function itself asks whether the flag is set."""
    tree = tree_of(function)
    return tree is not None and any(
        isinstance(node, ast.If | ast.IfExp) and _speaks_of(node.test, flag) for node in ast.walk(tree)
    )


def branch_of_flag(function: Callable[..., Any], flag: str) -> list[ast.AST]:
    """What is done where the flag is set; [] where the source does not tell."""
    tree = tree_of(function)
    for node in () if tree is None else ast.walk(tree):
        if isinstance(node, ast.IfExp) and _speaks_of(node.test, flag):
            return [node.orelse if _negated(node.test) else node.body]
        body = getattr(node, "body", None)
        block = body if isinstance(body, list) else []
        for number, statement in enumerate(block):
            if isinstance(statement, ast.If) and _speaks_of(statement.test, flag):
                otherwise = statement.orelse or block[number + 1 :]
                return list(otherwise if _negated(statement.test) else statement.body)
    return []


def sets_flag(call: ast.Call, flag: str) -> bool:
    """Whether a call in the file asks for the derivative."""
    chosen = [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == flag)]
    return any(isinstance(value, ast.Constant) and value.value is True for value in chosen)


def _speaks_of(test: ast.expr, flag: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == flag for node in ast.walk(test))


def _negated(test: ast.expr) -> bool:
    """Whether a condition holds where the flag is not set: `not deriv`, `deriv == False`."""
    if isinstance(test, ast.Compare):
        return any(isinstance(c, ast.Constant) and c.value is False for c in test.comparators)
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
