"""Attention of one head whose backward method returns the input's gradient, and those of the matrices in a dictionary."""

import numpy as np


class SelfAttention:
    def __init__(self, d_model: int, n_heads: int = 1):
        self.d_model, self.n_heads = d_model, n_heads
        self.W_q, self.W_k, self.W_v, self.W_o = 0.4 * np.random.randn(4, d_model, d_model)

    def forward(self, x):
        q, k, v = x @ self.W_q, x @ self.W_k, x @ self.W_v
        scores = q @ k.swapaxes(-1, -2) / np.sqrt(self.d_model)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = weights @ v
        return mixed @ self.W_o, {"x": x, "q": q, "k": k, "v": v, "weights": weights, "mixed": mixed}

    def backward(self, dout, cache):
        x, q, k, v, weights = (cache[key] for key in ("x", "q", "k", "v", "weights"))
        dmixed = dout @ self.W_o.T
        dweights = dmixed @ v.swapaxes(-1, -2)
        dscores = weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True)) / np.sqrt(self.d_model)
        dq, dk, dv = dscores @ k, dscores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dmixed
        grads = {f"dW_{name}": self.summed(x, d) for name, d in (("v", dv), ("k", dk), ("q", dq))}
        grads["dW_o"] = self.summed(cache["mixed"], dout)
        return dq @ self.W_q.T + dk @ self.W_k.T + dv @ self.W_v.T, grads

    def summed(self, entering, d):
        return (entering.swapaxes(-1, -2) @ d).sum(axis=0)
