"""Small constants that a loss adds inside a logarithm, as `np.log(y + 1e-7)`, and that its gradient knows nothing of.

The textbook's gradient is that of the loss without the constant. So the loss is asked without it, unless the constant
occurs in a denominator, a clip or a maximum as well, where a gradient may have meant it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

from gradcheck.conventions.source_trees import tree_of

LARGEST = 1e-5
"""Largest constant that counts as a guard."""
LIMITERS = ("clip", "maximum", "max", "minimum", "min")
"""Functions whose argument may be such a constant for another reason."""


@dataclass(frozen=True)
class Guards:
    """The constants of one module, the functions whose logarithms add them, and the module's names."""

    constants: tuple[float, ...] = ()
    functions: tuple[FunctionType, ...] = ()
    space: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def left_out(self) -> Iterator[None]:
        """Run a block in which these functions have 0 in place of the constants."""
        before = [(function, function.__code__, function.__defaults__) for function in self.functions]
        names = {name: value for name, value in self.space.items() if self._zero(value) is not value}
        try:
            self.space.update(dict.fromkeys(names, 0.0))
            for function, code, defaults in before:
                function.__code__ = _without(code, self.constants)
                function.__defaults__ = None if defaults is None else tuple(map(self._zero, defaults))
            yield
        finally:
            self.space.update(names)
            for function, code, defaults in before:
                function.__code__, function.__defaults__ = code, defaults

    def _zero(self, value: Any) -> Any:
        return 0.0 if isinstance(value, float) and value in self.constants else value


def guards(module: ModuleType) -> Guards:
    """The constants that the module's code adds within logarithms and nowhere else."""
    tree = tree_of(module)
    if tree is None:
        return Guards()
    known = dict(_assigned(tree))
    inside: dict[str, set[float]] = {}
    for name, function in _definitions(tree):
        found = {v for node in ast.walk(function) if _called(node, ("log", "log2")) for v in _added(node, known)}
        if found:
            inside[name] = found
    constants = set().union(*inside.values()) - set(_meant(tree, known))
    functions = dict(_functions(vars(module), module.__name__))
    return Guards(
        tuple(sorted(constants)),
        tuple(functions[n] for n, found in inside.items() if n in functions and found & constants),
        vars(module),
    )


def _without(code: CodeType, constants: tuple[float, ...]) -> CodeType:
    return code.replace(
        co_consts=tuple(0.0 if isinstance(c, float) and c in constants else c for c in code.co_consts),
    )


def _definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Functions and methods by qualified name, outermost ones alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _definitions(node, f"{prefix}{node.name}.")


def _functions(space: Mapping[str, Any], module: str, prefix: str = "") -> Iterator[tuple[str, FunctionType]]:
    for name, value in space.items():
        value = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if isinstance(value, FunctionType):
            yield prefix + name, value
        elif isinstance(value, type) and value.__module__ == module and not prefix:
            yield from _functions(vars(value), module, f"{name}.")


def _called(node: ast.AST, names: tuple[str, ...]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    return (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in names


def _added(tree: ast.AST, known: Mapping[str, float]) -> Iterator[float]:
    """Small constants added or subtracted anywhere in an expression."""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            yield from _small((node.left, node.right), known)


def _meant(tree: ast.AST, known: Mapping[str, float]) -> Iterator[float]:
    """Small constants in denominators and as limits, where a gradient may have meant them."""
    for name, function in _definitions(tree):
        if "numeric" in name.lower() or "check" in name.lower():
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                yield from _added(node.right, known)
            elif isinstance(node, ast.Call) and _called(node, LIMITERS):
                yield from _small(node.args, known)


def _small(nodes: Any, known: Mapping[str, float]) -> Iterator[float]:
    for node in nodes:
        value = node.value if isinstance(node, ast.Constant) else known.get(getattr(node, "id", ""))
        if isinstance(value, float) and 0 < value <= LARGEST:
            yield value


def _assigned(tree: ast.AST) -> Iterator[tuple[str, float]]:
    """Local names that are bound to a number, in assignments and as defaults of arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            value = node.value.value
            yield from ((t.id, value) for t in node.targets if isinstance(value, float) and isinstance(t, ast.Name))
        elif isinstance(node, ast.arguments):
            named = [*node.posonlyargs, *node.args]
            for argument, default in zip(named[len(named) - len(node.defaults) :], node.defaults, strict=True):
                if isinstance(default, ast.Constant) and isinstance(default.value, float):
                    yield argument.arg, default.value
