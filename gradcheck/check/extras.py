"""What the author of a function may declare about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import Any

from gradcheck.errors import InvalidProblem, UsageError


@dataclass(frozen=True)
class Extras:
    """What the author of a function may declare about it; see `check_gradient`.

    Raises InvalidProblem for a structure that is no mapping and a `meant` that is no function, UsageError for an
    accuracy that is no number from 0 to 1 and a seed that is no whole number.
    """

    structure: Mapping[int | str, str] = field(default_factory=dict)
    meant: Callable[..., Any] | None = None
    accuracy: float | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        structure: object = self.structure
        if not isinstance(structure, Mapping):
            wanted = 'a mapping such as {"x": "symmetric"}'
            raise InvalidProblem(f"structure must be {wanted}, got {structure!r:.100}")
        if self.meant is not None and not callable(self.meant):
            raise InvalidProblem(f"expected a function with f's arguments, got {self.meant!r:.100}", where="meant")
        if self.accuracy is not None and not (_number(self.accuracy) and 0 <= self.accuracy < 1):
            raise UsageError(
                f"accuracy is the relative error of f itself, a number >= 0 and below 1, got {self.accuracy!r:.100}"
            )
        if self.seed is not None and not (_whole(self.seed) and self.seed >= 0):
            raise UsageError(f"seed must be a whole number >= 0, got {self.seed!r:.100}")


def _number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)
