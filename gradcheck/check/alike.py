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
from gradcheck.problem import Case, Training
from gradcheck.subject.answer import Answer, Subject, TrainingAnswer
from gradcheck.subject.inprocess import InProcessSubject

Array = NDArray[Any]
Tried = Case | Training

MOST_CASES = 16
"""Failing cases, and as many others, on which a fault has to behave like the subject."""
LARGEST = 60
"""Nodes of a graph beyond which a case is not used: the catalogue's engine is a textbook, not a fast one."""
ROUNDINGS = 4096
"""Units of roundoff, of a block's largest entry, within which two answers count as the same."""


def alike(subject: Subject, failing: Sequence[Tried], others: Sequence[Tried]) -> list[Fault]:
    """The faults that give the subject's very answers, wrong ones and right ones, on all cases tried.

    Faults are compared on the cases that their kind of entry point takes; at least one failing case has to be among
    them. An answer that cannot be had counts as no evidence.
    """
    found = []
    answers: dict[str, list[tuple[Tried, Answer | TrainingAnswer]]] = {}
    for entry in dict.fromkeys(_entry(case, subject) for case in failing):
        chosen = [*_small(subject, failing, entry), *_small(subject, others, entry)]
        answers[entry] = [(case, said) for case in chosen if (said := _asked(subject, case)) is not None]
    for fault in CATALOGUE:
        theirs = answers.get(fault.entry)
        if theirs and not fault.right and _same(fault, theirs):
            found.append(fault)
    return found


def _entry(case: Tried, subject: Subject) -> str:
    return "train" if isinstance(case, Training) else entry_for(case, subject)


def _small(subject: Subject, cases: Sequence[Tried], entry: str) -> list[Tried]:
    fit = [c for c in cases if _entry(c, subject) == entry and (entry != "gradients" or _nodes(c) <= LARGEST)]
    return sorted(fit, key=_nodes)[:MOST_CASES]


def _nodes(case: Tried) -> int:
    return len(case.graph) if isinstance(case, Case) else 0


def _asked(subject: Subject, case: Tried) -> Answer | TrainingAnswer | None:
    try:
        return subject.train(case) if isinstance(case, Training) else ask(subject, case)
    except SubjectError:
        return None


def _same(fault: Fault, answers: Sequence[tuple[Tried, Answer | TrainingAnswer]]) -> bool:
    own = InProcessSubject(fault.subject(), entry=fault.entry)
    for case, theirs in answers:
        ours = _asked(own, case)
        if ours is None:
            return False
        if isinstance(theirs, TrainingAnswer) and isinstance(ours, TrainingAnswer):
            pairs = list(zip(ours.steps, theirs.steps, strict=False))
            if len(ours.steps) != len(theirs.steps) or not all(
                np.array_equal(a.indices, b.indices) and _alike(a.parameters, b.parameters, case.dtype)
                for a, b in pairs
            ):
                return False
        elif isinstance(theirs, Answer) and isinstance(ours, Answer):
            same_value = _equal(ours.value, theirs.value, case.dtype)
            if not same_value or not _alike(ours.gradients, theirs.gradients, case.dtype):
                return False
    return True


def _alike(ours: dict[str, Array], theirs: dict[str, Array], dtype: str) -> bool:
    return set(ours) == set(theirs) and all(_equal(ours[b], theirs[b], dtype) for b in theirs)


def _equal(a: Array, b: Array, dtype: str) -> bool:
    if a.shape != b.shape:
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        size = np.max(np.abs(b[np.isfinite(b)]), initial=0.0)
        near = np.abs(a - b) <= ROUNDINGS * float(np.finfo(dtype).eps) * max(size, 1e-3)
    return bool(np.all(near | (a == b) | ((a != a) & (b != b))))
