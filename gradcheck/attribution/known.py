"""What a block of an answer may be related to at one point, and the relations that are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]

NUMBER = "#"
"""Where a relation's number stands in its words."""
NOTHING = "is zero throughout: nothing arrives here"
"""The words for a block that is zero."""
CANCELLED = "is zero throughout but for rounding: nothing arrives here, or all of it cancels"
"""The words for a block of rounding errors."""
FIXED = "is 1 whatever the inputs are"
"""The words for the gradient of a number that is 1, beside others that are right or wrong by their own."""
FEWEST = 3
"""Minimum number of entries, different from 0, on which anything but a usual factor may rest."""

WEAK = {Mistake.PLACES, Mistake.BRANCH, Mistake.LOSS_TERM, Mistake.CONSTANT, Mistake.BROADCAST, Mistake.ZERO}
"""Kinds whose relations tell how the numbers differ rather than what was done."""


@dataclass(frozen=True)
class Relation:
    """A relation between an answer and the truth.

    Attributes
    ----------
    mistake: its kind.
    words: a clause about the gradient, with NUMBER where its number stands.
    number: the number that was measured; None where there is none.
    slack: how far it may be off by rounding.
    by_values: it says where the arguments of f have a property; it has to hold where they are shuffled, too.
    other: the block whose derivative stands here.
    vague: it says where the answer is wrong and nothing of what was done.
    """

    mistake: Mistake
    words: str
    number: float | None = None
    slack: float = 0.0
    by_values: bool = False
    other: str = ""
    vague: bool = False

    @property
    def weak(self) -> bool:
        """Whether it tells how the numbers differ rather than what was done: anything more telling comes before it."""
        return self.mistake in WEAK and self.words not in (NOTHING, CANCELLED, FIXED)

    @property
    def clause(self) -> str:
        """The clause with its number."""
        return self.words if self.number is None else self.words.replace(NUMBER, shown_number(self.number))

    def same(self, other: Relation) -> bool:
        """Whether it is the relation that was found at another point, too."""
        if self.mistake is not other.mistake or self.words != other.words:
            return False
        if self.number is None or other.number is None:
            return self.number is other.number
        return abs(self.number - other.number) <= self.slack + other.slack


@dataclass(frozen=True)
class Known:
    """What the answer for one block may be related to, at one point.

    Attributes
    ----------
    block: its name.
    inputs: f's arguments by name, those that are arrays or numbers; float64, or integers.
    lengths: numbers that a sum or a mean may have brought in, each with words that say where they come from.
    others: right derivatives of the other blocks.
    weights: cotangents or tangents, by what a sentence calls them.
    outputs: f's values, by what a sentence calls them.
    grown: the length of a batch that has one sample at the point given, where the answer is right; 0 if none is.
    constant: where f multiplies or divides by a number, as "a constant on line 12 of f"; "" if it does not.
    """

    block: str = ""
    inputs: Mapping[str, Array] = field(default_factory=dict)
    lengths: Mapping[int, str] = field(default_factory=dict)
    others: Mapping[str, Array] = field(default_factory=dict)
    weights: Mapping[str, Array] = field(default_factory=dict)
    outputs: Mapping[str, Array] = field(default_factory=dict)
    constant: Callable[[float], str] = lambda number: ""
    grown: int = 0

    @property
    def given(self) -> Array | None:
        """The input that the block is the gradient of; None for a block of outputs."""
        return self.inputs.get(self.block)

    def scalars(self) -> Iterator[tuple[str, float]]:
        """The arguments that are one number."""
        for name, value in self.inputs.items():
            if value.size == 1:
                yield name, float(value.ravel()[0])


def lengths_of(inputs: Mapping[str, Array], outputs: Sequence[Array] = ()) -> dict[int, str]:
    """Lengths of axes, first axes first, then numbers of entries; each with the words "the length of axis 0 of x"."""
    found: dict[int, str] = {}
    arrays = [(name, x) for name, x in inputs.items()] + [("f's value", y) for y in outputs]
    for first in (True, False):
        for name, x in sorted(arrays, key=lambda pair: np.ndim(pair[1]) < 2):
            for axis in range(np.ndim(x)):
                if (axis == 0) == first:
                    where = f"axis {axis} of {name}" if np.ndim(x) > 1 else name
                    found.setdefault(x.shape[axis], f"the length of {where}")
    for name, x in arrays:
        found.setdefault(int(np.size(x)), f"the number of entries of {name}")
    for name, x in arrays:
        for axis in range(2, np.ndim(x)):
            found.setdefault(int(np.prod(x.shape[:axis])), f"the product of the first {axis} lengths of {name}")
        for axis in range(1, np.ndim(x)):
            found.setdefault(int(np.prod(x.shape[axis:])), f"the number of entries of {name} along its last axes")
    return {n: words for n, words in found.items() if n > 1}


def equal(a: Array, b: Array, tolerance: Array) -> bool:
    """Whether two arrays agree within every entry's tolerance; NaN agrees with nothing."""
    return bool((np.abs(a - b) <= tolerance).all())


def stretches(shape: tuple[int, ...], over: tuple[int, ...]) -> bool:
    """Whether an array of `shape` broadcasts to the shape `over`."""
    try:
        return np.broadcast_shapes(shape, over) == over
    except ValueError:
        return False


def shown_number(factor: float) -> str:
    """Six digits, or as many more as tell the number from 1."""
    return next((text for n in range(6, 17) if (text := f"{factor:.{n}g}") not in ("1", "-1")), f"{factor:.17g}")
