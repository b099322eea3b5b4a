"""Functions and slopes that stay accurate where the textbook formula overflows or cancels.

`1 / (1 + exp(-x))` overflows at x = -800, and its derivative written as `y * (1 - y)` is 0 at x = 40, where the
truth is 4e-18. Each formula here is the textbook one, rearranged so that no exponential exceeds 1 and no two nearly
equal numbers are subtracted: the *relative* error stays at a few units roundoff wherever the result does not
underflow. (Confession: `gelu_slope` crosses 0 near x = -0.75, and close to a zero only the absolute error is small;
far out, exp(-x^2 / 2) magnifies the rounding of x^2.)

All functions work entry by entry (arrays of any shape, or NumPy scalars) and keep the dtype of their argument.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.problem.ops import Array


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), with e = exp(-|x|) <= 1: the numerator is 1 on the right, e on the left."""
    e = np.exp(-np.abs(x))
    return np.asanyarray(np.where(x >= 0, np.ones_like(e), e) / (1.0 + e))


def sigmoid_slope(x: Array) -> Array:
    """sigma'(x) = sigma(x) sigma(-x) = e / (1 + e)^2 (S1's sigma'), even in x and without `1 - sigma(x)`."""
    e = np.exp(-np.abs(x))
    return np.asanyarray(e / np.square(1.0 + e))


def softplus(x: Array) -> Array:
    """log(1 + e^x) = max(x, 0) + log(1 + exp(-|x|))."""
    return np.asanyarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def tanh_slope(x: Array) -> Array:
    """tanh'(x) = 1 / cosh(x)^2 = 4 q / (1 + q)^2 with q = exp(-2|x|); `1 - tanh(x)^2` is 0 from x = 19 on."""
    q = np.exp(-2.0 * np.abs(x))
    return np.asanyarray(4.0 * q / np.square(1.0 + q))


def normal_cdf(x: Array) -> Array:
    """Phi(x) = erfc(-x / sqrt 2) / 2; `(1 + erf(x / sqrt 2)) / 2` would cancel for x < 0."""
    from scipy.special import erfc  # imported late: loading it takes longer than differentiating most graphs

    probability: Array = 0.5 * erfc(-x / np.sqrt(2.0).astype(x.dtype))
    return probability.astype(x.dtype)  # erfc has no float16


def gelu(x: Array) -> Array:
    """x Phi(x) (Hendrycks and Gimpel, 2016)."""
    return np.asanyarray(x * normal_cdf(x))


def gelu_slope(x: Array) -> Array:
    """Phi(x) + x phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi) the normal density."""
    density = np.exp(-0.5 * np.square(x)) / np.sqrt(2.0 * np.pi).astype(x.dtype)
    return np.asanyarray(normal_cdf(x) + x * density)


def exponentials(x: Array, axis: Any) -> tuple[Array, Array, Array]:
    """What every softmax-like function is made of: `(m, e, rest)`.

    m = max(x) along `axis`, e = exp(x - m) <= 1, and rest = sum(e) - 1, the sum without one largest term, found
    without cancellation: the terms below 1, plus the number of terms equal to 1, less one. So
    sum(exp x) = exp(m) (1 + rest), and its logarithm m + log1p(rest) is accurate even where one entry dwarfs the rest.

    m and rest keep the reduced axes with length 1; e has the shape of x.
    """
    m = np.max(x, axis=axis, keepdims=True)
    e = np.exp(x - m)
    top = e == 1.0
    below = np.sum(np.where(top, np.zeros_like(e), e), axis=axis, keepdims=True)
    return m, e, np.asanyarray(below + (np.sum(top, axis=axis, keepdims=True, dtype=x.dtype) - 1.0))


def softmax(x: Array, axis: Any) -> Array:
    """y_k = e^x_k / sum_l e^x_l (S1)."""
    _, e, rest = exponentials(x, axis)
    return np.asanyarray(e / (1.0 + rest))


def softmax_and_complement(x: Array, axis: Any) -> tuple[Array, Array]:
    """`(y, 1 - y)` for y = softmax(x), the second as the sum of the other classes' terms, free of cancellation."""
    _, e, rest = exponentials(x, axis)
    total = 1.0 + rest
    others = np.where(e == 1.0, rest, total - e)
    return np.asanyarray(e / total), np.asanyarray(others / total)


def log_softmax(x: Array, axis: Any) -> Array:
    """x_k - log sum_l e^x_l."""
    m, _, rest = exponentials(x, axis)
    return np.asanyarray((x - m) - np.log1p(rest))


def logsumexp(x: Array, axis: Any, keepdims: bool) -> Array:
    """log sum_l e^x_l over `axis` (None: all)."""
    m, _, rest = exponentials(x, axis)
    total = m + np.log1p(rest)
    return np.asanyarray(total if keepdims else np.squeeze(total, axis=axis))
