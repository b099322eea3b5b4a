"""tanh(x, derivative=True) forgets the square.

# mistake: power-rule, other-slope
# where: tanh(derivative=True)
"""

import numpy as np


def tanh(x, derivative=False):
    if not derivative:
        return np.tanh(x)
    return 1 - np.tanh(x)
