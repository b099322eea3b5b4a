"""A two-layer network as in CS231n; ReLU's mask is taken from the gradient that comes in.

# mistake: other-slope, places, branch
# where: TwoLayerNet.loss
"""

import numpy as np


class TwoLayerNet:
    def __init__(self, input_dim, hidden_dim, num_classes, weight_scale=1e-3):
        self.params = {
            "W1": np.random.normal(scale=weight_scale, size=(input_dim, hidden_dim)),
            "b1": np.zeros(hidden_dim),
            "W2": np.random.normal(scale=weight_scale, size=(hidden_dim, num_classes)),
            "b2": np.zeros(num_classes),
        }

    def loss(self, X, y=None):
        h = np.maximum(0, X.dot(self.params["W1"]) + self.params["b1"])
        scores = h.dot(self.params["W2"]) + self.params["b2"]
        if y is None:
            return scores
        N = X.shape[0]
        p = np.exp(scores - np.max(scores, axis=1, keepdims=True))
        p /= np.sum(p, axis=1, keepdims=True)
        loss = -np.sum(np.log(p[np.arange(N), y])) / N
        dscores = p.copy()
        dscores[np.arange(N), y] -= 1
        dscores /= N
        dh = dscores.dot(self.params["W2"].T)
        dh[dh <= 0] = 0
        grads = {
            "W2": h.T.dot(dscores),
            "b2": dscores.sum(axis=0),
            "W1": X.T.dot(dh),
            "b1": dh.sum(axis=0),
        }
        return loss, grads
