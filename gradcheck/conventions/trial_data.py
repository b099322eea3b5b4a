"""The data that conventions of networks try files with: seeded, all sizes different, values in a comfortable range."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

SAMPLES, INPUTS, HIDDEN, OUTPUTS = 5, 4, (6, 2), 3
"""Sizes of a batch and of layers; all different, so that a shape tells what an axis is."""
IMAGES = 3
"""Size of a batch of images."""
STRENGTH = 0.3
"""Strength of a regularisation that is asked for: large enough to be seen, and unlike 1, 1/2 and 1/n."""


def normal(shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """Normal numbers, none of them closer to 0 than 0.1."""
    drawn = np.random.default_rng([20_261_130, seed]).normal(size=shape)
    return np.asarray(drawn + np.copysign(0.1, drawn))


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Values for parameters: matrices that keep a layer's scale, and positive offsets: few units of relu rest then."""
    return {name: _parameter(shape, 100 + k) for k, (name, shape) in enumerate(shapes.items())}


def _parameter(shape: tuple[int, ...], seed: int) -> Any:
    drawn = normal(shape, seed)
    is_matrix = len(shape) > 1 and min(shape) > 1
    return drawn / np.sqrt(max(shape)) if is_matrix else np.abs(drawn) / 2


def labels(samples: int, classes: int) -> np.ndarray[Any, Any]:
    """Class numbers; each class occurs if there are enough samples, and they are in no order."""
    return np.array([(2 * k + k // classes) % classes for k in range(samples)])


def one_hot(samples: int, classes: int) -> np.ndarray[Any, Any]:
    """The same labels as rows of zeros and a one."""
    return np.asarray(np.eye(classes)[labels(samples, classes)])


def targets(shape: tuple[int, ...]) -> Iterator[tuple[str, Any]]:
    """What a network with outputs of this shape may be trained towards, by what it is: class numbers first."""
    if len(shape) == 1:
        yield "zeros and ones", labels(shape[0], 2).astype(float)
        return
    rows, columns = shape[-2:]
    if columns > 1:
        yield "class numbers", labels(rows, columns)
        yield "one-hot rows", one_hot(rows, columns)
    if rows > 1:
        yield "one-hot columns", one_hot(columns, rows).T
        yield "class numbers by column", labels(columns, rows)
    if columns == 1:
        yield "a column of zeros and ones", labels(rows, 2).astype(float)[:, None]
        yield "zeros and ones", labels(rows, 2)
    if rows == 1:
        yield "a row of zeros and ones", labels(columns, 2).astype(float)[None, :]


def finite(values: Iterable[Any]) -> bool:
    """Whether all are numbers or arrays of finite floats."""
    try:
        return all(np.all(np.isfinite(np.asarray(value, dtype=float))) for value in values)
    except (TypeError, ValueError):
        return False
