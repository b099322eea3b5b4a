"""What an input looks like: f may be meant for symmetric matrices, rotations, unit vectors or probabilities alone.

A point moved elsewhere keeps the form of the given one. Only values that are unlikely to have it by accident count:
vectors of zeros and ones have length one without being directions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ROUNDINGS = 64.0
"""Maximum distance of a length or a sum from 1, in units of roundoff."""


def kept(block: Array, moved: Array) -> Array:
    """`moved` in the form that `block` has, of the same shape."""
    return form_of(block)(moved)


def form_of(block: Array) -> Callable[[Array], Array]:
    """What brings another array of the same shape into the form that `block` has."""
    if block.ndim == 2 and block.shape[0] == block.shape[1] > 1:
        if np.array_equal(block, block.T):
            return partial(_symmetric, block)
        if _orthogonal(block):
            return _rotated
        for part in (np.tril, np.triu):
            if np.array_equal(block, part(block)) and np.any(block != np.diag(np.diag(block))):
                return part
    if block.ndim == 0 or block.shape[-1] < 2 or not block.size or _trivial(block):
        return np.asarray
    if not _typed(block) and _ones(block, np.linalg.norm(block.astype(float), axis=-1)):
        return _normed
    if np.all(block >= 0) and _ones(block, np.sum(block, axis=-1, dtype=float)):
        return _shares
    return np.asarray


def _rotated(moved: Array) -> Array:
    left, _, right = np.linalg.svd(moved.astype(float))
    return np.asarray(left @ right)


def _normed(moved: Array) -> Array:
    length = np.linalg.norm(moved.astype(float), axis=-1, keepdims=True)
    return np.asarray(moved / np.where(length > 0, length, 1.0))


def _shares(moved: Array) -> Array:
    size = np.abs(moved)
    return np.asarray(size / np.sum(size, axis=-1, keepdims=True))


def _symmetric(block: Array, moved: Array) -> Array:
    """A symmetric matrix; a positive definite one if the block is."""
    symmetric = (moved + moved.T) / 2
    if np.all(np.linalg.eigvalsh(block.astype(float)) > 0):
        values, vectors = np.linalg.eigh(symmetric.astype(float))
        floor = 0.1 * float(np.max(np.abs(values)))
        return np.asarray((vectors * np.maximum(np.abs(values), floor)) @ vectors.T)
    return symmetric


def _orthogonal(block: Array) -> bool:
    square = block.astype(float)
    off = np.abs(square.T @ square - np.eye(len(square)))
    return not _trivial(block) and bool(np.all(off <= _slack(block)))


def _ones(block: Array, numbers: Array) -> bool:
    return bool(np.all(np.abs(numbers - 1.0) <= _slack(block)))


def _slack(block: Array) -> float:
    return ROUNDINGS * float(np.finfo(block.dtype).eps) / 2


def _typed(block: Array) -> bool:
    """Whether all entries have few digits, as people type them: [0.6, 0.8] has length one by accident."""
    scaled = block.astype(float) * 1e4
    return bool(np.all(np.abs(scaled - np.round(scaled)) <= 1e-8 * np.maximum(np.abs(scaled), 1.0)))


def _trivial(block: Array) -> bool:
    return bool(np.all((block == 0) | (np.abs(block) == 1)))
