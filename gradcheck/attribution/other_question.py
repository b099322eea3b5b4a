"""A question made from another one, to which an answer may be the right one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.problem.function import Product

Array = NDArray[Any]
Gradients = Mapping[str, Array]
Change = Callable[[Product, Gradients], Product | None]


@dataclass(frozen=True)
class Otherwise:
    """A question made from another one.

    Attributes
    ----------
    mistake: the kind of mistake of an answer that is right for it.
    words: a clause about the gradient.
    change: makes it from the question that was asked and the right gradients there; None where it cannot be.
    fine: it differs so little from the one asked that differences of f cannot tell them apart.
    factor: what the right answer to it is multiplied by.
    controls: further questions of the kind; where the answer is right for one of them, too, it tells nothing that it is
        right for this one.
    vague: what was done is no mistake of a known kind; it is said, and has none.
    nudge: a question hardly changed; where its right answer is the same, it depends on nothing that is changed here.
    sums: it says that something is not added up; where all wrong entries are 0 and the others right, nothing was.
    """

    mistake: Mistake
    words: str
    change: Change
    fine: bool = False
    factor: float = 1.0
    controls: Sequence[Change] = ()
    nudge: Change | None = None
    vague: bool = False
    sums: bool = False


def given_weights(product: Product) -> Sequence[Array]:
    """The cotangents or the tangents of a question."""
    given = product.cotangents if product.tangents is None else product.tangents
    assert given is not None
    return given


def to_length_one(w: Array) -> Array:
    """An array over its Euclidean length; zeros stay zero."""
    length = float(np.linalg.norm(w.ravel()))
    return w / length if length else w
