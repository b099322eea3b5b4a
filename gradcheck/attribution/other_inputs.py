"""Questions at another point: an input transposed, rounded, left out, of another sign; f's value; after a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.other_question import Change, Gradients, Otherwise, to_length_one
from gradcheck.problem.function import Product

Array = NDArray[Any]

MOST_EXCHANGED = 3
"""Maximum number of pairs of inputs that are put in each other's place."""
RATES = (1.0, 0.5, 0.1, 0.05, 0.01, 0.001)
"""Learning rates of the step of gradient descent after which a gradient may have been taken."""


def at_other_points(product: Product, block: str) -> Iterator[Otherwise]:
    """Questions at points made from the inputs by a known mistake, to which the answer may be right."""
    names = product.function.names
    for k, name in enumerate(names):
        x = np.asarray(product.inputs[k])
        if x.dtype.kind != "f" or not x.size:
            continue
        for mistake, words, change, fine in _changed_inputs(name, x, own=name == block):
            others = [] if fine else [_moving(k, control) for control in _controls(x)]
            nudge = None if fine else _moving(k, _nudged)
            yield Otherwise(mistake, words, _moving(k, change), fine, controls=others, nudge=nudge)
    yield from _exchanged(product)
    if product.tangents is None and len(product.outputs[0]) == 1:
        yield from _at_output(product)


def _exchanged(product: Product) -> Iterator[Otherwise]:
    """Two inputs of one shape in each other's place."""
    names, xs = product.function.names, [np.asarray(x) for x in product.inputs]
    pairs = [
        (i, k)
        for i, k in combinations(range(len(xs)), 2)
        if xs[i].shape == xs[k].shape and xs[i].dtype == xs[k].dtype and xs[i].dtype.kind == "f" and xs[i].size > 1
    ]
    for i, k in pairs[:MOST_EXCHANGED]:

        def asked(p: Product, _: Gradients, i: int = i, k: int = k) -> Product:
            there = list(p.inputs)
            there[i], there[k] = there[k], there[i]
            return replace(p, inputs=tuple(there))

        words = f"is the right one for {names[i]} and {names[k]} in each other's place"
        yield Otherwise(Mistake.EXCHANGED, words, asked)


def _changed_inputs(name: str, x: Array, *, own: bool) -> Iterator[tuple[Mistake, str, Callable[[Array], Array], bool]]:
    """The changes of an input that students' mistakes come to."""
    if x.ndim == 2 and x.shape[0] == x.shape[1] > 1:
        words = f"is the right one for {name} transposed: a transposition is missing, or one too many"
        yield Mistake.PRODUCT_TRANSPOSED, words, np.transpose, False
    if x.size == 1 and not own:
        yield Mistake.LOSS_TERM, f"is the right one for {name} = 0: what {name} adds is left out", np.zeros_like, False
        yield Mistake.FACTOR, f"is the right one for {name} = 1: {name} is left out", np.ones_like, False
        yield Mistake.FACTOR, f"is the right one for {name} twice as large", lambda v: 2 * v, False
        yield Mistake.FACTOR, f"is the right one for {name} half as large", lambda v: v / 2, False
    elif not own:
        if np.all((x == 0) | (x == 1)):
            words = f"is the right one with ones for {name}: the mask is forgotten"
            yield Mistake.MASK_SCALE, words, np.ones_like, False
        else:
            words = f"is the right one with ones in place of {name}: {name} is forgotten"
            yield Mistake.SLOPE_FORGOTTEN, words, np.ones_like, False
    stale = Mistake.STALE
    yield stale, f"is the right one at |{name}|, not at {name}", np.abs, False
    words = f"is the right one for -{name} in place of {name}: a sign is wrong where {name} enters"
    yield Mistake.PATH_SIGN, words, np.negative, False
    yield Mistake.PRECISION, f"is the right one at {name} rounded to whole numbers", np.round, False
    yield Mistake.PRECISION, f"is the right one at {name} cut off to whole numbers", np.trunc, False
    if x.size > 1:
        yield stale, f"is the right one at {name} scaled to length 1, not at {name}", to_length_one, False
        words = f"is the right one for {name} in reverse order: reversed once too often, or not at all"
        yield Mistake.PERMUTED, words, np.flip, False
    for axis in range(x.ndim if x.ndim > 1 else 0):
        words = (
            f"is the right one for {name} in reverse order along axis {axis}: reversed once too often, or not at all"
        )
        yield Mistake.PERMUTED, words, partial(np.flip, axis=axis), False
    if x.ndim == 2 and x.shape[1] > 1:
        yield stale, f"is the right one at {name} with its rows scaled to length 1", _unit_rows, False
    if x.dtype.itemsize == 8:
        for dtype in ("float32", "float16"):
            yield Mistake.PRECISION, f"is the right one at {name} rounded to {dtype}", _narrowed(dtype), True


