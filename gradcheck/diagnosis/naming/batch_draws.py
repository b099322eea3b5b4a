"""How a trainer draws its batches. It is asked with further seeds, since one epoch shows little.

Two batches of n and m samples, drawn independently of each other, have on average n m / N of N samples in common, and
every sample is drawn equally often. An epoch without its remainder consists of full batches without repetition, and
the samples left over change with the seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.naming.answer_match import steps_of
from gradcheck.judge.training.batches import per_epoch
from gradcheck.problem import Training, Until
from gradcheck.subject.answer import Subject, TrainingStep

Array = NDArray[Any]
Trained = tuple[Training, Sequence[TrainingStep]]
"""A training, and the subject's steps."""
Epochs = list[list[Array]]
"""Batches, by epoch."""

SEEDS = 40
"""Number of further seeds that a trainer is asked with."""
EPOCHS = 3
"""Number of epochs that it is asked for with each seed."""
MOST_STEPS = 60
"""Maximum number of steps of a further training: many batches per epoch are no better evidence than few."""
DEVIATIONS = 4.5
"""Maximum distance of a mean from its expected value under independence, in standard deviations."""
BY_CHANCE = 1e-6
"""Probability below which something does not count as chance."""


def drawn_alone(subject: Subject, trainings: Sequence[Trained]) -> int:
    """The number of further epochs whose batches look drawn independently; 0 if any evidence contradicts it.

    They have the sizes of a partition's, or all of them the batch size.
    """
    for full in (False, True):
        if not all(_sized(asked, _cut(steps, per_epoch(asked)), full) for asked, steps in trainings):
            continue
        counted = 0
        for asked in _worth_asking(trainings):
            if full and asked.samples < 2 * asked.batch_size:
                continue  # one full batch may be drawn on its own, or be an epoch without its remainder
            runs = _further(subject, asked, per_epoch(asked))
            epochs = [epoch for run in runs for epoch in run]
            if not epochs or not _sized(asked, epochs, full) or not _independent(asked.samples, runs):
                return 0
            counted += len(epochs)
        return counted
    return 0


def remainder_dropped(subject: Subject, trainings: Sequence[Trained]) -> int:
    """The number of further epochs in which exactly the remainder is left out; 0 if any evidence contradicts it."""
    if not all(_full_parts(asked, _cut(steps, asked.samples // asked.batch_size)) for asked, steps in trainings):
        return 0
    counted = 0
    for asked in _worth_asking(trainings):
        count = asked.samples // asked.batch_size
        runs = _further(subject, asked, count)
        epochs = [epoch for run in runs for epoch in run]
        odds = prod(comb(asked.samples - k * asked.batch_size, asked.batch_size) for k in range(count))
        odds /= comb(asked.samples, asked.batch_size) ** count  # that batches drawn on their own are disjoint
        if not epochs or odds ** len(epochs) > BY_CHANCE or not _full_parts(asked, epochs):
            return 0
        left = [[set(range(asked.samples)) - {int(i) for b in epoch for i in b} for epoch in run] for run in runs]
        kept_for_next = all(
            gone <= set(after[0].tolist())
            for gone_of, run in zip(left, runs, strict=True)
            for gone, after in zip(gone_of, run[1:], strict=False)
        )
        if kept_for_next or set.intersection(*(gone for run in left for gone in run)):
            return 0  # they come first in the next epoch, or never, in any order
        counted += len(epochs)
    return counted


def _cut(steps: Sequence[TrainingStep], count: int) -> Epochs:
    batches = [step.indices for step in steps]
    return [batches[k : k + count] for k in range(0, len(batches), count)]


def _sized(asked: Training, epochs: Epochs, full: bool) -> bool:
    """Whether all batches have the batch size, the last of an epoch included if `full`; else the sizes of a
    partition."""
    size = asked.batch_size
    due = [size if full else min(size, asked.samples - k * size) for k in range(per_epoch(asked))]
    return all([len(batch) for batch in epoch] == due[: len(epoch)] for epoch in epochs)


def _full_parts(asked: Training, epochs: Epochs) -> bool:
    """Whether every batch has the batch size, with a remainder left, and no epoch has a sample twice."""
    if not asked.samples % asked.batch_size:
        return False
    flat = [np.concatenate(epoch) for epoch in epochs]
    return all(len(batch) == asked.batch_size for epoch in epochs for batch in epoch) and all(
        len(np.unique(samples)) == len(samples) for samples in flat
    )


def _worth_asking(trainings: Sequence[Trained]) -> list[Training]:
    """One training for each way of cutting samples into several batches."""
    kinds = {(asked.samples, asked.batch_size): asked for asked, _ in trainings}
    return [asked for asked in kinds.values() if 1 < per_epoch(asked) <= MOST_STEPS // EPOCHS]


def _further(subject: Subject, asked: Training, count: int) -> list[Epochs]:
    """Epochs of `count` batches with further seeds; none if the form differs, or if most seeds give the same
    batches."""
    runs = []
    for seed in range(asked.seed + 1, asked.seed + 1 + SEEDS):
        steps = steps_of(subject, replace(asked, seed=seed, steps=EPOCHS * count, until=Until()))
        if len(steps) != EPOCHS * count:
            return []
        runs.append(_cut(steps, count))
    distinct = {tuple(tuple(b.tolist()) for epoch in run for b in epoch) for run in runs}
    return runs if 2 * len(distinct) > SEEDS else []


def _independent(samples: int, runs: Sequence[Epochs]) -> bool:
    """Whether the average overlap of any two batches is that of chance, and all samples come equally often.

    So do epochs of one run: samples that were drawn once and for all come again in each.
    """
    epochs = [epoch for run in runs for epoch in run]
    sizes = [len(batch) for batch in epochs[0]]
    for i, j in combinations(range(len(sizes)), 2):
        if not _averages([_shared(epoch[i], epoch[j]) for epoch in epochs], sizes[i] * sizes[j] / samples):
            return False
    for k, size in enumerate(sizes):
        twice = [len(epoch[k]) - len(np.unique(epoch[k])) for epoch in epochs]
        within = [(_shared(epoch[k], epoch[k]) - size) / 2 for epoch in epochs]
        if any(twice) and not _averages(within, comb(size, 2) / samples):
            return False
    whole = [[np.concatenate(epoch) for epoch in run] for run in runs]
    again = [_shared(one, other) for run in whole for one, other in pairwise(run)]
    if not _averages(again, sum(sizes) ** 2 / samples):
        return False
    counts = np.array([np.bincount(np.concatenate(epoch), minlength=samples) for epoch in epochs])
    return all(_averages(counts[:, k], sum(sizes) / samples) for k in range(samples))


def _shared(one: Array, other: Array) -> int:
    return int(np.sum(one[:, None] == other[None, :]))


def _averages(seen: Sequence[float] | Array, expected: float) -> bool:
    values = np.asarray(seen, dtype=np.float64)
    error = float(np.std(values, ddof=1)) / np.sqrt(len(values))
    return bool(error > 0.0 and abs(float(np.mean(values)) - expected) <= DEVIATIONS * error)
