"""Questions with another cotangent or another tangent: ones, squared, summed up, transposed, one slice alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.other_question import Change, Gradients, Otherwise, given_weights, to_length_one
from gradcheck.problem.function import Product

Array = NDArray[Any]

MOST_SLICES = 6
"""Maximum length of an axis of which every slice is tried alone; of a longer one the first and the last are."""


def other_weights(product: Product, name: str, block: str, truths: Gradients) -> Iterator[Otherwise]:
    """Questions with another cotangent (or tangent), which is called `name`, to which the answer may be right."""
    given = product.cotangents if product.tangents is None else product.tangents
    assert given is not None

    def ask(change: Callable[[Array], Array]) -> Change:
        return lambda p, _: _weighed(p, [change(np.asarray(w, dtype=float)) for w in given_weights(p)])

    def only(k: int) -> Change:
        return lambda p, _: _weighed(p, [np.zeros_like(w) if i == k else w for i, w in enumerate(given_weights(p))])

    if len(given) > 1:
        for k, w in enumerate(given):
            if np.any(w):
                kind = Mistake.COTANGENT_IGNORED if product.tangents is None else Mistake.DROPPED
                whose = f"output {k}" if product.tangents is None else product.function.names[product.function.wrt[k]]
                yield Otherwise(kind, f"is right but for the {name} of {whose}, which is not used", only(k))
    if product.tangents is None and len(given) == 1 and block in truths and _is_sum(truths[block], given[0]):
        words = "is the one for the cotangent with its axes exchanged: the wrong axis is summed over"
        yield Otherwise(Mistake.BROADCAST, words, ask(_turned))
    for mistake, words, change in _changes(name):
        yield Otherwise(mistake, words, ask(change), vague="clipped" in words or "length 1" in words)
    for axis in range(max(w.ndim for w in given)):
        stretched = block in truths and _stretched(truths[block].shape, axis, given)
        yield from _slices(given, axis, name, ask, Mistake.BROADCAST if stretched else Mistake.DROPPED)


def _changes(name: str) -> Iterator[tuple[Mistake, str, Callable[[Array], Array]]]:
    ignored, twice = Mistake.COTANGENT_IGNORED, Mistake.COTANGENT_TWICE
    yield ignored, f"is the one for a {name} of ones: the {name} is not used", np.ones_like
    yield twice, f"is the one for the {name} squared: the {name} is used twice", np.square
    yield ignored, f"uses only the sum of the {name}, in every place", lambda w: np.full_like(w, np.sum(w))
    yield ignored, f"uses only the mean of the {name}, in every place", lambda w: np.full_like(w, np.mean(w))
    yield (
        ignored,
        f"uses only the first entry of the {name}, in every place",
        lambda w: np.full_like(w, w.ravel()[0] if w.size else 0.0),
    )
    yield ignored, f"uses only the sign of the {name}", np.sign
    yield ignored, f"uses only the size of the {name}, not its sign", np.abs
    yield ignored, f"is the one for the {name} scaled to length 1: how long it is plays no part", to_length_one
    yield Mistake.GUARD, f"is the one for the {name} clipped to [-1, 1]", lambda w: np.clip(w, -1, 1)
    yield (
        Mistake.PRODUCT_TRANSPOSED,
        f"is the one for the {name} transposed",
        _turned,
    )
    yield Mistake.PERMUTED, f"is the one for the {name} in reverse order", lambda w: np.flip(w)
    yield (
        Mistake.PERMUTED,
        f"is the one for the {name} read column by column",
        lambda w: w.ravel(order="F").reshape(w.shape),
    )
    yield (
        Mistake.PERMUTED,
        f"is the one for the {name} written column by column",
        lambda w: w.ravel().reshape(w.shape, order="F"),
    )


def _slices(
    given: Sequence[Array], axis: int, name: str, ask: Callable[[Callable[[Array], Array]], Change], kind: Mistake
) -> Iterator[Otherwise]:
    """One slice of every cotangent alone, as it is and times the number of slices."""
    lengths = {w.shape[axis] for w in given if w.ndim > axis}
    if len(lengths) != 1 or (n := lengths.pop()) < 2:
        return
    kind = Mistake.FIRST_SAMPLE if axis == 0 else kind
    for k in range(n) if n <= MOST_SLICES else (0, n - 1):
        which = {0: "the first", n - 1: "the last"}.get(k, f"number {k}")
        slices = "row" if axis == 0 else "column" if axis == 1 else f"slice along axis {axis}"
        what = f"of the {slices}s of the {name}" if max(w.ndim for w in given) > 1 else f"of the {name}'s entries"

        def alone(w: Array, k: int = k) -> Array:
            kept = np.zeros_like(w)
            at = (slice(None),) * axis + (k,)
            if w.ndim > axis:
                kept[at] = w[at]
            return kept

        words = f"uses {which} {what} alone, instead of summing over all {n}"
        yield Otherwise(kind, words, ask(alone), sums=max(w.ndim for w in given) == 1)
        yield Otherwise(kind, f"is {n} times what {which} {what} alone gives", ask(alone), factor=float(n))


def _is_sum(truth: Array, cotangent: Array) -> bool:
    """Whether the truth is the cotangent summed over an axis: what undoes broadcasting."""
    sums = (np.sum(cotangent, axis, dtype=float) for axis in range(cotangent.ndim))
    return any(s.size == truth.size and np.allclose(s.ravel(), truth.ravel()) for s in sums)


def _stretched(shape: tuple[int, ...], axis: int, given: Sequence[Array]) -> bool:
    """Whether broadcasting stretches a block of a shape along an axis of the outputs."""
    for w in given:
        padded = (1,) * (w.ndim - len(shape)) + shape
        fits = len(padded) == w.ndim and all(a in (1, b) for a, b in zip(padded, w.shape, strict=True))
        if not fits or axis >= w.ndim or padded[axis] != 1:
            return False
    return True


def _weighed(product: Product, weights: Sequence[Array]) -> Product | None:
    before = given_weights(product)
    if any(w.shape != b.shape for w, b in zip(weights, before, strict=True)):
        return None
    if all(np.array_equal(w, b) for w, b in zip(weights, before, strict=True)):
        return None
    return product.weighed([np.asarray(w, dtype=b.dtype) for w, b in zip(weights, before, strict=True)])


def _turned(w: Array) -> Array:
    return np.swapaxes(w, -1, -2) if w.ndim >= 2 and w.shape[-1] == w.shape[-2] else w
