"""Numbers in thirty digits with a radius, as text: `0.333333333333333333333333333333 +- 3.4e-31`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import ROUND_CEILING, Context, Decimal
from fractions import Fraction

DIGITS = 30
_NUMBER = Context(prec=DIGITS)
_EXACT = Context(prec=2_000)
"""Enough digits for the sum of any two float64."""
_RADIUS = Context(prec=2, rounding=ROUND_CEILING)
_PLAIN = range(-6, DIGITS)
"""Exponents of numbers that are written without an exponent."""
_DECIMAL = r"-?[0-9]+(?:\.[0-9]+)?(?:E[+-][0-9]+)?"
_BALL = re.compile(rf"({_DECIMAL}) \+- ({_DECIMAL})")
_BETWEEN = re.compile(rf"({_DECIMAL}) \.\. ({_DECIMAL})")


def ball(parts: Sequence[float], radius: float) -> str | None:
    """The sum of `parts`, rounded to 30 digits, and a radius that covers that; None where anything is not finite."""
    if not all(map(math.isfinite, (*parts, radius))):
        return None
    exact = Decimal(0)
    for part in parts:
        exact = _EXACT.add(exact, Decimal(part))
    value = _NUMBER.plus(exact)
    around = _EXACT.add(Decimal(radius), _EXACT.abs(_EXACT.subtract(value, exact)))
    return f"{_shown(value)} +- {_shown(_RADIUS.plus(around))}"


def between(low: float, high: float) -> str | None:
    """An interval; None where an end is not finite."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return f"{_shown(_NUMBER.plus(Decimal(low)))} .. {_shown(_NUMBER.plus(Decimal(high)))}"


def interval(text: str) -> tuple[Fraction, Fraction] | None:
    """The ends of what `ball` or `between` wrote; None for any other text."""
    if len(text) > 10 * DIGITS:
        return None
    if found := _BALL.fullmatch(text):
        value, radius = _fractions(found)
        return value - radius, value + radius
    if found := _BETWEEN.fullmatch(text):
        low, high = _fractions(found)
        return low, high
    return None


def _fractions(found: re.Match[str]) -> tuple[Fraction, Fraction]:
    numbers = [Decimal(part) for part in found.groups()]
    if any(abs(number.adjusted()) > 5_000 for number in numbers if number):
        numbers = [Decimal(0), Decimal(0)]  # nothing that a float64 leads to
    return Fraction(numbers[0]), Fraction(numbers[1])


def _shown(number: Decimal) -> str:
    """Its digits without zeros at the end."""
    if not number:
        return "0"
    short = number.normalize(_NUMBER)
    return f"{short:f}" if short.adjusted() in _PLAIN else f"{short:E}"
