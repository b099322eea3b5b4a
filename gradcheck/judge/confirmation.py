"""The one number that confirms a proof along a direction, so that the other oracles may be left out of a clear PASS.

What it imports is what such a check needs: the code of the other oracles is imported where they are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.analysis import Analysis
from gradcheck.oracle.differences.sampling import entry_scales
from gradcheck.oracle.estimate import Along, Estimate, Kind
from gradcheck.oracle.one_complex_step import one_complex_step
from gradcheck.problem.function import Product, lend

Array = NDArray[Any]

SYMBOLIC, COMPLEX_STEP, DIFFERENCES = "symbolic", "complex_step", "finite_difference"
"""Names of oracles that are asked about functions."""
CLOSELY = 2.0**-44
"""Maximum distance of one complex step from a proof, relative to the sum of the absolute values of its parts: 500 times
the rounding of float64."""


def one_step(product: Product, analysis: Analysis) -> Along | None:
    """One complex step along a direction, as a number that a proof has to contain; None where f has no such value.

    It decides nothing: its error is no bound, but how closely the two have to agree.
    """
    moves, cotangents = direction_of(product)
    blocks = [moves[k] for k in product.function.wrt] if product.tangents is None else list(cotangents)
    direction = dict(zip(product.blocks, blocks, strict=True))
    middles = [analysis.estimates.gradients[block].value for block in product.blocks]
    size = sum(float(np.sum(np.abs(m * d))) for m, d in zip(middles, blocks, strict=True))
    value = one_complex_step(product.function.f, lend(product.inputs), moves, cotangents)
    if not np.isfinite(value):
        return None
    estimate = Estimate(np.asarray(value), np.asarray(CLOSELY * size), Kind.ESTIMATED)
    return Along(COMPLEX_STEP, direction, estimate, ("1 evaluation in complex128",))


def direction_of(product: Product) -> tuple[dict[int, Array], Sequence[Array]]:
    """Moves of the differentiated inputs, and weights of the outputs: random where the product does not fix them."""
    random = np.random.default_rng(23)

    def drawn(shape: tuple[int, ...]) -> Array:
        return np.asarray(random.uniform(0.5, 1.5, shape) * random.choice([-1.0, 1.0], shape))

    if product.tangents is None:
        assert product.cotangents is not None
        inputs = {k: np.asarray(product.inputs[k], dtype=np.float64) for k in product.function.wrt}
        # Entries move by about their own size, and none by so little that it would have no effect.
        return {k: entry_scales(x) * drawn(x.shape) for k, x in inputs.items()}, product.cotangents
    moves = {k: np.asarray(t, dtype=np.float64) for k, t in zip(product.function.wrt, product.tangents, strict=True)}
    return moves, [drawn(o.shape) for o in product.outputs[0]]
