"""What a subject sees of gradcheck: `errors`, `problem` and `subject`.

In a child process the other rooms are hidden, so that an oracle cannot answer in the subject's stead by an import.
This keeps honest code honest; a file that reads gradcheck's sources by path is stopped by a sandbox, not by this.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

VISIBLE = ("errors", "problem", "subject")


class Mask:
    """A meta-path finder that refuses the hidden rooms and finds nothing else."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, rest = name.partition(".")
        if package == "gradcheck" and rest and rest.partition(".")[0] not in VISIBLE:
            raise ModuleNotFoundError(
                f"{name} is hidden from the implementation under test, which sees "
                f"{', '.join(f'gradcheck.{room}' for room in VISIBLE)} alone",
                name=name,
            )
        return None


def install() -> None:
    """Hide the other rooms from everything that this process imports from now on."""
    sys.meta_path.insert(0, Mask())
