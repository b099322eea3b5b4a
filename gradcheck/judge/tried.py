"""A case on trial: its result, and what a diagnosis starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from gradcheck.oracle.training_steps import BallArrays, TrainingTruth
from gradcheck.problem import Case
from gradcheck.problem.schedules import Arrays
from gradcheck.verdict.compare import Comparison
from gradcheck.verdict.finding_kind import Severity
from gradcheck.verdict.result import Result

Array = NDArray[Any]


@dataclass(frozen=True)
class WrongStep:
    """A step of a training that is wrong.

    Attributes
    ----------
    step: its number, from 1.
    indices: its batch.
    before, after: the subject's parameters before and after it.
    earlier: the subject's parameters before the step before, if there was one.
    history: the exact gradients of all steps up to this one.
    allowance: what rounding may cost, by parameter.
    truth: the training in exact arithmetic.
    """

    step: int
    indices: Array
    before: Arrays
    after: Arrays
    earlier: Arrays | None
    history: Sequence[BallArrays]
    allowance: Mapping[str, Array]
    truth: TrainingTruth


@dataclass(frozen=True)
class Tried:
    """What a trial found.

    Attributes
    ----------
    result: the verdict, with its findings.
    case: the case that decided: the one that was asked for, or the same graph at another point.
    comparisons: the loss and every block of the subject's answer beside the truth; empty where nothing was compared.
    wrong_step: the step of a training that is wrong, where its numbers may tell why.
    """

    result: Result
    case: Case | None = None
    comparisons: tuple[Comparison, ...] = ()
    wrong_step: WrongStep | None = None

    @property
    def wrong(self) -> bool:
        """Whether value, gradient or contract are wrong; an answer that cannot be judged is none of these."""
        severities = {f.severity for f in self.result.findings if f.code != UNEXPECTED}
        return Severity.ERROR in severities and Severity.FATAL not in severities


UNEXPECTED = "GC042"
"""The finding that a verdict is not the expected one, which says nothing about the subject's numbers."""
