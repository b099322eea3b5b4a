"""The relations of one block's answer to its truth at one point, and what it may be related to there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import Known, Relation, lengths_of
from gradcheck.attribution.relation import relations
from gradcheck.attribution.terms import penalty_of_few
from gradcheck.judge.asked_otherwise import Spot
from gradcheck.verdict.compare import Comparison

Array = NDArray[Any]

INSIDE = "the length of an array inside f"
"""What is said of a length that no input and no output has."""


def relations_at(spot: Spot, compared: Comparison, constant: Callable[[float], str], grown: int) -> Iterator[Relation]:
    """The relations of one block at one point."""
    if np.any(compared.wrong) and np.all(compared.truth.known):
        room = compared.allowance + compared.truth.radius
        answer = compared.answer.astype(np.float64)
        known = replace(_known(spot, compared.block, constant), grown=grown)
        yield from relations(answer, compared.truth.middle, room, known)
        yield from penalty_of_few(answer, compared.truth.middle, room, known)


def _known(spot: Spot, block: str, constant: Callable[[float], str]) -> Known:
    """What a block's answer may be related to at a point."""
    product, names = spot.product, spot.product.function.names
    arrays = {name: np.asarray(x) for name, x in zip(names, product.inputs, strict=True)}
    inputs = {name: x if x.dtype.kind in "iu" else x.astype(np.float64) for name, x in arrays.items()}
    try:
        outputs = [np.asarray(o, dtype=float) for o in product.outputs[0]]
    except (Exception, SystemExit):  # no point of f
        outputs = []
    if product.tangents is not None:
        weights = {f"the tangent of {names[k]}": t for k, t in zip(product.function.wrt, product.tangents, strict=True)}
    else:
        several = len(product.cotangents or ()) > 1
        weights = {f"the cotangent{f' of output {k}' * several}": c for k, c in enumerate(product.cotangents or ())}
    inside = dict.fromkeys(sorted(spot.lengths), INSIDE)
    return Known(
        block,
        inputs,
        {**inside, **lengths_of(inputs, outputs)},
        {b: t for b, t in spot.truths().items() if b != block},
        {words: np.asarray(w, dtype=float) for words, w in weights.items()},
        {"f's value" + f" {k}" * (len(outputs) > 1): o for k, o in enumerate(outputs)},
        constant,
    )
