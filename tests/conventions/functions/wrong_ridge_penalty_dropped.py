"""A ridge regression whose gradient forgets the penalty.

# mistake: loss-term, dropped
# where: cost
"""

import numpy as np


def cost(theta, X, y, lam):
    r = X @ theta - y
    return np.sum(r**2) / (2 * len(y)) + lam * np.sum(theta**2) / (2 * len(y))


def gradient(theta, X, y, lam):
    return X.T @ (X @ theta - y) / len(y)
