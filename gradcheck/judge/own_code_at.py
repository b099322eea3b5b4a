"""What came at a point, and the derivative's own code there, beside the record of f."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.located_trace import Located
from gradcheck.attribution.own_code import Answered, OwnCode
from gradcheck.attribution.source_place import constants_of, numbers_of
from gradcheck.attribution.view import Asked, View
from gradcheck.judge.derivative_run import recorded_run
from gradcheck.judge.further_points import FurtherPoints
from gradcheck.problem.function import Product
from gradcheck.verdict.compare import Comparison

Array = NDArray[Any]


def own_code_at(
    points: FurtherPoints,
    asked: Asked,
    *,
    compares: bool = True,
    paths: bool = True,
    traced: Located | None = None,
) -> OwnCode | None:
    """The derivative's own code at a point, beside f's record; None where its steps cannot be had."""
    run = recorded_run(points.question, asked.product)
    if run is None:
        return None
    try:
        values = [("f's value", np.asarray(o, dtype=float)) for o in asked.product.outputs[0]]
    except (Exception, SystemExit):  # no point of f
        values = []
    unit = float(np.finfo(asked.product.dtype).eps) / 2
    given = [*values, *([] if traced is None else constants_of(traced))]
    forward = [] if traced is None else View(asked, traced).arrays()
    numbers = {} if traced is None else numbers_of(traced)
    parts = asked.answers, asked.truths, asked.rooms
    return OwnCode(Answered(run, *parts, given, unit, compares, paths, forward, _divides(traced), numbers))


def _divides(traced: Located | None) -> bool:
    """Whether f divides by what varies, or raises it to a negative power; where f cannot be traced it may."""
    if traced is None:
        return True
    nodes = traced.record.nodes
    below = any(n.primitive == "div" and nodes[n.args[1]].varies for n in nodes)
    return below or any(n.primitive == "pow" and np.any(np.asarray(n.attributes["exponent"]) < 0) for n in nodes)


def asked_at(product: Product, comparisons: Sequence[Comparison]) -> Asked | None:
    """What came at a point, if the truth is known there in every entry."""
    if {c.block for c in comparisons} != set(product.blocks) or not all(np.all(c.truth.known) for c in comparisons):
        return None
    return Asked(
        product,
        {c.block: c.answer.astype(np.float64) for c in comparisons},
        {c.block: c.truth.middle for c in comparisons},
        {c.block: c.allowance + c.truth.radius for c in comparisons},
    )
