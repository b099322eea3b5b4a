"""The name of a trainer's mistake: the row of the catalogue that explains every training that failed.

The findings decide between three kinds of evidence. Steps are wrong: each is compared with the row's own step, from
the subject's parameters and batch. Batches are no partition, and all steps are right. Only the end is wrong. Two kinds
at once are two mistakes, and nothing is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from gradcheck.diagnosis.naming.answer_match import AskedCase, steps_of
from gradcheck.diagnosis.naming.batch_draws import Trained, drawn_alone, remainder_dropped
from gradcheck.diagnosis.naming.guided_training import Led, compared, follow
from gradcheck.diagnosis.naming.late_stop import late
from gradcheck.errors import GradcheckError
from gradcheck.faults.catalogue import CATALOGUE, fault
from gradcheck.faults.fault import Fault
from gradcheck.faults.trainings.descent import Descent, RemainderDropped
from gradcheck.faults.trainings.rivals import RIVALS
from gradcheck.problem import Training
from gradcheck.subject.answer import Subject
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.finding_kinds import KINDS

ENOUGH = 2
"""Minimum number of steps, or other limits, that distinguish a mistake from other explanations."""


def training_fault(subject: Subject, failing: Sequence[AskedCase], codes: frozenset[str]) -> tuple[Fault | None, str]:
    """The row that explains all failing cases, if all are trainings, and the evidence; (None, "") if none does.

    `codes` are those of all findings.
    """
    runs: list[Trained] = []
    for case in failing:
        steps = steps_of(subject, case) if isinstance(case, Training) else ()
        if not isinstance(case, Training) or not steps:
            return None, ""
        runs.append((case, steps))
    errors = {code for code in codes if KINDS[code].severity in (Severity.ERROR, Severity.FATAL)}
    count = "the training" if len(runs) == 1 else f"all {len(runs)} trainings"
    if errors == {"GC060"}:
        return _by_steps(runs, count)
    if errors == {"GC061"} and _ends_right(Descent, runs) and (epochs := drawn_alone(subject, runs)):
        return fault("F144"), f"draws its batches, in {epochs} further epochs, as if each were drawn on its own:"
    batches_or_end = bool(errors) and errors <= {"GC061", "GC062"}
    if batches_or_end and _ends_right(RemainderDropped, runs) and (epochs := remainder_dropped(subject, runs)):
        return fault("F145"), f"leaves out the remainder, in {epochs} further epochs, and nothing else:"
    if errors == {"GC062"}:
        return _by_end(subject, runs, count)
    return None, ""


def _by_steps(runs: Sequence[Trained], count: str) -> tuple[Fault | None, str]:
    rows = {row.code: row for row, make in _steps_bent() if _explains(make, runs)}
    if len(rows) != 1 or any(_explains(make, runs) for make in RIVALS):
        return None, ""
    (row,) = rows.values()
    return row, f"makes, in {sum(compared(*one) for one in runs)} steps of {count} that failed, those of"


def _by_end(subject: Subject, runs: Sequence[Trained], count: str) -> tuple[Fault | None, str]:
    limits = [late(subject, *one) for one in runs]
    if not all(limits) or sum(limits) < ENOUGH:
        return None, ""
    how = f"ends too late by one asking, in {count} that failed and with {sum(limits)} other limits:"
    return fault("F149"), how


def _steps_bent() -> Iterator[tuple[Fault, Callable[[], Descent]]]:
    """The rows of which only the steps are wrong, and their makers."""
    for row in CATALOGUE:
        for make in row.bends if row.entry == "train" else ():
            bent = make()
            assert isinstance(bent, Descent)
            if type(bent).__call__ is Descent.__call__ and type(bent).batches is Descent.batches:
                yield row, cast(Callable[[], Descent], make)


def _explains(make: Callable[[], Descent], runs: Sequence[Trained]) -> bool:
    telling = 0
    for asked, steps in runs:
        followed = follow(make, asked, steps)
        if not followed.like:
            return False
        telling += followed.telling
    return telling >= ENOUGH


def _ends_right(make: Callable[[], Descent], runs: Sequence[Trained]) -> bool:
    """Whether every training ends when `make`'s does, or before a batch that was not recorded."""
    try:
        ends = [(asked, len(steps), Led(make(), steps).end(asked)) for asked, steps in runs]
    except GradcheckError:
        return False
    return all(end == came or (end is None and asked.until.gradient_norm is not None) for asked, came, end in ends)
