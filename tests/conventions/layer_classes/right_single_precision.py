"""Layers in float32, right; one works in place, one gets what it needs handed to its backward method."""

import numpy as np


class Linear32:
    def __init__(self, in_features, out_features):
        self.W = np.random.randn(out_features, in_features).astype(np.float32)
        self.b = np.zeros(out_features, dtype=np.float32)

    def forward(self, x):
        self.x = x.astype("float32")
        return self.x @ self.W.T + self.b

    def backward(self, g):
        g = g.astype("float32")
        self.dW = g.T @ self.x
        self.db = g.sum(axis=0)
        return g @ self.W


class ReLUInPlace:
    def forward(self, x):
        self.mask = x > 0
        x *= self.mask
        return x

    def backward(self, d):
        d *= self.mask
        return d


class RNNCell:
    def __init__(self, input_size, hidden_size):
        self.W_ih = np.random.randn(hidden_size, input_size)
        self.W_hh = np.random.randn(hidden_size, hidden_size)
        self.b_ih = np.random.randn(hidden_size)
        self.b_hh = np.random.randn(hidden_size)
        self.zero_grad()

    def zero_grad(self):
        self.dW_ih = np.zeros_like(self.W_ih)
        self.dW_hh = np.zeros_like(self.W_hh)
        self.db_ih = np.zeros_like(self.b_ih)
        self.db_hh = np.zeros_like(self.b_hh)

    def forward(self, x, h_prev_t):
        return np.tanh(x @ self.W_ih.T + self.b_ih + h_prev_t @ self.W_hh.T + self.b_hh)

    def backward(self, delta, h_t, h_prev_l, h_prev_t):
        dz = delta * (1 - h_t**2)
        self.dW_ih += dz.T @ h_prev_l
        self.dW_hh += dz.T @ h_prev_t
        self.db_ih += dz.sum(axis=0)
        self.db_hh += dz.sum(axis=0)
        return dz @ self.W_ih, dz @ self.W_hh


class Conv1d:
    def __init__(self, in_channels, out_channels, kernel_size):
        self.W = np.random.randn(out_channels, in_channels, kernel_size)
        self.b = np.zeros(out_channels)
        self.k = kernel_size

    def forward(self, A):
        self.A = A
        W_out = A.shape[2] - self.k + 1
        Z = np.zeros((A.shape[0], self.W.shape[0], W_out))
        for i in range(W_out):
            Z[:, :, i] = np.tensordot(A[:, :, i : i + self.k], self.W, axes=([1, 2], [1, 2])) + self.b
        return Z

    def backward(self, dLdZ):
        self.dLdb = dLdZ.sum(axis=(0, 2))
        self.dLdW = np.zeros_like(self.W)
        dLdA = np.zeros_like(self.A)
        for i in range(dLdZ.shape[2]):
            self.dLdW += np.tensordot(dLdZ[:, :, i], self.A[:, :, i : i + self.k], axes=([0], [0]))
            dLdA[:, :, i : i + self.k] += np.tensordot(dLdZ[:, :, i], self.W, axes=([1], [0]))
        return dLdA
