"""A derivative that may be meant in several ways, judged in others where the first finds it wrong.

Where the file tells which is meant, that one decides, and another may say what the mistake is. Where nothing tells, it
is right if it is right in one of them, and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gradcheck.conventions.offer import Pair, Reading
from gradcheck.subject.pair_slopes import slopes
from gradcheck.verdict.conclusion import with_findings
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.mistakes import CAUSE
from gradcheck.verdict.result import Result, Verdict
from gradcheck.verify.second_look import ENOUGH, contradicts
from gradcheck.verify.trials import OTHERWISE

_MOST_CAUSES = 1
"""Maximum number of further readings in which the cause of a wrong derivative is searched for."""


@dataclass(frozen=True)
class _Judged:
    """A result, in the reading of this number; 0 is the pair's own."""

    number: int
    reading: Reading
    result: Result

    @property
    def is_right(self) -> bool:
        return self.result.verdict is Verdict.PASS

    @property
    def has_a_cause(self) -> bool:
        return CAUSE in self.result.codes


def in_its_readings(pair: Pair, judge: Callable[[Pair], Result]) -> Result:
    """The result in the pair's reading, or in another one where that is what the derivative must be meant as."""
    result = judge(pair)
    if result.verdict is Verdict.PASS or pair.reading is None or not pair.others:
        return result
    mine = _Judged(0, pair.reading, result)
    right = next((one for one in _likely(pair, judge) if one.is_right), None)
    if pair.reading.because:
        return result if right is None else _used_otherwise(pair, mine, right)
    if right is not None:
        advice = f"{right.reading.call}, or say {mine.reading.demand} to demand the latter"
        return with_findings(right.result, [_note(pair, right, mine, advice)])
    tried = [mine] if mine.has_a_cause else [mine, *_with_causes(pair, judge)]
    nearest = next((one for one in tried if one.has_a_cause), mine)
    there = mine.reading if nearest is not mine else _reading(pair.others[0])
    further = len(pair.others) - 1
    more = f", and so as in {further} other ways that were tried" if further else ""
    advice = f"{there.demand} shows the other{more}"
    return with_findings(nearest.result, [_note(pair, nearest, _Judged(0, there, result), advice)])


def reading_of(result: Result) -> int:
    """The number of the reading in which a result was judged, 0 for the pair's own."""
    return next((int(f.facts["number"]) for f in result.findings if f.code == OTHERWISE), 0)


def _reading(pair: Pair) -> Reading:
    assert pair.reading is not None, "one of several readings"
    return pair.reading


def _likely(pair: Pair, judge: Callable[[Pair], Result]) -> Iterator[_Judged]:
    """The results in the other readings, those left out that differences of f contradict."""
    for number, other in enumerate(pair.others, 1):
        if not _is_contradicted(other):
            yield _Judged(number, _reading(other), judge(other))


def _is_contradicted(pair: Pair) -> bool:
    try:
        return sum(map(contradicts, slopes(pair))) >= ENOUGH
    except Exception:  # the user's code may raise anything, and the judge says what
        return False


def _with_causes(pair: Pair, judge: Callable[[Pair], Result]) -> Iterator[_Judged]:
    for number, other in enumerate(pair.others[:_MOST_CAUSES], 1):
        yield _Judged(number, _reading(other), judge(other))


def _used_otherwise(pair: Pair, mine: _Judged, right: _Judged) -> Result:
    """A wrong result in the sense that the file tells; in another sense the derivative is right."""
    findings = [_note(pair, mine, right, mine.reading.because)]
    if not mine.has_a_cause:
        cause = f"it is right {right.reading.words}, but {mine.reading.because}"
        findings.append(finding(CAUSE, cause=cause, kind="slope-at-output"))
    return with_findings(mine.result, findings)


def _note(pair: Pair, here: _Judged, there: _Judged, advice: str) -> Finding:
    words = {True: "right", False: "wrong"}
    return finding(
        OTHERWISE,
        derivative=getattr(pair.derivative, "__name__", "the derivative"),
        here=words[here.is_right],
        reading=here.reading.words,
        there=words[there.is_right],
        other=there.reading.words,
        advice=advice,
        number=here.number,
    )
