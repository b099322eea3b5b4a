"""An affine layer whose samples may have any number of axes going forward, and come back flat.

# mistake: shape-laid-out
# where: affine, x of shape (4, 3, 2)
"""


def affine_forward(x, w, b):
    out = x.reshape(x.shape[0], -1).dot(w) + b
    return out, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout.dot(w.T)
    dw = x.reshape(x.shape[0], -1).T.dot(dout)
    return dx, dw, dout.sum(axis=0)