def _narrowed(dtype: str) -> Callable[[Array], Array]:
    return lambda x: x.astype(dtype).astype(x.dtype)


def _controls(x: Array) -> list[Callable[[Array], Array]]:
    """Changes of an input that nobody makes by mistake."""
    random = np.random.default_rng(3)
    mixed = random.uniform(0.2, 0.9, x.shape) * random.choice([-1.0, 1.0], x.shape)
    return [lambda v: 0.37 * v, lambda v: 0.081 * v, lambda v: 2.7 * v, lambda v: -6.1 * v, lambda v: mixed * v]


def _nudged(x: Array) -> Array:
    """An input by a few per cent another."""
    return np.asarray(x * np.random.default_rng(4).uniform(1.01, 1.05, x.shape))


def _unit_rows(x: Array) -> Array:
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def _moving(k: int, change: Callable[[Array], Array]) -> Change:
    """The question at the point with input `k` changed."""

    def asked(product: Product, _: Gradients) -> Product | None:
        x = np.asarray(product.inputs[k])
        with np.errstate(all="ignore"):
            there = np.asarray(change(x), dtype=x.dtype)
        if there.shape != x.shape or np.array_equal(there, x):
            return None
        return replace(product, inputs=tuple(there if i == k else v for i, v in enumerate(product.inputs)))

    return asked


def _at_output(product: Product) -> Iterator[Otherwise]:
    """At f's own value, where it has an input's shape: f' of an elementwise f taken at the output."""
    for k in product.function.wrt:
        name, x = product.function.names[k], np.asarray(product.inputs[k])
        if x.size and x.shape == product.outputs[0][0].shape:

            def asked(p: Product, _: Gradients, k: int = k) -> Product | None:
                there = np.asarray(p.outputs[0][0], dtype=np.asarray(p.inputs[k]).dtype)
                return replace(p, inputs=tuple(there if i == k else v for i, v in enumerate(p.inputs)))

            words = f"is the right one at f's value, not at {name}: the slope is taken at the output"
            controls = [_moving(k, control) for control in _controls(x)]
            yield Otherwise(Mistake.SLOPE_AT_OUTPUT, words, asked, controls=controls, nudge=_moving(k, _nudged))


def after_a_step(product: Product, block: str, truths: Gradients) -> Iterator[Otherwise]:
    """After a step of gradient descent of all inputs, or of all others."""
    names = [product.function.names[k] for k in product.function.wrt]
    if any(name not in truths for name in names):
        return
    for rate in RATES:
        for others in (False, True) if len(names) > 1 else (False,):
            who = "the other inputs have" if others else "the inputs have" if len(names) > 1 else f"{block} has"
            words = f"is the right one after {who} made a step of gradient descent of {rate:g}: updated too early"
            moved = frozenset(n for n in names if not (others and n == block))
            controls = [_stepping(moved, factor * rate) for factor in (-1.3, 0.43)]
            nudge = _stepping(moved, 0.01 * rate)
            yield Otherwise(Mistake.STALE, words, _stepping(moved, rate), controls=controls, nudge=nudge)


def _stepping(moved: frozenset[str], rate: float) -> Change:
    def asked(product: Product, gradients: Gradients) -> Product | None:
        if not moved <= gradients.keys():
            return None
        inputs = list(product.inputs)
        for k in product.function.wrt:
            name = product.function.names[k]
            if name in moved:
                x = np.asarray(inputs[k])
                inputs[k] = np.asarray(x - rate * gradients[name], dtype=x.dtype)
        return replace(product, inputs=tuple(inputs))

    return asked
