"""A Jacobian with rows and columns exchanged.

# mistake: transposed, product-transposed
# where: pendulum
"""

import numpy as np


def pendulum(state, g=9.81, length=1.3):
    theta, omega = state
    return np.array([omega - 0.1 * theta, -g / length * np.sin(theta) - 0.4 * omega])


def pendulum_jac(state, g=9.81, length=1.3):
    theta, _ = state
    return np.array([[-0.1, -g / length * np.cos(theta)], [1.0, -0.4]])
