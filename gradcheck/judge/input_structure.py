"""Declared structure: only changes of an input that keep it symmetric, orthogonal, of length 1 ... count.

A gradient with respect to such an input is only determined up to what those changes cannot see; answer and truth are
compared after the same orthogonal projection onto them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, shown
from gradcheck.problem.function import input_position
from gradcheck.verdict.compare import Truth

Array = NDArray[Any]


@dataclass(frozen=True)
class Projection:
    """The orthogonal projection onto the changes that keep a structure.

    Attributes
    ----------
    apply: the projection of an array.
    growth: the most by which it can enlarge the largest entry of an array.
    """

    apply: Callable[[Array], Array]
    growth: float = 2.0

    def __call__(self, array: Array) -> Array:
        """The projection of an array."""
        return self.apply(array)


def projections(
    structure: Mapping[int | str, str], inputs: Sequence[Any], names: Sequence[str], wrt: Sequence[int]
) -> dict[str, Projection]:
    """A projection per block that has a declared structure.

    Raises InvalidProblem for an unknown input or structure, or an input that does not have the structure declared.
    """
    found: dict[str, Projection] = {}
    for key, kind in structure.items():
        at = input_position(key, names)
        if at is None:
            raise InvalidProblem(
                f"structure names an input by position or name, got {shown(key)}; inputs are {', '.join(names)}"
            )
        if at not in wrt:
            continue
        value = np.asarray(inputs[at])
        if not isinstance(kind, str) or kind not in _KINDS:
            raise InvalidProblem(
                f"structure must be one of {', '.join(_KINDS)}, got {shown(kind)}", where=f"input {names[at]!r}"
            )
        found[names[at]] = _KINDS[kind](value, f"input {names[at]!r}")
    return found


def project(truth: Truth, allowance: Array, projection: Projection) -> tuple[Truth, Array]:
    """Truth and allowance after a projection."""
    middle, radius = projection(truth.middle), truth.radius
    widest = _bound(np.where(np.isfinite(radius), radius, 0.0), projection)
    limit = _bound(allowance, projection)
    known = np.full(radius.shape, bool(np.all(np.isfinite(radius))))
    lower = np.where(known, middle - widest, -np.inf)
    upper = np.where(known, middle + widest, np.inf)
    return Truth(lower, upper, truth.proven, truth.disputed, truth.discarded, truth.oracles), limit


def _bound(error: Array, projection: Projection) -> Array:
    """A bound on |P e| for |e| <= error."""
    return np.full(error.shape, projection.growth * float(np.max(error, initial=0.0)))


def _symmetric(value: Array, where: str) -> Projection:
    _square(value, where)
    if not np.allclose(value, np.swapaxes(value, -1, -2), rtol=_near(value)):
        raise InvalidProblem("declared symmetric, but the value given is not", where=where)
    return Projection(lambda g: (g + np.swapaxes(g, -1, -2)) / 2)


def _positive_definite(value: Array, where: str) -> Projection:
    projection = _symmetric(value, where)
    if not np.all(np.linalg.eigvalsh(value.astype(float)) > 0):
        raise InvalidProblem("declared positive definite, but the value given has an eigenvalue <= 0", where=where)
    return projection


def _skew(value: Array, where: str) -> Projection:
    _square(value, where)
    if not np.allclose(value, -np.swapaxes(value, -1, -2), rtol=_near(value), atol=0.0):
        raise InvalidProblem("declared skew (A^T = -A), but the value given is not", where=where)
    return Projection(lambda g: (g - np.swapaxes(g, -1, -2)) / 2)


def _lower(value: Array, where: str) -> Projection:
    _square(value, where)
    if not np.array_equal(value, np.tril(value)):
        raise InvalidProblem("declared lower triangular, but entries above the diagonal are not 0", where=where)
    return Projection(np.tril)


def _upper(value: Array, where: str) -> Projection:
    _square(value, where)
    if not np.array_equal(value, np.triu(value)):
        raise InvalidProblem("declared upper triangular, but entries below the diagonal are not 0", where=where)
    return Projection(np.triu)


def _triangular(value: Array, where: str) -> Projection:
    _square(value, where)
    if np.array_equal(value, np.tril(value)):
        return Projection(np.tril)
    if np.array_equal(value, np.triu(value)):
        return Projection(np.triu)
    raise InvalidProblem("declared triangular, but the value given is neither lower nor upper triangular", where=where)


def _simplex(value: Array, where: str) -> Projection:
    if not value.ndim or np.any(value < 0) or not np.allclose(value.sum(axis=-1), 1.0, rtol=1e-3):
        raise InvalidProblem("declared a simplex: entries >= 0 that add up to 1 along the last axis", where=where)
    return Projection(lambda g: g - np.mean(g, axis=-1, keepdims=True))


def _unit(value: Array, where: str) -> Projection:
    """The tangent space of the sphere: g - x (x . g), along the last axis."""
    x = value.astype(float)
    if not value.ndim or not np.allclose(np.linalg.norm(x, axis=-1), 1.0, rtol=_near(value)):
        raise InvalidProblem("declared of unit length along the last axis, but the value given is not", where=where)
    x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    return Projection(lambda g: g - x * np.sum(x * g, axis=-1, keepdims=True), 1.0 + value.shape[-1])


def _orthogonal(value: Array, where: str) -> Projection:
    """The tangent space of the matrices with Q^T Q = 1: G - Q (Q^T G + G^T Q) / 2 (Edelman, Arias, Smith 1998)."""
    if value.ndim < 2:
        raise InvalidProblem(f"declared orthogonal, but the value given has shape {value.shape}", where=where)
    q = value.astype(float)
    turned = np.swapaxes(q, -1, -2)
    if not np.allclose(turned @ q, np.eye(q.shape[-1]), atol=_near(value)):
        raise InvalidProblem("declared orthogonal (Q^T Q = 1), but the value given is not", where=where)

    def tangent(g: Array) -> Array:
        inner = turned @ g
        return np.asarray(g - q @ (inner + np.swapaxes(inner, -1, -2)) / 2)

    return Projection(tangent, 1.0 + float(q.shape[-1] * q.shape[-2]))


def _near(value: Array) -> float:
    """Relative tolerance within which a value has the structure that is declared."""
    return 1e-3 if value.dtype.itemsize < 8 else 1e-8


def _square(value: Array, where: str) -> None:
    if value.ndim < 2 or value.shape[-1] != value.shape[-2]:
        raise InvalidProblem(f"declared a square matrix, but the value given has shape {value.shape}", where=where)


_KINDS: dict[str, Callable[[Array, str], Projection]] = {
    "symmetric": _symmetric,
    "positive-definite": _positive_definite,
    "skew": _skew,
    "triangular": _triangular,
    "lower-triangular": _lower,
    "upper-triangular": _upper,
    "orthogonal": _orthogonal,
    "unit": _unit,
    "simplex": _simplex,
}
