"""Relations of several blocks together: the same one said once, two blocks exchanged, numbers in wrong blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import FEWEST, Relation
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]

MOST_SLICES = 6
"""Maximum number of slices of a block that are each multiplied by a number of their own."""
ALL = "all blocks"
"""What stands for the block of a relation that holds for the whole gradient."""


@dataclass(frozen=True)
class Named:
    """A relation, the blocks that it holds for, and the sentence that says so.

    `block` is one name, several with commas, or ALL.
    """

    block: str
    relation: Relation
    clause: str
    sentence: str


def together(found: Mapping[str, Relation], blocks: Sequence[str], silent: Sequence[str], tangent: bool) -> list[Named]:
    """The relations of blocks as sentences, each said once.

    Parameters
    ----------
    found: the relation of each block that has one.
    blocks: all blocks of the answer.
    silent: blocks whose right derivative is zero, and that any factor leaves right.
    tangent: the blocks are tangents of outputs, not gradients with respect to inputs.
    """
    left = dict(found)
    named = _exchanged(left, tangent)
    while left:
        relation = next(iter(left.values()))
        alike = [b for b, r in left.items() if r.same(relation)]
        for b in alike:
            del left[b]
        everything = len(alike) > 1 and set(blocks) <= {*alike, *silent}
        if everything:
            said, block = f"the whole {'tangent' if tangent else 'gradient'}", ALL
        else:
            said, block = _subject(alike, tangent), ", ".join(alike)
        named.append(Named(block, relation, relation.clause, f"{said} {relation.clause}"))
    return named


def _subject(blocks: Sequence[str], tangent: bool) -> str:
    what = "the tangent of" if tangent else "the gradient with respect to"
    if len(blocks) == 1:
        return f"{what} {blocks[0]}"
    return f"{what} each of {', '.join(blocks[:-1])} and {blocks[-1]}"


def _exchanged(left: dict[str, Relation], tangent: bool) -> list[Named]:
    """Pairs of blocks that have each other's gradient; a block that has another's alone keeps its own sentence."""
    named = []
    for a in list(left):
        relation = left.get(a)
        if relation is None or relation.mistake is not Mistake.EXCHANGED or not relation.other:
            continue
        partner = next((b for b, r in left.items() if b != a and r.other == a and relation.other == b), None)
        if partner is None:
            words = relation.words.partition(":")[0] + ", filed in the wrong place"
            left[a] = Relation(Mistake.CONSTANT, words, vague=True)
            continue
        what = "tangents of" if tangent else "gradients with respect to"
        how = ", and transposed" if "transposed" in relation.words else ""
        sentence = f"the {what} {a} and {partner} are exchanged{how}: each is where the other belongs"
        named.append(Named(f"{a}, {partner}", relation, relation.clause, sentence))
        del left[a], left[partner]
    return named


def strewn(answers: Mapping[str, Array], truths: Mapping[str, Array], room: float) -> Relation | None:
    """The relation that several blocks together have the right numbers, in the places of other blocks."""
    if len(answers) < 2:
        return None
    came = np.concatenate([a.ravel() for a in answers.values()])
    right = np.concatenate([truths[b].ravel() for b in answers])
    sizes = np.sort(np.abs(right))
    if np.count_nonzero(np.diff(sizes) > 4 * room) < FEWEST or not np.all(np.isfinite(came)):
        return None
    if np.any(np.abs(np.sort(came) - np.sort(right)) > room):
        return None
    return Relation(
        Mistake.PERMUTED, "has the right numbers, some in the place of another block's: split in wrong places"
    )


def parallel(answers: Mapping[str, Array], truths: Mapping[str, Array], room: float) -> Relation | None:
    """The relation that the answer is a multiple of the right one, by a number that may depend on the point."""
    came = np.concatenate([a.ravel() for a in answers.values()])
    right = np.concatenate([truths[b].ravel() for b in answers])
    if np.count_nonzero(np.abs(right) > room) < 2 * FEWEST or not np.all(np.isfinite(came)):
        return None
    factor = float(came @ right / (right @ right))
    if not factor or np.any(np.abs(came - factor * right) > 4 * room * max(1.0, abs(factor))):
        return None
    return Relation(Mistake.FACTOR, "is a multiple of the right one throughout, by another number at another point")


def by_slices(answers: Mapping[str, Array], truths: Mapping[str, Array], room: float) -> Relation | None:
    """The relation that every slice of one block along an axis is a multiple of the right one, each by a number."""
    (block, *more) = answers
    came, right = answers[block], truths[block]
    for axis in range(came.ndim) if not more and came.ndim > 1 and np.all(np.isfinite(came)) else ():
        rows = [np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1) for a in (came, right)]
        if not 2 <= len(rows[0]) <= MOST_SLICES or np.min(np.count_nonzero(np.abs(rows[1]) > room, axis=1)) < FEWEST:
            continue
        factors = np.sum(rows[0] * rows[1], axis=1) / np.sum(rows[1] ** 2, axis=1)
        if np.all(np.abs(rows[0] - factors[:, None] * rows[1]) <= 4 * room * np.maximum(1.0, np.abs(factors[:, None]))):
            numbers = ", ".join(f"{f:.4g}" for f in factors)
            return Relation(Mistake.FACTOR, f"is {numbers} times the right one in its slices along axis {axis}")
    return None
