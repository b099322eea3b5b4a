"""Other questions, to which an answer may be the right one: with another cotangent, another tangent, at another point.

Each question is made from the one that was asked. Whether the answer is right for it is for the oracles to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.other_inputs import after_a_step, at_other_points
from gradcheck.attribution.other_question import Gradients, Otherwise, given_weights
from gradcheck.attribution.other_weights import other_weights
from gradcheck.problem.function import Product

Array = NDArray[Any]

FORWARDS = "is the Jacobian times the cotangent, where its transpose is due"
BACKWARDS = "is the transposed Jacobian times the tangent: a VJP where a JVP is due"
"""What is said of an answer that is the other product with the Jacobian."""


def the_other_way(product: Product, block: str) -> Iterator[Otherwise]:
    """The Jacobian times the vector where its transpose times it was asked for, or the reverse."""
    function, shapes = product.function, {w.shape for w in given_weights(product)}
    if len(product.outputs[0]) != 1 or len(shapes) != 1:
        return

    def forwards(p: Product, _: Gradients) -> Product | None:
        (c,) = given_weights(p)
        xs = [(function.names[k], np.asarray(p.inputs[k])) for k in function.wrt]
        if any(name == block and x.shape != c.shape for name, x in xs):
            return None
        tangents = tuple(np.asarray(c, x.dtype) if name == block else np.zeros_like(x) for name, x in xs)
        return replace(p, cotangents=None, tangents=tangents)

    def backwards(p: Product, _: Gradients) -> Product | None:
        (t,) = given_weights(p)
        return replace(p, cotangents=(t,), tangents=None) if p.outputs[0][0].shape == t.shape else None

    if product.tangents is None:
        yield Otherwise(Mistake.PRODUCT_TRANSPOSED, FORWARDS, forwards)
    elif len(product.tangents) == 1:
        yield Otherwise(Mistake.PRODUCT_TRANSPOSED, BACKWARDS, backwards)


def otherwise(product: Product, block: str, truths: Gradients) -> Iterator[Otherwise]:
    """Every other question about a block, the most telling first.

    `truths` are the right gradients, as far as they are known, for steps of gradient descent.
    """
    if product.tangents is not None:
        yield from other_weights(product, "tangent", block, truths)
        yield from at_other_points(product, block)
        yield from the_other_way(product, block)
        return
    yield from other_weights(product, "cotangent", block, truths)
    yield from at_other_points(product, block)
    yield from after_a_step(product, block, truths)
    yield from the_other_way(product, block)
