"""Where a function is defined: file and line, as far as the source that is there now proves it."""

from __future__ import annotations

import ast
import functools
import linecache
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType
from typing import Any

from gradcheck.judge.raised import installed
from gradcheck.verdict.checked import short_file

_MOST_WRAPPERS = 50
"""Maximum number of decorators that are looked through."""
_MOST_SOURCES = 64
"""Maximum number of source files that are kept parsed."""

_PACKAGE = f"{Path(__file__).resolve().parents[1]}{os.sep}"
"""Where gradcheck itself is, whose wrappers are no place of the user's."""

_CELL = re.compile(r"<ipython-input-(\d+)")
"""How older notebooks name the code of a cell."""

LAMBDA = "<lambda>"
"""What Python calls a function without a name."""


@dataclass(frozen=True)
class Definition:
    """Where a function is defined.

    Attributes
    ----------
    file: the file; "" where the code came from none, as in `python -c`.
    line: the line of its `def` or `lambda`; None where the file is not there, or no longer holds the function there.
    cell: the number of the notebook's cell that defines it; "" if none does.
    """

    file: str = ""
    line: int | None = None
    cell: str = ""

    def __str__(self) -> str:
        """ "model.py:41", "model.py", "cell 3", or ""; relative to the working directory if it is below that."""
        if self.cell:
            return f"cell {self.cell}"
        name = short_file(self.file)
        return name if self.line is None else f"{name}:{self.line}"


def definition(function: Callable[..., Any]) -> Definition:
    """Where `function` is defined; of a partial, a method, a decorated function or a callable object, its own code."""
    code = _code(function)
    if code is None:
        return Definition()
    if cell := _cell(code.co_filename):
        return Definition(cell=cell)
    if code.co_filename.startswith(_PACKAGE) or not Path(code.co_filename).is_file():
        return Definition()
    return Definition(code.co_filename, _line(code))


def _code(function: Any) -> CodeType | None:
    for _ in range(_MOST_WRAPPERS):
        inner = function.func if isinstance(function, functools.partial) else None
        for name in ("__wrapped__", "__func__", "pyfunc"):  # decorators, methods, np.vectorize
            inner = inner if inner is not None else getattr(function, name, None)
        if not callable(inner):
            break
        function = inner
    code = getattr(function, "__code__", None)
    if code is None and not isinstance(function, type):  # a callable object, such as a scipy LinearOperator
        code = getattr(type(function).__call__, "__code__", None)
        code = None if isinstance(code, CodeType) and installed(code.co_filename) else code
    return code if isinstance(code, CodeType) else None


def _cell(file: str) -> str:
    """The number of the notebook's cell whose code has this file name; "" if it is no cell's."""
    if found := _CELL.match(file):
        return found[1]
    try:
        shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
        label, name = shell.compile.format_code_name(file)  # "Cell", "In[3]"
    except Exception:  # no notebook, no cell, or a notebook of another kind
        return ""
    return str(name).strip("In[]") if label == "Cell" else ""


def _line(code: CodeType) -> int | None:
    """The line of the code's `def` or `lambda`, if the file still holds it where it was when it was compiled."""
    linecache.checkcache(code.co_filename)
    source = "".join(linecache.getlines(code.co_filename))
    return _definitions(code.co_filename, source).get(_identity(code)) or None


def _identity(code: CodeType) -> tuple[object, ...]:
    """What distinguishes a function from others of its file: its name, or the instructions of a lambda."""
    arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    own = (code.co_code, code.co_consts, code.co_names, code.co_freevars) if code.co_name == LAMBDA else ()
    return (code.co_qualname, code.co_firstlineno, arguments, own)


@functools.lru_cache(maxsize=_MOST_SOURCES)
def _definitions(file: str, source: str) -> dict[tuple[object, ...], int]:
    """The line of every function that a source defines, by its identity."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of invalid escapes, and the like, which importing it warned about
            tree = ast.parse(source)
            codes = list(_nested(compile(tree, file, "exec", dont_inherit=True)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    # The code of a decorated function counts from its first decorator.
    lines = {min([n.lineno, *(d.lineno for d in n.decorator_list)]): n.lineno for n in nodes}
    return {_identity(c): lines.get(c.co_firstlineno, 0) if c.co_name != LAMBDA else c.co_firstlineno for c in codes}


def _nested(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _nested(constant)
