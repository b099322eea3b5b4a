"""Pairs that are right at the defaults of their options, asked at other values of these, and at other sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gradcheck.conventions.offer import Pair
from gradcheck.errors import GradcheckError
from gradcheck.subject.pair_slopes import slopes
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import finding
from gradcheck.verdict.mistakes import CAUSE
from gradcheck.verdict.result import Result, Verdict

_SLOPE = 4
"""Where a line of `slopes` holds the derivative's slope."""


def wrong_elsewhere(pair: Pair, judge: Callable[[Pair], Result]) -> Result | None:
    """The first result of the pair's further settings that is wrong; None where none is."""
    for other in pair.further:
        try:
            result = judge(replace(other, options=pair.options))
        except GradcheckError:  # of inputs that were chosen for it, and that the check refuses
            continue
        if result.verdict is Verdict.FAIL:
            return _told(pair, other, result)
    return None


def _told(pair: Pair, other: Pair, result: Result) -> Result:
    """The result with the setting in the function's call, and what the derivative does not read."""
    if not other.setting:
        return result
    if result.checked is not None:
        function = f"{result.checked.function.removesuffix(')')}, {other.setting})"
        result = replace(result, checked=replace(result.checked, function=function))
    if not _same_derivative(pair, other):
        return result
    result = replace(result, findings=tuple(f for f in result.findings if f.code != CAUSE))
    names = " and ".join(other.options_given)
    cause = f"the derivative is right at the default of {names}, and answers the same with {other.setting}"
    return with_findings(result, [finding(CAUSE, cause=cause, kind="option-not-read")])


def _same_derivative(pair: Pair, other: Pair) -> bool:
    mine, theirs = ([line[_SLOPE] for line in slopes(one)] for one in (pair, other))
    return bool(mine) and mine == theirs
