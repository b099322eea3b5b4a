"""Wrong derivatives that no single mistake explains, beside those of `named_functions` that one does."""

from collections.abc import Callable
from typing import Any

import numpy as np
from named_functions import (  # found beside this file by whoever loads it by its path
    B,
    V,
    W,
    X,
    Y,
    energy,
    energy_gradient,
    gated,
    gated_vjp,
    network,
    network_vjp,
    softmax,
)


def _moved_a_little(c: Any, *p: Any) -> Any:
    parts = list(network_vjp(c, *p))
    parts[1] = parts[1] + 1e-3 * np.cos(np.arange(parts[1].size)).reshape(parts[1].shape) * np.sum(c * c)
    return tuple(parts)


def _two_mistakes(c: Any, *p: Any) -> Any:
    return network_vjp(c, *p, slope=lambda h, z: (1 - h * h) * 1.3 + 0.1 * z, bias=np.mean)


def _at_this_point_alone(y: Any) -> Any:
    return energy_gradient(y, potential=0.0 if np.array_equal(y, Y) else 1.0)


def _no_textbook_slope(c: Any, *p: Any) -> Any:
    return network_vjp(c, *p, slope=lambda h, z: 1 / (1 + np.abs(z)) ** 2)


def _factors_that_differ(y: Any) -> Any:
    return energy_gradient(y, kinetic=1.2, potential=0.37)


def _factor_of_the_point(y: Any) -> Any:
    return energy_gradient(y, potential=float(np.tanh(0.1 * np.sum(y))))


NOT_TO_BE_NAMED: dict[str, tuple[str, Callable[..., Any], Callable[..., Any], tuple[Any, ...]]] = {
    "entries moved by nothing in particular": ("vjp", network, _moved_a_little, (X, W, B, V)),
    "two mistakes at once": ("vjp", network, _two_mistakes, (X, W, B, V)),
    "a path dropped at the point given alone": ("gradient", energy, _at_this_point_alone, (Y,)),
    "a slope of no textbook": ("vjp", network, _no_textbook_slope, (X, W, B, V)),
    "two paths with two factors": ("gradient", energy, _factors_that_differ, (Y,)),
    "a factor that depends on the point": ("gradient", energy, _factor_of_the_point, (Y,)),
    "the softmax's neighbour": ("vjp", softmax, lambda c, x: c * softmax(x) ** 1.01, (X,)),
    "a slope between two": (
        "vjp",
        gated,
        lambda c, *p: gated_vjp(c, *p, lambda g, z: 0.5 * g * (1 - g) + 0.5 * (1 - g * g)),
        (X, W),
    ),
}
"""Wrong derivatives that no single mistake explains."""
