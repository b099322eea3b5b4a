"""Neighbours of a point: signs, magnitudes, other batches, and the other side of the function's own comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.judge.apparent_structure import form_of, kept
from gradcheck.judge.function_estimates import Evidence
from gradcheck.judge.sample_by_sample import COLUMNS, longer_everywhere, made_of, samples, size_of
from gradcheck.problem.function import Product, laid_out

Array = NDArray[Any]

GROSS = 1e-3
"""Relative error that counts at a point of our choosing, where f may be ill-conditioned or a series cut too early."""
FEW = 3
"""Maximum number of inputs that are also moved one at a time."""
LARGE = 2_000
"""Number of entries above which only the cheapest neighbours are tried."""
SMALL = (0.03, 0.001)
"""Sizes of the numbers that replace zeros."""
MOST_DIFFERENCED = 16
"""Maximum number of entries of an f that cannot be traced, for it to be differenced close by; hundreds of calls."""
FAR_OUT = 16.0
"""Size of an input's numbers from which on numbers of size 1 are tried besides: far out a function may be flat, or as
good as its asymptote."""
CLOSE = 1e-3
"""Distance of a point close by, in root mean squares of each input."""

_HAIR = 2.0**-13
"""Relative distance of a point that a cache keyed by rounded inputs takes for the same."""


@dataclass(frozen=True)
class Neighbour:
    """Another point to ask about.

    Attributes
    ----------
    where: a few words.
    product: the question there.
    gross: relative error that counts without further proof.
    followed: it counts only if f can be followed there from the given point: f may be meant for neither negative nor
        large values. What counts anyway: a batch of another size, a point close by, a point of the domain declared.
    ordinary: its numbers are of ordinary size, and those of the given point are not.
    own_branch: it was chosen across a comparison of the derivative's own code.
    guarded: it lies beyond a guard of f: it counts only where f is the same function there, by another formula.
    blind: f cannot be traced; differences that agree among themselves count in place of a proof.
    fitting: an answer of another shape or dtype says that the derivative is not meant for this neighbour.
    larger: a larger batch; a derivative that is wrong there as well has the length of its batch written into it.
    """

    where: str
    product: Product
    gross: float = GROSS
    followed: bool = False
    ordinary: bool = False
    own_branch: bool = False
    guarded: bool = False
    blind: bool = False
    fitting: bool = False
    larger: Product | None = None


def neighbours(product: Product, evidence: Evidence, random: np.random.Generator) -> Iterator[Neighbour]:
    """Neighbours besides those to which f is followed.

    An f that cannot be traced, or near the point alone, cannot be followed, and is asked about close by alone.
    """
    if not entries(product):
        return
    if evidence.analysis is None or evidence.analysis.near_only:
        blocks = {k: np.asarray(product.inputs[k]) for k in product.function.wrt}
        steps = {k: CLOSE * size_of(b) * random.standard_normal(b.shape) for k, b in blocks.items()}
        close = (laid_out(x, x + steps[k]) if k in steps else x for k, x in enumerate(product.inputs))
        few = evidence.analysis is None and entries(product) <= MOST_DIFFERENCED
        yield Neighbour("a point close by", replace(product, inputs=tuple(close)), blind=few)
    # Code that is not traced may be compiled and trust that its arrays have one length (losses of scikit-learn, whose
    # Cython checks no bounds): arrays of another length ended the process.
    if entries(product) > LARGE or evidence.analysis is None:
        return
    yield from _batch_of_one(product)
    yield from _one_column(product)
    yield from _batch_of_two(product)


def followed(product: Product, random: np.random.Generator) -> Iterator[Neighbour]:
    """Those to which an f that is traced is followed, the most telling first."""
    blocks = {k: np.asarray(product.inputs[k]) for k in product.function.wrt}
    forms = {k: form_of(block) for k, block in blocks.items()}

    def moved(words: str, change: Any, chosen: Sequence[int] = tuple(blocks)) -> Neighbour:
        inputs = list(product.inputs)
        for k in chosen:
            inputs[k] = laid_out(blocks[k], forms[k](change(blocks[k])))
        return Neighbour(words, replace(product, inputs=tuple(inputs)), followed=True)

    yield moved("every sign turned", lambda b: -b)
    yield moved("a random point nearby", lambda b: b + size_of(b) * random.standard_normal(b.shape))
    if any(not b.any() for b in blocks.values()):  # series for small numbers are tried at 0
        for size in SMALL:
            yield moved(
                "a small step from 0", lambda b, size=size: b if b.any() else size * random.choice([-1, 1], b.shape)
            )
    if entries(product) <= LARGE:
        yield moved("values eight times as large", lambda b: 8.0 * b)
        yield moved("values an eighth as large", lambda b: b / 8.0)
        if any(size_of(b) >= FAR_OUT for b in blocks.values()):
            yield replace(moved("values of size 1", lambda b: b / max(1.0, size_of(b))), ordinary=True)
    if 1 < len(blocks) <= FEW and entries(product) <= LARGE:  # a ratio stays as it is where all are turned or grow
        for k in blocks:
            name = product.function.names[k]
            yield moved(f"every sign of {name} turned", lambda b: -b, (k,))
            yield moved(f"values of {name} eight times as large", lambda b: 8.0 * b, (k,))


def at(product: Product, point: Sequence[Array], where: str) -> Neighbour:
    """The neighbour with other values of the differentiated inputs, in the form that they have."""
    inputs = list(product.inputs)
    for k, value in zip(product.function.wrt, point, strict=True):
        block = np.asarray(inputs[k])
        inputs[k] = laid_out(block, kept(block, value))
    return Neighbour(where, replace(product, inputs=tuple(inputs)))


def entries(product: Product) -> int:
    """Entries that are differentiated."""
    return sum(np.size(product.inputs[k]) for k in product.function.wrt)


def repeated_index(product: Product) -> tuple[str, Product] | None:
    """An index taken twice, in the first integer argument whose entries look like indices that merely happen to differ.

    A permutation has to stay one; what increases (pointers into an array, a sorted selection) is distinct on purpose.
    """
    for k, value in enumerate(product.inputs):
        index = np.asarray(value)
        flat = index.ravel()
        if index.dtype.kind not in "iu" or flat.size < 2 or np.any(flat < 0):
            continue
        order = np.sort(flat)
        if np.any(np.diff(order) == 0) or np.array_equal(order, flat) or np.array_equal(order, np.arange(flat.size)):
            continue
        repeated = np.array(index)
        repeated.flat[1] = flat[0]
        inputs = tuple(repeated if j == k else x for j, x in enumerate(product.inputs))
        return product.function.names[k], replace(product, inputs=inputs)
    return None


def hair_away(product: Product) -> Neighbour:
    """A point so near that the derivative has hardly changed, and that it has."""
    inputs = list(product.inputs)
    for k in product.function.wrt:
        x = np.asarray(inputs[k])
        inputs[k] = laid_out(x, kept(x, x * x.dtype.type(1 + _HAIR)))
    where = "a point a hair away, right after this one"
    few = entries(product) <= MOST_DIFFERENCED
    return Neighbour(where, replace(product, inputs=tuple(inputs)), gross=0.0, blind=few)


def _batch_of_one(product: Product) -> Iterator[Neighbour]:
    """The first sample alone, where f treats samples one by one."""
    if found := samples(product):
        one = replace(found.sample(0), cotangents=product.cotangents)
        lengths = [n for x in product.inputs for n in np.shape(x)]
        elsewhere = lengths.count(found.count) > len(found.batches)
        larger = longer_everywhere(product, found.count) if elsewhere else found.with_another(product)
        yield Neighbour("a batch of one", one, larger=larger)


def _one_column(product: Product) -> Iterator[Neighbour]:
    """The first column alone, where f treats columns one by one and their number is the length of another axis, too.

    A derivative that takes the one length for the other is right where they are equal.
    """
    if found := samples(product, COLUMNS):
        one = replace(found.sample(0), cotangents=product.cotangents)
        larger = longer_everywhere(product, found.count)
        yield Neighbour("the first column alone", one, fitting=True, larger=larger)


def _batch_of_two(product: Product) -> Iterator[Neighbour]:
    """A second sample beside a single one, where f treats samples one by one.

    Only if one array alone can be the batch: where two of them have a first axis of length 1, either may be a
    parameter (a bias of shape (1, n)), or both have to grow together (labels).
    """
    single = [k for k, x in enumerate(product.inputs) if np.ndim(x) >= 1 and np.shape(x)[0] == 1]
    if len(single) != 1 or single[0] not in product.function.wrt or product.tangents is not None:
        return
    (k,) = single
    first = np.asarray(product.inputs[k])
    if first.ndim < 2:
        return

    def given(batch: Array) -> Product:
        return replace(product, inputs=tuple(batch if i == k else x for i, x in enumerate(product.inputs)))

    second = np.asarray(first * 1.25, dtype=first.dtype)
    both = given(np.concatenate([first, second]))
    try:
        outputs, _ = both.outputs
    except (Exception, SystemExit):  # f does not take a batch of two
        return
    if made_of(outputs, [given(first), given(second)]):
        yield Neighbour("a batch of two", both, fitting=True)
