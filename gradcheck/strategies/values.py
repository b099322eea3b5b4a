"""The numbers that points are made of: short decimals, so that a person can redo the arithmetic.

The lists are ordered by plainness, because failures shrink in this order. 2 comes first and not 0 or 1, at which too
many wrong rules give the right number (x * x, x ** 3 and 1 * x are equal at 1).
"""

from __future__ import annotations

INTEGERS: tuple[float, ...] = (2.0, 3.0, 1.0, -1.0, -2.0, 4.0, -3.0, 5.0)

DECIMALS: tuple[float, ...] = (
    *(2.0, 0.5, 3.0, 1.0, -1.0, 1.5, -2.0, -0.5, 0.25, 2.5, -1.5, 0.75, 1.25, -0.25, -0.75, -2.5, -3.0, -1.25),
    *(0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4, 1.6, 1.7, 1.8, 2.2, 2.4),
    *(-0.2, -0.3, -0.4, -0.6, -0.7, -0.8, -0.9, -1.1, -1.3, -1.4, -1.7, -1.9, -2.2),
)

EXPONENTS: tuple[float, ...] = (2.0, 3.0, -1.0, 0.5, -2.0, 1.5, -0.5, 2.5)
"""Constants for the second operand of `pow`: whole numbers, which take any base, and fractions."""

NEAR_ZERO: tuple[float, ...] = (1e-3, -1e-3, 1e-6, -1e-6, 1e-9, -1e-9, 0.0)
"""On request: so near a kink at 0 that a finite difference steps over it, and the kink itself."""

FAR_OUT: tuple[float, ...] = (8.0, -8.0, 20.0, -20.0, 40.0, -40.0, 100.0, -100.0)
"""On request: where tanh, sigmoid and the like are flat."""


def leaf_values(*, near_kinks: bool = False, saturated: bool = False, integers: bool = False) -> tuple[float, ...]:
    """The values a leaf may take, plainest first; values on request are repeated, to come up often."""
    plain = INTEGERS if integers else DECIMALS
    kinks = tuple(v for v in NEAR_ZERO if not integers or v == 0.0) if near_kinks else ()
    return (*plain, *kinks * 4, *(FAR_OUT * 3 if saturated else ()))
