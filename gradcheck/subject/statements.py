"""A file run statement by statement, as a notebook is by cells: one that fails does not stop the others.

Course files read data that is not here, and train, below the classes that are to be judged.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

_FUTURE = 0xFFFF0000
"""The flags of a code object that `from __future__ import ...` sets."""


@dataclass(frozen=True)
class FailedStatement:
    """A statement of a module that raised: its line, and the exception."""

    line: int
    wrong: Exception

    @property
    def what(self) -> str:
        """Type and message of the exception."""
        return f"{type(self.wrong).__name__}: {self.wrong}"[:300]


def run_statements(source: bytes, path: str, namespace: dict[str, Any]) -> list[FailedStatement]:
    """Run a module's statements in `namespace`; those that raise an Exception are returned.

    Raises
    ------
    SyntaxError: for a source that is no Python.
    """
    tree = ast.parse(source, path)
    flags = compile(tree, path, "exec", dont_inherit=True).co_flags & _FUTURE
    failed = []
    for statement in tree.body:
        code = compile(ast.Module([statement], []), path, "exec", flags=flags, dont_inherit=True)
        try:
            exec(code, namespace)
        except Exception as wrong:  # whatever the file's own code raises
            failed.append(FailedStatement(statement.lineno, wrong))
    return failed
