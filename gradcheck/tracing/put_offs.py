"""Answers of comparisons that would end a loop of the user's code, put off so that the loop runs on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gradcheck.numbers.arithmetic import Array
from gradcheck.tracing.location import Site


@dataclass(frozen=True)
class End:
    """How a loop ends, and by how much longer it is to run.

    Attributes
    ----------
    answer: with which it ends: that of a number, or of every entry of an array.
    turns: how many times in a row that answer is put off.
    loops: how many loops the place ends, one after the other.
    """

    answer: bool
    turns: int
    loops: int = 1


class PutOffs:
    """What is put off in one run. For one run only: it keeps what is left."""

    def __init__(self, ends: Mapping[Site, End] | None = None) -> None:
        self._ends = dict(ends or {})
        self._left = {site: end.turns * end.loops for site, end in self._ends.items()}
        self._row: Counter[Site] = Counter()
        self._entries: dict[tuple[Site, tuple[int, ...]], Array] = {}

    def number(self, site: Site, answer: bool) -> bool:
        """Whether this answer is put off. After so many in a row one passes and ends the loop; then the next begins."""
        end = self._ends.get(site)
        if end is None or answer is not end.answer or self._left[site] <= 0:
            return False
        if self._row[site] == end.turns:
            self._row[site] = 0
            return False
        self._row[site] += 1
        self._left[site] -= 1
        return True

    def entries(self, site: Site, answers: Array) -> Array | None:
        """Which entries' answers are put off, a mask; None for none. Each entry has turns of its own."""
        end = self._ends.get(site)
        if end is None:
            return None
        left = self._entries.setdefault((site, answers.shape), np.full(answers.shape, end.turns))
        off = (answers == end.answer) & (left > 0)
        left -= off
        return off if off.any() else None
