"""Whether a training ends one step too late under any limits. It is asked with other limits, whose right end is known.

A stopping condition that is checked too late is late by one check with every limit. A different condition (a norm of
another kind, say) may be late by one with the given limit, but not with a limit just above or just below the measured
gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradcheck.diagnosis.naming.answer_match import steps_of
from gradcheck.diagnosis.naming.guided_training import Led
from gradcheck.errors import GradcheckError
from gradcheck.faults.trainings.descent import Descent
from gradcheck.judge.training.batches import per_epoch
from gradcheck.problem import Training
from gradcheck.subject.answer import Subject, TrainingStep

EDGE = 0.01
"""Distance of the other limits from a measurement, as a share of the gap to the measurement before."""
SMALLEST_GAP = 1e-6
"""Minimum gap between two measurements, as a share of themselves; smaller ones cannot be distinguished."""
LAST = 4
"""Number of the last measurements that get limits of their own."""


def late(subject: Subject, asked: Training, steps: Sequence[TrainingStep]) -> int:
    """The number of other limits with which the training ends equally late; 0 unless it does with all of them."""
    led = Led(Descent(), steps)
    due = _end(led, asked)
    if due is None or due >= len(steps):
        return 0
    lateness, epoch = len(steps) - due, per_epoch(asked)
    by_epoch = due < asked.steps and due % epoch == 0
    if lateness != 1 and not (by_epoch and lateness == epoch):
        return 0
    tried = 0
    for other in _others(asked, led, due):
        again = steps_of(subject, other)
        end = _end(Led(Descent(), again), other)
        if end is None or len(again) - end != lateness:
            return 0
        tried += 1
    return tried


def _end(led: Led, asked: Training) -> int | None:
    try:
        return led.end(asked)
    except GradcheckError:
        return None


def _others(asked: Training, led: Led, due: int) -> Iterator[Training]:
    """The same training with other limits of the kind that ends it."""
    until = asked.until
    if due == asked.steps:
        yield from (replace(asked, steps=n) for n in range(max(1, due - 3), due + 3) if n != due)
    elif until.gradient_norm is not None and len(led.norms) > due:
        for bound in _bounds(led.norms):
            yield replace(asked, until=replace(until, gradient_norm=bound))
    elif until.epochs == led.epoch:
        for n in range(max(1, led.epoch - 1), led.epoch + 3):
            if n != led.epoch:
                yield replace(asked, steps=max(asked.steps, (n + 2) * per_epoch(asked)), until=replace(until, epochs=n))
    elif until.loss_change is not None:
        changes = [abs(b - a) for a, b in zip(led.losses, led.losses[1:], strict=False)]
        for bound in _bounds(changes):
            yield replace(asked, until=replace(until, loss_change=bound))


def _bounds(measured: Sequence[float]) -> Iterator[float]:
    """Bounds that one of the last few measurements meets, and none before it."""
    for k in range(max(1, len(measured) - LAST), len(measured)):
        gap = min(measured[:k]) - measured[k]
        if gap > SMALLEST_GAP * measured[k]:
            yield measured[k] + EDGE * gap
            yield measured[k] + (1 - EDGE) * gap
