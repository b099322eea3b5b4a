"""Batches: whether f treats samples one by one, and the question about one of them alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.problem.function import Product

Array = NDArray[Any]

MOST_SAMPLES = 64
"""Maximum length of a batch for which it is seen whether f treats samples one by one."""
MANY = 4
"""Length above which two samples are looked at before all: a network with 38 hidden units took 8 % less time."""
ROWS, COLUMNS = 0, -1
"""The axis along which samples lie."""
CLOSE = 1e-3
"""Relative distance of other numbers."""


@dataclass(frozen=True)
class Samples:
    """A batch whose samples f treats one by one, as calls of it show.

    Attributes
    ----------
    count: how many samples it has.
    batches: names of the arguments that hold a row per sample, or a column.
    sample: the question about one sample alone, by its number.
    mean: f's value is the mean over the samples; else their sum, or it has one row per sample, or column.
    """

    count: int
    batches: tuple[str, ...]
    sample: Callable[[int], Product]
    mean: bool

    def with_another(self, product: Product) -> Product:
        """The question about a batch with one more sample, the first one again, with other numbers."""

        def longer(x: Any) -> Any:
            first = np.asarray(x)[:1]
            return np.concatenate([x, np.asarray(1.25 * first, first.dtype) if first.dtype.kind in "fc" else first])

        taken = [name in self.batches for name in product.function.names]
        inputs = tuple(longer(x) if batch else x for x, batch in zip(product.inputs, taken, strict=True))
        tangents, cotangents = product.tangents, product.cotangents
        if tangents is not None:
            of = [taken[k] for k in product.function.wrt]
            tangents = tuple(longer(t) if batch else t for t, batch in zip(tangents, of, strict=True))
        if cotangents is not None:
            cotangents = tuple(longer(c) if np.shape(c)[:1] == (self.count,) else c for c in cotangents)
        return replace(product, inputs=inputs, tangents=tangents, cotangents=cotangents)


def samples(product: Product, axis: int = ROWS) -> Samples | None:
    """The batch, where f treats samples one by one. Columns count only where their number is another length as well."""
    shapes = [np.shape(x) for x in product.inputs]
    lengths = {shape[axis] for shape in shapes if len(shape) >= 2 and 1 < shape[axis] <= MOST_SAMPLES}
    for n in sorted(lengths):
        for batches in _batches(shapes, n, axis):
            if axis == COLUMNS and sum(shape.count(n) for shape in shapes) == len(batches):
                continue
            how = _split(product, batches, n, axis)
            if not how or ((axis == COLUMNS or how == "mean") and _spread_over(product, batches, axis)):
                continue
            if _split(_with_other_numbers(product), batches, n, axis) in (how, None):
                names = tuple(product.function.names[k] for k in batches)
                return Samples(n, names, partial(_alone, product, batches, n, axis), how == "mean")
    return None


def _spread_over(product: Product, batches: list[int], axis: int) -> bool:
    """Whether one sample more is no point of f: then one alone is spread over another argument's, which is as long.

    A sum of functions of single arrays is the mean of what it is for those that are spread, and f is meant for neither.
    """

    def longer(x: Any) -> Any:
        return np.concatenate([x, np.take(x, [0], axis)], axis)

    grown = replace(product, inputs=tuple(longer(x) if k in batches else x for k, x in enumerate(product.inputs)))
    try:
        outputs, _ = grown.outputs
    except (Exception, SystemExit):
        return True
    return not all(np.all(np.isfinite(o)) for o in outputs)


def longer_everywhere(product: Product, n: int) -> Product | None:
    """The question with every axis of length `n` longer by one; None where f is not defined there.

    A derivative that takes one of these lengths for another is as right there as it was, and one that has the length
    written into it is wrong.
    """

    def longer(x: Any) -> Any:
        for axis in [k for k, length in enumerate(np.shape(x)) if length == n]:
            first = np.take(x, [0], axis)
            more = np.asarray(1.25 * first, first.dtype) if first.dtype.kind in "fc" else first
            x = np.concatenate([x, more], axis)
        return x

    inputs = tuple(map(longer, product.inputs))
    tangents = None if product.tangents is None else tuple(map(longer, product.tangents))
    cotangents = None if product.cotangents is None else tuple(map(longer, product.cotangents))
    grown = replace(product, inputs=inputs, tangents=tangents, cotangents=cotangents)
    try:
        outputs, _ = grown.outputs
    except (Exception, SystemExit):
        return None
    return grown if all(np.all(np.isfinite(o)) for o in outputs) else None


def _split(product: Product, batches: list[int], n: int, axis: int) -> str | None:
    """How f's outputs are made of those of its `n` samples, as `made_of` says; None where f is not defined."""
    try:
        outputs, _ = product.outputs
    except (Exception, SystemExit):
        return None
    if not all(np.all(np.isfinite(o)) for o in outputs):
        return None
    alone = [_alone(product, batches, n, axis, i) for i in range(n)]
    if n > MANY and not _pairs(_sample(product, slice(0, 2), batches, n, axis), alone[:2], axis):
        return ""
    return made_of(outputs, alone, axis)


