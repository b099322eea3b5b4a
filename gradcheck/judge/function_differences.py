"""Finite differences of every entry of a product, where nothing is proven."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError
from gradcheck.judge.confirmation import DIFFERENCES
from gradcheck.judge.time_budget import NO_TIME, ORACLE
from gradcheck.oracle.estimate import Aside, Estimate, Estimates, Kind
from gradcheck.oracle.finite_difference import RUNS, difference_gradient, directional
from gradcheck.problem.function import Product
from gradcheck.problem.time_limit import TimeUp, calls_left

Array = NDArray[Any]

MOST_DIFFERENCED = 400
"""Maximum number of entries that each have finite differences of their own."""


def differenced(
    product: Product,
) -> tuple[Estimates | Aside, dict[str, tuple[Array, Array]] | None, bool]:
    """Differences of every entry, or of those that there was time for."""
    name = DIFFERENCES
    try:
        if product.tangents is not None:
            return _along(product, name)
        entries = sum(np.size(product.inputs[k]) for k in product.function.wrt)
        if entries > MOST_DIFFERENCED:
            return Aside(name, f"{entries} entries, of which at most {MOST_DIFFERENCED} are differenced"), None, False
        if calls_left(ORACLE) < RUNS * entries:
            return Aside(name, NO_TIME), None, False
        many = product.outputs[1]
        assert product.cotangents is not None
        cotangent = product.cotangents if many else product.cotangents[0]
        found = difference_gradient(
            product.function.f,
            product.inputs,
            wrt=product.function.wrt,
            cotangent=cotangent,
            budget=calls_left(ORACLE),
        )
    except GradcheckError as reason:
        return Aside(name, str(reason)), None, False
    except TimeUp:
        return Aside(name, NO_TIME), None, False
    gradients = {
        block: estimate
        for block, k in zip(product.blocks, product.function.wrt, strict=True)
        if (estimate := found.gradients[k]) is not None
    }
    sides = None
    if found.breaks and not any(b.jump for b in found.breaks):
        sides = {
            block: (np.array(gradients[block].value), np.array(gradients[block].value)) for block in product.blocks
        }
        names = dict(zip(product.function.wrt, product.blocks, strict=True))
        for b in found.breaks:
            left, right = sides[names[b.block]]
            left[b.index], right[b.index] = b.left, b.right
    notes = tuple(f"{product.function.names[b.block]}{list(b.index) or ''}: {b}" for b in found.breaks[:4])
    notes = (f"{found.evaluations} evaluations in {found.precision}", *notes)
    return Estimates(name, found.loss, gradients, notes), sides, any(b.jump for b in found.breaks)


def _along(product: Product, name: str) -> tuple[Estimates | Aside, dict[str, tuple[Array, Array]] | None, bool]:
    assert product.tangents is not None
    given = dict(zip(product.function.wrt, product.tangents, strict=True))
    direction = [given.get(k, np.zeros(np.shape(x))) for k, x in enumerate(product.inputs)]
    f, budget = product.function.f, calls_left(ORACLE)
    value, error, info = directional(f, product.inputs, direction, budget=budget)
    many = product.outputs[1]
    values, errors = (value, error) if many else ((value,), (error,))
    parts = {
        block: Estimate(np.asarray(v, dtype=float), np.asarray(e, dtype=float), Kind.ESTIMATED)
        for block, v, e in zip(product.blocks, values, errors, strict=True)
    }
    jump = bool(np.any([np.any(j) for j in (info.jump if many else (info.jump,))]))
    return Estimates(name, None, parts, (f"{info.evaluations} evaluations in {info.precision}",)), None, jump
