"""An answer that is a multiple of the truth: a usual factor, a length, an argument of f, any number, a row of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.known import FEWEST, NUMBER, Known, Relation, equal
from gradcheck.attribution.mistake import Mistake

Array = NDArray[Any]

LONG = 5
"""Minimum length n for which n - 1 and n / (n - 1) are told from other numbers: 3/2 and 4/3 come about in many ways."""
TWOS = (4, 8, 16, 32, 64)
"""Factors that are several factors 2."""
CUT = 1.5e-3
"""Largest relative error of a factor that counts as a constant written slightly wrong."""


@dataclass(frozen=True)
class Factor:
    """A factor with its kind, a clause, and the words that follow another relation: "and 1/4 of it".

    `number` is that of the clause, where it has one; at another point it may be another.
    """

    value: float
    mistake: Mistake
    clause: str
    besides: str
    number: float | None = None


def usual(known: Known) -> list[Factor]:
    """The factors that a block of one entry may show, too: -1, 2, 1/2, n and 1/n."""
    two = next((words for n, words in known.lengths.items() if n == 2 and "axis 0" in words), "")  # a batch of two
    many = f"; or a sum where f averages, 2 being {two}" if two else ""
    few = f"; or a mean where f sums, 2 being {two}" if two else ""
    twice = f"is twice the right one: a factor 2, or a contribution counted twice{many}"
    half = f"is half the right one: a lost factor 2, or half of the contributions missing{few}"
    found = [Factor(-1.0, Mistake.SIGN, "has the wrong sign throughout", "and has the wrong sign")]
    if known.grown != 2:
        found.append(Factor(2.0, Mistake.FACTOR, twice, "and twice as large"))
        found.append(Factor(0.5, Mistake.FACTOR, half, "and half as large"))
    for n, where in known.lengths.items():
        if n > 2 or n == known.grown:
            many, few = f"is {n} times the right one", f"is 1/{n} of the right one"
            found += [
                Factor(n, Mistake.MEAN_SUM, f"{many}, and {n} is {where}: a sum where f averages", f"and {n} times it"),
                Factor(1 / n, Mistake.MEAN_SUM, f"{few}, and {n} is {where}: a mean where f sums", f"and 1/{n} of it"),
            ]
    return found


def _or_a_constant(factor: Factor, known: Known) -> Factor:
    """A factor that is a length, where f holds it as a constant, too: then it is either."""
    n = max(factor.value, 1 / factor.value) if factor.value > 0 else 0.0
    if factor.mistake is not Mistake.MEAN_SUM or not (where := known.constant(n)):
        return factor
    clause = factor.clause.partition(":")[0]
    return Factor(factor.value, Mistake.FACTOR, f"{clause}, as well as {where}", factor.besides)


def _less_usual(known: Known) -> Iterator[Factor]:
    """Factors that only a block of several entries can show."""
    for n, where in known.lengths.items():
        for value, text in (
            () if n < LONG else (((n - 1) / n, f"{n - 1}/{n}"), (n / (n - 1), f"{n}/{n - 1}"), (n - 1, f"{n - 1}"))
        ):
            for root in (False, True):
                words = f"the root of {text}" if root else text
                clause = f"is {words} times the right one, and {n} is {where}: n and n - 1 are confused"
                if value == n - 1 and value in TWOS:
                    clause += ", or several factors 2 too many"
                yield Factor(value**0.5 if root else value, Mistake.FACTOR, clause, f"and {words} times it")
        yield Factor(
            n**0.5,
            Mistake.FACTOR,
            f"is the root of {n} times the right one, and {n} is {where}",
            f"and the root of {n} times it",
        )
        yield Factor(
            n**-0.5,
            Mistake.FACTOR,
            f"is the right one over the root of {n}, and {n} is {where}",
            f"and over the root of {n}",
        )
    for name, s in known.scalars():
        if name != known.block:
            yield from _of_argument(name, s)
    for power in TWOS:
        clause = f"is {power} times the right one: several factors 2 too many"
        yield Factor(power, Mistake.FACTOR, clause, f"and {power} times it")
        clause = f"is 1/{power} of the right one: several factors 2 are missing"
        yield Factor(1 / power, Mistake.FACTOR, clause, f"and 1/{power} of it")
    constants = {"pi": np.pi, "the root of 2": 2**0.5, "the root of pi": np.pi**0.5, "ln 2": np.log(2.0)}
    constants |= {"ln 10": np.log(10.0), "2 pi": 2 * np.pi, "180/pi": 180 / np.pi}
    for text, c in constants.items():
        yield Factor(c, Mistake.FACTOR, f"is {text} times the right one throughout", f"and {text} times it")
        yield Factor(1 / c, Mistake.FACTOR, f"is the right one over {text} throughout", f"and over {text}")


def _of_argument(name: str, s: float) -> Iterator[Factor]:
    """Factors made of an argument of f that is one number."""
    made = [(f"{name}", s), (f"1/{name}", 1 / s if s else 0.0), (f"{name} squared", s * s)]
    made += [(f"1/{name} squared", 1 / s / s if s else 0.0), (f"1 - {name}", 1 - s)]
    made += [(f"1/(1 - {name})", 1 / (1 - s) if s != 1 else 0.0)]
    for text, value in made:
        if np.isfinite(value) and value not in (0.0, 1.0, -1.0):
            clause = f"is {text} times the right one, with {name} = {NUMBER}, an argument of f"
            yield Factor(value, Mistake.FACTOR, clause, f"and {text} times it", s)


def multiples(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """Relations of the form answer = factor * truth, the usual factors first."""
    common = usual(known)
    found = [_or_a_constant(f, known) for f in common if f.value == 1 or _is(f.value, answer, truth, room)]
    yield from (Relation(f.mistake, f.clause) for f in found)
    for f in common[1:]:
        if not found and _is(-f.value, answer, truth, room):
            found.append(f)
            yield Relation(f.mistake, f"{f.clause.partition(':')[0]}, and has the wrong sign besides")
    if found or np.count_nonzero(np.abs(truth) > room) < FEWEST:
        return
    for f in _less_usual(known):
        if _is(f.value, answer, truth, room):
            found.append(f)
            yield Relation(f.mistake, f.clause, f.number, np.inf if f.number is not None else 0.0)
    factor = float(np.vdot(answer, truth) / np.vdot(truth, truth))
    slack = 4 * float(np.linalg.norm(room) / np.linalg.norm(truth)) * max(1.0, abs(factor))
    if factor != 0 and _is(factor, answer, truth, 4 * room) and not (found and abs(found[0].value - factor) > slack):
        cut = abs(factor - 1) <= CUT
        words = f"is {NUMBER} times the right one throughout" + (": a constant is slightly wrong" if cut else "")
        yield Relation(Mistake.CONSTANT_CUT if cut else Mistake.FACTOR, words, factor, slack)


def _is(factor: float, answer: Array, truth: Array, room: Array) -> bool:
    return equal(answer, factor * truth, room * max(1.0, abs(factor)))


def one_sign(answer: Array, truth: Array, room: Array) -> Iterator[Relation]:
    """The relation that the answer is the truth without its signs."""
    sizes = equal(answer, np.abs(truth), room) or equal(answer, -np.abs(truth), room)
    if sizes and np.any(truth > room) and np.any(truth < -room):
        yield Relation(Mistake.SIGN, "has the right sizes and one sign throughout")


def entrywise(answer: Array, truth: Array, room: Array, known: Known) -> Iterator[Relation]:
    """Relations of the form answer = v * truth with v an argument of f, entry by entry, row by row or by column."""
    if np.count_nonzero(np.abs(truth) > room) < FEWEST:
        return
    for name, v in known.inputs.items():
        for spread, how in _spread(v, truth.shape):
            if np.all(spread == spread.ravel()[0]):
                continue
            mask = bool(np.all((spread == 0) | (spread == 1)))
            own = name == known.block
            many = Mistake.MASK_SCALE if mask else Mistake.POWER_RULE if own else Mistake.SLOPE_TWICE
            kind = Mistake.MASK_SCALE if mask else Mistake.POWER_RULE if own else Mistake.SLOPE_FORGOTTEN
            if _scaled(answer, truth, room, spread):
                why = "an exponent was not lowered" if own else f"{name} enters once too often"
                yield Relation(many, f"is the right one times {name}, {how}: {why}")
            elif _scaled(truth, answer, room, spread) and np.all(spread):
                yield Relation(kind, f"is the right one over {name}, {how}: a factor {name} is missing")
            elif _scaled(truth, answer, room, spread) and not equal(answer, truth, room):
                yield Relation(kind, f"is the right one without {name}, which is zero where nothing may arrive, {how}")


def _spread(v: Array, shape: tuple[int, ...]) -> Iterator[tuple[Array, str]]:
    """The ways in which an array stretches over a shape, with the words for each."""
    if v.size < 2 or not np.all(np.isfinite(v)):
        return
    if v.shape == shape:
        yield v, "entry by entry"
    elif v.ndim == 1 and len(shape) == 2:
        if len(v) == shape[0]:
            yield np.broadcast_to(v[:, None], shape), "row by row"
        if len(v) == shape[1]:
            yield np.broadcast_to(v, shape), "column by column"
    elif v.ndim == len(shape) and all(a in (1, b) for a, b in zip(v.shape, shape, strict=True)):
        yield np.broadcast_to(v, shape), "stretched over it"


def _scaled(product: Array, factor: Array, room: Array, v: Array) -> bool:
    """product = v * factor, with something left of it."""
    scaled = v * factor
    return bool(np.any(np.abs(scaled) > room)) and equal(product, scaled, room * np.maximum(1.0, np.abs(v)))
