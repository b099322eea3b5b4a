"""The options of a check: how its verdict is reached, and what is declared about the function under test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any

from gradcheck.errors import InvalidProblem, UsageError, shown

NEEDED, ALL = "needed", "all"
"""Which oracles are asked."""
REPORTED = ("interest", "max_ulps", "moved_points")
"""The options that every report shows once they are changed."""


@dataclass(frozen=True)
class Settings:
    """The options of a check.

    Raises UsageError for a value that an option cannot have, and InvalidProblem for a structure that is no mapping and
    a `meant` that is no function.

    Attributes
    ----------
    interest: relative error that matters; None for `compare.INTEREST` of the dtype.
    max_ulps: a gradient off by more units in the last place fails even if rounding explains it; None for no limit.
    moved_points: points tried besides, where a true gradient is zero at the point given.
    structure, meant, accuracy, domain, elsewhere, stop_gradient: what the author declares about a function; see
        `check_gradient`.
    budget: seconds for one check of a function; None for `time_budget.BUDGET`.
    oracles: of a function, "needed" or "all": whether a clear PASS leaves out the oracles that it does not need.
    seed: of random cotangents, tangents and drawn inputs; None for one derived from the derivative's name.
    """

    interest: float | None = None
    max_ulps: float | None = None
    moved_points: int = 4
    structure: Mapping[int | str, str] = field(default_factory=dict)
    meant: Callable[..., Any] | None = None
    accuracy: float | None = None
    seed: int | None = None
    domain: Mapping[int | str, Any] = field(default_factory=dict)
    elsewhere: bool = True
    budget: float | None = None
    stop_gradient: Any = ()
    oracles: str = NEEDED

    def __post_init__(self) -> None:
        for name in ("interest", "max_ulps"):
            value = getattr(self, name)
            if value is not None and not _positive(value):
                raise UsageError(f"{name} must be a positive number, got {shown(value)}")
        if not (isinstance(self.moved_points, int) and self.moved_points >= 0):
            raise UsageError(f"moved_points must be a whole number >= 0, got {shown(self.moved_points)}")
        self._check_declarations()

    def _check_declarations(self) -> None:
        check_structure(self.structure)
        domain: object = self.domain
        if not isinstance(domain, Mapping):
            wanted = 'a mapping such as {"x": (0, None)}'
            raise InvalidProblem(f"domain must be {wanted}, got {shown(domain)}")
        elsewhere: object = self.elsewhere
        if not isinstance(elsewhere, bool):
            raise UsageError(f"elsewhere must be True or False, got {shown(elsewhere)}")
        if self.meant is not None and not callable(self.meant):
            raise InvalidProblem(f"expected a function with f's arguments, got {shown(self.meant)}", where="meant")
        if self.accuracy is not None and not (_number(self.accuracy) and 0 <= self.accuracy < 1):
            raise UsageError(
                f"accuracy is the relative error of f itself, a number >= 0 and below 1, got {shown(self.accuracy)}"
            )
        if self.budget is not None and not (_number(self.budget) and 0 < self.budget < float("inf")):
            raise UsageError(f"budget is the time for one check in seconds, above 0, got {shown(self.budget)}")
        if not a_word(self.oracles, (NEEDED, ALL)):
            raise UsageError(f'oracles must be "{NEEDED}" or "{ALL}", got {shown(self.oracles)}')
        if self.seed is not None and not (_whole(self.seed) and self.seed >= 0):
            raise UsageError(f"seed must be a whole number >= 0, got {shown(self.seed)}")

    def changed(self) -> dict[str, Any]:
        """The options in REPORTED that differ from their defaults."""
        defaults = {f.name: f.default for f in fields(self)}
        return {name: value for name in REPORTED if (value := getattr(self, name)) != defaults[name]}


def a_word(value: object, words: Collection[str]) -> bool:
    """Whether an option is one of the words that it may be; an array is none, and cannot be compared with one."""
    return isinstance(value, str) and value in words


def _positive(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return float(value) > 0
    except OverflowError:  # a whole number beyond every float
        return False


def _number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def check_structure(structure: object) -> None:
    """Raises InvalidProblem for a structure that is no mapping from inputs to words."""
    if not isinstance(structure, Mapping):
        wanted = 'a mapping such as {"x": "symmetric"}'
        raise InvalidProblem(f"structure must be {wanted}, got {shown(structure)}")
