"""The steps of a training, one after the other: is each the schedule's update of the exact gradient?

A step is right if it is the schedule's update of the exact gradient within what rounding may cost:

    8 + t roundings of the update, 2 of the parameters, and twice the largest distance by which the update moves
    when every gradient so far moves by its own allowance (8 seeded choices of signs)
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.judge.allowance import allowances
from gradcheck.judge.settings import Settings
from gradcheck.judge.single_precision import single_precision
from gradcheck.judge.training.training_estimates import TrainingEstimates
from gradcheck.judge.tried import WrongStep
from gradcheck.oracle.estimate import Estimate, Estimates
from gradcheck.oracle.training_steps import BallArrays, TrainingTruth, estimates
from gradcheck.problem import AdaGrad, Case, Constant, Decay, Training
from gradcheck.problem.schedules import Arrays
from gradcheck.subject.answer import TrainingStep
from gradcheck.verdict.compare import INTEREST, UNIT_ROUNDOFF, Comparison, intersect, judge
from gradcheck.verdict.finding import Finding, finding
from gradcheck.verdict.worst import facts_of_wrong, first_open

Array = NDArray[Any]

PERTURBATIONS = 8
"""Choices of signs tried to see how far an update moves with its gradients."""


@dataclass
class Steps:
    """Judges the steps of one training, one after the other."""

    training: Training
    truth: TrainingTruth
    estimates: TrainingEstimates
    settings: Settings
    findings: list[Finding] = field(default_factory=list)
    judged: list[tuple[Comparison, float]] = field(default_factory=list)
    exact: list[BallArrays] = field(default_factory=list)
    rounded: list[Mapping[str, Array]] = field(default_factory=list)
    costs: list[Mapping[str, Array]] = field(default_factory=list)
    earlier: Arrays | None = None
    wrong_step: WrongStep | None = None

    def judge(self, before: Arrays, step: TrainingStep) -> bool:
        """Judge one step; whether the trial ends with it."""
        number = len(self.exact) + 1
        try:
            self._take_gradient(before, step)
            expected = self.truth.after(before, self.exact)
            moved = estimates(self.truth.updates(self.exact))
            allowed = self._allowance(moved, before)
        except (Unsupported, InvalidProblem) as reason:  # of the gradient, or of a user's rule
            self.findings.append(finding("GC066", step=number, why=str(reason)))
            return True
        compared = [self._judge_block(name, step, expected[name], allowed[name]) for name in expected]
        self.judged += [(c, _scale(moved[c.block])) for c in compared]
        wrong = [c for c in compared if np.any(c.wrong)]
        self.findings += [self._wrong(c, number, step) for c in wrong]
        single = single_precision(self.training.dtype, compared)
        if single is not None:
            self.findings.append(single)
        elif wrong:
            indices, after = step.indices, step.parameters
            self.wrong_step = WrongStep(number, indices, before, after, self.earlier, self.exact, allowed, self.truth)
        self.earlier = before
        return bool(wrong)

    def _take_gradient(self, before: Arrays, step: TrainingStep) -> None:
        """The exact gradient, and what rounding may cost in it."""
        training = self.training
        exact = self.truth.gradient(step.indices, before)
        point = training.point(step.indices, before)
        case = Case("step", training.problem(len(step.indices)), point, dtype=training.dtype)
        known = estimates(exact)
        gathered = self.estimates.gather(case, Estimates(self.truth.name, None, known))
        self.exact.append(exact)
        self.rounded.append({name: block.value for name, block in known.items()})
        self.costs.append(allowances(case, gathered).gradients)

    def _allowance(self, moved: Mapping[str, Estimate], before: Arrays) -> dict[str, Array]:
        u, t = UNIT_ROUNDOFF[self.training.dtype], len(self.exact) - 1
        random = np.random.default_rng(zlib.crc32(f"{self.training.name} {t}".encode()))
        usual = self.truth.in_floats(self.rounded)
        spread = {name: np.zeros(np.shape(update)) for name, update in usual.items()}
        for _ in range(PERTURBATIONS):
            shaken = [
                {name: g + np.copysign(cost[name], random.random(np.shape(g)) - 0.5) for name, g in past.items()}
                for past, cost in zip(self.rounded, self.costs, strict=True)
            ]
            for name, shifted in self.truth.in_floats(shaken).items():
                spread[name] = np.maximum(spread[name], np.abs(shifted - usual[name]))
        smallest = float(np.finfo(self.training.dtype).smallest_subnormal)
        allowed = {}
        for name, update in moved.items():
            size = np.abs(update.value)
            parameter = np.abs(np.asarray(before[name], dtype=np.float64)) + size
            allowed[name] = 2.0 * spread[name] + (8 + t) * u * size + 2 * u * parameter + 4 * smallest
        return allowed

    def _judge_block(self, name: str, step: TrainingStep, expected: Estimate, allowed: Array) -> Comparison:
        """What comes of it is wrong or not; what is open is settled when all steps are known."""
        came = step.parameters[name].astype(self.training.dtype)
        return judge(name, came, intersect({self.truth.name: expected}, came.shape), allowed, np.zeros(came.shape))

    def settled(self) -> list[Comparison]:
        """Every comparison, open where more is unknown than what matters; an open entry is one finding.

        Interest is in the update, at the block's largest scale in any step: the samples of one batch may all but
        cancel, and what rounding then costs in a digit of their sum tells nothing of the rule. What the update's
        rounding into the parameter costs can never matter.
        """
        dtype, settled = self.training.dtype, []
        share = INTEREST[dtype] if self.settings.interest is None else self.settings.interest
        largest: dict[str, float] = {}
        for comparison, size in self.judged:
            largest[comparison.block] = max(size, largest.get(comparison.block, 0.0))
        for comparison, _ in self.judged:
            middle = np.abs(comparison.truth.middle)
            matters = share * largest[comparison.block] + 8 * UNIT_ROUNDOFF[dtype] * middle
            matters = np.maximum(matters, float(np.finfo(dtype).smallest_normal))
            settled.append(judge(comparison.block, comparison.answer, comparison.truth, comparison.allowance, matters))
        blocks = len(largest)
        for k, comparison in enumerate(settled):
            if np.any(comparison.open):
                self.findings.append(self._open(comparison, 1 + k // blocks))
                break
        return settled

    def _wrong(self, comparison: Comparison, number: int, step: TrainingStep) -> Finding:
        return finding(
            "GC060",
            step=number,
            batch="[" + ", ".join(str(i) for i in step.indices.tolist()) + "]",
            schedule=_schedule(self.training),
            block=comparison.block,
            **facts_of_wrong(comparison, floor=0.0),
        )

    def _open(self, comparison: Comparison, number: int) -> Finding:
        at = first_open(comparison)
        bound = float(comparison.truth.radius[at] + comparison.allowance[at])
        wanted = float(comparison.interest[at])
        why = f"{comparison.block}{list(at) or ''} is known to {bound:.3g}, and {wanted:.3g} matters"
        return finding("GC066", step=number, why=why)


def _scale(update: Estimate) -> float:
    """The root mean square of a block's update."""
    largest = float(np.max(np.abs(update.value), initial=0.0))
    if not 0.0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.mean(np.square(update.value / largest))))  # squares beyond 1e308 overflow


def _schedule(training: Training) -> str:
    match training.schedule:
        case Constant(rate):
            return f"constant rate {rate:g}"
        case Decay(rate, decay):
            return f"rate {rate:g} / (1 + {decay:g} t)"
        case AdaGrad(rate):
            return f"AdaGrad, rate {rate:g}"
        case custom:
            return f"{custom.name!r}"
