"""Linear classifiers in the manner of CS231n: (loss, dW) of weights, data, labels and a regularisation strength."""

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
    dW = dW / n + 2 * reg * W
    return loss, dW


def svm_loss_vectorized(W, X, y, reg):
    n = X.shape[0]
    scores = X.dot(W)
    right = scores[np.arange(n), y][:, None]
    margins = np.maximum(0, scores - right + 1)
    margins[np.arange(n), y] = 0
    loss = np.sum(margins) / n + reg * np.sum(W * W)
    mask = (margins > 0).astype(float)
    mask[np.arange(n), y] = -np.sum(mask, axis=1)
    dW = X.T.dot(mask) / n + 2 * reg * W
    return loss, dW


def svm_loss(W, X, y, reg):
    return svm_loss_vectorized(W, X, y, reg)
