"""An answer that is wrong for any change of an input, and right for those that keep what the input looks like.

Many gradients are written for symmetric matrices, triangular factors or directions alone. Nobody has said so, and the
answer fails; the report says what to declare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gradcheck.errors import InvalidProblem
from gradcheck.judge.input_structure import Projection, project, projections
from gradcheck.judge.settings import Settings
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding import Finding, finding

APART = ("symmetric", "skew", "lower-triangular", "upper-triangular", "orthogonal", "unit", "simplex")
"""Structures of different projections: that of "positive-definite" is "symmetric"'s, that of "triangular" is listed."""


def structure_hints(comparisons: Sequence[Comparison], product: Product, settings: Settings) -> Iterator[Finding]:
    """A cause (GC051) per wrong block that exactly one structure, which its input has, would make right."""
    if product.tangents is not None:
        return
    names = product.function.names
    declared = {names[key] if isinstance(key, int) else key for key in settings.structure}
    for compared in comparisons:
        if compared.block in declared or not np.any(compared.wrong) or not np.all(compared.truth.known):
            continue
        fitting = [kind for kind in APART if _right_under(kind, compared, product)]
        if len(fitting) == 1:
            yield structure_cause("the gradient", compared.block, names, fitting[0])


_WORDS = {
    "symmetric": "symmetric",
    "skew": "skew",
    "lower-triangular": "lower triangular",
    "upper-triangular": "upper triangular",
    "orthogonal": "orthogonal",
    "unit": "of length 1 along the last axis",
    "simplex": "a set of numbers >= 0 that add up to 1 along the last axis",
}


def structure_cause(derivative: str, block: str, names: Sequence[str], kind: str) -> Finding:
    """The cause (GC051) of a derivative that is right where changes of an input keep a structure."""
    key = names.index(block) if block.startswith("input") else block
    what = f"is wrong in general, and right for changes of {block} that keep it {_WORDS[kind]}"
    cause = f"{derivative} with respect to {block} {what}: say structure={{{key!r}: {kind!r}}} if that is meant"
    return finding("GC051", cause=cause, block=block, structure=kind)


def _right_under(kind: str, compared: Comparison, product: Product) -> bool:
    """Whether the input has a structure, and the answer agrees with the truth after its projection."""
    names = product.function.names
    k = names.index(compared.block)
    try:
        projection = projections({k: kind}, product.inputs, names, product.function.wrt)[compared.block]
    except InvalidProblem:
        return False
    return _agrees(projection, compared)


def _agrees(projection: Projection, compared: Comparison) -> bool:
    """Whether there is something to compare after the projection, and it agrees."""
    truth, allowance = project(compared.truth, compared.allowance, projection)
    room = allowance + truth.radius
    off = np.abs(projection(compared.answer.astype(np.float64)) - truth.middle)
    return bool(np.all(off <= room)) and bool(np.any(np.abs(truth.middle) > room))
