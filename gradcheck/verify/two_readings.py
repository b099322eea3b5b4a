"""A derivative that may be meant in two ways, judged in both where the first finds it wrong.

Where the file tells which is meant, that one decides, and the other may say what the mistake is. Where nothing tells,
it is right if it is right in one of the two, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable

from gradcheck.conventions.offer import Pair, Reading
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.mistakes import CAUSE
from gradcheck.verdict.result import Result, Verdict

IN_TWO_WAYS = "GC111"
"""Code of the note; of a result that passes it says that the other reading is the right one."""


def in_two_readings(pair: Pair, judge: Callable[[Pair], Result]) -> Result:
    """The result in the pair's reading, or in its other one where that is what the derivative must be meant as."""
    result = judge(pair)
    if result.verdict is Verdict.PASS or pair.reading is None or pair.other is None:
        return result
    other = judge(pair.other)
    assert pair.other.reading is not None, "two readings"
    mine, theirs = (pair.reading, result), (pair.other.reading, other)
    if pair.reading.because:
        return _decided(pair, mine, theirs)
    if other.verdict is Verdict.PASS:
        advice = f"{theirs[0].call}, or say {mine[0].demand} to demand the other"
        return with_findings(other, [_note(pair, theirs, mine, advice)])
    nearer = CAUSE in other.codes and CAUSE not in result.codes
    (here, found), there = (theirs, mine) if nearer else (mine, theirs)
    return with_findings(found, [_note(pair, (here, found), there, f"{there[0].demand} shows the other")])


def _decided(pair: Pair, mine: tuple[Reading, Result], theirs: tuple[Reading, Result]) -> Result:
    result = mine[1]
    if theirs[1].verdict is not Verdict.PASS:
        return result
    findings = [_note(pair, mine, theirs, mine[0].because)]
    if CAUSE not in result.codes:
        cause = f"it is right {theirs[0].words}, but {mine[0].because}"
        findings.append(finding(CAUSE, cause=cause, kind="slope-at-output"))
    return with_findings(result, findings)


def _note(pair: Pair, here: tuple[Reading, Result], there: tuple[Reading, Result], advice: str) -> Finding:
    words = {True: "right", False: "wrong"}
    return finding(
        IN_TWO_WAYS,
        derivative=getattr(pair.derivative, "__name__", "the derivative"),
        here=words[here[1].verdict is Verdict.PASS],
        reading=here[0].words,
        there=words[there[1].verdict is Verdict.PASS],
        other=there[0].words,
        advice=advice,
    )
