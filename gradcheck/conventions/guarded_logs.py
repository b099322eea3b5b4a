"""A log that adds a small constant to its argument, `np.log(self.data + 1e-8)`: found by its forward values alone.

The engine's log is then asked at `x - 1e-8`, so that it is judged at the argument that it uses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.conventions.spellings import Spelling
from gradcheck.conventions.value_class import ValueClass

SMALLEST, LARGEST = 1e-12, 1e-4
"""Range of the constants that count as guards."""
FIRST = 1e-6
"""Argument at which the constant is read off."""
FURTHER = (1e-3, 0.5, 2.0)
"""Arguments at which it must be the same."""
FAR = 1e3
"""How many times the constant an argument must be at least, for the two logs to be the same question."""

BELOW = 1e-14
"""Argument below every guard, at which a log that takes the larger of the two gives the log of its guard."""


@dataclass(frozen=True)
class GuardedLog:
    """The constant that a log adds, and how the engine adds; `clips`: it takes the larger of argument and constant."""

    constant: float
    uses: ValueClass
    add: Callable[..., Any]
    clips: bool = False

    @property
    def sentence(self) -> str:
        """What a user should know."""
        text = f"{self.constant:g}"
        if self.clips:
            return f"log takes arguments below {text} for {text}, and is asked above"
        return f"log adds {text} to its argument: value and gradient are those of log(x + {text})"

    def argument(self, x: Any) -> Any:
        """A node of `x - constant`; NotImplementedError where x is not much larger than the constant.

        `x` itself, where the log clips.
        """
        value = np.asarray(self.uses.value(x))
        if self.clips:
            if np.any(value <= self.constant):
                raise NotImplementedError(f"log of what is not above {self.constant:g}")
            return x
        if np.any(value < FAR * self.constant):
            raise NotImplementedError(f"log of what is not much larger than {self.constant:g}")
        less = np.full(value.shape, -self.constant, value.dtype if value.dtype.kind == "f" else float)
        return self.add(x, self.uses.make(less if value.shape else float(-self.constant)))


def guarded_log(log: Spelling | None, add: Spelling | None, uses: ValueClass, sample: Any) -> GuardedLog | None:
    """The guard in an engine's log; None where it has none, or has no sum with which to take it off."""
    if log is None or add is None:
        return None

    def added(x: float) -> tuple[float, float]:
        """What log(x) says was added to x, and how exactly it says so."""
        held = np.ravel(np.asarray(uses.value(log.apply(uses.make(sample(x))))))[0]
        eps = np.finfo(held.dtype).eps if isinstance(held, np.float32) else np.finfo(float).eps
        there = float(np.exp(np.float64(held)))
        return there - x, 16 * float(eps) * there * (1 + abs(float(held)))

    try:
        if (clip := _clipped(added)) is not None:
            return GuardedLog(clip, uses, add.apply, clips=True)
        constant, error = added(FIRST)
        if not SMALLEST * (1 - 1e-3) <= constant <= LARGEST * (1 + 1e-3) or constant < 4 * error:
            return None
        constant = float(f"{constant:.3g}")
        for x in (FIRST, *FURTHER):
            found, error = added(x)
            if not abs(found - constant) <= error + 1e-3 * constant * (x == FIRST):
                return None
    except Exception:  # a log that refuses small numbers, or is none
        return None
    return GuardedLog(constant, uses, add.apply)


def _clipped(added: Callable[[float], tuple[float, float]]) -> float | None:
    """The constant below which the log takes no argument; None where it has none, or adds one."""
    constants = [added(x)[0] + x for x in (BELOW, BELOW / 2)]
    exact = all(abs(found) <= error for found, error in map(added, FURTHER))
    same = abs(constants[0] - constants[1]) <= BELOW / 100
    return float(f"{constants[0]:.3g}") if exact and same and SMALLEST <= constants[0] <= LARGEST * 1.01 else None
