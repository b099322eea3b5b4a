"""A second look at a pair that passed, from a process that holds no judge.

f is traced where the pair is judged, so a file could change the judge beside it. Here another process of the file
answers with numbers alone, and this process compares the derivative with differences of f along a few lines. That is
far coarser than the judge. It is there for derivatives that are wrong altogether and whose judge says PASS.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

from gradcheck.conventions.averaged import Averaged
from gradcheck.errors import SubjectError
from gradcheck.judge.protocol import no_answer
from gradcheck.subject.description import SeenPair
from gradcheck.subject.pair_slopes import FEWEST, STEP
from gradcheck.subject.written import WrittenSubject
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.result import WIDTH
from gradcheck.verify.trials import GRACE, SECONDS, Trial

SHARE = 0.02
"""Relative distance between a slope and a difference quotient from which on they contradict each other."""
ENOUGH = FEWEST
"""Number of lines that must contradict the derivative: on one of them f may have a kink."""


def confirmed(
    trial: Trial, subject: WrittenSubject, convention: str, offer: str, number: int, averaged: Averaged | None = None
) -> Trial:
    """The trial, unless it passed and the numbers contradict it, or the pair answers beside the judge alone."""
    if trial.verdict != "PASS":
        return trial
    try:
        lines = subject.slopes(convention, offer, number, GRACE * SECONDS, reading=trial.reading, averaged=averaged)
    except SubjectError as wrong:
        sentence = no_answer(wrong).sentence
        return _doubted(trial, "ERROR", finding("GC109", what=f"it does not answer there: {sentence}"))
    wrong_lines = [line for line in lines if contradicts(line)]
    if len(wrong_lines) < ENOUGH:
        return trial
    quotient, slope = _quotients(wrong_lines[0])[1], wrong_lines[0][4]
    what = f"along a line the derivative's slope is {slope:.6g}, and differences of f give {quotient:.6g}"
    return _doubted(trial, "FAIL", finding("GC109", what=what))


def contradicts(line: Sequence[float]) -> bool:
    """Whether the slope is further from the difference quotient than truncation, rounding and SHARE explain."""
    *values, slope, rounding = line
    if not all(map(math.isfinite, line)):
        return False
    coarse, fine = _quotients(values)
    allowed = SHARE * (abs(slope) + abs(fine)) + 10 * abs(coarse - fine) + 8 * rounding / STEP
    return abs(slope - fine) > allowed


def _quotients(values: Sequence[float]) -> tuple[float, float]:
    return (values[0] - values[1]) / (2 * STEP), (values[2] - values[3]) / STEP


def _doubted(trial: Trial, verdict: str, why: Finding) -> Trial:
    pair: SeenPair = trial.pair
    indent = " " * len("  wrong     ")
    wrong = textwrap.fill(why.sentence, WIDTH, initial_indent="  wrong     ", subsequent_indent=indent)
    report = f"{verdict}  {pair.shown}\n{wrong}\n"
    return Trial(pair, verdict, frozenset({why.code}), (), trial.entries, why.sentence, report, report)
