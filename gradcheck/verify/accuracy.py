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
CARRIERS = ("add", "mul", "sum")
"""Ops by which the suites give a node a cotangent; they lose nothing themselves."""
KINK = "kink"
"""Label of a case whose point is a kink or a tie of its op."""
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


def losses(cases: Sequence[Addressed], results: Sequence[Result]) -> tuple[Loss, ...]:
    """Each op with failures that are lost accuracy, as far as the results show."""
    alone = {item.address: _alone(item) for item in cases}
    by_op: dict[str, list[tuple[float, Result]]] = {}
    for result in results:
        found = alone.get(result.address)
        if found is not None:
            by_op.setdefault(found[0], []).append((found[1], result))
    return tuple(loss for op, rows in by_op.items() for loss in _of_op(op, rows))


def _alone(item: Addressed) -> tuple[str, float] | None:
    """The one op of a case, besides CARRIERS, and the largest value of its point; None for any other graph."""
    if not isinstance(item.case, Case):
        return None
    ops = item.case.graph.ops
    few = ops - set(CARRIERS) or ops
    values = np.concatenate([np.ravel(value) for value in item.case.point.values()])
    return (next(iter(few)), float(np.max(np.abs(values)))) if len(few) == 1 and values.size else None


def _of_op(op: str, rows: Sequence[tuple[float, Result]]) -> list[Loss]:
    """The op's losses, if it is right at ordinary arguments."""
    kinks = [result for _, result in rows if KINK in result.labels]
    usual = [result for at, result in rows if at <= ORDINARY and result not in kinks]
    if not any(r.verdict is Verdict.PASS for r in usual) or any(_is_wrong(r) for r in usual):
        raised = sorted(((at, r) for at, r in rows if at > ORDINARY and _raises(r)), key=lambda row: row[0])
        told = [f"{op} gives no finite number at {at:g}{_shown(r)}" for at, r in raised[:1]]
        return [Loss(op, sentence, tuple(r.address for _, r in raised)) for sentence in told]
    found = []
    if beside := [result for result in kinks if result.verdict is Verdict.FAIL]:
        sentence = f"{op} answers at its kink what no side of it gives{_shown(beside[0])}; elsewhere its rule is right"
        found.append(Loss(op, sentence, tuple(result.address for result in beside)))
    for what, test in (("loses accuracy", _loses_digits), ("gives no finite number", _overflows)):
        lost = sorted(((at, r) for at, r in rows if at > ORDINARY and test(r)), key=lambda row: row[0])
        if lost:
            at, first = lost[0]
            shown = _shown(first)
            sentence = f"{op} {what} at {at:g}{shown}; its rule is right at ordinary arguments"
            found.append(Loss(op, sentence, tuple(r.address for _, r in lost)))
    return found


def _is_wrong(result: Result) -> bool:
    return result.verdict in (Verdict.FAIL, Verdict.ERROR)


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
    return any(str(f.facts.get("type")) in OVERFLOWS for f in result.findings)


def _shown(result: Result) -> str:
    facts: Mapping[str, object] = next((f.facts for f in result.findings if f.facts.get("type")), {})
    if facts:
        return f" (it raises {facts['type']})"
    worst = result.worst
    return "" if worst is None else f" (yours {worst.subject:.3g}, right {worst.truth:.3g})"
