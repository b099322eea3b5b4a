"""Did a training end when it had to? Stopping conditions are judged on the subject's own parameters (S3)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, islice, pairwise
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import InvalidProblem, Unsupported
from gradcheck.judge.training.batches import per_epoch
from gradcheck.oracle.training_steps import TrainingTruth, estimates
from gradcheck.problem import Training
from gradcheck.problem.schedules import Arrays
from gradcheck.subject.answer import TrainingStep
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

MOST_BATCHES = 100
"""Batches that are tried out to see whether the next one could have had a small gradient."""

_BAND = 1e-6
"""Relative distance from a bound within which rounding may decide either way."""


def stopping(training: Training, steps: Sequence[TrainingStep], truth: TrainingTruth) -> list[Finding]:
    """GC062 where the training ended too early or too late, GC066 where nothing can tell."""
    due, why = _certain_end(training, steps)
    came = len(steps)
    try:
        for count, left, reason in _conditions(training, steps[:due], truth):
            if count >= due:
                break
            if left < 1 - _BAND:
                due, why = count, reason
                break
            if left <= 1 + _BAND and count == came:
                return []  # it may end here, and did
        if came < due and training.until.gradient_norm is not None:
            return _next_gradient(training, steps, truth, due, why)
    except (Unsupported, InvalidProblem) as reason:
        return [finding("GC066", step=came, why=str(reason))]
    if came == due:
        return []
    until = training.until
    open_ended = until.when is not None or until.gradient_norm is not None or until.loss_change is not None
    early = "no condition ends it there; at most " if came < due and open_ended else ""
    return [finding("GC062", came=came, due=due, why=f"{early}{due} were due: {why}")]


def _certain_end(training: Training, steps: Sequence[TrainingStep]) -> tuple[int, str]:
    """The end by conditions that no rounding touches, and which one it is."""
    until, count = training.until, per_epoch(training)
    due, why = training.steps, f"{training.steps} were asked for"
    if until.epochs is not None and until.epochs * count < due:
        due, why = until.epochs * count, f"{until.epochs} epochs of {count} batches each"
    if until.when is not None:
        for k, step in enumerate(steps[:due], 1):
            if until.when(k, dict(step.parameters)):
                return k, f"the training's own condition holds after step {k}"
    return due, why


def _conditions(
    training: Training, steps: Sequence[TrainingStep], truth: TrainingTruth
) -> list[tuple[int, float, str]]:
    """(step count, measured / bound, reason) wherever a condition on numbers is asked; it holds at 1 and below."""
    until, count = training.until, per_epoch(training)
    found: list[tuple[int, float, str]] = []
    before: list[Arrays] = [training.initial, *(step.parameters for step in steps)]
    if until.gradient_norm is not None:
        for k, step in enumerate(steps):
            norm = _norm(truth, step.indices, before[k])
            reason = f"before step {k + 1} the gradient's norm, {norm:.6g}, is at most {until.gradient_norm:g}"
            found.append((k, _share(norm, until.gradient_norm), reason))
    if until.loss_change is not None:
        ends = range(0, len(steps) + 1, count)
        losses = [truth.loss_value(before[k]) for k in ends]
        for k, (earlier, later) in zip(ends[1:], pairwise(losses), strict=True):
            change = abs(later - earlier)
            reason = (
                f"the epoch that ended with step {k} changed the loss by {change:.6g}, at most {until.loss_change:g}"
            )
            found.append((k, _share(change, until.loss_change), reason))
    return sorted(found)


def _next_gradient(
    training: Training, steps: Sequence[TrainingStep], truth: TrainingTruth, due: int, why: str
) -> list[Finding]:
    """Whether some batch that could have come next has a gradient small enough to end the training before it."""
    bound, count = training.until.gradient_norm, per_epoch(training)
    assert bound is not None
    place = len(steps) % count
    taken = {int(i) for step in steps[len(steps) - place :] for i in step.indices}
    left = [i for i in range(training.samples) if i not in taken]
    size = min(training.batch_size, len(left))
    parameters = steps[-1].parameters if steps else training.initial
    for batch in islice(combinations(left, size), MOST_BATCHES):
        if _share(_norm(truth, np.array(batch), parameters), bound) <= 1 + _BAND:
            return []
    if comb(len(left), size) > MOST_BATCHES:
        reason = f"it ended before a batch that nobody saw, one of {comb(len(left), size)}"
        return [finding("GC066", step=len(steps), why=reason)]
    return [
        finding(
            "GC062",
            came=len(steps),
            due=due,
            why=f"{due} were due: {why}; no batch that could come next has a gradient of norm {bound:g} or less",
        )
    ]


def _norm(truth: TrainingTruth, indices: Array, parameters: Arrays) -> float:
    gradient = estimates(truth.gradient(indices, parameters))
    return float(np.sqrt(sum(np.sum(np.square(block.value)) for block in gradient.values())))


def _share(measured: float, bound: float) -> float:
    return measured / bound if bound > 0 else (0.0 if measured == 0 else np.inf)
