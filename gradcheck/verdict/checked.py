"""What a check of a function was about: which derivative, where it is defined, of which function, at which point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Checked:
    """A derivative of a function, as a report calls it.

    Attributes
    ----------
    kind: which check it was: "gradient", "vjp", "jvp", "jacobian", ... as in `check_jacobian`.
    name: the derivative's qualified name, "Layer.backward".
    place: where it is defined, "model.py:41", "model.py" or "cell 3"; "" where nothing is certain.
    file, line: the same for machines; the line is None where the source is not to be had or has changed.
    function: what it is a derivative of, with the names of its inputs, "affine(x, W, b)".
    point: where it was asked for, "x of shape (4,), float64"; "" where no point was reached.
    """

    kind: str
    name: str
    place: str
    file: str
    line: int | None
    function: str
    point: str

    @property
    def title(self) -> str:
        """ "softmax_backward  (model.py:41)"."""
        return f"{self.name}  ({self.place})" if self.place else self.name

    @property
    def question(self) -> str:
        """ "vjp of softmax(x), at x of shape (4,), float64"."""
        at = f", at {self.point}" if self.point else ""
        return f"{self.kind.replace('_', ' ')} of {self.function}{at}"

    def to_dict(self) -> Mapping[str, Any]:
        """The same as plain data."""
        return asdict(self)


def short_file(file: str) -> str:
    """A file as reports call it: relative to the working directory if it is below that, else its name."""
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):  # elsewhere, or there is no working directory any more
        return Path(file).name
