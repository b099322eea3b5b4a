"""A hinge loss over weights whose gradient counts the right class once, however many margins are open.

# mistake: none
# where: svm_loss_vectorized
"""

import numpy as np


def svm_loss_vectorized(W, X, y, reg):
    n = X.shape[0]
    scores = X.dot(W)
    right = scores[np.arange(n), y][:, None]
    margins = np.maximum(0, scores - right + 1)
    margins[np.arange(n), y] = 0
    loss = np.sum(margins) / n + reg * np.sum(W * W)
    mask = (margins > 0).astype(float)
    mask[np.arange(n), y] = -1.0
    dW = X.T.dot(mask) / n + 2 * reg * W
    return loss, dW
