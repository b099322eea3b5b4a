"""CS231n's layers; the bias's gradient is the mean over the batch, though the loss has divided by N before.

# mistake: mean-sum, broadcast
# where: SoftmaxNet
"""

import numpy as np


def affine_forward(x, w, b):
    return x.dot(w) + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return dout.dot(w.T), x.T.dot(dout), np.mean(dout, axis=0)


def softmax_loss(scores, y):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    n = len(y)
    loss = -np.log(p[np.arange(n), y]).sum() / n
    p[np.arange(n), y] -= 1
    return loss, p / n


class SoftmaxNet:
    def __init__(self, input_dim, num_classes):
        self.params = dict(W1=1e-2 * np.random.randn(input_dim, num_classes), b1=np.zeros(num_classes))

    def loss(self, X, y=None):
        scores, cache = affine_forward(X, self.params["W1"], self.params["b1"])
        if y is None:
            return scores
        loss, dscores = softmax_loss(scores, y)
        _, dW, db = affine_backward(dscores, cache)
        return loss, {"W1": dW, "b1": db}
