"""The statements of a forward function: its own, and those of what it calls in its file."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, MethodType
from typing import Any


@dataclass(frozen=True)
class Statement:
    """A simple statement, the head of a compound one, or a lambda: its text, and the lines from `first` to `last`."""

    text: str
    first: int
    last: int


def statements(f: Any) -> list[Statement]:
    """The statements of `f` and of the functions, methods and classes that it reaches in its own file, each once."""
    found: dict[Statement, None] = {}
    functions = _reached(f)
    for function in functions:
        if function.__code__.co_filename == functions[0].__code__.co_filename:
            found |= dict.fromkeys(_of_code(function.__code__))
    return list(found)


def _reached(f: Any) -> list[FunctionType]:
    found: list[FunctionType] = []
    waiting, seen = [f], set()
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            found.append(thing)
            waiting += _used(thing)
        else:
            waiting += _inside(thing)
    return found


def _inside(thing: Any) -> Iterator[Any]:
    """The functions of a method, of a class, of an object of a class of the corpus, or under `np.vectorize`."""
    if isinstance(thing, MethodType):
        yield from (thing.__func__, type(thing.__self__))
    elif isinstance(thing, type):
        if thing.__module__.startswith("_gradcheck_corpus"):
            yield from (v for v in vars(thing).values() if isinstance(v, FunctionType))
    elif hasattr(thing, "pyfunc"):
        yield thing.pyfunc
    elif type(thing).__module__.startswith("_gradcheck_corpus"):
        yield type(thing)


def _used(function: FunctionType) -> Iterator[Any]:
    """What a function's code names, of its globals and of what it closes over."""
    for name in _names(function.__code__):
        if name in function.__globals__:
            yield function.__globals__[name]
    for cell in function.__closure__ or ():
        yield cell.cell_contents
    yield from function.__defaults__ or ()


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _of_code(code: CodeType) -> Iterator[Statement]:
    text, tree = _parsed(code.co_filename)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name and _first(node) == code.co_firstlineno:
            yield from _of_block(text, node.body)
        elif isinstance(node, ast.Lambda) and code.co_name == "<lambda>" and _is_at(node, code):
            yield _whole(text, node)


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(d.lineno for d in node.decorator_list)])


def _is_at(node: ast.Lambda, code: CodeType) -> bool:
    """Several lambdas may stand on one line, of which the columns of the code tell the one."""
    if node.lineno != code.co_firstlineno:
        return False
    body = node.body
    places = [(p[0], p[2]) for p in code.co_positions() if p[0] is not None and p[2] is not None and p[3]]
    return all((body.lineno, body.col_offset) <= p <= (body.end_lineno, body.end_col_offset) for p in places)


def _of_block(text: str, body: list[ast.stmt]) -> Iterator[Statement]:
    for node in body:
        inner = [part for name in ("body", "orelse", "finalbody") for part in getattr(node, name, [])]
        if inner:
            head = _lines(text, node.lineno, max(node.lineno, inner[0].lineno - 1))
            yield Statement(head, node.lineno, max(node.lineno, inner[0].lineno - 1))
            yield from _of_block(text, inner)
        else:
            yield _whole(text, node)


def _whole(text: str, node: ast.stmt | ast.Lambda) -> Statement:
    return Statement(ast.get_source_segment(text, node) or "", node.lineno, node.end_lineno or node.lineno)


def _lines(text: str, first: int, last: int) -> str:
    return "\n".join(text.splitlines()[first - 1 : last])


@cache
def _parsed(file: str) -> tuple[str, ast.Module]:
    text = Path(file).read_text(encoding="utf-8")
    return text, ast.parse(text)
