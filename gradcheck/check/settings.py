"""What a user may change about a verdict; whatever was changed shows in every report."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from gradcheck.errors import UsageError


@dataclass(frozen=True)
class Settings:
    """How a verdict is reached.

    Attributes
    ----------
    interest: relative error that matters; None for `compare.INTEREST` of the dtype.
    max_ulps: a gradient off by more units in the last place fails even if rounding explains it; None for no limit.
    moved_points: points tried besides, where a true gradient is zero at the point given.
    """

    interest: float | None = None
    max_ulps: float | None = None
    moved_points: int = 4

    def __post_init__(self) -> None:
        for name in ("interest", "max_ulps"):
            value = getattr(self, name)
            if value is not None and not _positive(value):
                raise UsageError(f"{name} must be a positive number, got {value!r:.100}")
        if not (isinstance(self.moved_points, int) and self.moved_points >= 0):
            raise UsageError(f"moved_points must be a whole number >= 0, got {self.moved_points!r}")

    def changed(self) -> dict[str, Any]:
        """The settings that differ from their defaults."""
        defaults = {f.name: f.default for f in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != defaults[name]}


def _positive(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return float(value) > 0
    except OverflowError:  # a whole number beyond every float
        return False
