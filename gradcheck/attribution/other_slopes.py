"""Slopes mistaken for one another, where one array is computed from another entry by entry.

That is one operation (`np.tanh(x)`), or several that together make an activation (`1 / (1 + np.exp(-x))`). The slope
of such a pair is read off tangents along random directions: y' = slope * x' for all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradcheck.attribution.altered_sweep import Edge
from gradcheck.attribution.hypothesis import Change, Hypothesis
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.pairs import Pair, between, pair_of, pairs, slope_at
from gradcheck.attribution.path_factors import fits, single
from gradcheck.attribution.record_forms import is_call, mean_of, plain, sum_of_squares
from gradcheck.attribution.slope_tables import Slope, of_tables
from gradcheck.attribution.view import Array, View

MOST_GROUPED = 40
"""Maximum number of groups of operations of one kind whose slopes are tried together."""
MOST_PAIRS = 50
"""Maximum number of operations of such a group."""
Row = tuple[Mistake, str]
"""A wrong slope: its kind, and what was done."""
OF_LOG = "with the slope of log"
"""What is said of the slope of a logarithm; of what exp gives it is that of the identity."""
SMALL = 0.05
"""Maximum size of a constant that counts as a guard, such as the epsilon in log(p + 1e-8)."""
MOST_ADDED = 2.0
"""Maximum size of a constant that is added and may have been left out."""


def slope_mistakes(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """Single pairs, and all pairs of one kind, whose slope replaced by another one fits."""
    chosen = view.within(blocks)
    off, room = (d[chosen] for d in view.discrepancy)
    found = pairs(view)
    stacks = view.located.stacks
    turns = Counter((stacks[pair.y], len(pair.steps)) for pair in found)
    for pair in found:
        if view.long or (stacks[pair.y] and turns[stacks[pair.y], len(pair.steps)] > MOST_PAIRS):
            continue  # one turn of a long loop alone is no likely mistake
        named = _known_slopes(view, pair)
        if not named:
            continue
        with np.errstate(all="ignore"):
            off_by = (view.adjoints[pair.y] * (slope - pair.slope)[..., None] for _, _, slope in named)
            good = [fits(view.along(pair.x, change)[chosen], off, room) for change in off_by]
        for k in np.flatnonzero(good):
            mistake, words, _ = named[k]
            yield _hypothesis((pair,), mistake, words)
    yield from _grouped(view, found, blocks)


def _hypothesis(several: Sequence[Pair], mistake: Mistake, words: str) -> Hypothesis:
    nodes = [(pair.x, pair.y) for pair in several]

    def shortcuts(view: View) -> dict[int, tuple[int, Any]] | None:
        made = {}
        unknown = [pair_of(view, x, y) for x, y in nodes if (x, y) not in view.slopes]
        _learn(view, [pair for pair in unknown if pair is not None])
        for x, y in nodes:
            slope = next((s for _, w, s in view.slopes.get((x, y), ()) if w == words), None)
            if slope is None:
                return None
            made[y] = x, slope[..., None]
        return made

    length = max(len(pair.steps) for pair in several)
    rank = 2 + (length > 1 or mistake is Mistake.OTHER_SLOPE) + (len(several) > 1)
    edges: tuple[Edge, ...] = tuple((pair.y, 0) for pair in several)
    return Hypothesis(mistake, rank, edges, words, Change(shortcuts=shortcuts))


def _grouped(view: View, found: Sequence[Pair], blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """All pairs made by one call, in one place, or by one function of NumPy, or by one function of the user's."""
    tables: list[dict[Any, list[Pair]]] = [defaultdict(list) for _ in range(3)]
    for pair in found:
        node, made = view.record.nodes[pair.y], view.located.made(pair.y)
        tables[0][made, len(pair.steps), node.primitive].append(pair)
        tables[1][view.located.stacks[pair.y], made[1], len(pair.steps), node.primitive].append(pair)
        if len(pair.steps) == 1:
            tables[2][node.primitive, str(node.attributes.get("function"))].append(pair)
    groups = {tuple((p.x, p.y) for p in some): some for table in tables for some in table.values()}
    most = len(found) if view.long else MOST_PAIRS
    several = [some for some in groups.values() if 1 < len(some) <= most]
    for some in several[:MOST_GROUPED]:
        _learn(view, some)
        rows = sorted(set.intersection(*({(m, w) for m, w, _ in _known_slopes(view, p)} for p in some)))
        yield from (_hypothesis(some, *row) for row in _fitting(view, some, rows, blocks))


