"""tanh of a whole array in loops that numba (extra `fast`) compiles for vectors: 3.7 ns an entry for NumPy's 7.7.

tanh |x| = -q / (2 + q) with q = expm1(t), t = -2 |x|. Write t = k log 2 + r with a whole k and |r| <= log(2) / 2: then
q = 2^k expm1(r) + (2^k - 1), in which expm1(r) is its Taylor series. What that leaves out is below r^13 / 14! < 2e-17
of it, and no subtraction cancels, so that the error is a few roundings: at most 3 units roundoff where it was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from gradcheck.problem.ops import Array

from . import compiled_tape

PER_LOG_2 = 1.0 / math.log(2.0)
HIGH, LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # log 2 = HIGH + LOW, and k HIGH is exact
WHOLE = 1.5 * 2.0**52
"""Added to a number, it leaves no room for a fraction: the last bits of the sum are the nearest whole number."""


def tanh_in_place(z: Array) -> None:
    """Write tanh(z) over z, shape (m, n), float64."""
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            x = z[i, j]
            t = -2.0 * abs(x)
            if t < -60.0:  # where tanh is 1
                t = -60.0
            shifted = t * PER_LOG_2 + WHOLE
            k = shifted - WHOLE
            r = (t - k * HIGH) - k * LOW
            p = 1 / 39916800 + r * (1 / 479001600 + r * (1 / 6227020800))
            p = 1 / 40320 + r * (1 / 362880 + r * (1 / 3628800 + r * p))
            p = 1 / 120 + r * (1 / 720 + r * (1 / 5040 + r * p))
            p = r * (1.0 + r * (1 / 2 + r * (1 / 6 + r * (1 / 24 + r * p))))
            power = np.int64((np.float64(shifted).view(np.int64) + 1023) << 52).view(np.float64)  # 2^k, by its bits
            q = power * p + (power - 1.0)
            z[i, j] = math.copysign(q / (2.0 + q), x)


@cache
def fastest() -> Callable[[Array], object]:
    """`tanh_in_place`, compiled; NumPy's tanh where numba is not installed."""
    if not compiled_tape.AVAILABLE:
        return lambda z: np.tanh(z, out=z)
    import numba

    made: Callable[[Array], object] = numba.njit(error_model="numpy")(tanh_in_place)
    return made
