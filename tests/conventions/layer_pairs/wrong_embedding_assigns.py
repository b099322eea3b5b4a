"""A word embedding whose gradient is assigned by index: a word that occurs twice keeps one gradient.

# mistake: scatter, overwritten
# where: word_embedding
"""

import numpy as np


def word_embedding_forward(x, W):
    out = W[x]
    return out, (x, W)


def word_embedding_backward(dout, cache):
    x, W = cache
    dW = np.zeros_like(W)
    dW[x] += dout
    return dW


EXAMPLES = {"word_embedding": (np.array([[0, 2, 1], [2, 2, 3]]), np.linspace(-1.5, 1.7, 20).reshape(4, 5))}
