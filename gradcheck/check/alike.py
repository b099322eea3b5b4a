"""Which fault of the catalogue behaves, on all cases tried, exactly like this subject?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.check.asking import ask, entry_for
from gradcheck.errors import SubjectError
from gradcheck.faults.catalogue import CATALOGUE
from gradcheck.faults.fault import Fault
from gradcheck.problem import Case
from gradcheck.subject.answer import NATIVE, Answer, Subject
from gradcheck.subject.inprocess import InProcessSubject

Array = NDArray[Any]

MOST_CASES = 16
"""Failing cases, and as many others, on which a fault has to behave like the subject."""
LARGEST = 60
"""Nodes of a graph beyond which a case is not used: the catalogue's engine is a textbook, not a fast one."""
ROUNDINGS = 4096
"""Units of roundoff, of a block's largest entry, within which two answers count as the same."""


def alike(subject: Subject, failing: Sequence[Case], others: Sequence[Case]) -> list[Fault]:
    """The faults that give the subject's very answers, wrong ones and right ones, on all cases tried.

    Only faults that go wrong on at least one of them count. Cases are graphs; an answer that cannot be had counts as
    no evidence.
    """
    chosen = [*_small(subject, failing), *_small(subject, others)]
    answers = []
    for case in chosen:
        try:
            answers.append((case, ask(subject, case)))
        except SubjectError:
            continue
    if not answers:
        return []
    return [fault for fault in CATALOGUE if fault.entry == NATIVE and not fault.right and _same(fault, answers)]


def _small(subject: Subject, cases: Sequence[Case]) -> list[Case]:
    fit = [c for c in cases if len(c.graph) <= LARGEST and entry_for(c, subject) == NATIVE]
    return sorted(fit, key=lambda c: len(c.graph))[:MOST_CASES]


def _same(fault: Fault, answers: Sequence[tuple[Case, Answer]]) -> bool:
    own = InProcessSubject(fault.subject())
    for case, theirs in answers:
        try:
            ours = own.ask(case.graph, case.point, case.dtype)
        except SubjectError:
            return False
        if not _equal(ours.value, theirs.value, case.dtype) or set(ours.gradients) != set(theirs.gradients):
            return False
        if not all(_equal(ours.gradients[b], theirs.gradients[b], case.dtype) for b in theirs.gradients):
            return False
    return True


def _equal(a: Array, b: Array, dtype: str) -> bool:
    if a.shape != b.shape:
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        size = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
        near = np.abs(a - b) <= ROUNDINGS * float(np.finfo(dtype).eps) * max(size, 1e-3)
    return bool(np.all(near | (a == b) | ((a != a) & (b != b))))
