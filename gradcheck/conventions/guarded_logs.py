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


@dataclass(frozen=True)
class GuardedLog:
    """The constant that a log adds, and how the engine adds."""

    constant: float
    uses: ValueClass
    add: Callable[..., Any]

    @property
    def sentence(self) -> str:
        """What a user should know."""
        text = f"{self.constant:g}"
        return f"log adds {text} to its argument: value and gradient are those of log(x + {text})"

    def argument(self, x: Any) -> Any:
        """A node of `x - constant`; NotImplementedError where x is not much larger than the constant."""
        value = np.asarray(self.uses.value(x))
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
