"""The parts of gradcheck that a subject sees: `errors`, `problem` and `subject`.

A child process hides the other packages, so that a subject cannot import an oracle and return its answer. This stops
honest mistakes. Only a sandbox stops a file that reads gradcheck's sources by path.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

VISIBLE = ("errors", "problem", "conventions", "subject")


class Mask:
    """A meta-path finder that refuses the hidden packages and finds nothing else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for a module that may be seen; raises ModuleNotFoundError for a hidden one."""
        package, _, rest = name.partition(".")
        if package == "gradcheck" and rest and rest.partition(".")[0] not in VISIBLE:
            raise ModuleNotFoundError(
                f"{name} is hidden from the implementation under test, which sees "
                f"{', '.join(f'gradcheck.{room}' for room in VISIBLE)} alone",
                name=name,
            )
        return None


def install() -> None:
    """Hide the other packages from everything that this process imports from now on."""
    sys.meta_path.insert(0, Mask())
