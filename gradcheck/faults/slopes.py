"""Slopes of nonlinearities as written by hand: formulas in the output a = sigma(z), used rightly or wrongly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from gradcheck.faults.mlps.delta_recursion import slope
from gradcheck.problem.ops import Array

IN_THE_OUTPUT: Mapping[str, Callable[[Array], Array]] = MappingProxyType(
    {
        "sigmoid": lambda a: a * (1 - a),
        "tanh": lambda a: 1 - a * a,
        "relu": lambda a: np.asarray(a > 0, dtype=a.dtype),
        "softplus": lambda a: 1 - np.exp(-a),
        "exp": lambda a: a,
    }
)
"""sigma' as a function of a, for nonlinearities where that is usual."""


def slope_by(name: str, z: Array, a: Array, *, by_output: bool) -> Array:
    """sigma'(z) of the nonlinearity `name`, of z's shape; with `by_output`, by its formula in the given a."""
    formula = IN_THE_OUTPUT.get(name) if by_output else None
    return slope(name, z) if formula is None else np.asarray(formula(a))


def formula_at_input(name: str, z: Array) -> Array:
    """Mistaken slopes: z (1 - z) for a sigmoid's a (1 - a), 1 - z^2 for a tanh's 1 - a^2; right slopes for others."""
    return np.asarray(IN_THE_OUTPUT[name](z)) if name in ("sigmoid", "tanh") else slope(name, z)
