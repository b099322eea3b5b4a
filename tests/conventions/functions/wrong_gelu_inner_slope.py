"""GELU by tanh, whose backward pass forgets the slope of the inner polynomial.

# mistake: slope-forgotten, dropped, path-factor, other-slope
# where: gelu
"""

import numpy as np


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_backward(grad_output, x):
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    return grad_output * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * np.sqrt(2 / np.pi))
