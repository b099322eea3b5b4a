"""What a file hands to a slope such as `sigmoid_prime`: what went into its function, or what came out of it.

A value is followed by its name through assignments, attributes, lists, dictionaries, arguments and returns, each in
the function in which it stands. Nothing runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from gradcheck.conventions.source_trees import tree_of

Side = Literal["input", "output"]
INPUTS = re.compile(r"z(_?\d+|_[a-z]+|s)?|\w*_z|net(_?\w+)?|pre_?act\w*|\w*weighted\w*|logits?", re.I)
"""Names of what goes into an activation."""
OUTPUTS = re.compile(r"a(_?\d+|s)?|\w*(out|outputs?|activated|activations?|pred|predictions?|y_?hat|probs?)_?\d*", re.I)
"""Names of what comes out of one."""
_ROUNDS = 4
"""How often values are followed from one name to the next."""
_PRODUCTS = frozenset({"dot", "matmul"})
"""Functions of NumPy whose results go into an activation."""


@dataclass(frozen=True)
class Use:
    """What calls in a file tell: which side of f the slope is handed, one such call, whether its name alone tells."""

    side: Side
    call: str
    by_name: bool


def use_of(
    module: ModuleType, is_value: Callable[[ast.Call], bool], is_slope: Callable[[ast.Call], bool]
) -> Use | None:
    """What the file hands to the slope; None where nothing tells, or one call tells this and another that."""
    tree = tree_of(module)
    if tree is None:
        return None
    flow = _Flow(tree, is_value)
    followed: dict[Side, ast.Call] = {}
    named: dict[Side, ast.Call] = {}
    for scope, call in flow.calls():
        if not is_slope(call) or not call.args:
            continue
        given = call.args[0]
        sides = flow.sides(scope, given) or ({"input"} if _is_product(given) else set())
        if len(sides) == 1:
            followed.setdefault(next(iter(sides)), call)
        elif not sides and (side := _by_name(given)) is not None:
            named.setdefault(side, call)
    for found in (followed, named):
        if found:
            (side, call), *others = found.items()
            return None if others else Use(side, ast.unparse(call), found is named)
    return None


def called(call: ast.Call) -> str:
    """The name of what is called: `act` in `act(x)` and `self.act(x)`."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _is_product(part: ast.expr) -> bool:
    if isinstance(part, ast.BinOp):
        return isinstance(part.op, ast.MatMult) or any(map(_is_product, (part.left, part.right)))
    return isinstance(part, ast.Call) and called(part) in _PRODUCTS


def _by_name(part: ast.expr) -> Side | None:
    name = part
    while isinstance(name, ast.Subscript):
        key = name.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return _side_of(key.value)
        name = name.value
    return _side_of(name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", ""))


def _side_of(name: str) -> Side | None:
    return "input" if INPUTS.fullmatch(name) else "output" if OUTPUTS.fullmatch(name) else None


Key = tuple[str, str]
"""A function's name and an expression in it; "" for what means the same in every function."""


class _Flow:
    """Which expressions of a file hold what goes into a function, and which hold what comes out."""

    def __init__(self, tree: ast.Module, is_value: Callable[[ast.Call], bool]) -> None:
        self._is_value = is_value
        self._known: dict[Key, set[Side]] = {}
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        self._nodes = list(_with_scopes(tree, ""))
        self._locals: dict[str, set[str]] = {}
        for scope, node in self._nodes:
            names = self._locals.setdefault(scope, set())
            if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)):
                names.add(node.arg if isinstance(node, ast.arg) else node.id)
        for _ in range(_ROUNDS):
            for scope, node in self._nodes:
                self._follow(scope, node)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Every call, with the function in which it stands."""
        return ((scope, node) for scope, node in self._nodes if isinstance(node, ast.Call))

    def sides(self, scope: str, part: ast.expr) -> set[Side]:
        """Which side of the function an expression is known to be of."""
        if isinstance(part, ast.Call):
            if self._is_value(part):
                return {"output"}
            if called(part) in self._functions:
                return self._known.get((f"return of {called(part)}", ""), set())
        return self._known.get(self._key(scope, part), set())

    def _key(self, scope: str, part: ast.expr) -> Key:
        if isinstance(part, ast.Subscript):
            if isinstance(part.slice, ast.Constant) and isinstance(part.slice.value, str):
                return "", f"[{part.slice.value!r}]"
            owner, text = self._key(scope, part.value)
            return owner, f"{text}[]"
        if isinstance(part, ast.Name):
            return scope if part.id in self._locals.get(scope, ()) else "", part.id
        own = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)} & self._locals.get(scope, set())
        return scope if own - {"self"} else "", ast.unparse(part)

    def _mark(self, key: Key, sides: set[Side]) -> None:
        if sides:
            self._known.setdefault(key, set()).update(sides)

    def _follow(self, scope: str, node: ast.AST) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(scope, target, value)
            case ast.Return(value=ast.expr() as returned):
                for place, part in _parts(returned):
                    self._mark((f"return of {scope}", place), self.sides(scope, part))
            case ast.Dict(keys=keys, values=values):
                for name, held in zip(keys, values, strict=True):
                    if isinstance(name, ast.Constant) and isinstance(name.value, str):
                        self._mark(("", f"[{name.value!r}]"), self.sides(scope, held))
            case ast.Call(func=ast.Attribute(attr="append", value=owner), args=[value]):
                where, text = self._key(scope, owner)
                self._mark((where, f"{text}[]"), self.sides(scope, value))
            case ast.Call(args=given):
                if self._is_value(node) and given and not isinstance(given[0], ast.Starred):
                    self._mark(self._key(scope, given[0]), {"input"})
                elif (own := self._functions.get(called(node))) is not None:
                    taken = [argument.arg for argument in own.args.args if argument.arg != "self"]
                    for argument, one in zip(taken, given, strict=False):
                        self._mark((own.name, argument), self.sides(scope, one))

    def _bind(self, scope: str, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, ast.Call) and called(value) in self._functions:
                for number, one in enumerate(target.elts):
                    self._mark(
                        self._key(scope, one), self._known.get((f"return of {called(value)}", str(number)), set())
                    )
            elif isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                for one, other in zip(target.elts, value.elts, strict=True):
                    self._bind(scope, one, other)
        elif isinstance(value, ast.List):
            place, text = self._key(scope, target)
            for one in value.elts:
                self._mark((place, f"{text}[]"), self.sides(scope, one))
        else:
            self._mark(self._key(scope, target), self.sides(scope, value))


def _parts(value: ast.expr) -> list[tuple[str, ast.expr]]:
    """What a function returns, by place; "" where it is one thing."""
    if isinstance(value, ast.Tuple):
        return [(str(number), part) for number, part in enumerate(value.elts)]
    return [("", value)]


def _with_scopes(node: ast.AST, scope: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of a file with the name of the function in which it stands."""
    for child in ast.iter_child_nodes(node):
        inner = child.name if isinstance(child, ast.FunctionDef) else scope
        yield inner, child
        yield from _with_scopes(child, inner)
