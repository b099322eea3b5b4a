"""Declared structure: only changes of an input that keep it symmetric, triangular or on the simplex count.

A gradient with respect to such an input is only determined up to what those changes cannot see; answer and truth are
compared after the same orthogonal projection onto them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem
from gradcheck.verdict.compare import Truth

Array = NDArray[Any]
Projection = Callable[[Array], Array]


def projections(
    structure: Mapping[int | str, str], inputs: Sequence[Any], names: Sequence[str], wrt: Sequence[int]
) -> dict[str, Projection]:
    """A projection per block that has a declared structure.

    Raises InvalidProblem for an unknown input or structure, or an input that does not have the structure declared.
    """
    found: dict[str, Projection] = {}
    for key, kind in structure.items():
        at = names.index(key) if key in names else key
        if not isinstance(at, int) or not 0 <= at < len(inputs):
            raise InvalidProblem(
                f"structure names an input by position or name, got {key!r}; inputs are {', '.join(names)}"
            )
        if at not in wrt:
            continue
        value = np.asarray(inputs[at])
        if not isinstance(kind, str) or kind not in _KINDS:
            raise InvalidProblem(
                f"structure must be one of {', '.join(_KINDS)}, got {kind!r}", where=f"input {names[at]!r}"
            )
        found[names[at]] = _KINDS[kind](value, f"input {names[at]!r}")
    return found


def project(truth: Truth, allowance: Array, projection: Projection) -> tuple[Truth, Array]:
    """Truth and allowance after a projection."""
    middle, radius = projection(truth.middle), truth.radius
    widest = _bound(np.where(np.isfinite(radius), radius, 0.0))
    limit = _bound(allowance)
    known = np.full(radius.shape, bool(np.all(np.isfinite(radius))))
    lower = np.where(known, middle - widest, -np.inf)
    upper = np.where(known, middle + widest, np.inf)
    return Truth(lower, upper, truth.proven, truth.disputed, truth.discarded, truth.oracles), limit


def _bound(error: Array) -> Array:
    """A bound on |P e| for |e| <= error: none of these projections more than doubles the largest entry."""
    return np.full(error.shape, 2 * float(np.max(error, initial=0.0)))


def _symmetric(value: Array, where: str) -> Projection:
    _square(value, where)
    if not np.allclose(value, np.swapaxes(value, -1, -2), rtol=1e-3 if value.dtype.itemsize < 8 else 1e-8):
        raise InvalidProblem("declared symmetric, but the value given is not", where=where)
    return lambda g: (g + np.swapaxes(g, -1, -2)) / 2


def _triangular(value: Array, where: str) -> Projection:
    _square(value, where)
    if np.array_equal(value, np.tril(value)):
        return np.tril
    if np.array_equal(value, np.triu(value)):
        return np.triu
    raise InvalidProblem("declared triangular, but the value given is neither lower nor upper triangular", where=where)


def _simplex(value: Array, where: str) -> Projection:
    if not value.ndim or np.any(value < 0) or not np.allclose(value.sum(axis=-1), 1.0, rtol=1e-3):
        raise InvalidProblem("declared a simplex: entries >= 0 that add up to 1 along the last axis", where=where)
    return lambda g: g - np.mean(g, axis=-1, keepdims=True)


def _square(value: Array, where: str) -> None:
    if value.ndim < 2 or value.shape[-1] != value.shape[-2]:
        raise InvalidProblem(f"declared a square matrix, but the value given has shape {value.shape}", where=where)


_KINDS: dict[str, Callable[[Array, str], Projection]] = {
    "symmetric": _symmetric,
    "triangular": _triangular,
    "simplex": _simplex,
}
