"""A network of any depth with batch normalisation off, as CS231n's FullyConnectedNet."""

import numpy as np


class FullyConnectedNet(object):
    def __init__(
        self,
        hidden_dims,
        input_dim=3 * 32 * 32,
        num_classes=10,
        dropout_keep_ratio=1,
        normalization=None,
        reg=0.0,
        weight_scale=1e-2,
        dtype=np.float32,
        seed=None,
    ):
        self.normalization = normalization
        self.use_dropout = dropout_keep_ratio != 1
        self.reg = reg
        self.num_layers = 1 + len(hidden_dims)
        self.dtype = dtype
        self.params = {}
        dims = np.hstack((input_dim, hidden_dims, num_classes))
        for i in range(self.num_layers):
            self.params["W%d" % (i + 1)] = weight_scale * np.random.randn(dims[i], dims[i + 1])
            self.params["b%d" % (i + 1)] = np.zeros(dims[i + 1])
        for k, v in self.params.items():
            self.params[k] = v.astype(dtype)

    def loss(self, X, y=None):
        X = X.astype(self.dtype)
        mode = "test" if y is None else "train"
        caches = {}
        out = X.reshape(X.shape[0], -1)
        for i in range(1, self.num_layers):
            W, b = self.params[f"W{i}"], self.params[f"b{i}"]
            z = out @ W + b
            caches[i] = (out, z)
            out = np.maximum(z, 0)
        L = self.num_layers
        scores = out @ self.params[f"W{L}"] + self.params[f"b{L}"]
        caches[L] = (out, None)
        if mode == "test":
            return scores

        N = X.shape[0]
        scores -= scores.max(axis=1, keepdims=True)
        probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
        loss = -np.log(probs[np.arange(N), y]).mean()
        grads = {}
        dout = probs
        dout[np.arange(N), y] -= 1
        dout /= N
        for i in range(L, 0, -1):
            x, z = caches[i]
            if z is not None:
                dout = dout * (z > 0)
            W = self.params[f"W{i}"]
            loss += 0.5 * self.reg * np.sum(W**2)
            grads[f"W{i}"] = x.T @ dout + self.reg * W
            grads[f"b{i}"] = np.sum(dout, axis=0)
            dout = dout @ W.T
        return loss, grads
