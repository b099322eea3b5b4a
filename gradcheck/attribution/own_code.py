"""The mistake in a derivative's own code: the one step that, done otherwise, makes it right, at two points."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.attribution.explanation import Place
from gradcheck.attribution.mistake import Mistake
from gradcheck.attribution.own_edits import EXPONENT, edits_of, nonlinear
from gradcheck.attribution.own_groups import of_groups
from gradcheck.attribution.own_operands import ANOTHER_TURN, REPLACED, multiplied, of_another_turn, others, replaced
from gradcheck.attribution.own_steps import Edit, Steps, by_instruction, numeric
from gradcheck.attribution.source_place import place_of
from gradcheck.rerun.recording import Recording
from gradcheck.rerun.replayed_run import Replay

Array = NDArray[Any]

MOST_VISITS = 30_000
"""Maximum number of steps that are done again at one point; each takes some three microseconds."""
SLACK, UNITS = 4.0, 64
"""Factor on an entry's allowance, and units of roundoff of the block's largest entry, within which an edit is right."""
NEARLY = 1e-6
"""Share of the discrepancy that may remain where the derivative approximates something besides."""
MOST_CUT = 1e-2
"""Largest relative error of a constant that counts as one written slightly wrong."""


@dataclass(frozen=True)
class Answered:
    """A derivative's answer at one point, with the run that gave it.

    Attributes
    ----------
    recording: the run; its answers are in the order of the blocks.
    answers, truths, rooms: by block, float64: what came, what is right, and how far from it honest rounding leads.
    values: f's values and constant arrays, which the derivative may have been meant to use, with names.
    unit: half the distance of 1 to the next number of the dtype.
    forward: arrays that f computes on its way, its arguments among them.
    compares: whether f compares numbers, as far as is known: else no side of a comparison is wrong.
    paths: whether f may be several operations, as far as is known: else no path through it is wrong.
    divides: whether f divides by what varies, as far as is known: else an exponent of the derivative is a power's.
    numbers: single numbers that f computes with, with words: a factor of this size is one of them, and no length.
    """

    recording: Recording
    answers: Mapping[str, Array]
    truths: Mapping[str, Array]
    rooms: Mapping[str, Array]
    values: Sequence[tuple[str, Array]]
    unit: float
    compares: bool = True
    paths: bool = True
    forward: Sequence[Array] = ()
    divides: bool = True
    numbers: Mapping[float, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    edit: Edit
    steps: Steps
    key: tuple[Any, ...]


class OwnCode:
    """One point of a derivative, with what was found there. `usable`: whether its code can be replayed, and tells.

    Where nothing but zeros is due, whatever makes an answer zero makes it right.
    """

    def __init__(self, answered: Answered) -> None:
        self.of = answered
        self._granted = {block: self._room(block) for block in answered.answers}
        self._off = {b: np.asarray(np.abs(answered.answers[b] - answered.truths[b])) for b in answered.answers}
        self.replay = Replay(answered.recording)
        self.instructions = by_instruction(self.replay)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those that the derivative's own calls give
            self.usable = self._something_due() and self._followed()

    def _something_due(self) -> bool:
        wrong = [b for b in self.of.answers if np.any(self._off[b] > self._granted[b])]
        return not wrong or any(np.any(np.abs(self.of.truths[b]) > self._granted[b]) for b in wrong)

    def _followed(self) -> bool:
        answered = self.of
        return (
            all(np.all(np.isfinite(a)) for a in answered.answers.values())
            and self.replay.faithful(list(answered.answers.values()))
            and all(
                slot is not None or not np.any(self._off[b] > self._granted[b])
                for b, slot in zip(answered.answers, self.replay.answers, strict=True)
            )
        )

    def _room(self, block: str) -> Array:
        peak = max(float(np.max(np.abs(a[block]), initial=0.0)) for a in (self.of.answers, self.of.truths))
        return np.asarray(SLACK * self.of.rooms[block] + UNITS * self.of.unit * peak)

    def right(self, parts: Sequence[Any] | None) -> bool:
        """Whether an answer is right in all blocks."""
        if parts is None:
            return False
        for block, part in zip(self.of.answers, parts, strict=True):
            if part is None:
                part = self.of.answers[block]
            if np.shape(part) != self.of.truths[block].shape:
                return False
            with np.errstate(all="ignore"):
                off = np.abs(np.asarray(part, dtype=float) - self.of.truths[block])
            room = np.maximum(self._granted[block], NEARLY * self._off[block].max(initial=0.0))
            if not (off <= room).all():
                return False
        return True

    def multiple(self) -> float | None:
        """The factor by which every wrong block differs from the right one, but for NEARLY; None if there is none."""
        wrong = [b for b in self.of.answers if np.any(self._off[b] > self._granted[b])]
        came = np.concatenate([self.of.answers[b].ravel() for b in wrong])
        right = np.concatenate([self.of.truths[b].ravel() for b in wrong])
        factor = float(came @ right / (right @ right)) if np.any(right) else 0.0
        near = np.max(np.abs(came - factor * right), initial=0.0) <= NEARLY * np.max(np.abs(came), initial=0.0)
        return (round(factor) if abs(factor - round(factor)) < NEARLY else factor) if factor and near else None

    def with_edit(self, steps: Steps, edit: Edit) -> list[Any] | None:
        """What the derivative answers with an edit."""
        return self.replay.answered(edit.made_in(steps), reshaped=edit.reshapes)

    def search(self, most: int) -> Iterator[_Found]:
        """The edits that make it right, the likely ones first."""
        for k, steps in enumerate(self.instructions):
            for n, edit in enumerate(edits_of(steps)):
                if self.replay.visits > most:
                    return
                if self.right(self.with_edit(steps, edit)):
                    yield _Found(edit, steps, (k, "edit", n))
        for n, (steps, edit) in enumerate(of_groups(self.instructions)):
            if self.replay.visits > most:
                return
            if self.right(self.with_edit(steps, edit)):
                yield _Found(edit, steps, (self.instructions.index(_one_of(self.instructions, steps)), "axes", n))
        for k, steps in enumerate(self.instructions):
            if (scale := self.scaled(steps)) is not None and self.replay.visits <= most:
                yield _Found(scale, steps, (k, "scaled", scale.words))
        arrays = others(self.replay, self.of.values, self.of.forward)
        for how, make in _BY_ARRAYS.items():
            for k, steps in enumerate(self.instructions):
                for n, edit in enumerate(make(steps, arrays, self.instructions)):
                    if self.replay.visits > most:
                        return
                    if self.right(self.with_edit(steps, edit)):
                        yield _Found(edit, steps, (k, how, n))

    def scaled(self, steps: Steps) -> Edit | None:
        """The factor on a step's result that makes the derivative right, where there is one."""
        if not numeric(steps.first.value) or steps.name in ("zeros", "ones", "setitem", "array"):
            return None
        twice = self.with_edit(steps, _times(2.0))
        if twice is None:
            return None
        moved, missing = [], []
        for block, part in zip(self.of.answers, twice, strict=True):
            if part is not None and np.shape(part) == self.of.answers[block].shape:
                with np.errstate(all="ignore"):
                    moved.append((np.asarray(part, dtype=float) - self.of.answers[block]).ravel())
                missing.append((self.of.truths[block] - self.of.answers[block]).ravel())
        along, off = np.concatenate(moved), np.concatenate(missing)
        with np.errstate(all="ignore"):
            weight = float(along @ along)
        if (
            weight == 0
            or not np.isfinite(weight)
            or (factor := 1 + float(along @ off) / weight) == 1
            or not 1e-4 < abs(factor) < 1e4
        ):
            return None
        edit = self._factor(steps, float(f"{factor:.12g}"))
        return edit if self.right(self.with_edit(steps, edit)) else None

    def _factor(self, steps: Steps, factor: float) -> Edit:
        lengths = {
            n for s in self.replay.steps if isinstance(s.value, np.ndarray) for n in (*s.value.shape, s.value.size)
        }
        for n in sorted(n for n in lengths if n > 2):
            for value, words in (
                (float(n), f"lacks a factor {n}, which is a length"),
                (1 / n, f"lacks 1/{n}, a length"),
            ):
                if abs(factor / value - 1) < 1e-9:
                    kind = Mistake.MEAN_SUM
                    if (number := self.of.numbers.get(float(n))) is not None:
                        kind, words = Mistake.PATH_FACTOR, f"lacks {'a factor ' if value > 1 else '1/'}{n}, {number}"
                    return Edit(kind, 4, words, _times(value).make)
        if abs(factor + 1) < 1e-9:
            kind = Mistake.OTHER_SLOPE if nonlinear(steps) else Mistake.PATH_SIGN
            return Edit(kind, 2, "has the wrong sign", _times(-1.0).make)
        if abs(factor - 1) < MOST_CUT:
            return Edit(Mistake.CONSTANT_CUT, 4, f"is {1 / factor:.9g} times what it must be", _times(factor).make)
        return Edit(Mistake.PATH_FACTOR, 4, f"lacks a factor {factor:.6g}", _times(factor).make)


