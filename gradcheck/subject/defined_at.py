"""The line of a file at which a name is defined, found without importing the file."""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from gradcheck.problem.reading import MOST_BYTES, trouble
from gradcheck.subject.loading import package_root

MOST_STEPS = 8
"""Maximum number of other names and files that a definition is followed through."""

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def defined_at(file: Path, name: str, steps: int = MOST_STEPS) -> tuple[Path, int] | None:
    """(file, line) of the `def` or `class` of this name, or of the line that binds it.

    A name that stands for another one, or is imported from a file beside this one, is followed there. None where the
    file does not bind the name, or cannot be read.
    """
    tree = _parsed(file)
    for statement in reversed(list(_statements(tree)) if tree is not None else []):  # the last one holds
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if statement.name == name:
                return file, statement.lineno
            case ast.Assign(targets=targets, value=value) if any(_is(target, name) for target in targets):
                further = defined_at(file, value.id, steps - 1) if isinstance(value, ast.Name) and steps else None
                return further or (file, statement.lineno)
            case ast.AnnAssign(target=target) if _is(target, name):
                return file, statement.lineno
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    if name in (alias.asname, alias.name if alias.asname is None else None):
                        other = _imported(file, statement) if steps else None
                        return (other and defined_at(other, alias.name, steps - 1)) or (file, statement.lineno)
    return None


def _parsed(file: Path) -> ast.Module | None:
    if trouble(file) or file.stat().st_size > MOST_BYTES:
        return None
    try:
        with warnings.catch_warnings(), tokenize.open(file) as source:
            warnings.simplefilter("ignore")  # about the file's own text
            return ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run when the file is imported, those under `if`, `try` and `with` included."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case) and not isinstance(child, _Definition):
            yield from _statements(child)


def _is(target: ast.expr, name: str) -> bool:
    return isinstance(target, ast.Name) and target.id == name


def _imported(file: Path, statement: ast.ImportFrom) -> Path | None:
    """The file of the package, or folder, that a statement imports from; None for any other."""
    parts = (statement.module or "").split(".") if statement.module else []
    if statement.level:
        roots = [file.parents[statement.level - 1]] if len(file.parents) >= statement.level else []
    else:
        top = package_root(file)
        roots = [file.parent, *([top.parent] if top is not None else [])]
    for root in roots:
        stem = root.joinpath(*parts)
        for candidate in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"):
            if candidate != file and candidate.is_file():
                return candidate
    return None
