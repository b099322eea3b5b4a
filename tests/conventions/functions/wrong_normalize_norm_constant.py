"""A normalised vector whose VJP takes the norm for a constant.

# mistake: norm
# where: normalize
"""

import numpy as np


def normalize(v):
    return v / np.sqrt(np.sum(v**2))


def normalize_vjp(g, v):
    return g / np.sqrt(np.sum(v**2))