def _pairs(two: Product, alone: list[Product], axis: int) -> bool:
    """Whether f treats the first two samples one by one; what it does not do with two, it does not do with all."""
    try:
        outputs, _ = two.run_f()
    except (Exception, SystemExit):
        return False
    return bool(made_of(outputs, alone, axis))


def _with_other_numbers(product: Product) -> Product:
    """Slightly larger numbers, unlike each other: of zeros and ones a sum over rows may be right by chance."""
    random = np.random.default_rng(0)
    inputs = [
        np.asarray(x + CLOSE * size_of(x) * random.uniform(0.5, 1.0, np.shape(x)), np.asarray(x).dtype)
        if np.asarray(x).dtype.kind == "f"
        else x
        for x in product.inputs
    ]
    return replace(product, inputs=tuple(inputs))


def _batches(shapes: list[tuple[int, ...]], n: int, axis: int) -> list[list[int]]:
    """Which arguments may hold the samples: all of that length, or the first alone (weights may be as long)."""
    long = [k for k, shape in enumerate(shapes) if shape and shape[axis] == n]
    return [long, long[:1]] if len(long) > 1 else [long]


def _alone(product: Product, batches: list[int], n: int, axis: int, i: int) -> Product:
    return _sample(product, slice(i, i + 1), batches, n, axis)


def _sample(product: Product, which: slice, batches: list[int], n: int, axis: int) -> Product:
    def one(x: Any) -> Any:
        return x[which] if axis == ROWS else x[..., which]

    inputs = tuple(one(x) if k in batches else x for k, x in enumerate(product.inputs))
    tangents, cotangents = product.tangents, product.cotangents
    if tangents is not None:
        chosen = [k in batches for k in product.function.wrt]
        tangents = tuple(one(t) if c else t for t, c in zip(tangents, chosen, strict=True))
    if cotangents is not None:
        cotangents = tuple(one(c) if np.ndim(c) and np.shape(c)[axis] == n else c for c in cotangents)
    return replace(product, inputs=inputs, tangents=tangents, cotangents=cotangents)


def made_of(outputs: tuple[Array, ...], samples: list[Product], axis: int = ROWS) -> str:
    """How f's outputs are made of those of the samples: "rows", "sum" or "mean"; "" where they are not."""
    try:
        apart = [s.run_f()[0] for s in samples]
    except (Exception, SystemExit):  # f does not take one alone
        return ""
    if not apart or any(len(a) != len(outputs) for a in apart):
        return ""
    how = ""
    for k, whole in enumerate(outputs):
        parts = [a[k] for a in apart]
        if whole.ndim and whole.shape[axis] == len(parts) and {p.shape for p in parts} == {_of_one(whole, axis)}:
            joined = {"rows": np.concatenate(parts, axis)}
        elif not whole.ndim and not any(p.ndim for p in parts):
            joined = {"sum": np.asarray(np.sum(parts)), "mean": np.asarray(np.mean(parts))}
        else:
            return ""
        close = 1e-4 if whole.dtype.itemsize < 8 else 1e-9
        how = next((words for words, j in joined.items() if np.allclose(whole, j, rtol=close)), "")
        if not how:
            return ""
    return how


def _of_one(whole: Array, axis: int) -> tuple[int, ...]:
    shape = list(whole.shape)
    shape[axis] = 1
    return tuple(shape)


def size_of(block: Array) -> float:
    """The root mean square of a block's entries; 1 if all are 0."""
    rms = float(np.sqrt(np.mean(np.square(block, dtype=float)))) if block.size else 0.0
    return rms if rms > 0 else 1.0
