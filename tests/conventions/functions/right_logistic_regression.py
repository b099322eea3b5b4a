"""Regression with its cost and gradient, as in a first course of machine learning. Right; training is not called."""

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def compute_cost(X, y, w, b):
    m = X.shape[0]
    f = sigmoid(X @ w + b)
    return np.sum(-y * np.log(f) - (1 - y) * np.log(1 - f)) / m


def compute_gradient(X, y, w, b):
    m = X.shape[0]
    err = sigmoid(X @ w + b) - y
    dj_dw = X.T @ err / m
    dj_db = np.sum(err) / m
    return dj_db, dj_dw


def ridge_loss(theta, X, y, lam):
    r = X @ theta - y
    return 0.5 * np.mean(r**2) + 0.5 * lam * np.sum(theta**2)


def ridge_loss_grad(theta, X, y, lam):
    return X.T @ (X @ theta - y) / len(y) + lam * theta


def gradient_descent(X, y, w, b, alpha, num_iters):
    raise RuntimeError("training must not be called")


def train(X, y):
    raise RuntimeError("training must not be called")
