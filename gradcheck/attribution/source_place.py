"""From an instruction of the user's code to its place in the source: file, line, columns.

A place is given only where the file on disk still compiles to the very instructions that were executed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

from gradcheck.attribution.explanation import Place
from gradcheck.attribution.located_trace import Call, Located

_PACKAGE = Path(__file__).resolve().parents[1]
_SUBJECTS = ("reference", "suites")
MOST_BYTES = 2_000_000
"""Maximum size of a source file that is compiled again to see whether it has changed."""


def place_of(call: Call, operand: int | None = None) -> Place | None:
    """The place as a report may show it: that of `any_place_of`, and None for gradcheck's own code."""
    return None if is_own(call[0].co_filename) else any_place_of(call, operand)


def any_place_of(call: Call, operand: int | None = None) -> Place | None:
    """The line that the instruction comes from, with the columns of its expression or of one `operand` of it.

    None where there is no source file, or it has changed since the code was compiled.
    """
    code, offset = call
    lines = _unchanged(code)
    if lines is None:
        return None
    first, last, start, end = _position(code, offset)
    if first is None or last is None or start is None or end is None or not 0 < first <= len(lines):
        return None
    first, last, start, end = _operand(code.co_filename, (first, last, start, end), operand)
    text = lines[first - 1]
    start = len(text.encode()[:start].decode(errors="replace"))
    end = len(text.encode()[:end].decode(errors="replace")) if last == first else len(text.rstrip())
    indent = len(text) - len(text.lstrip())
    return Place(code.co_filename, first, text.strip(), max(0, start - indent), max(0, end - indent))


def constants_of(traced: Located) -> list[tuple[str, Any]]:
    """The arrays and numbers that f holds constant, each with words that say where f uses it; the last used first."""
    found = []
    for slot in range(len(traced.record.nodes) - 1, -1, -1):
        for argument in traced.record.nodes[slot].args:
            constant = traced.record.nodes[argument]
            if constant.primitive == "constant" and (site := traced.site(slot)) is not None:
                value, line = constant.attributes["value"], line_of(site)
                where = "of f" if line is None or is_own(site[0].co_filename) else f"of f's line {line}"
                found.append((f"the constant {'array' if constant.shape else f'{value:.6g}'} {where}", value))
    return found


def numbers_of(traced: Located) -> dict[float, str]:
    """The single numbers that f computes with, each with words that say which: exponents, and constants."""
    words = {float(value): name for name, value in constants_of(traced) if np.size(value) == 1}
    powers = (node.attributes["exponent"] for node in traced.record.nodes if node.primitive == "pow")
    return words | {float(np.ravel(p)[0]): "the exponent in f" for p in powers if np.size(p) and np.ptp(p) == 0}


def in_a_loop(call: Call) -> bool:
    """Whether an instruction stands in a loop or a comprehension of its function, as the source has it."""
    code, offset = call
    line, _, column, _ = _position(code, offset)
    if line is None or column is None or _unchanged(code) is None:
        return False
    return any(
        (node.lineno, node.col_offset) <= (line, column) < (node.end_lineno or 0, node.end_col_offset or 0)
        and node.lineno >= code.co_firstlineno
        for node in _loops(code.co_filename, _stamp(code.co_filename))
    )


def line_of(call: Call) -> int | None:
    """The line number of an instruction, as it was compiled."""
    return _position(*call)[0]


def _position(code: CodeType, offset: int) -> tuple[int | None, int | None, int | None, int | None]:
    positions = _positions(code)
    return positions[offset // 2] if offset // 2 < len(positions) else (None, None, None, None)


@lru_cache(maxsize=256)
def is_own(filename: str) -> bool:
    """Whether a file is gradcheck's own, which is nobody's to mend; the subjects that it ships are like any other."""
    file = Path(filename)
    return file.is_relative_to(_PACKAGE) and file.relative_to(_PACKAGE).parts[0] not in _SUBJECTS


@lru_cache(maxsize=256)
def _positions(code: CodeType) -> tuple[tuple[int | None, int | None, int | None, int | None], ...]:
    return tuple(code.co_positions())


def _operand(filename: str, whole: tuple[int, int, int, int], operand: int | None) -> tuple[int, int, int, int]:
    """The position of an operand of the expression at a position; the whole expression where that is not to be had."""
    if operand is None:
        return whole
    for node in _expressions(filename, _stamp(filename)):
        if isinstance(node, ast.expr | ast.AugAssign) and _extent(node) == whole:
            operands = _operands(node)
            if operand < len(operands) and not isinstance(operands[operand], ast.Starred):
                return _extent(operands[operand])
    return whole


def _operands(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.AugAssign):
        return [node.target, node.value]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    return []


def _extent(node: ast.expr | ast.AugAssign) -> tuple[int, int, int, int]:
    return node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or node.col_offset


_LOOPS = ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@lru_cache(maxsize=16)
def _loops(filename: str, stamp: tuple[int, int]) -> tuple[Any, ...]:
    return tuple(node for node in _expressions(filename, stamp) if isinstance(node, _LOOPS))


@lru_cache(maxsize=16)
def _expressions(filename: str, stamp: tuple[int, int]) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(Path(filename).read_bytes())))


def _unchanged(code: CodeType) -> list[str] | None:
    """The lines of the code's file, if it still compiles to this code."""
    stamp = _stamp(code.co_filename)
    if stamp == _NO_FILE:
        return None
    lines, codes = _compiled(code.co_filename, stamp)
    same = any(
        other.co_code == code.co_code
        and other.co_name == code.co_name
        and other.co_firstlineno == code.co_firstlineno
        and other.co_names == code.co_names
        and list(other.co_positions()) == list(code.co_positions())
        and _plain(other) == _plain(code)
        for other in codes
    )
    return list(lines) if same else None


def _plain(code: CodeType) -> list[str]:
    return [repr(c) for c in code.co_consts if not isinstance(c, CodeType)]


_NO_FILE = (0, -1)


def _stamp(filename: str) -> tuple[int, int]:
    try:
        status = Path(filename).stat()
    except (OSError, ValueError):
        return _NO_FILE
    return (status.st_mtime_ns, status.st_size) if status.st_size <= MOST_BYTES else _NO_FILE


@lru_cache(maxsize=16)
def _compiled(filename: str, stamp: tuple[int, int]) -> tuple[tuple[str, ...], tuple[CodeType, ...]]:
    """The file's lines, and all code objects that it compiles to."""
    try:
        source = Path(filename).read_bytes()
        module = compile(source, filename, "exec", dont_inherit=True)
        lines = source.decode("utf-8").splitlines()
    except (OSError, SyntaxError, ValueError):
        return (), ()
    return tuple(lines), tuple(_codes(module))


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
