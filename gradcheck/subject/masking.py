"""The parts of gradcheck that a subject sees: `errors`, `problem`, `conventions` and `subject`.

A child process hides the other packages, and the reference, by name and by path, so that a subject can neither import
an oracle nor return the answers of the reference. Only a sandbox stops a file that reads them in a process of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

VISIBLE = ("errors", "problem", "conventions", "subject")
_HOME = Path(__file__).resolve().parents[1]
_SHIPPED = "reference"
"""The engine that is right: beside gradcheck in a checkout, inside it in an installation."""


class Mask:
    """A meta-path finder that refuses the hidden packages and finds nothing else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for a module that may be seen; raises ModuleNotFoundError for a hidden one."""
        package, _, rest = name.partition(".")
        if package == "gradcheck" and rest and rest.partition(".")[0] not in VISIBLE:
            raise ModuleNotFoundError(_refusal(name), name=name)
        return None


class Closed:
    """The folders of this process that no Python code may open a file in."""

    def __init__(self) -> None:
        rooms = [room for room in _HOME.iterdir() if (room / "__init__.py").is_file() and room.name not in VISIBLE]
        beside = _HOME.parent / _SHIPPED
        rooms += [beside] if (beside / "dag.py").is_file() else []
        self._folders = tuple(f"{room}{os.sep}" for room in rooms)

    def spare(self, path: Path) -> None:
        """Open the folder that holds the subject itself: the reference is judged like any file."""
        inside = f"{path.resolve()}{os.sep}"
        self._folders = tuple(folder for folder in self._folders if not inside.startswith(folder))

    def hook(self) -> Callable[[str, tuple[Any, ...]], None]:
        """An audit hook, which cannot be removed: raises PermissionError where such a file is opened."""
        real, text = os.path.realpath, os.fsdecode

        def audit(event: str, given: tuple[Any, ...]) -> None:
            if event == "open" and isinstance(given[0], str | bytes) and real(text(given[0])).startswith(self._folders):
                raise PermissionError(_refusal(text(given[0])))

        return audit


CLOSED = Closed()


def install() -> None:
    """Hide the other packages from everything that this process imports, or opens, from now on."""
    sys.meta_path.insert(0, Mask())
    sys.addaudithook(CLOSED.hook())


def _refusal(what: str) -> str:
    seen = ", ".join(f"gradcheck.{room}" for room in VISIBLE)
    return f"{what} is hidden from the implementation under test, which sees {seen} alone"
