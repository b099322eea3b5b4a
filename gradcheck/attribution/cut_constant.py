"""A constant of the function that its derivative has with too few digits: 3.14, or 0.79788 for sqrt(2 / pi)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.constant_place import place_of
from gradcheck.attribution.edited_record import Edit
from gradcheck.attribution.experiments import Experiments
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.mistake import Mistake
from gradcheck.problem.function import Product
from gradcheck.tracing.session import Run

Array = NDArray[Any]

DIGITS = range(1, 12)
"""Digits after which a constant may be cut; with more of them nearly any small error looks like a cut constant."""
FINEST, COARSEST = 1e-12, 0.1
"""Relative errors between which a constant counts as cut."""
MOST_CONSTANTS = 24
"""Maximum number of constants of a record that are tried."""
CLEAR = 3e3
"""How many times its room an answer must be off: some 60 numbers are tried per constant, and one in a thousand errors
would fit one of them by accident if it were known to a thirtieth only."""
LARGEST_DENOMINATOR = 720
"""Largest denominator of a fraction of pi that counts as one: pi / 180, 2 pi / 365."""

_IRRATIONAL: dict[str, float] = {
    "pi": math.pi,
    "sqrt(pi)": math.sqrt(math.pi),
    "sqrt(2 pi)": math.sqrt(2 * math.pi),
    "e": math.e,
    "log(2)": math.log(2),
    "log(10)": math.log(10),
    "sqrt(2)": math.sqrt(2),
    "sqrt(3)": math.sqrt(3),
}

_SLOPES: dict[str, dict[str, tuple[float, Callable[[float], float]]]] = {
    # What a slope holds, by the constant of its formula: its value, and the constant that follows from it.
    "pi": {
        "pi": (math.pi, lambda c: c),
        "2 / sqrt(pi)": (2 / math.sqrt(math.pi), lambda c: 4 / c**2),
        "sqrt(pi)": (math.sqrt(math.pi), lambda c: c**2),
        "1 / sqrt(2 pi)": (1 / math.sqrt(2 * math.pi), lambda c: 1 / (2 * c**2)),
        "sqrt(2 pi)": (math.sqrt(2 * math.pi), lambda c: c**2 / 2),
    },
    "ln2": {"log(2)": (math.log(2), lambda c: c), "1 / log(2)": (1 / math.log(2), lambda c: 1 / c)},
    "ln10": {"log(10)": (math.log(10), lambda c: c), "1 / log(10)": (1 / math.log(10), lambda c: 1 / c)},
}


@dataclass(frozen=True)
class _Cut:
    """`name`, which is `value`, written as `cut`; `used` is the value that the constant in the record then has."""

    name: str
    value: float
    cut: float
    used: float


def cut_constants(experiments: Experiments) -> Iterator[Explanation]:
    """Every constant of the record that, cut or rounded to few digits, reproduces what is off in all blocks."""
    if experiments.discrepancy.clear < CLEAR:
        return
    for edit, cuts in _edits(experiments.run):
        for k in experiments.fits(edit):
            yield _explanation(cuts[k], experiments.product)


def _explanation(cut: _Cut, product: Product) -> Explanation:
    written = f"{cut.cut:.12g}"
    name = f"{cut.name}, {cut.value:.12g}," if cut.name else f"the constant {cut.value:.12g}"
    clause = f"has {name} as {written}"
    return Explanation(Mistake.CONSTANT_CUT, clause, place=place_of(product.function.f, cut.value))


def _edits(run: Run) -> Iterator[tuple[Edit, Sequence[_Cut]]]:
    """The edits to try, each with the cut that each variant stands for."""
    nodes, tried = run.trace.record.nodes, 0
    used = {a for node in nodes for a in node.args if node.varies}
    for slot, node in enumerate(nodes):
        if slot not in used or node.primitive != "constant" or tried >= MOST_CONSTANTS:
            continue
        values = np.unique(node.attributes["value"])
        if len(values) != 1 or not (cuts := _cuts(float(values[0]))):
            continue
        tried += 1
        changed = np.array([c.used for c in cuts])
        for slopes_alone in (False, True):
            yield Edit({slot: changed}, {}, {}, slopes_alone), cuts
    for name, forms in _SLOPES.items():
        cuts = [_Cut(form, value, cut, back(cut)) for form, (value, back) in forms.items() for cut in shortened(value)]
        yield Edit({}, {name: np.array([c.used for c in cuts])}, {}, slopes_alone=True), cuts


def _cuts(value: float) -> list[_Cut]:
    """How a constant may have been cut: itself, its inverse, or an irrational number that it is a multiple of."""
    if not math.isfinite(value) or value == 0:
        return []
    found = [_Cut("", value, cut, cut) for cut in shortened(value)]
    if abs(value) != 1:
        found += [_Cut("", 1 / value, cut, 1 / cut) for cut in shortened(1 / value)]
    for name, irrational in _IRRATIONAL.items():
        if simple(value / irrational):
            found += [_Cut(name, irrational, cut, value / irrational * cut) for cut in shortened(irrational)]
        if simple(value * irrational):
            found += [_Cut(name, irrational, cut, value * irrational / cut) for cut in shortened(irrational)]
    return list({(c.name, c.value, c.cut): c for c in found}.values())


def simple(ratio: float) -> bool:
    """Whether a number is a fraction of small whole numbers, and not 0."""
    if not 1 / LARGEST_DENOMINATOR <= abs(ratio) <= LARGEST_DENOMINATOR:
        return False
    return any(abs(ratio * q - round(ratio * q)) <= 1e-13 * q for q in (1, 2, 3, 4, 5, 6, 8, 12, 90, 180, 360, 365))


def shortened(value: float) -> list[float]:
    """`value` rounded to, and cut after, each number of DIGITS, where that changes it."""
    found = []
    for digits in DIGITS:
        rounded = float(f"{value:.{digits - 1}e}")
        mantissa, _, exponent = f"{value:.14e}".partition("e")  # short decimals, which floats are not, stay short
        kept = mantissa[: digits + 1 + (value < 0)] if digits > 1 else mantissa[: 1 + (value < 0)]
        found += [rounded, float(f"{kept}e{exponent}")]
    return [c for c in dict.fromkeys(found) if FINEST * abs(value) < abs(c - value) < COARSEST * abs(value)]