def _fitting(view: View, some: Sequence[Pair], rows: Sequence[Row], blocks: frozenset[str]) -> Iterator[Row]:
    """The rows whose slopes, put in the place of all those pairs' own, reproduce the answer: one sweep for all rows."""
    if view.forward:  # the runs of a JVP's sweep are its outputs
        yield from rows
        return
    key = ("slopes", tuple((p.x, p.y) for p in some))
    if key not in view.tried:
        slopes = {p.y: {(m, w): slope for m, w, slope in _known_slopes(view, p)} for p in some}
        made = {p.y: (p.x, np.stack([slopes[p.y][row] for row in rows], axis=-1)) for p in some if rows}
        view.tried[key] = view.gradients(len(rows), None, made) if rows else None
    found = view.tried[key]
    for k, row in enumerate(rows):
        if found is not None and view.reproduces({b: a[..., k] for b, a in found.items()}, blocks):
            yield row


def _known_slopes(view: View, pair: Pair) -> list[Slope]:
    """The same as `_wrong_slopes`, made once for each pair."""
    _learn(view, [pair])
    return view.slopes[pair.x, pair.y]


def _learn(view: View, several: Sequence[Pair]) -> None:
    """Put the wrong slopes of pairs in `view.slopes`; of those of one shape by one pass over the tables."""
    by_shape: dict[tuple[int, ...], list[Pair]] = defaultdict(list)
    for pair in several:
        if (pair.x, pair.y) not in view.slopes:
            by_shape[pair.slope.shape].append(pair)
    for alike in by_shape.values():
        x, y = (np.array([view.values[slot][..., 0] for slot in slots], dtype=float) for slots in _slots(alike))
        again = np.array([_again(view, pair, at) for pair, at in zip(alike, y, strict=True)])
        rows = of_tables(x, y, np.array([pair.slope for pair in alike]), again)
        for pair, own in zip(alike, rows, strict=True):
            view.slopes[pair.x, pair.y] = list(_wrong_slopes(view, pair, own))


def _slots(several: Sequence[Pair]) -> tuple[list[int], list[int]]:
    return [pair.x for pair in several], [pair.y for pair in several]


def _wrong_slopes(view: View, pair: Pair, by_tables: Sequence[Slope]) -> Iterator[Slope]:
    """Kind, what was done, and the slope (float64) that it amounts to; `by_tables`: those of other functions."""
    x, y = (np.asarray(view.values[s][..., 0], dtype=float) for s in (pair.x, pair.y))
    right = pair.slope
    with np.errstate(all="ignore"):
        if _selects(view, pair):
            yield Mistake.BRANCH, "reaching the entries where the comparison there stops it, too", np.ones_like(right)
            if (coming := view.adjoints[pair.y]).shape == (*right.shape, 1):
                words = "with a mask made of the signs of the gradient that comes in, not of the values there"
                yield Mistake.OTHER_SLOPE, words, np.where(coming[..., 0] > 0, 1.0, 0.0)
        elif np.all((right == 0) | (right == 1)):
            yield Mistake.MASK_SCALE, "reaching the entries that do not count there, too", np.ones_like(right)
        else:
            kind = Mistake.MASK_SCALE if _of_constants(view, pair) else Mistake.SLOPE_FORGOTTEN
            yield kind, "lacking the slope there, as if it were 1", np.ones_like(right)
            if np.all(right < 0) and (len(pair.steps) > 1 or view.record.nodes[pair.y].primitive == "unary"):
                yield Mistake.SLOPE_FORGOTTEN, "lacking the slope there but for its sign", -np.ones_like(right)
        if (unguarded := _without(view, pair, _guards(view, pair))) is not None:
            kind = Mistake.GUARD if _all_single(view, pair) else Mistake.OTHER_SLOPE
            yield kind, "without the constant that is added there", unguarded
        if (uncentred := _without(view, pair, _means(view, pair))) is not None:
            yield Mistake.VARIANCE_MEAN, "without the mean that is subtracted there", uncentred
        if (masks := _masks(view, pair)) and (whole := slope_at(view, pair, x, dict.fromkeys(masks, 1.0))) is not None:
            yield Mistake.MASK_SCALE, "without the mask there", whole
        if not np.all((right == 0) | (np.abs(right) == 1)):
            yield Mistake.SLOPE_TWICE, "being multiplied by the slope there twice", right * right
        if len(pair.steps) > 1 or view.record.nodes[pair.y].primitive in ("unary", "pow"):
            at_output = slope_at(view, pair, y)
            if at_output is not None:
                yield Mistake.SLOPE_AT_OUTPUT, "with the slope taken at the output, not at the input", at_output
        yield from _back_from_exp(by_tables) if is_call(view, pair.x, "exp") else by_tables
        if _root(view, pair):
            kind = Mistake.NORM if sum_of_squares(view, pair.x) else Mistake.POWER_RULE
            yield kind, "lacking the root in the denominator", np.full_like(x, 0.5)
        if len(pair.steps) > 1 and (p := _power_of(x, y, right)) is not None:
            yield Mistake.POWER_RULE, f"having the exponent {p:.6g} not lowered by one", right * x
            yield Mistake.POWER_RULE, f"having the exponent {p:.6g} lowered by two", right / x
        if (exponent := _exponent(view, pair)) is not None:
            yield Mistake.POWER_RULE, "having the exponent not lowered by one", exponent * y
            yield Mistake.POWER_RULE, "having the exponent lowered by two", exponent * np.power(x, exponent - 2)
            yield Mistake.POWER_RULE, "lacking the power, with its exponent alone", np.array(exponent)
            yield Mistake.OTHER_SLOPE, "having lost the sign of the base", exponent * np.power(np.abs(x), exponent - 1)


