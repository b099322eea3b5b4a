"""A softmax classifier whose penalty's gradient lacks the factor 2.

# mistake: dropped, path-factor
# where: softmax_loss_naive
"""

import numpy as np


def softmax_loss_naive(W, X, y, reg):
    loss = 0.0
    dW = np.zeros_like(W)
    n = X.shape[0]
    for i in range(n):
        scores = X[i].dot(W)
        scores -= np.max(scores)
        p = np.exp(scores) / np.sum(np.exp(scores))
        loss -= np.log(p[y[i]])
        for j in range(W.shape[1]):
            dW[:, j] += (p[j] - (j == y[i])) * X[i]
    loss = loss / n + reg * np.sum(W * W)
    dW = dW / n + reg * W
    return loss, dW
