"""A derivative on trial run once on arrays that note what NumPy does with them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.judge.higher_precision import called
from gradcheck.judge.question import Question
from gradcheck.problem.function import Product, lend
from gradcheck.rerun.recording import Recording, record


def recorded_run(question: Question, product: Product) -> Recording | None:
    """The steps of the derivative's own code at a point; None where it does not run on such arrays."""
    inputs = lend(product.inputs)
    weights = list(product.cotangents or ()) if product.tangents is None else list(product.tangents)
    if question.kind == "gradient":
        weights = []
    moving = [k for k, x in enumerate(inputs) if isinstance(x, np.ndarray)]

    def call(*arrays: Any) -> Sequence[Any]:
        given = list(inputs)
        for k, array in zip(moving, arrays, strict=False):
            given[k] = array
        rest = tuple(arrays[len(moving) :])
        asked = product
        if rest:
            asked = replace(product, cotangents=rest) if product.tangents is None else replace(product, tangents=rest)
        return called(question, asked, given)

    names = [product.function.names[k] for k in moving] + [f"weight {k}" for k in range(len(weights))]
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return record(call, [*(inputs[k] for k in moving), *weights], names)
    except (Exception, SystemExit):  # code that needs arrays of NumPy's own kind
        return None
