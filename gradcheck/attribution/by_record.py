"""The mistake that reproduces a wrong answer at two points, found by experiments on the record of the function."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

from gradcheck.attribution.altered_records import constants_not_added, held_followed, one_side_taken
from gradcheck.attribution.conjugations import missing_conjugations
from gradcheck.attribution.constants import other_constants
from gradcheck.attribution.explanation import Explanation
from gradcheck.attribution.filled_arrays import entries_read_again
from gradcheck.attribution.grouped_paths import grouped
from gradcheck.attribution.hypothesis import Hypothesis
from gradcheck.attribution.jacobians import diagonals
from gradcheck.attribution.library_calls import inside_a_library
from gradcheck.attribution.located_trace import Located, located
from gradcheck.attribution.loop_cuts import fewer_turns, states_held
from gradcheck.attribution.loop_rules import last_writers, states_of_another_step
from gradcheck.attribution.other_slopes import slope_mistakes
from gradcheck.attribution.other_windows import other_windows
from gradcheck.attribution.path_factors import edge_factors, measured_factors
from gradcheck.attribution.path_slices import slices_of_paths
from gradcheck.attribution.sides import Side, sides, told_by_side
from gradcheck.attribution.telling import told
from gradcheck.attribution.textbook_rules import local_mistakes
from gradcheck.attribution.tried_together import key_of, together, try_together
from gradcheck.attribution.turn_before import slopes_of_the_turn_before
from gradcheck.attribution.value_uses import kept_uses, taken_for_another
from gradcheck.attribution.view import Asked, View

MOST_VERIFIED = 120
"""Maximum number of hypotheses that are verified entry by entry."""
MOST_VISITS = 20_000
"""Maximum number of nodes visited while they are verified; some ten microseconds each."""
FEWEST_VERIFIED = 12
"""Number of hypotheses that are verified however long the record is."""

Search = Callable[[View, frozenset[str]], Iterator[Hypothesis]]
SEARCHES: Sequence[Search] = (
    edge_factors,
    missing_conjugations,
    kept_uses,
    taken_for_another,
    grouped,
    slope_mistakes,
    slopes_of_the_turn_before,
    diagonals,
    other_constants,
    constants_not_added,
    one_side_taken,
    held_followed,
    last_writers,
    states_of_another_step,
    states_held,
    fewer_turns,
    entries_read_again,
    local_mistakes,
    slices_of_paths,
    other_windows,
    measured_factors,
)


class Investigation:
    """What reproduces the answer at a first point; a second point confirms it.

    A mistake in the common path of several blocks has to reproduce all blocks. Besides, mistakes are looked for that
    concern the wrong blocks alone.
    """

    def __init__(self, asked: Asked, traced: Located | None) -> None:
        self._found: list[tuple[View, int, frozenset[str], list[Hypothesis]]] = []
        self._sides: list[Side] = []
        views = views_of(asked, traced)
        if not views:
            return
        self._first, self._sides = views[0], sides(views[0])
        for blocks in dict.fromkeys((frozenset(views[0].blocks), views[0].wrong)):
            for number, view in enumerate(views):
                if several := reproducing(view, blocks):
                    self._found.append((view, number, blocks, several))

    @property
    def promising(self) -> bool:
        """Whether anything reproduces the answer at the first point."""
        return bool(self._found or self._sides)

    def explanation(self, elsewhere: Asked) -> Explanation | None:
        """The mistake that reproduces the answers at both points, with its place; None where there is no one name."""
        if not self.promising:
            return None
        shifted = any(number for _, number, _, _ in self._found)
        others = views_of(elsewhere, located(elsewhere.product), shifted=shifted)
        for view, number, blocks, several in self._found:
            if number >= len(others):
                continue
            other = others[number]
            if view.located.alike(other.located):
                found = confirmed(other, several, blocks)
            else:  # a loop has another number of turns there
                same = {_said(other, h) for h in reproducing(other, blocks)}
                found = [h for h in several if _said(view, h) in same]
            if found := [h for h in found if not inside_a_library(view, h)]:
                alone = frozenset() if blocks == frozenset(view.blocks) else blocks
                return told(view, found, alone)
        if self._sides and others and self._first.located.alike(others[0].located):
            there = sides(others[0])
            return told_by_side(self._first, [side for side in self._sides if side in there])
        return None


def _said(view: View, hypothesis: Hypothesis) -> tuple[object, ...]:
    """What a hypothesis says, whatever the number of turns of a loop is."""
    sites = frozenset((view.located.site(slot), position) for slot, position in hypothesis.edges)
    return hypothesis.mistake, re.sub(r"\d+", "#", hypothesis.words), sites


def views_of(asked: Asked, traced: Located | None, *, shifted: bool = True) -> list[View]:
    """The function's record at a point, as it is and (if `shifted`) without shifts; [] where that can tell nothing."""
    if traced is None:
        return []
    view = View(asked, traced)
    if not view.searchable:
        return []
    other = view.without_shifts() if shifted else None
    return [view] if other is None or not other.searchable else [view, other]


def reproducing(view: View, blocks: frozenset[str]) -> list[Hypothesis]:
    """The hypotheses that give the answers in these blocks, entry by entry."""
    most = max(FEWEST_VERIFIED, min(MOST_VERIFIED, MOST_VISITS // len(view.record.nodes)))
    waiting = islice(_different(view, blocks), most)
    found: list[Hypothesis] = []
    while some := list(islice(waiting, together(view))):
        found += confirmed(view, some, blocks)
    return found


def _different(view: View, blocks: frozenset[str]) -> Iterator[Hypothesis]:
    """All hypotheses, each once."""
    seen = set()
    for hypothesis in chain.from_iterable(search(view, blocks) for search in SEARCHES):
        if hypothesis.key not in seen:
            seen.add(hypothesis.key)
            yield hypothesis


def confirmed(view: View, several: Sequence[Hypothesis], blocks: frozenset[str]) -> list[Hypothesis]:
    """Those under which the gradient is the answer in these blocks."""
    try_together(view, several)
    tried = [(h, view.tried[key_of(h)]) for h in several]
    return [
        h
        for h, found in tried
        if found is not None and view.reproduces({b: a[..., 0] for b, a in found.items()}, blocks)
    ]
