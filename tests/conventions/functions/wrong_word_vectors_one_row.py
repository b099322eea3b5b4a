"""Naive softmax loss of word vectors: only the outside word's own row gets a gradient.

# mistake: softmax-diagonal, dropped
# where: naiveSoftmaxLossAndGradient
"""

import numpy as np


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def naiveSoftmaxLossAndGradient(centerWordVec, outsideWordIdx, outsideVectors, dataset):
    y_hat = softmax(outsideVectors @ centerWordVec)
    loss = -np.log(y_hat[outsideWordIdx])
    delta = y_hat.copy()
    delta[outsideWordIdx] -= 1
    gradCenterVec = outsideVectors.T @ delta
    gradOutsideVecs = np.zeros(outsideVectors.shape)
    gradOutsideVecs[outsideWordIdx] = delta[outsideWordIdx] * centerWordVec
    return loss, gradCenterVec, gradOutsideVecs
