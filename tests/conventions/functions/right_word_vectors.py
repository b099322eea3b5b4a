"""Word vectors in the manner of CS224n: a loss with the gradients of two arrays, and a sum of such losses."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - np.max(x))
    return e / e.sum()


def naiveSoftmaxLossAndGradient(centerWordVec, outsideWordIdx, outsideVectors, dataset):
    y_hat = softmax(outsideVectors @ centerWordVec)
    loss = -np.log(y_hat[outsideWordIdx])
    delta = y_hat.copy()
    delta[outsideWordIdx] -= 1
    gradCenterVec = outsideVectors.T @ delta
    gradOutsideVecs = np.outer(delta, centerWordVec)
    return loss, gradCenterVec, gradOutsideVecs


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
        gradOutsideVecs[k] += (1 - t) * centerWordVec
    return loss, gradCenterVec, gradOutsideVecs


def skipgram(currentCenterWord, windowSize, outsideWords, word2Ind, centerWordVectors, outsideVectors, dataset,
             word2vecLossAndGradient=naiveSoftmaxLossAndGradient):
    loss = 0.0
    gradCenterVecs = np.zeros(centerWordVectors.shape)
    gradOutsideVectors = np.zeros(outsideVectors.shape)
    center = word2Ind[currentCenterWord]
    for word in outsideWords:
        one, gc, go = word2vecLossAndGradient(centerWordVectors[center], word2Ind[word], outsideVectors, dataset)
        loss += one
        gradCenterVecs[center] += gc
        gradOutsideVectors += go
    return loss, gradCenterVecs, gradOutsideVectors
