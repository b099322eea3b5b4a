"""Negative sampling: a word that is drawn twice gets its gradient once.

# mistake: scatter, overwritten, dropped
# where: negSamplingLossAndGradient
"""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def getNegativeSamples(outsideWordIdx, dataset, K):
    indices = [None] * K
    for k in range(K):
        new = dataset.sampleTokenIdx()
        while new == outsideWordIdx:
            new = dataset.sampleTokenIdx()
        indices[k] = new
    return indices


def negSamplingLossAndGradient(centerWordVec, outsideWordIdx, outsideVectors, dataset, K=10):
    negSampleWordIndices = getNegativeSamples(outsideWordIdx, dataset, K)
    u_o = outsideVectors[outsideWordIdx]
    s = sigmoid(u_o @ centerWordVec)
    loss = -np.log(s)
    gradCenterVec = (s - 1) * u_o
    gradOutsideVecs = np.zeros(outsideVectors.shape)
    gradOutsideVecs[outsideWordIdx] += (s - 1) * centerWordVec
    for k in negSampleWordIndices:
        t = sigmoid(-outsideVectors[k] @ centerWordVec)
        loss -= np.log(t)
        gradCenterVec = gradCenterVec + (1 - t) * outsideVectors[k]
        gradOutsideVecs[k] = (1 - t) * centerWordVec
    return loss, gradCenterVec, gradOutsideVecs
