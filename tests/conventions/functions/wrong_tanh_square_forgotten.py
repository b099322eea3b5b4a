"""The slope of tanh by its output, as the docstring says, with the square left out.

# mistake: power-rule
# where: tanh
"""

import numpy as np


def tanh(x):
    return np.tanh(x)


def tanh_derivative(y):
    """y is the output of tanh."""
    return 1.0 - y
