"""Functions of a scientific module with hand-written derivatives, right: scalars, vectors, Jacobians, products."""

import math

import numpy as np


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_grad(x):
    g = np.zeros_like(x)
    g[:-1] += -400.0 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200.0 * (x[1:] - x[:-1] ** 2)
    return g


def lennard_jones(r, eps, sigma):
    return 4 * eps * ((sigma / r) ** 12 - (sigma / r) ** 6)


def lennard_jones_derivative(r, eps, sigma):
    return 4 * eps * (-12 * sigma**12 / r**13 + 6 * sigma**6 / r**7)


def pendulum(state, g=9.81, length=1.3):
    theta, omega = state
    return np.array([omega, -g / length * np.sin(theta)])


def pendulum_jac(state, g=9.81, length=1.3):
    theta, _ = state
    return np.array([[0.0, 1.0], [-g / length * np.cos(theta), 0.0]])


def logsumexp(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


def logsumexp_vjp(g, x):
    e = np.exp(x - np.max(x))
    return g * e / e.sum()


def normalize(v):
    return v / np.sqrt(np.sum(v**2))


def normalize_jvp(v, t):
    n = np.sqrt(np.sum(v**2))
    return t / n - v * np.dot(v, t) / n**3


def gaussian(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def dgaussian(x):
    return -x * gaussian(x)
