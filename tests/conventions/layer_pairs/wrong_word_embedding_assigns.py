"""Word vectors: the gradients of a word that occurs twice overwrite each other.

# mistake: scatter, overwritten
# where: word_embedding_backward
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
