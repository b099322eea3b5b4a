"""At a kink: is the answer a mixture of the derivatives that hold around the point?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import Unsupported
from gradcheck.judge.crowded_kinks import at_many_ties, outside
from gradcheck.judge.nearby_slopes import ALIKE, may_occur, pieces
from gradcheck.oracle.analysis import Analysis
from gradcheck.problem.function import Product
from gradcheck.tracing import Derivative
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.hull import in_hull, in_one_array, nearest_in_hull

Array = NDArray[Any]

_DIRECTIONS = 6
_KINKED = 4
"""Maximum number of entries with a kink that are moved in pairs."""
_BOUNDED = 100.0
"""Gradients near a singular point are bounded if none is more than this many times as large as another."""


def at_kink(
    answers: Mapping[str, Array],
    derivative: Derivative,
    allowance: Mapping[str, Array],
    *,
    unit: float,
    local_rules: bool,
    loss: str = "f",
) -> tuple[Finding, bool]:
    """The finding about an answer at a kink, and whether it decides anything.

    In the hull of derivatives that occur nearby: right. In the hull of all choices: right where each choice is a rule
    of its own (`local_rules`: graphs and networks, relu(x) - relu(-x) at 0). For a black box it is right so only where
    f has no derivative and every tie is one of a selection; undecided where all that is nearby says one number, and
    wrong by a choice that contradicts itself (see `ties.contradictions`). Outside: wrong.
    `unit` is the unit roundoff of the subject's dtype; hulls are tested on the whole gradient.
    """
    if derivative.sides is not None:
        return at_many_ties(answers, derivative, allowance, unit=unit, local_rules=local_rules, loss=loss)
    flat = in_one_array(answers.values())
    corners = [_flat(parts, "midpoint") for parts in derivative.alternatives]
    where = "; ".join(derivative.notes[:2]) or "a comparison is undecided here"
    if not np.all(np.isfinite(corners)):
        return finding("GC030", what=f"{where}: a one-sided derivative is not finite"), False
    radius = np.max([_flat(parts, "radius") for parts in derivative.alternatives], axis=0)
    tolerance = in_one_array(allowance[b] for b in answers)
    tolerance = tolerance + radius + 128 * unit * np.max(np.abs(corners), axis=0)
    nearby = [c for c, occurs in zip(corners, derivative.occurs, strict=True) if occurs]
    if nearby and in_hull(flat, nearby, tolerance):
        return finding("GC045", where=where, which="that hold nearby"), True
    if not local_rules and len(nearby) > 1:
        # An outcome that contradicts itself is no side of the kink; where f has a derivative, it is left open below.
        allowed = zip(corners, derivative.possible, derivative.occurs, strict=True)
        corners = [c for c, possible, occurs in allowed if possible or occurs]
    if in_hull(flat, corners, tolerance):
        # Where an entry has one value nearby, that is its derivative, even if a rule gives another.
        kinked = np.ptp(nearby, axis=0) > 0 if nearby else np.zeros(flat.shape, dtype=bool)
        here = kinked | (np.abs(flat - nearby[0]) <= tolerance) if nearby else kinked
        if local_rules or (derivative.own_rules and np.all(here)):
            which = "that the choices at the kink allow (legal by local rules)"
            return finding("GC045", where=where, which=which), True
        what = f"{where}: each choice is legal by itself, but no derivative near this point is like the answer"
        return finding("GC030", what=what), False
    bounds = np.min(corners, axis=0), np.max(corners, axis=0)
    return outside(answers, bounds, nearest_in_hull(flat, corners), tolerance, where, loss), True


def by_local_rules(
    answers: Mapping[str, Array],
    analysis: Analysis,
    allowance: Mapping[str, Array],
    *,
    unit: float,
    local_rules: bool,
) -> tuple[Finding, bool] | None:
    """The same for an answer that is wrong where ties cancel, if equal comparisons fall alike: min(max(c, w), w) at c.

    An engine that settles each tie by itself gives another derivative than the function has. None where it is wrong by
    any such rules, too.
    """
    try:
        derivative = analysis.by_local_rules()
    except Unsupported as reason:
        return finding("GC030", what=f"ties, of which each may be settled by a rule of its own: {reason}"), False
    if derivative is None:
        return None
    found, decided = at_kink(answers, derivative, allowance, unit=unit, local_rules=local_rules)
    return None if found.code == "GC012" else (found, decided)


def at_singular_point(answers: Mapping[str, Array], analysis: Analysis) -> Finding | None:
    """Where the derivative's formula is 0/0 but gradients nearby are finite and bounded: a norm at 0.

    Right if the answer is a mixture of nearby gradients, wrong if it is not even finite; None where nobody can tell.
    """
    parts = analysis.at_the_point()
    if all(np.all(np.isfinite(part.midpoint)) for part in parts):
        return None
    points = _gathered(analysis.nearby())
    sizes = np.max(np.abs(points), axis=1, initial=0.0)
    if not np.all(np.isfinite(points)) or np.max(sizes) > _BOUNDED * max(float(np.min(sizes)), np.finfo(float).tiny):
        return None
    flat = in_one_array(answers.values())
    if not np.all(np.isfinite(flat)):
        at = int(np.argwhere(~np.isfinite(flat))[0][0])
        block, facts = (
            next(iter(answers)),
            {"entry": "", "subject": float(flat[at]), "truth": f"of size {np.max(sizes):.3g}"},
        )
        return finding("GC013", loss="f", block=block, **facts)
    # Farther away a smooth part of the gradient has changed, and a small error would be taken for that change.
    closest = _gathered(analysis.nearby(closest=True))
    if in_hull(flat, list(closest), np.full(flat.shape, 1e-6 * float(np.max(sizes)))):
        return finding("GC045", where="no derivative exists here", which="at points nearby")
    return None


def _gathered(around: Sequence[Array]) -> Array:
    """Gradients at nearby points, a row each."""
    return np.concatenate([a.reshape(-1, a.shape[-1]) for a in around]).T


def _flat(parts: Sequence[Any], name: str) -> Array:
    return np.concatenate([np.asarray(getattr(part, name)).ravel() for part in parts])


def at_differenced_kink(
    product: Product, answers: Mapping[str, Array], one_sided: Mapping[str, tuple[Array, Array]], slack: float
) -> tuple[Finding, bool]:
    """The same where only differences are to be had: slopes on either side, along coordinates and random directions.

    Right if the answer's slope lies between the one-sided slopes along all of them; wrong if it lies outside along a
    coordinate and along a random direction, and occurs at no point around (a convex or concave kink has no other
    subgradients than those between, but not every kink is one: see `nearby_slopes`), or where it is no mixture of the
    few gradients that f has around; else undecided. `slack` is the
    relative error that does not matter.
    """
    from gradcheck.oracle.finite_difference import directional  # late: few checks need it

    place, facts = "", dict[str, Any]()
    for block, answer in answers.items():
        low, high = np.minimum(*one_sided[block]), np.maximum(*one_sided[block])
        allowed = slack * np.maximum(1.0, np.maximum(np.abs(low), np.abs(high)))
        miss = np.where(np.isfinite(answer), np.maximum(low - answer, answer - high), np.inf) - allowed
        if miss.size and np.max(miss) > 0:
            at = tuple(int(i) for i in np.unravel_index(int(np.argmax(miss)), miss.shape))
            place, facts = block, {"block": block, "entry": list(at) or "", "subject": float(answer[at])}
            facts |= {"truth": f"between {low[at]:.12g} and {high[at]:.12g}, the slopes on either side"}
            facts |= {"distance": float(miss[at] + allowed[at]), "allowed": float(allowed[at])}
            break
    random = np.random.default_rng(41)
    cotangent = product.cotangents if product.outputs[1] else (product.cotangents or (None,))[0]
    missed = 0
    # Along the answer itself, too: nowhere does a subgradient that is too long show as clearly.
    along = [{b: np.nan_to_num(np.asarray(a, dtype=np.float64)) for b, a in answers.items()}]
    along = along if any(np.any(m) for m in along[0].values()) else []
    along += _together(answers, one_sided, slack)
    along += [{b: random.standard_normal(np.shape(a)) for b, a in answers.items()} for _ in range(_DIRECTIONS)]
    for moves in along:
        positions = dict(zip(product.function.wrt, answers, strict=True))
        u = [moves[positions[k]] if k in positions else np.zeros(np.shape(x)) for k, x in enumerate(product.inputs)]
        value, error, info = directional(product.function.f, product.inputs, u, cotangent=cotangent)
        slope = sum(float(np.sum(np.asarray(a, dtype=np.float64) * moves[b])) for b, a in answers.items())
        sides = (float(info.left), float(info.right)) if info.kink else (float(value), float(value))
        if info.jump or not all(map(np.isfinite, sides)):
            return finding("GC030", what="kink: differences cannot tell the slopes on either side of it"), False
        room = slack * max(1.0, *map(abs, sides)) + (0.0 if info.kink else float(error))
        missed += not min(sides) - room <= slope <= max(sides) + room
    if not place and not missed:
        which = "on either side, along every direction tried"
        return finding("GC045", where="a kink, seen by differences", which=which), True
    if place and missed and not _occurs_nearby(product, place, answers[place], facts):
        return finding("GC012", loss="f", **facts), True
    if missed and (around := pieces(product)) is not None:
        flat = in_one_array(answers.values())
        tolerance = np.full(flat.shape, ALIKE * float(np.max(np.abs(around))))
        if not in_hull(flat, around, tolerance):
            bounds = np.min(around, axis=0), np.max(around, axis=0)
            return outside(
                answers, bounds, nearest_in_hull(flat, around), tolerance, "a kink, seen by differences", "f"
            ), True
    what = "kink: the answer lies between the slopes along some directions and outside along others"
    return finding("GC030", what=what), False


def _together(
    answers: Mapping[str, Array], one_sided: Mapping[str, tuple[Array, Array]], slack: float
) -> list[dict[str, Array]]:
    """Directions in which two entries with a kink move by as much, up together or against one another.

    The largest of several numbers has a slope along them that no mixture misses, however few random directions show it.
    """
    with np.errstate(invalid="ignore"):  # slopes that are infinite on both sides
        kinked = [
            (block, tuple(int(i) for i in at))
            for block, (left, right) in one_sided.items()
            for at in np.argwhere(
                np.abs(left - right) > slack * np.maximum(1.0, np.maximum(np.abs(left), np.abs(right)))
            )
        ][:_KINKED]
    moves = []
    for (one, first), (other, second) in combinations(kinked, 2):
        for sign in (1.0, -1.0):
            move = {b: np.zeros(np.shape(a)) for b, a in answers.items()}
            move[one][first] += 1.0
            move[other][second] += sign
            moves.append(move)
    return moves


def _occurs_nearby(product: Product, block: str, answer: Array, facts: Mapping[str, Any]) -> bool:
    """Whether the entry that lies farthest outside may be a slope at points around."""
    if product.tangents is not None:
        return False
    position, entry = product.function.wrt[product.blocks.index(block)], tuple(facts["entry"] or ())
    return may_occur(product, position, entry, float(answer[entry]))
