"""What a file itself hands to one of its functions: the arguments of its calls, as far as they can be worked out.

The statements before a call in its block are carried out one by one where they only make values: assignments of
literals, of NumPy's results, of the file's own helpers. Nothing else of the block runs: no training, plot or assertion.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from types import ModuleType
from typing import Any

from gradcheck.conventions.derivative_names import NEVER
from gradcheck.conventions.source_trees import tree_of
from gradcheck.conventions.user_calls import attempt

_BUILTINS = frozenset(
    {"type", "dict", "list", "tuple", "range", "len", "float", "int", "zip", "enumerate", "min", "max"}
)
"""Functions of Python that may be called."""
_SHOWS = re.compile(r"\w*(print|plot|show|display|seed|title|label|legend|figure)\w*", re.I)
"""Names of functions whose arguments stay what they are."""
_MOST = 4
"""Maximum number of calls that are worked out."""


def calls_of(module: ModuleType, function: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """The arguments of calls of `function` in the file of `module`, by name; the last call first."""
    tree = tree_of(module)
    if tree is None:
        return
    signature = inspect.signature(function)
    found = [(block, number, call) for block, number, call in _calls(tree, function.__name__)]
    for block, number, call in reversed(found[-_MOST:]):
        values, wrong = attempt(lambda: _values(module, block[:number], call, signature))  # noqa: B023 - called at once
        if wrong is None:
            yield values


def _calls(tree: ast.Module, name: str) -> Iterator[tuple[list[ast.stmt], int, ast.Call]]:
    """Each call of `name`, with its block and its place in it; not those in the function itself."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list) or (isinstance(node, ast.FunctionDef) and node.name == name):
            continue
        before = [] if node is tree else body  # the file's own statements have run when it was loaded
        for number, statement in enumerate(body):
            if isinstance(statement, ast.Assign | ast.Expr | ast.Assert | ast.AugAssign | ast.Return):
                for inner in ast.walk(statement):
                    if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == name:
                        yield before, number, inner


def _values(module: ModuleType, before: list[ast.stmt], call: ast.Call, signature: inspect.Signature) -> dict[str, Any]:
    held, bound, unknown = dict(vars(module)), set[str](), set[str]()
    for statement in before:
        if _only_makes_values(statement, held, bound) and not _mentioned(statement) & unknown:
            try:
                exec(compile(ast.Module([statement], []), "<file>", "exec"), held)
            except Exception:  # a value that is missing here may not be needed
                unknown |= _changes(statement)
                continue
            bound |= _changes(statement)
        else:
            unknown |= _changes(statement)
    if _mentioned(call) & unknown:
        raise ValueError("an argument depends on what was not carried out")
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(isinstance(part, ast.Starred) or not _makes_a_value(part, held) for part in parts):
        raise ValueError("an argument that cannot be worked out")
    given = [_evaluated(part, held) for part in call.args]
    named = {keyword.arg: _evaluated(keyword.value, held) for keyword in call.keywords if keyword.arg is not None}
    return dict(signature.bind(*given, **named).arguments)


def _evaluated(part: ast.expr, held: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(part), "<file>", "eval"), held)


def _only_makes_values(statement: ast.stmt, held: Mapping[str, Any], bound: Collection[str]) -> bool:
    """Whether a statement binds names, or seeds random numbers, and changes nothing that was there before."""
    match statement:
        case ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(targets=targets, value=value):
            own = all(isinstance(target, ast.Name | ast.Tuple) or _root(target) in bound for target in targets)
            return own and _makes_a_value(value, held)
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="seed"))):
            return True
        case ast.For(target=ast.Name(id=counter), iter=ast.Call(func=ast.Name(id="range")) as counted):
            inner = {*bound, counter}
            return _makes_a_value(counted, held) and all(_only_makes_values(s, held, inner) for s in statement.body)
        case _:
            return False


def _changes(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a value, or whose value it may change."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            found.add(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if not _SHOWS.fullmatch(name):
                found |= {_root(called) if isinstance(called, ast.Attribute) else ""}
                found |= {name for argument in node.value.args for name in _mentioned(argument)}
    return found - {""}


def _mentioned(part: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}


def _root(part: ast.expr) -> str:
    """`X` in `X.shape[0]`."""
    while isinstance(part, ast.Attribute | ast.Subscript | ast.Call):
        part = part.func if isinstance(part, ast.Call) else part.value
    return part.id if isinstance(part, ast.Name) else ""


def _makes_a_value(part: ast.expr, held: Mapping[str, Any]) -> bool:
    """Whether all that an expression calls are NumPy's functions, methods of arrays, and the file's own helpers."""
    return all(_harmless(node.func, held) for node in ast.walk(part) if isinstance(node, ast.Call))


def _harmless(called: ast.expr, held: Mapping[str, Any]) -> bool:
    if isinstance(called, ast.Call):  # type("dummy", (), {})()
        return True
    if isinstance(called, ast.Name):
        own = held.get(called.id)
        if inspect.isfunction(own):
            return not NEVER.fullmatch(called.id)
        return (called.id in _BUILTINS and own is None and hasattr(builtins, called.id)) or isinstance(own, type)
    if not isinstance(called, ast.Attribute) or not (root := _root(called)):
        return isinstance(called, ast.Attribute)
    owner = held.get(root)
    if isinstance(owner, ModuleType):
        return owner.__name__.partition(".")[0] in ("numpy", "random", "math", "scipy") and called.attr[:4] not in (
            "load",
            "save",
        )
    return not NEVER.fullmatch(called.attr)  # a method of a value, such as X.reshape