def _back_from_exp(by_tables: Sequence[Slope]) -> Iterator[Slope]:
    """The rows for what is computed from an exponential: log of exp is the identity, and no logarithm."""
    for kind, words, slope in by_tables:
        if words == OF_LOG:
            yield Mistake.SLOPE_FORGOTTEN, "lacking the slope there, as if its argument came out again", slope
        else:
            yield kind, words, slope


def _selects(view: View, pair: Pair) -> bool:
    """Whether entries are chosen on the way by comparisons."""
    nodes = [view.record.nodes[s] for s in pair.steps]
    return any(node.primitive == "gather" and len(node.args) > 1 for node in nodes)


def _of_constants(view: View, pair: Pair) -> bool:
    """Whether the slope is an array of constants, such as weights; signs are no scale."""
    if np.all(np.abs(pair.slope) == 1):
        return False
    x = np.asarray(view.values[pair.x][..., 0], dtype=float)
    there = slope_at(view, pair, 1.25 * x + 0.1)
    return there is not None and bool(np.allclose(there, pair.slope, rtol=1e-12, atol=0))


def _masks(view: View, pair: Pair) -> list[int]:
    """Constant arrays of zeros and ones by which is multiplied on the way."""
    found = []
    for slot in pair.steps:
        node = view.record.nodes[slot]
        for argument in node.args if node.primitive == "mul" else ():
            constant = view.record.nodes[argument]
            if constant.primitive == "constant" and constant.shape:
                values = np.asarray(constant.attributes["value"])
                if np.all(np.isin(values, (0, 1))) and 0 < np.count_nonzero(values) < values.size:
                    found.append(argument)
    return found


def _guards(view: View, pair: Pair) -> list[int]:
    """Small constants that are added on the way; larger ones, too, where little else is done."""
    found, most = [], SMALL if len(pair.steps) > 2 else MOST_ADDED
    for slot in pair.steps:
        node = view.record.nodes[slot]
        for argument in node.args if node.primitive in ("add", "sub") else ():
            constant = view.record.nodes[argument]
            own = constant.primitive == "constant" and argument not in view.replaced
            if own and np.all(np.abs(constant.attributes["value"]) <= most):
                found.append(argument)
    return found


def _means(view: View, pair: Pair) -> list[int]:
    """Means that are subtracted on the way, and held constant because what they contribute cancels."""
    found = []
    for slot in pair.steps:
        node = view.record.nodes[slot]
        held = node.primitive == "sub" and plain(view, node.args[1]) in view.replaced
        if held and mean_of(view.original, node.args[1], node.args[0]):
            found.append(node.args[1])
    return found


def _all_single(view: View, pair: Pair) -> bool:
    """Whether all those constants are one number each."""
    return all(single(view.record.nodes[s].attributes["value"]) is not None for s in _guards(view, pair))


def _without(view: View, pair: Pair, constants: Sequence[int]) -> Array | None:
    """The slope without some constants that are added on the way; None if there are none."""
    if not constants:
        return None
    x = np.asarray(view.values[pair.x][..., 0], dtype=float)
    return slope_at(view, pair, x, dict.fromkeys(constants, 0.0))


def _root(view: View, pair: Pair) -> bool:
    node = view.record.nodes[pair.y]
    return len(pair.steps) == 1 and node.primitive == "unary" and node.attributes["function"] == "sqrt"


def _power_of(x: Array, y: Array, slope: Array) -> float | None:
    """The exponent p where y is a multiple of the power x**p; None where it is none, or x has a zero."""
    if not x.size or not np.all(x) or not np.all(y):
        return None
    exponents = slope * x / y
    p = float(np.ravel(exponents)[0])
    return p if np.allclose(exponents, p, rtol=1e-9, atol=0) and p not in (0.0, 1.0) and np.ptp(x) else None


def _exponent(view: View, pair: Pair) -> Array | None:
    node = view.record.nodes[pair.y]
    if len(pair.steps) > 1 or node.primitive != "pow":
        return None
    return np.broadcast_to(np.asarray(node.attributes["exponent"], dtype=float), node.shape)


def _again(view: View, pair: Pair, at: Array) -> Array:
    given = at[..., None].astype(view.numbers.carrier)
    again = between(view, pair.x, pair.steps, given, None).value[..., 0]
    return np.broadcast_to(np.asarray(again, dtype=float), at.shape)