_BY_ARRAYS = {"another turn": of_another_turn, "replaced": replaced, "multiplied": multiplied}
"""Edits that need the arrays of the run, by the name of the way."""


def _one_of(instructions: Sequence[Steps], steps: Steps) -> Steps:
    """The instruction that the first of some steps belongs to."""
    return next(s for s in instructions if steps.slots[0] in s.slots)


def _times(factor: float) -> Edit:
    return Edit(Mistake.PATH_FACTOR, 4, "", lambda args, kwargs, value: np.asarray(value) * factor)


def explained(here: OwnCode, there: OwnCode, most: int = MOST_VISITS) -> OwnMistake | None:
    """The mistake whose correction makes the derivative right at both points; None where there is no one name.

    At most `most` steps are done again at the first point.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _explained(here, there, most)


def _explained(here: OwnCode, there: OwnCode, most: int) -> OwnMistake | None:
    if not (here.usable and there.usable and len(here.instructions) == len(there.instructions)):
        return None
    best: list[_Found] = []
    for found in here.search(most):
        if best and found.edit.rank > min(f.edit.rank for f in best):
            continue
        steps = there.instructions[found.key[0]]
        if steps.name == found.steps.name and _again(there, steps, found):
            best.append(found)
    if not best:
        return None
    rank = min(f.edit.rank for f in best)
    best = [f for f in best if f.edit.rank == rank]
    kinds = {f.edit.mistake for f in best}
    place = _common({_place(f) for f in best})
    words = best[0].edit.words
    if len({(f.edit.words, f.edit.more()) for f in best}) == 1:
        words += best[0].edit.more()
    unsure = rank in (REPLACED, ANOTHER_TURN) and not all(f.edit.sure for f in best)
    if len(kinds) > 1 or unsure or (kinds == {Mistake.BRANCH} and not here.of.compares):
        return None if place is None else OwnMistake(None, words, place)
    (kind,) = kinds
    if kind is Mistake.QUOTIENT and not here.of.divides and EXPONENT in words:
        kind = Mistake.POWER_RULE
    if kind in _OF_ALL and (whole := here.multiple()) is not None:
        kind = Mistake.SIGN if whole == -1 else _OF_ALL[kind]
    elif kind in _OF_ALL and not here.of.paths:
        kind = Mistake.OTHER_SLOPE  # a term of the slope of the one operation
    return OwnMistake(kind, words, place)


_OF_ALL = {Mistake.PATH_FACTOR: Mistake.FACTOR, Mistake.PATH_SIGN: Mistake.SIGN}
"""What a mistake on a path is where it makes the whole answer a multiple of the right one."""


@dataclass(frozen=True)
class OwnMistake:
    """The step that, done otherwise, makes a derivative right.

    Attributes
    ----------
    mistake: its kind; None where what would be right instead does not tell.
    words: what the step does, as a clause about its line.
    place: the place in the derivative's code; None where several do it.
    """

    mistake: Mistake | None
    words: str
    place: Place | None


def _common(places: set[Place | None]) -> Place | None:
    """The one place, or the one line, of several; None where there are more."""
    lines = {None if p is None else (p.file, p.line, p.source) for p in places}
    if len(lines) != 1 or None in lines:
        return None
    return places.pop() if len(places) == 1 else Place(*(lines.pop() or ("", 0, "")))


def _place(found: _Found) -> Place | None:
    step = found.steps.first
    place = None if step.place is None else place_of(step.place)
    if place is not None and step.name == "setitem":  # the target alone would say too little
        return Place(place.file, place.line, place.source)
    return place


def _again(there: OwnCode, steps: Steps, found: _Found) -> bool:
    """Whether the same edit makes the derivative right at the other point."""
    _, how, what = found.key
    if how == "scaled":
        edit = there.scaled(steps)
        return edit is not None and edit.words == what
    if how == "axes":
        moved = next((m for n, m in enumerate(of_groups(there.instructions)) if n == what), None)
        return moved is not None and moved[1].words == found.edit.words and there.right(there.with_edit(*moved))
    if how == "edit":
        edits: Any = enumerate(edits_of(steps))
    else:
        arrays = others(there.replay, there.of.values, there.of.forward)
        edits = enumerate(_BY_ARRAYS[how](steps, arrays, there.instructions))
    same = next((edit for n, edit in edits if n == what), None)
    return same is not None and same.words == found.edit.words and there.right(there.with_edit(steps, same))
