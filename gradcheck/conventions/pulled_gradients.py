"""Reverse mode that is pulled: the loss gets its seed, `z.grad_value = 1.0`, and `x.grad()` asks its children."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.conventions.held_numbers import plain, seed_name
from gradcheck.conventions.offer import required_arguments

PULLS = ("grad", "gradient", "get_grad", "get_gradient", "derivative", "deriv", "partial", "adjoint", "compute_grad")
"""Names of the method of a leaf, without arguments, that returns its gradient."""
VALUES = (1.5, 2.75)
"""Values of the two operands of the trial."""


def pulls(
    kind: type, make: Callable[[Any], Any], sample: Callable[[float], Any], ends: Callable[[Any], Any]
) -> tuple[str, str] | None:
    """The method of a leaf that gives its gradient, and the attribute that holds the seed; None for other classes.

    It is known by repeated calls: twice the seed doubles what the method gives. The seed is "" where there is none, as
    whatever nobody uses counts as the loss: then the method gives a fresh leaf something else.
    """
    for name in PULLS:
        method = getattr(kind, name, None)
        if not callable(method) or len(required_arguments(method) or ()) != 1:
            continue
        for form in (operator.mul, operator.add):
            try:
                (once, place), (twice, _) = (_asked(name, seed, form, make, sample, ends) for seed in (1.0, 2.0))
            except Exception:  # a foreign class without this operator, or whose method does something else
                continue
            if np.shape(once) != np.shape(sample(VALUES[0])) or not np.any(once):
                continue
            if np.array_equal(2 * once, twice) if place else _is_known_by_use(name, once, make, sample):
                return name, place
    return None


def _is_known_by_use(name: str, used: Any, make: Callable[[Any], Any], sample: Callable[[float], Any]) -> bool:
    """Whether a leaf that nothing was made of gives something else."""
    try:
        return not np.array_equal(np.array(plain(getattr(make(sample(VALUES[0])), name)()), dtype=float), used)
    except Exception:  # a fresh leaf may refuse
        return True


def _asked(
    name: str,
    seed: float,
    form: Callable[[Any, Any], Any],
    make: Callable[[Any], Any],
    sample: Callable[[float], Any],
    ends: Callable[[Any], Any],
) -> tuple[Any, str]:
    """What a leaf's method gives where the loss has this seed, and the attribute that holds the seed."""
    a, b = (make(sample(value)) for value in VALUES)
    root = ends(form(a, b))
    place = seed_name(root)
    if place:
        old = getattr(root, place)
        setattr(root, place, np.full_like(old, seed) if isinstance(old, np.ndarray) else seed)
    return np.array(plain(getattr(a, name)()), dtype=float), place


def no_sweep(root: Any) -> None:
    """Nothing: gradients come when they are asked for."""
