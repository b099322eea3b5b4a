"""A small constant that the function has and its derivative ignores, or that the derivative adds where it divides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.constant_place import place_of
from gradcheck.attribution.edited_record import Edit, with_added
from gradcheck.attribution.experiments import Experiments
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.mistake import Mistake
from gradcheck.tracing.record import Node

Array = NDArray[Any]

LARGEST = 1e-3
"""Largest constant that counts as a guard."""
ADDED = np.array([10.0**-k for k in range(3, 17)])
"""Numbers that a derivative may have added to a divisor, or under a root or logarithm."""
CLEAR = 30.0
"""How many times its room an answer must be off, for one of few constants to be what it lacks."""
CLEAR_OF_ADDED = 300.0
"""The same for a number that is added somewhere: there are more places than constants."""
MOST_PLACES = 60
"""Maximum number of places of a record where something added is tried."""

GUARDED = ("log", "log2", "log10", "sqrt", "cbrt")
"""Functions whose argument a small number keeps away from 0."""


def ignored(experiments: Experiments) -> Iterator[Explanation]:
    """Small constants of the record without which, set to 0, it has the derivative that came."""
    if experiments.discrepancy.clear < CLEAR:
        return
    nodes = experiments.run.trace.record.nodes
    for slot in [s for s, node in enumerate(nodes) if 0 < abs(_single(node)) <= LARGEST]:
        value = _single(nodes[slot])
        added = any(slot in node.args and node.primitive in ("add", "sub") for node in nodes)
        edits = (Edit({slot: np.zeros(1)}, {}, {}, slopes_alone) for slopes_alone in (False, True))
        if any(experiments.fits(edit) for edit in edits):
            what = f"lacks the {value:.6g} that f adds" if added else f"lacks the term with the factor {value:.6g}"
            kind = Mistake.GUARD if added else Mistake.LOSS_TERM
            yield Explanation(kind, what, place=place_of(experiments.product.function.f, value))


def added(experiments: Experiments) -> Iterator[Explanation]:
    """Small numbers that, added to a divisor, or under a root or logarithm, give the derivative that came."""
    if experiments.discrepancy.clear < CLEAR_OF_ADDED:
        return
    record = experiments.run.trace.record
    for slot, node in [(s, n) for s, n in enumerate(record.nodes) if n.varies and _divides(n)][:MOST_PLACES]:
        where = "a divisor" if node.primitive != "unary" else f"the argument of {node.attributes['function']}"
        for position in _arguments(node):
            longer, zero = with_added(record, slot, position)
            for slopes_alone in (False, True):
                fits = experiments.fits(Edit({zero: ADDED}, {}, {}, slopes_alone), longer)
                yield from (_adds(k, where) for k in fits)
        for factor in (1.0, 2.0):  # the slope of a root is g / (2 y), which many write as g / 2 / (y + eps)
            fits = experiments.fits(Edit({}, {}, {slot: factor * ADDED}, slopes_alone=True))
            yield from (_adds(k, "a divisor") for k in fits)


def _adds(k: int, where: str) -> Explanation:
    return Explanation(Mistake.GUARD, f"has {ADDED[k]:.0e} added to {where}")


def _single(node: Node) -> float:
    """The one value of a constant; 0 for anything else."""
    values = np.unique(node.attributes["value"]) if node.primitive == "constant" else np.zeros(0)
    return float(values[0]) if values.size == 1 else 0.0


def _divides(node: Node) -> bool:
    roots = node.primitive == "pow" and bool(np.any(node.attributes["exponent"] < 1))
    return node.primitive == "div" or roots or node.attributes.get("function") in GUARDED


def _arguments(node: Node) -> tuple[int, ...]:
    """Positions of the arguments to which something may be added."""
    return (1,) if node.primitive == "div" else (0,)
