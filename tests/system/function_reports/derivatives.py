"""Derivatives as a first course writes them: all but the last are wrong, raise, or cannot be decided.

`test_function_reports.py` copies this file into a folder of its own and runs pytest there.
"""

import numpy as np
import pytest

import gradcheck

X = np.array([[0.5, -1.0, 2.0], [0.1, 0.4, -0.3], [-0.7, 1.2, 0.8], [1.5, -0.2, 0.6]])
W = np.array([[0.3, -0.5], [1.1, 0.2], [-0.4, 0.9]])
SQUARE = np.array([[0.3, -0.5, 0.7], [1.1, 0.2, -0.6], [-0.4, 0.9, 0.8]])


def softmax(x):
    e = np.exp(x - x.max())
    s = e.sum()
    return e / s


def softmax_backward(upstream, x):
    y = softmax(x)
    return upstream * y * (1 - y)


def batch_norm(x, gamma, beta):
    mean = x.mean(axis=0)
    std = np.sqrt(((x - mean) ** 2).mean(axis=0) + 1e-5)
    return gamma * (x - mean) / std + beta


def batch_norm_backward(upstream, x, gamma, beta):
    mean = x.mean(axis=0)
    std = np.sqrt(((x - mean) ** 2).mean(axis=0) + 1e-5)
    z = (x - mean) / std
    dz = upstream * gamma
    dx = (dz - dz.mean(axis=0) - z * (dz * z).mean(axis=0)) / std
    return dx, (upstream * z).mean(axis=0), upstream.sum(axis=0)


def affine(x, W, b):
    return x @ W + b


def without_transpose(upstream, x, W, b):
    return upstream @ W, x.T @ upstream, upstream.sum(axis=0)


def bias_not_summed(upstream, x, W, b):
    return upstream @ W.T, x.T @ upstream, upstream[0]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_cell(x, h, c, W, U, b):
    i, f, o, g = np.split(W @ x + U @ h + b, 4)
    c_next = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c_next), c_next


def lstm_cell_backward(upstream, x, h, c, W, U, b):
    dh, dc = upstream
    i, f, o, g = np.split(W @ x + U @ h + b, 4)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    t = np.tanh(f * c + i * g)
    dc = dc + dh * o  # lacks (1 - t**2)
    dz = np.concatenate([dc * g * i * (1 - i), dc * c * f * (1 - f), dh * t * o * (1 - o), dc * i * (1 - g**2)])
    return W.T @ dz, U.T @ dz, dc * f, np.outer(dz, x), np.outer(dz, h), dz


DATA = np.array([1.2, 0.7, 3.1, 2.2])


def log_likelihood(mu, log_sigma, weights):
    sigma = np.exp(log_sigma)
    return np.sum(weights * (-0.5 * ((DATA - mu) / sigma) ** 2 - log_sigma))


def log_likelihood_grad(mu, log_sigma, weights):
    sigma = np.exp(log_sigma)
    z = (DATA - mu) / sigma
    return np.sum(weights * z) / sigma, np.sum(weights * (z**2 / sigma - 1)), -0.5 * z**2


def entropy_like(x):
    return np.sum(x**2 * np.log(np.abs(x) + 1.0))


def entropy_like_grad(x):
    return 2 * x * np.log(np.abs(x) + 1.0) + x**3 / (np.abs(x) * (np.abs(x) + 1.0))


def transposed_shapes(upstream, x, W, b):
    return upstream @ W.T, upstream.T @ x, upstream.sum(axis=0)


def stairs(x):
    return np.sum(np.floor(x) * x)


def stairs_grad(x):
    return np.floor(x)


def helper(upstream, b):
    return np.dot(upstream, b.reshape(3, 3))


def raising_backward(upstream, x, W, b):
    return upstream @ W.T, x.T @ upstream, helper(upstream, b)


def scaled(x):
    return np.sum(np.tanh(x) ** 2) / np.sqrt(4)


def scaled_grad(x):
    y = np.tanh(x)
    return 2 * y * (1 - y**2) / np.sqrt(4)


LSTM = [
    np.cos(np.arange(n)).reshape(shape) for n, shape in [(2, 2), (3, 3), (3, 3), (24, (12, 2)), (36, (12, 3)), (12, 12)]
]

CASES = {
    "softmax": ("vjp", softmax, softmax_backward, [np.array([0.5, -1.0, 2.0, 0.1])]),
    "batch-norm": ("vjp", batch_norm, batch_norm_backward, [X, np.array([1.0, 0.5, 2.0]), np.array([0.0, 0.3, -0.2])]),
    "no-transpose": ("vjp", affine, without_transpose, [X, SQUARE, np.array([0.1, 0.2, -0.3])]),
    "bias": ("vjp", affine, bias_not_summed, [X, W, np.array([0.1, 0.2])]),
    "lstm": ("vjp", lstm_cell, lstm_cell_backward, LSTM),
    "likelihood": ("gradient", log_likelihood, log_likelihood_grad, [1.5, 0.2, np.array([1.0, 0.5, 2.0, 1.0])]),
    "nan": ("gradient", entropy_like, entropy_like_grad, [np.array([0.5, 0.0, -2.0])]),
    "shape": ("vjp", affine, transposed_shapes, [X, W, np.array([0.1, 0.2])]),
    "jump": ("gradient", stairs, stairs_grad, [np.array([1.5, 2.0, 0.3])]),
    "raises": ("vjp", affine, raising_backward, [X, W, np.array([0.1, 0.2])]),
    "float32": ("gradient", scaled, scaled_grad, [np.array([0.5, -0.25, 2.0], dtype=np.float32)]),
}


@pytest.mark.parametrize("name", CASES)
def test(name):
    kind, f, derivative, inputs = CASES[name]
    getattr(gradcheck, f"assert_{kind}")(f, derivative, *inputs)
