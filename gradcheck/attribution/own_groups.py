"""The same thing done otherwise in several steps of a derivative at once: those of one line, or all of one function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradcheck.attribution.own_axes import of_other_axes
from gradcheck.attribution.own_edits import edits_of
from gradcheck.attribution.own_steps import Edit, Steps
from gradcheck.attribution.source_place import line_of

MOST_TOGETHER = 4
"""Maximum number of instructions that are edited together."""


def of_groups(instructions: Sequence[Steps]) -> Iterator[tuple[Steps, Edit]]:
    """Edits of several instructions that do the same: another axis, or any other edit that all of them have."""
    yield from of_other_axes(instructions)
    lines: dict[object, list[Steps]] = defaultdict(list)
    functions: dict[str, list[Steps]] = defaultdict(list)
    for steps in instructions:
        place = steps.first.place
        if place is not None:
            lines[place[0], line_of(place), steps.name].append(steps)
            functions[steps.name].append(steps)
    groups = [*lines.values(), *(g for g in functions.values() if g not in lines.values())]
    for group in groups:
        if 1 < len(group) <= MOST_TOGETHER:
            yield from _together(group)


def _together(group: Sequence[Steps]) -> Iterator[tuple[Steps, Edit]]:
    """Every edit that all instructions of a group have, made in all of them."""
    first, *others = [{edit.words: edit for edit in edits_of(steps)} for steps in group]
    whole = Steps(group[0].replay, tuple(slot for steps in group for slot in steps.slots))
    for words, edit in first.items():
        if all(words in edits for edits in others):
            several = [edits[words] for edits in (first, *others)]
            makes = tuple(e.make for e, steps in zip(several, group, strict=True) for _ in steps.slots)
            yield whole, replace(edit, rank=edit.rank + 1, turns=makes, reshapes=any(e.reshapes for e in several))
