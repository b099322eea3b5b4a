"""Too many entries to compare one by one: random directions that miss an error with a stated probability, then
adaptive group testing to name the wrong entries.

For an answer a, a truth v and directions u = d N(0, 1), d_b = 1 / s_b per block, the discrepancy <a - v, u> is normal
with standard deviation |e|, e = d (a - v). |<a - v, u>| <= t then has probability at most (t / |e|) sqrt(2 / pi).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.oracle.differences.gradients import Directional
from gradcheck.oracle.finite_difference import directional
from gradcheck.problem.function import Product, laid_out, lend
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]
Entry = tuple[str, tuple[int, ...]]

MISS = 1e-9
"""Probability with which an error of interest may be missed."""
MOST_DIRECTIONS = 12
PILOTS = 3
"""Number of further directions for a block's scale: along one alone it may be ten times too small by chance."""
MOST_WRONG = 5
"""Maximum number of wrong entries that are named; of more, "at least" so many."""
SHARE = 0.2
"""Minimum share of the whole discrepancy in a part of the entries that has wrong ones."""


@dataclass(frozen=True)
class Verified:
    """What directions found: findings, and how many runs of f it took."""

    findings: tuple[Finding, ...]
    decided: bool
    evaluations: int


class Directions:
    """One answer of a gradient or VJP against differences along random directions."""

    def __init__(self, product: Product, answers: Mapping[str, Array], random: np.random.Generator) -> None:
        self._product = product
        self._answers = {b: a.astype(np.float64) for b, a in answers.items()}
        self._random = random
        self._cotangent = product.cotangents if product.outputs[1] else (product.cotangents or (None,))[0]
        self._blocks = dict(zip(product.blocks, product.function.wrt, strict=True))
        self._count = 0
        self._precision = "auto"
        self._patience = 2 if product.dtype.itemsize < 8 else 1  # with few digits each direction has less to say
        self._scale = {b: self._pilot(b) for b in self._blocks}

    def confirm(self, suspected: Mapping[str, Array]) -> bool:
        """Whether one more direction, by itself, shows that something is wrong.

        Its signs are those of what each entry is suspected to be off by, so that errors do not cancel along it.
        """
        u = {
            block: np.copysign(self._random.uniform(0.5, 1.5, off.shape), off) / self._scale[block]
            for block, off in suspected.items()
        }
        off, bound = self._discrepancy(u)
        return abs(off) > bound

    def verify(self, relative: float) -> Verified:
        """Directions until an error of `relative` of each block is missed with probability at most MISS."""
        entries = sum(a.size for a in self._answers.values())
        size = relative * math.sqrt(entries)  # |e| of an error of that share of every block
        miss, wrong = 1.0, []
        for number in range(1, MOST_DIRECTIONS * self._patience + 1):
            u = {b: self._random.standard_normal(a.shape) / self._scale[b] for b, a in self._answers.items()}
            off, bound = self._discrepancy(u)
            if not math.isfinite(bound):
                continue
            if abs(off) > bound:
                wrong.append((u, off, bound))
                if len(wrong) == 2:
                    return self._blame(wrong, entries)
            miss *= min(1.0, (abs(off) + bound) / size * math.sqrt(2 / math.pi))
            if miss <= MISS and not wrong:
                note = finding("GC046", entries=entries, directions=number, size=relative, miss=miss)
                return Verified((note,), True, self._count)
        if wrong:
            return self._blame(wrong, entries)
        why = finding("GC031", block="all blocks", entry="", bound=miss, interest=MISS)
        return Verified((why,), False, self._count)

    # -- one direction -----------------------------------------------------------------------------------------------

    def _discrepancy(self, u: Mapping[str, Array]) -> tuple[float, float]:
        """<a, u> - D_u f and how large it may be without anything being wrong."""
        value, error, info = self._slope(u)
        self._step = float(info.step)
        terms = [a * u[b] for b, a in self._answers.items()]
        inner = float(sum(np.sum(t) for t in terms))
        unit = float(np.finfo(self._product.dtype).eps)
        rounding = 64 * unit * math.sqrt(sum(float(np.sum(t * t)) for t in terms)) + 64 * unit * abs(inner)
        return inner - float(value), float(error) + rounding

    def _slope(self, u: Mapping[str, Array]) -> tuple[Any, Any, Directional]:
        """D_u f, the bound on its error, and how it was found."""
        value, error, info = directional(
            self._product.function.f,
            self._product.inputs,
            self._full(u),
            cotangent=self._cotangent,
            precision=self._precision,
        )
        self._precision = info.precision  # found out once
        self._count += info.evaluations
        return value, error, info

    def _full(self, u: Mapping[str, Array]) -> list[Array]:
        full = [np.zeros(np.shape(x)) for x in self._product.inputs]
        for block, k in self._blocks.items():
            if block in u:
                full[k] = u[block]
        return full

    def _pilot(self, block: str) -> float:
        """s_b: the root mean square of the block's true gradient, from a few directions in it.

        One gets a whole ladder, which also finds a step; plain differences along the others tell a size well enough.
        """
        a = self._answers[block]
        u = {block: self._random.standard_normal(a.shape)}
        value, _, info = self._slope(u)
        low = list(self._answers).index(block)
        low = sum(a.size for a in list(self._answers.values())[:low])
        slopes = [float(value)]
        for _ in range(PILOTS * self._patience**2):
            slopes.append(self._plain(low, low + a.size, self._random.standard_normal(a.size), float(info.step) / 8))
        known = [slope for slope in slopes if math.isfinite(slope)]
        norm = math.hypot(*known) / math.sqrt(max(1, len(known)) * max(1, a.size))
        return norm if norm > 0 else 1.0

    # -- which entries -----------------------------------------------------------------------------------------------

    def _blame(self, wrong: Sequence[tuple[Mapping[str, Array], float, float]], entries: int) -> Verified:
        found, rest = self._locate(max(abs(off) for _, off, _ in wrong))
        findings = []
        for (block, at), answer, truth in found:
            facts = {"block": block, "entry": list(at) or "", "subject": answer, "truth": truth}
            distance = abs(answer - truth)
            more = {"wrong": len(found), "entries": entries, "distance": distance, "allowed": wrong[0][2]}
            findings.append(finding("GC012", loss="f", **facts, **more))
        if not findings:
            _, off, bound = wrong[0]
            facts = {
                "block": "some entry",
                "entry": "",
                "subject": off,
                "truth": 0.0,
                "distance": abs(off),
                "allowed": bound,
            }
            findings.append(finding("GC012", loss="f", **facts))
        several = f"at least {MOST_WRONG} entries are wrong; " if len(found) >= MOST_WRONG else ""
        if 0 < len(found) < MOST_WRONG and rest:
            several = "these are not all that is wrong; "
        what = f"{several}differences along {len(wrong)} directions, {self._count} runs of f in all"
        findings.append(finding("GC047", what=what))
        return Verified(tuple(findings), True, self._count)

    def _locate(self, gross: float) -> tuple[list[tuple[Entry, float, float]], bool]:
        """Entries with answer and truth, and whether they leave a discrepancy unexplained.

        Halve the entries: test one half, subtract to have the other, follow what is not small. An error that is spread
        so thin that both halves are small is followed to its largest entry.
        """
        flat = np.concatenate([a.ravel() for a in self._answers.values()])
        weight = np.concatenate([np.full(a.size, 1 / self._scale[b]) for b, a in self._answers.items()])
        step = self._plain_step(flat, weight, gross)
        u = weight * self._random.choice([-1.0, 1.0], len(flat)) * self._random.uniform(0.75, 1.5, len(flat))
        least = SHARE * gross / 3

        def discrepancy(low: int, high: int) -> float:
            return float(np.dot(flat[low:high], u[low:high])) - self._plain(low, high, u[low:high], step)

        found: list[tuple[Entry, float, float]] = []
        unexplained = discrepancy(0, len(flat))
        waiting = [(0, len(flat), unexplained)]
        while waiting and len(found) < MOST_WRONG:
            low, high, off = waiting.pop()
            if high - low == 1:
                answer = float(flat[low])
                truth, bound = self._one(low, answer)
                if abs(answer - truth) > bound:
                    found.append((self._entry(low), answer, truth))
                    unexplained -= (answer - truth) * float(u[low])
                continue
            middle = (low + high) // 2
            left = discrepancy(low, middle)
            right = off - left
            if least / 2 < abs(right) < 2 * least:  # what the subtractions have cost may decide it
                right = discrepancy(middle, high)
            halves = [(middle, high, right), (low, middle, left)]
            followed = [half for half in halves if abs(half[2]) > least]
            if not followed and not found and not waiting:
                followed = [max(halves, key=lambda half: abs(half[2]))]
            waiting += followed
        return found, abs(unexplained) > least

    def _one(self, position: int, answer: float) -> tuple[float, float]:
        """The derivative by one entry and a bound: two central differences, or a whole ladder where they differ."""
        block, at = self._entry(position)
        h = 1e-3 * max(1e-3, abs(float(np.asarray(self._product.inputs[self._blocks[block]])[at])))
        wide, narrow = (self._plain(position, position + 1, np.ones(1), s) for s in (h, h / 2))
        value = (4 * narrow - wide) / 3
        if abs(wide - narrow) <= 0.01 * abs(answer - value):
            return value, abs(wide - narrow)
        unit = np.zeros(self._answers[block].shape)
        unit[at] = 1.0
        slope, bound, info = directional(
            self._product.function.f,
            self._product.inputs,
            self._full({block: unit}),
            cotangent=self._cotangent,
            precision=self._precision,
        )
        self._count += info.evaluations
        return float(slope), float(bound)

    def _plain_step(self, flat: Array, weight: Array, gross: float) -> float:
        """A step at which a plain central difference is as good as locating needs: a tenth of the discrepancy."""
        u = weight * self._random.standard_normal(len(flat))
        step = self._step
        last = self._plain(0, len(flat), u, step)
        for _ in range(12):
            step /= 4
            now = self._plain(0, len(flat), u, step)
            if abs(now - last) <= 0.05 * gross:
                break
            last = now
        return step

    def _plain(self, low: int, high: int, u: Array, step: float) -> float:
        """A central difference over the entries [low, high)."""
        full = np.zeros(sum(a.size for a in self._answers.values()))
        full[low:high] = u
        moves = self._split(full)
        values, lengths = [], []
        for sign in (1.0, -1.0):
            inputs = list(lend(self._product.inputs))
            for block, k in self._blocks.items():
                x = np.asarray(inputs[k], dtype=np.float64)
                inputs[k] = laid_out(inputs[k], x + sign * step * moves[block])
            values.append(self._product.scalar(inputs))
            lengths.append(sign * step)
            self._count += 1
        return (values[0] - values[1]) / (lengths[0] - lengths[1])

    def _split(self, flat: Array) -> dict[str, Array]:
        parts, start = {}, 0
        for block, a in self._answers.items():
            parts[block] = flat[start : start + a.size].reshape(a.shape)
            start += a.size
        return parts

    def _entry(self, position: int) -> Entry:
        for block, a in self._answers.items():
            if position < a.size:
                return block, tuple(int(i) for i in np.unravel_index(position, a.shape))
            position -= a.size
        raise AssertionError("a position beyond all blocks")
