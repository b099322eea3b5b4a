"""Nonlinearities and losses, each with its derivative, in plain NumPy: what the networks beside this file use."""

import numpy as np
from scipy.special import erfc


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)


def softplus(z):
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))


def normal(z):
    """Phi(z), the distribution function of the normal."""
    return (0.5 * erfc(-np.asarray(z, dtype=np.float64) / np.sqrt(2.0))).astype(np.asarray(z).dtype)


ACTIVATIONS = {  # sigma(z) and sigma'(z)
    "identity": (lambda z: z, np.ones_like),
    "neg": (np.negative, lambda z: -np.ones_like(z)),
    "square": (np.square, lambda z: 2.0 * z),
    "exp": (np.exp, np.exp),
    "expm1": (np.expm1, np.exp),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda z: -np.sin(z)),
    "tan": (np.tan, lambda z: 1.0 / np.cos(z) ** 2),
    "tanh": (np.tanh, lambda z: 1.0 / np.cosh(z) ** 2),
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "softplus": (softplus, sigmoid),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "elu": (lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))), lambda z: np.exp(np.minimum(z, 0.0))),
    "gelu": (lambda z: z * normal(z), lambda z: normal(z) + z * np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)),
    "abs": (np.abs, np.sign),
}


def log_softmax(y):
    shifted = y - np.max(y, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


LOSSES = {  # of outputs and targets (batch, n): the samples' sum, and its derivative by the outputs
    "half_squared": lambda y, t: (0.5 * np.sum((y - t) ** 2), y - t),
    "squared": lambda y, t: (np.sum((y - t) ** 2), 2.0 * (y - t)),
    "softmax_cross_entropy": lambda y, t: (
        -np.sum(t * log_softmax(y)),
        np.sum(t, axis=1, keepdims=True) * np.exp(log_softmax(y)) - t,
    ),
    "logistic": lambda y, t: (np.sum(t * softplus(-y) + (1.0 - t) * softplus(y)), sigmoid(y) - t),
}
