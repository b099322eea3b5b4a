"""A JVP of a product of two factors that keeps the first term only.

# mistake: dropped
# where: damped
"""

import numpy as np


def damped(t, x):
    return np.exp(-0.3 * t) * np.sin(x)


def damped_jvp(primals, tangents):
    t, x = primals
    dt, dx = tangents
    return np.exp(-0.3 * t) * np.cos(x) * dx
