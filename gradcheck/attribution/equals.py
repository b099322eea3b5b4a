"""An answer that is something else: a constant, another block's gradient, the cotangent, an input, f's value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import FEWEST, FIXED, NUMBER, Known, Relation, equal
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]


def another(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """Relations of the form answer = something that is no multiple of the truth."""
    if truth.size < FEWEST:
        yield from _another_block(answer, truth, room, known)
        unweighed = all(w.size == 1 and np.all(w == 1) for w in known.weights.values())
        if truth.size == 1 and known.others and unweighed and np.all(answer == 1) and np.all(np.abs(truth - 1) > room):
            yield Relation(Mistake.CONSTANT, FIXED)
        return
    yield from _another_block(answer, truth, room, known)
    yield from _running(answer, truth, room, known)
    yield from _simple(answer, truth, room, known)
    if equal(answer, np.full(answer.shape, float(answer.ravel()[0])), room) and np.ptp(truth) > 4 * np.max(room):
        number, slack = float(np.mean(answer)), float(np.max(room))
        yield Relation(Mistake.CONSTANT, f"is {NUMBER} in every place, which the right one is not", number, slack)


def where_flat(answer: Array, room: Array, known: Known) -> Iterator[Relation]:
    """What is handed on where nothing is due, as by an estimator that goes straight through a rounding."""
    for words, w in known.weights.items():
        if w.shape == answer.shape and answer.size > 1 and equal(answer, w, room):
            yield Relation(Mistake.SLOPE_FORGOTTEN, f"is {words} itself, where f is flat: its slope is taken for 1")


def one_number(answer: Array, truth: Array, room: Array) -> Iterator[Relation]:
    """The relation that the answer is one number throughout, whatever that is."""
    if equal(answer, np.full(answer.shape, float(answer.ravel()[0])), room) and np.ptp(truth) > 4 * np.max(room):
        yield Relation(Mistake.CONSTANT, "is the same number in every place, which the right one is not")


def _another_block(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    for name, other in known.others.items():
        if not np.any(np.abs(other) > np.max(room)):
            continue
        ways = {"": other} if other.ndim != 2 else {"": other, ", transposed": other.T}
        for how, there in ways.items():
            if there.shape == truth.shape and not equal(there, truth, room) and equal(answer, there, room):
                words = f"is the gradient with respect to {name}{how}: two of them are exchanged"
                yield Relation(Mistake.EXCHANGED, words, other=name)
                break


def _running(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """A running sum of the cotangent in one direction, the truth being that in the other."""
    for words, w in known.weights.items():
        for axis in range(w.ndim if w.shape == truth.shape else 0):
            if w.shape[axis] >= FEWEST:
                wide = np.full(truth.shape, np.max(room) * w.shape[axis])
                forth, back = np.cumsum(w, axis), np.flip(np.cumsum(np.flip(w, axis), axis), axis)
                for one, other, to in ((forth, back, "end"), (back, forth, "front")):
                    if equal(answer, one, wide) and equal(truth, other, wide):
                        words = f"is the running sum of {words} towards the {to}: it must run the other way"
                        yield Relation(Mistake.CUMULATIVE, words)


def _simple(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """The cotangent, times 1 or something simple of the input; each only if the truth is another."""
    weights = {words: w for words, w in known.weights.items() if w.shape == truth.shape}
    if not weights and known.weights and all(np.all(w == 1) for w in known.weights.values()):
        weights = {"": np.ones(truth.shape)}
    for words, weight in weights.items():
        times = f"{words} times " if words else ""
        for mistake, what, v in _of_input(truth.shape, known, words):
            if np.all(np.isfinite(v)) and not equal(v * weight, truth, room) and np.any(v):
                bare = what.startswith("#")
                if equal(answer, v * weight, room * np.maximum(1.0, np.abs(v))):
                    yield Relation(mistake, what[1:] if bare else f"is {times}{what}")


def _of_input(shape: tuple[int, ...], known: Known, words: str) -> Iterator[tuple[Mistake, str, Array]]:
    x = known.given
    if words:
        yield Mistake.SLOPE_FORGOTTEN, f"#is {words} itself: the slope of f is taken for 1", np.ones(shape)
        yield Mistake.SIGN, f"#is minus {words}: the slope of f is taken for -1", -np.ones(shape)
    if x is None or x.shape != shape:
        return
    for name, y in known.outputs.items():
        if y.shape == shape:
            yield Mistake.OTHER_SLOPE, f"{name} itself: f is taken for its own derivative", y
    if np.ptp(np.sign(x)):
        yield Mistake.OTHER_SLOPE, f"the sign of {known.block}", np.sign(x)
        yield Mistake.OTHER_SLOPE, f"1 where {known.block} > 0 and 0 elsewhere", (x > 0).astype(float)
    if not np.any(np.all(x == x.ravel()[0])):
        yield Mistake.OTHER_SLOPE, f"{known.block} itself", x
        yield Mistake.OTHER_SLOPE, f"twice {known.block}", 2 * x
