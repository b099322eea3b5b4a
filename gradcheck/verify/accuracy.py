"""Where an engine's formulas lose digits, overflow or give NaN, though the rule is right: told apart from a wrong rule.

A textbook formula such as s * (1 - s) is the slope of the sigmoid, and yet 0 at 40, where the slope is 4e-18. A failure
counts as lost accuracy if the op's rule is right at ordinary arguments, if the failure lies where the op saturates or
overflows, and if the answer is off by next to nothing, or is no finite number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradcheck.problem import Case
from gradcheck.run.suite import Addressed
from gradcheck.verdict.result import Result, Verdict

LOST = 1e-6
"""Maximum error, of a gradient of order 1 or less, that counts as lost digits: rules that are wrong are off by more."""
ORDINARY = 6.0
"""Maximum magnitude of an argument that is called ordinary; beyond, some op of the table saturates."""
TINY = 1e-6
"""Magnitude of an argument below which formulas that are guarded by a small number, log(x + 1e-8), answer otherwise."""
CARRIERS = ("add", "mul", "sum")
"""Ops by which the suites give a node a cotangent; they lose nothing themselves."""
KINK = "kink"
"""Label of a case whose point is a kink or a tie of its op."""
HARDLY = 1e-12
"""Maximum relative error at ordinary arguments of a guard such as log(x + 1e-15), which is no wrong rule."""
OVERFLOWS = ("OverflowError", "ZeroDivisionError", "FloatingPointError")
"""Exceptions that Python's `math` raises where NumPy gives inf or NaN."""


@dataclass(frozen=True)
class Loss:
    """One op that loses accuracy.

    Attributes
    ----------
    op: its name.
    sentence: what happens, and from which argument on.
    addresses: of the cases in which it does.
    """

    op: str
    sentence: str
    addresses: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """A result for an op alone, with the largest magnitude of its arguments and the smallest that is not 0."""

    largest: float
    smallest: float
    result: Result

    @property
    def is_tiny(self) -> bool:
        return self.smallest < TINY and self.largest <= ORDINARY

    @property
    def is_wrong(self) -> bool:
        return self.result.verdict in (Verdict.FAIL, Verdict.ERROR)


def losses(cases: Sequence[Addressed], results: Sequence[Result]) -> tuple[Loss, ...]:
    """Each op with failures that are lost accuracy, as far as the results show."""
    alone = {item.address: _alone(item) for item in cases}
    by_op: dict[str, list[_Row]] = {}
    for result in results:
        found = alone.get(result.address)
        if found is not None:
            op, largest, smallest = found
            by_op.setdefault(op, []).append(_Row(largest, smallest, result))
    return tuple(loss for op, rows in by_op.items() for loss in _of_op(op, rows))


def _alone(item: Addressed) -> tuple[str, float, float] | None:
    """The one op of a case, besides CARRIERS, and the magnitudes of its point; None for any other graph."""
    if not isinstance(item.case, Case):
        return None
    ops = item.case.graph.ops
    few = ops - set(CARRIERS) or ops
    values = np.abs(np.concatenate([np.ravel(value) for value in item.case.point.values()]))
    if len(few) != 1 or not values.size:
        return None
    return next(iter(few)), float(np.max(values)), float(np.min(values, where=values > 0, initial=np.inf))


