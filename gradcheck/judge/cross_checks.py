"""Cross-checks of `exact`: wherever another oracle can afford to answer, it is asked, too.

`symbolic` answers for every entry of a small function, by another road. Complex step and finite differences answer for
one number: the derivative along one direction, which any wrong entry moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import GradcheckError, HarnessFault
from gradcheck.judge.confirmation import COMPLEX_STEP, DIFFERENCES, SYMBOLIC, direction_of
from gradcheck.oracle.analysis import Analysis, Jump
from gradcheck.oracle.complex_step import complex_step_along, complex_step_gradient
from gradcheck.oracle.estimate import Along, Aside, Estimate, Estimates, Kind
from gradcheck.oracle.finite_difference import directional
from gradcheck.oracle.symbolic_function import symbolically
from gradcheck.problem.function import Product, lend

Array = NDArray[Any]

MOST_STEPPED = 32
"""Maximum number of entries for which complex step answers for each, in some fifty runs of f."""
MOST_ARRAYS = 1_000
MOST_NUMBERS = 100_000
"""Maximum number of arrays and numbers that f computes where it is run some hundred times for one direction."""


def closed_form(product: Product, traced: Analysis | Aside) -> Estimates | Aside:
    """What `symbolic` says of the product, where `exact` found a derivative or could not run."""
    if isinstance(traced, Jump):
        return Aside(SYMBOLIC, "the function jumps here")
    if isinstance(traced, Aside):
        return symbolically(product)
    if not traced.smooth:
        return Aside(SYMBOLIC, "a kink, whose one-sided derivatives exact has")
    if not traced.complete:
        return Aside(SYMBOLIC, "the derivative's formula has no finite value here")
    return symbolically(product, traced.values)


def along_one_direction(product: Product, analysis: Analysis) -> tuple[list[Along], list[Aside]]:
    """Complex step and finite differences along one direction: estimates beside a proof."""
    arrays, numbers = analysis.computed
    if arrays > MOST_ARRAYS or numbers > MOST_NUMBERS:
        why = f"f computes {numbers} numbers in {arrays} arrays, budget {MOST_NUMBERS} in {MOST_ARRAYS}"
        return [], [Aside(COMPLEX_STEP, why), Aside(DIFFERENCES, why)]
    moves, cotangents = direction_of(product)
    blocks = [moves[k] for k in product.function.wrt] if product.tangents is None else list(cotangents)
    direction = dict(zip(product.blocks, blocks, strict=True))
    weights: Any = tuple(cotangents) if product.outputs[1] else cotangents[0]
    found: list[Along] = []
    asides: list[Aside] = []
    for name, ask in ((COMPLEX_STEP, _complex), (DIFFERENCES, _differenced)):
        try:
            answer = ask(product, moves, weights)
        except HarnessFault:
            raise
        except GradcheckError as reason:
            answer = Aside(name, str(reason))
        if isinstance(answer, Aside):
            asides.append(answer)
        else:
            estimate, notes = answer
            found.append(Along(name, direction, estimate, notes))
    return found, asides


def complex_entries(product: Product) -> Estimates | Aside:
    """Complex step for every entry of a small product: beside finite differences where nothing is proven."""
    entries = sum(np.size(product.inputs[k]) for k in product.function.wrt)
    entries = entries if product.tangents is None else sum(o.size for o in product.outputs[0])
    if entries > MOST_STEPPED:
        return Aside(COMPLEX_STEP, f"{entries} entries, of which at most {MOST_STEPPED} are stepped into one by one")
    try:
        return _stepped(product) if product.tangents is None else _stepped_outputs(product)
    except HarnessFault:
        raise
    except GradcheckError as reason:
        return Aside(COMPLEX_STEP, str(reason))


def _stepped(product: Product) -> Estimates | Aside:
    assert product.cotangents is not None
    weights: Any = product.cotangents if product.outputs[1] else product.cotangents[0]
    f, wrt = product.function.f, product.function.wrt
    found = complex_step_gradient(f, lend(product.inputs), wrt=wrt, cotangent=weights)
    if isinstance(found, Aside):
        return found
    gradients = {b: g for b, k in zip(product.blocks, wrt, strict=True) if (g := found.gradients[k]) is not None}
    return Estimates(COMPLEX_STEP, None, gradients, (f"{found.evaluations} evaluations in complex128",))


def _stepped_outputs(product: Product) -> Estimates | Aside:
    """J t, output by output."""
    outputs, many = product.outputs
    moves, _ = direction_of(product)
    blocks = {b: (np.zeros(o.shape), np.full(o.shape, np.inf)) for b, o in zip(product.blocks, outputs, strict=True)}
    runs = 0
    for block, output in zip(product.blocks, outputs, strict=True):
        for index in np.ndindex(output.shape):
            weights = [np.zeros(o.shape) for o in outputs]
            weights[product.blocks.index(block)][index] = 1.0
            answer = _complex(product, moves, tuple(weights) if many else weights[0])
            if isinstance(answer, Aside):
                return answer
            blocks[block][0][index], blocks[block][1][index] = answer[0].value, answer[0].error
            runs += 1
    gradients = {b: Estimate(value, error, Kind.ESTIMATED) for b, (value, error) in blocks.items()}
    return Estimates(COMPLEX_STEP, None, gradients, (f"{runs} outputs, one by one",))


def _complex(product: Product, moves: Mapping[int, Array], weights: Any) -> tuple[Estimate, tuple[str, ...]] | Aside:
    answer = complex_step_along(product.function.f, lend(product.inputs), moves, weights)
    if isinstance(answer, Aside):
        return answer
    estimate, runs = answer
    return estimate, (f"{runs} evaluations in complex128",)


def _differenced(
    product: Product, moves: Mapping[int, Array], weights: Any
) -> tuple[Estimate, tuple[str, ...]] | Aside:
    direction = [moves.get(k, np.zeros(np.shape(x))) for k, x in enumerate(product.inputs)]
    value, error, info = directional(product.function.f, lend(product.inputs), direction, cotangent=weights)
    if not np.isfinite(error):
        what = "jumps" if info.jump else "has a kink" if info.kink else "is too noisy, or too little known, to tell"
        return Aside(DIFFERENCES, f"along one direction the function {what}")
    estimate = Estimate(np.asarray(value), np.asarray(error), Kind.ESTIMATED)
    return estimate, (f"{info.evaluations} evaluations in {info.precision}",)
