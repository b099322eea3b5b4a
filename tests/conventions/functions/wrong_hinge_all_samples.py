"""A hinge loss over a batch whose gradient also reaches the samples that are right by a margin.

# mistake: branch
# where: hinge_loss
"""

import numpy as np


def hinge_loss(w, X, y):
    margins = 1 - y * (X @ w)
    return np.mean(np.maximum(0, margins))


def hinge_loss_grad(w, X, y):
    return -(X.T @ y) / len(y)
