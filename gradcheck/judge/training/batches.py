"""Are a training's batches a random partition of its samples? (S3)"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.errors import SubjectError
from gradcheck.problem import Training
from gradcheck.subject.answer import Subject, TrainingStep
from gradcheck.verdict.finding import Finding, finding

Array = NDArray[Any]

FURTHER_SEEDS = 3
"""How many other seeds a subject is given whose samples came in the same order in every epoch."""

FEWEST_TAKEN = 4
"""Of fewer samples chance makes the same order too often."""


def per_epoch(training: Training) -> int:
    """How many batches an epoch has."""
    return math.ceil(training.samples / training.batch_size)


def epochs(training: Training, steps: Sequence[TrainingStep]) -> list[Sequence[TrainingStep]]:
    """The steps by epoch; the last epoch may be incomplete."""
    count = per_epoch(training)
    return [steps[start : start + count] for start in range(0, len(steps), count)]


def partition(training: Training, steps: Sequence[TrainingStep]) -> list[Finding]:
    """GC061 for the first epoch whose batches are no partition, or no beginning of one."""
    for number, epoch in enumerate(epochs(training, steps), 1):
        if what := _no_partition(training, [step.indices for step in epoch]):
            return [finding("GC061", epoch=number, samples=training.samples, what=what)]
    return []


def shuffled(training: Training, steps: Sequence[TrainingStep], subject: Subject) -> list[Finding]:
    """GC063 if the samples come in one order in every epoch and with further seeds, such as the order of the data.

    A partition that is kept for all epochs is as random as one that is drawn anew (S3 repeats its batches), so other
    seeds decide. A batch of all samples has no order that matters.
    """
    order = _only_order(training, steps)
    if training.batch_size == training.samples or order is None or len(order) < FEWEST_TAKEN:
        return []
    seeds = [training.seed]
    for further in range(1, FURTHER_SEEDS + 1):
        again = replace(training, seed=training.seed + further)
        seeds.append(again.seed)
        try:
            if _only_order(again, subject.train(again).steps) != order:
                return []
        except SubjectError:
            return []  # it answered with its own seed, and that answer is judged
    return [finding("GC063", order=list(order), seeds=", ".join(map(str, seeds)))]


def _no_partition(training: Training, batches: Sequence[Array]) -> str:
    """What keeps the batches of one epoch from being a partition; "" if nothing does."""
    taken = np.zeros(training.samples, dtype=int)
    for place, batch in enumerate(batches):
        due = min(training.batch_size, training.samples - place * training.batch_size)
        if len(batch) != due:
            return f"batch {place + 1} has {len(batch)} samples, not {due}"
        np.add.at(taken, batch, 1)
        if (repeated := np.flatnonzero(taken > 1)).size:
            return f"sample {repeated[0]} is in batch {place + 1} and was taken before (samples count from 0)"
    return ""  # the sizes add up, so that without repetition every sample was taken


def _only_order(training: Training, steps: Sequence[TrainingStep]) -> tuple[int, ...] | None:
    """The order in which every epoch took the samples; None if they differ. The last epoch may be incomplete."""
    orders = [tuple(int(i) for step in epoch for i in step.indices) for epoch in epochs(training, steps)]
    same = all(order == orders[0][: len(order)] for order in orders)
    return orders[0] if orders and same else None
