"""Where the source of a function holds a constant: as a number, a name, or an expression of them."""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import operator
import textwrap
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

import numpy as np

from gradcheck.attribution.explanation import Place
from gradcheck.tracing.patched_numpy import is_users, names_in

_OPERATORS: Mapping[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_CALLS: Mapping[str, Callable[[float], float]] = {
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "deg2rad": math.radians,
    "radians": math.radians,
}
MOST_FUNCTIONS = 20
"""Maximum number of functions that are searched."""
LARGEST_EXPONENT = 64.0
"""Largest exponent that is computed; others can take long."""


def place_of(function: Callable[..., Any], value: float, *, factor: bool = False) -> Place | None:
    """The first place in a function's own source, or that of functions it names, whose expression has this value.

    `factor`: only where something is multiplied or divided by it. None without one. Only numbers, names bound to
    numbers, pi and e, + - * / **, and roots, exponentials and logarithms are read; nothing of the user's is called.
    """
    waiting: list[Any] = [inspect.unwrap(function)]
    seen: list[Any] = []
    while waiting and len(seen) < MOST_FUNCTIONS:
        seen.append(waiting.pop(0))
        names = _names(seen[-1])
        if (place := _place_in(seen[-1], value, names, factor=factor)) is not None:
            return place
        named = [names[n] for n in names_in(seen[-1].__code__) if n in names] if hasattr(seen[-1], "__code__") else []
        users = [f for f in named if isinstance(f, FunctionType) and is_users(f.__module__)]
        waiting += [f for f in users if not any(f is s for s in seen)]
    return None


def _place_in(function: Callable[..., Any], value: float, names: Mapping[str, Any], *, factor: bool) -> Place | None:
    try:
        linecache.checkcache()  # a file that has changed since is read anew, and then does not hold the function
        lines, first = inspect.getsourcelines(function)
        file = inspect.getsourcefile(function)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):  # a notebook cell, a lambda cut out of its line, compiled code
        return None
    looked = _factors(tree) if factor else [n for n in ast.walk(tree) if isinstance(n, ast.expr)]
    found = [n for n in looked if _same(_value(n, names), value)]
    if not found or file is None:
        return None
    node = min(found, key=lambda n: (n.lineno, -(n.end_col_offset or 0)))
    source = textwrap.dedent("".join(lines)).splitlines()[node.lineno - 1]
    indent = len(source) - len(source.lstrip())
    end = node.end_col_offset if node.end_lineno == node.lineno else len(source)
    return Place(file, first + node.lineno - 1, source.strip(), node.col_offset - indent, (end or 0) - indent)


def _factors(tree: ast.AST) -> list[ast.expr]:
    products = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Mult | ast.Div)]
    return [side for n in products for side in (n.left, n.right)]


def _same(found: float | None, value: float) -> bool:
    return found is not None and abs(found - value) <= 4e-16 * abs(value)


def _names(function: Any) -> dict[str, Any]:
    """What the function's names are bound to, its closure before its globals."""
    found = dict(getattr(function, "__globals__", {}))
    code, cells = getattr(function, "__code__", None), getattr(function, "__closure__", None) or ()
    for name, cell in zip(getattr(code, "co_freevars", ()), cells, strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # empty
            continue
    return found


def _value(node: ast.expr, names: Mapping[str, Any]) -> float | None:
    """The number that an expression is; None for any other, and for what is too large."""
    try:
        return _evaluated(node, names)
    except (ArithmeticError, ValueError):
        return None


def _evaluated(node: ast.expr, names: Mapping[str, Any]) -> float | None:
    if isinstance(node, ast.Constant):
        return _number(node.value)
    if isinstance(node, ast.Name):
        return _number(names.get(node.id))
    if isinstance(node, ast.Attribute):
        constant = {"pi": math.pi, "e": math.e}.get(node.attr)
        return constant if _is_library(node.value, names) else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _evaluated(node.operand, names)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _evaluated(node.left, names), _evaluated(node.right, names)
        if left is None or right is None or (isinstance(node.op, ast.Pow) and abs(right) > LARGEST_EXPONENT):
            return None
        return _number(_OPERATORS[type(node.op)](left, right))
    if isinstance(node, ast.Call) and len(node.args) == 1 and isinstance(node.func, ast.Attribute):
        known, inner = _CALLS.get(node.func.attr), _evaluated(node.args[0], names)
        return known(inner) if known and inner is not None and _is_library(node.func.value, names) else None
    return None


def _number(value: Any) -> float | None:
    plain = isinstance(value, int | float | np.floating) and not isinstance(value, bool)
    return float(value) if plain and abs(value) < 1e300 else None


def _is_library(node: ast.expr, names: Mapping[str, Any]) -> bool:
    return isinstance(node, ast.Name) and names.get(node.id) in (np, math)