def _of_op(op: str, rows: Sequence[_Row]) -> list[Loss]:
    """The op's losses, if it is right at ordinary arguments."""
    kinks = [row for row in rows if KINK in row.result.labels]
    tiny = [row for row in rows if row.is_tiny and row not in kinks]
    usual = [row for row in rows if row.largest <= ORDINARY and row not in kinks and row not in tiny]
    hardly = [row for row in usual if _hardly_off(row.result)]
    usual = [row for row in usual if row not in hardly]
    large = sorted((row for row in rows if row.largest > ORDINARY), key=lambda row: row.largest)
    if not any(row.result.verdict is Verdict.PASS for row in usual) or any(row.is_wrong for row in usual):
        raised = [row for row in large if _raises(row.result)]
        told = [f"{op} gives no finite number at {row.largest:g}{_shown(row.result)}" for row in raised[:1]]
        return [Loss(op, sentence, tuple(row.result.address for row in raised)) for sentence in told]
    found = []
    if silent := [row.result for row in kinks if row.result.verdict is Verdict.ERROR and _raised(row.result)]:
        sentence = f"{op} gives no answer at its kink{_shown(silent[0])}; elsewhere its rule is right"
        found.append(Loss(op, sentence, tuple(result.address for result in silent)))
    if beside := [row.result for row in kinks if row.result.verdict is Verdict.FAIL]:
        sentence = f"{op} answers at its kink what no side of it gives{_shown(beside[0])}; elsewhere its rule is right"
        found.append(Loss(op, sentence, tuple(result.address for result in beside)))
    if guarded := [row for row in tiny if row.result.verdict is Verdict.FAIL]:
        at = f"{guarded[0].smallest:.3g}{_shown(guarded[0].result)}"
        sentence = f"{op} answers otherwise near 0, at {at}, as with a guard; its rule is right at ordinary arguments"
        found.append(Loss(op, sentence, tuple(row.result.address for row in guarded)))
    if hardly:
        sentence = f"{op} is off in the last digits{_distance(hardly[0].result)}, as with a guard; its rule is right"
        found.append(Loss(op, sentence, tuple(row.result.address for row in hardly)))
    for what, test in (("loses accuracy", _loses_digits), ("gives no finite number", _overflows)):
        if lost := [row for row in large if test(row.result)]:
            at = f"{lost[0].largest:g}{_shown(lost[0].result)}"
            sentence = f"{op} {what} at {at}; its rule is right at ordinary arguments"
            found.append(Loss(op, sentence, tuple(row.result.address for row in lost)))
    return found


def _hardly_off(result: Result) -> bool:
    """Whether all that is wrong is off by next to nothing, relative to the truth."""
    off = _off(result)
    return bool(off) and all(d <= HARDLY * max(abs(truth), TINY) for d, truth in off)


def _off(result: Result) -> list[tuple[float, float]]:
    """Distance and truth of each value and gradient that is wrong; none where something else is wrong."""
    wrong = [f.facts for f in result.findings if f.severity == "error"]
    if result.verdict is not Verdict.FAIL or not all("distance" in facts and "truth" in facts for facts in wrong):
        return []
    return [(float(str(facts["distance"])), float(str(facts["truth"]))) for facts in wrong]


def _distance(result: Result) -> str:
    distance, truth = max(_off(result))
    return f" (by {distance:.1g}, where {truth:.3g} is right)"


def _loses_digits(result: Result) -> bool:
    """Whether the worst entry is off by next to nothing, measured on the scale of 1."""
    worst = result.worst
    if result.verdict is not Verdict.FAIL or worst is None or _overflows(result):
        return False
    scale = min(1.0, max(abs(worst.truth), LOST))
    return abs(worst.subject - worst.truth) <= LOST * scale or (
        abs(worst.truth) <= LOST and abs(worst.subject - worst.truth) <= LOST
    )


def _overflows(result: Result) -> bool:
    """Whether the answer is inf or NaN, or an exception that says so."""
    if result.verdict is Verdict.ERROR:
        return _raises(result)
    worst = result.worst
    return result.verdict is Verdict.FAIL and worst is not None and not np.isfinite(worst.subject)


def _raises(result: Result) -> bool:
    return any(name in OVERFLOWS for name in _raised(result))


def _raised(result: Result) -> list[str]:
    """The types of the exceptions that the subject raised."""
    return [str(f.facts["type"]) for f in result.findings if f.code == "GC004" and f.facts.get("type")]


def _shown(result: Result) -> str:
    facts: Mapping[str, object] = next((f.facts for f in result.findings if f.facts.get("type")), {})
    if facts:
        return f" (it raises {facts['type']})"
    worst = result.worst
    return "" if worst is None else f" (yours {worst.subject:.3g}, right {worst.truth:.3g})"
