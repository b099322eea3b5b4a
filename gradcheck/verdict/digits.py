"""Numbers in as many digits as people need: few, but as many as it takes to see that two of them differ."""

from __future__ import annotations

from typing import Any

from gradcheck.verdict.finding import shown

FEWEST_DIGITS, MOST_DIGITS = 4, 17
"""Significant digits of a number in the default report: as many as show a difference, within these limits."""


def number(value: Any, digits: int = FEWEST_DIGITS) -> str:
    """A number with at most `digits` significant digits; a fact in words, such as an interval, unchanged."""
    if not isinstance(value, int | float):
        return shown(value)
    return f"{float(value) + 0.0:.{digits}g}"  # + 0.0 turns -0 into 0


def apart(first: Any, second: Any) -> tuple[str, str]:
    """Two numbers, with one digit more than it takes to distinguish them."""
    for digits in range(FEWEST_DIGITS, MOST_DIGITS + 1):
        if number(first, digits) != number(second, digits):
            digits = digits if digits == FEWEST_DIGITS else min(digits + 1, MOST_DIGITS)
            return number(first, digits), number(second, digits)
    return number(first, MOST_DIGITS), number(second, MOST_DIGITS)
